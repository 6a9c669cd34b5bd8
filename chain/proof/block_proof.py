"""Proofs from a block's header alone: that a transaction ran in the block, and which events it left. Pure.

Rules that this module keeps:

- A header is the RLP whose keccak-256 is the block's hash. The roots, the number and the time have the same places on
  every chain; a chain's own fields come after them.
- A proof is the nodes of a Merkle-Patricia trie (Ethereum's yellow paper, appendix D) from the root in the header to
  the leaf under the RLP of the transaction's index. The transaction's hash is the keccak-256 of its own leaf.
- Anything that does not fit, damaged or made up, raises BlockProofInvalid.

Only a node, or a party that knows the block's hash, can say whether the block is on the chain at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import rlp
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak
from trie.hexary import HexaryTrie

from counterfoil.chain.abi.decoding import decode_event
from counterfoil.chain.address import Address
from counterfoil.chain.errors import ChainError
from counterfoil.fault import Code

_TRANSACTIONS_ROOT, _RECEIPTS_ROOT, _NUMBER, _TIMESTAMP, _FEWEST = 4, 5, 8, 11, 15
_SUCCEEDED = b"\x01"


class BlockProofInvalid(ChainError):
    """A header, a transaction or a receipt is not what it is given for."""

    code = Code("block.proof_invalid")
    to_do = (
        "Ask for the block's proof again, from another node; if it stays wrong, it proves nothing."
    )


@dataclass(frozen=True)
class BlockHeader:
    """The fields of a block's header that the proofs need; *timestamp* is chain time in seconds."""

    hash: bytes
    number: int
    timestamp: int
    transactions_root: bytes
    receipts_root: bytes


@dataclass(frozen=True)
class EventLog:
    """One event of a receipt, undecoded; *address* is the contract's."""

    address: Address
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True)
class ProvenTransaction:
    """A transaction that ran, its place in the chain, and its call *data*."""

    header: BlockHeader
    index: int
    hash: bytes
    data: bytes
    logs: tuple[EventLog, ...]

    @property
    def place(self) -> tuple[int, int]:
        """Block number and index: the chain's order."""
        return self.header.number, self.index

    def events(self, contract: str, address: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The name and values of each event that *contract* at *address* left, in order."""
        for log in self.logs:
            if log.address == address:
                try:
                    yield decode_event(contract, log.topics, log.data)
                except (DecodingError, ValueError) as error:
                    raise BlockProofInvalid(f"no event of {contract}: {error}") from error


def read_header(raw: bytes) -> BlockHeader:
    """The header in *raw*; raises BlockProofInvalid."""
    fields = _items(raw, "header")
    if len(fields) < _FEWEST or not all(isinstance(field, bytes) for field in fields):
        raise BlockProofInvalid("no block's header")
    roots = fields[_TRANSACTIONS_ROOT], fields[_RECEIPTS_ROOT]
    if {len(root) for root in roots} != {32} or len(fields[_NUMBER] + fields[_TIMESTAMP]) > 16:
        raise BlockProofInvalid("no block's header: its roots, number or time")
    return BlockHeader(
        keccak(raw),
        int.from_bytes(fields[_NUMBER], "big"),
        int.from_bytes(fields[_TIMESTAMP], "big"),
        *roots,
    )


def prove_transaction(
    header: BlockHeader, index: int, transaction: Sequence[bytes], receipt: Sequence[bytes]
) -> ProvenTransaction:
    """The transaction at *index* in *header*'s block, proved by the nodes of both tries.

    Raises:
        BlockProofInvalid: a proof does not lead to its root, or the transaction failed.
    """
    raw = _leaf(header.transactions_root, index, nodes=transaction, what="transaction")
    logs = _logs(_leaf(header.receipts_root, index, nodes=receipt, what="receipt"))
    return ProvenTransaction(header, index, hash=keccak(raw), data=_called(raw), logs=logs)


def _leaf(root: bytes, index: int, nodes: Sequence[bytes], what: str) -> bytes:
    """The value under *index* in the trie with *root*; *nodes* are the path to it, and nothing else."""
    key = rlp.encode(index)
    try:
        trie = HexaryTrie({keccak(node): node for node in nodes}, root)
        value: bytes = trie[key]
        path = [rlp.encode(node) for node in trie.get_proof(key)]  # type: ignore[no-untyped-call]
    except Exception as error:  # hostile nodes can make the trie raise anything
        raise BlockProofInvalid(
            f"the {what}'s proof does not lead to the header's root: {type(error).__name__}"
        ) from error
    if not value:
        raise BlockProofInvalid(f"the {what}'s proof shows no {what} number {index}")
    if path != list(nodes):
        raise BlockProofInvalid(f"the {what}'s proof is not the nodes from the root to its leaf")
    return value


def _called(raw: bytes) -> bytes:
    """The call data of a transaction of any type."""
    kind, body = _typed(raw)
    fields = _items(body, "transaction")
    at = {0: 5, 1: 6}.get(kind, 7)
    if len(fields) <= at or not isinstance(fields[at], bytes):
        raise BlockProofInvalid("no transaction")
    data: bytes = fields[at]
    return data


def _logs(raw: bytes) -> tuple[EventLog, ...]:
    _, body = _typed(raw)
    fields = _items(body, "receipt")
    if len(fields) != 4:
        raise BlockProofInvalid("no receipt")
    if fields[0] != _SUCCEEDED:
        raise BlockProofInvalid("the transaction failed")
    try:
        return tuple(
            EventLog(Address(address), tuple(topics), bytes(data))
            for address, topics, data in fields[3]
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise BlockProofInvalid(f"no receipt: {error}") from error


def _typed(raw: bytes) -> tuple[int, bytes]:
    """The type (EIP-2718; 0 for the oldest form) and the RLP after it, of a leaf, which is never empty."""
    return (raw[0], raw[1:]) if raw[0] < 0x80 else (0, raw)


def _items(raw: bytes, what: str) -> list[Any]:
    try:
        items = rlp.decode(raw)
    except (rlp.exceptions.RLPException, RecursionError) as error:
        raise BlockProofInvalid(f"no {what}: {error}") from error
    if not isinstance(items, list):
        raise BlockProofInvalid(f"no {what}")
    return items
