"""Rebuilds the hashed bytes of blocks from a node's responses, and makes proofs for their headers.

Rules that this module keeps:

- Nodes return fields; few have a call for a block's bytes. So header, transactions and receipts are encoded again here.
  They must hash to the values that the node gives: the block's hash, each transaction's hash, both roots. Otherwise the
  block is refused.
- One list of header fields serves all engines: a block has some of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rlp
from eth_utils.crypto import keccak
from trie.hexary import HexaryTrie

from counterfoil.chain.client import ChainClient
from counterfoil.chain.errors import ChainError, RpcRefused
from counterfoil.chain.hexadecimal import from_hex, to_hex
from counterfoil.fault import Code

_Fields = Mapping[str, Any]


class BlockNotRebuilt(ChainError):
    """A block's fields do not hash to the node's values: the engine is of another kind, or the response is false."""

    code = Code("block.not_rebuilt")
    to_do = "Ask a node of an engine that is known here, or a second one."


@dataclass(frozen=True)
class ProvableBlock:
    """A block's header and the tries under it; *transactions* are their hashes, in order."""

    number: int
    header: bytes
    transactions: tuple[bytes, ...]
    _transaction_trie: HexaryTrie
    _receipt_trie: HexaryTrie

    def proof(self, transaction: bytes) -> tuple[int, list[bytes], list[bytes]]:
        """The index of *transaction* (its hash), and the trie nodes that prove it and its receipt.

        Raises:
            BlockNotRebuilt: it is not in this block.
        """
        if transaction not in self.transactions:
            raise BlockNotRebuilt(f"block {self.number} has no transaction {transaction.hex()}")
        index = self.transactions.index(transaction)
        tries = self._transaction_trie, self._receipt_trie
        key: bytes = rlp.encode(index)
        ways = [trie.get_proof(key) for trie in tries]  # type: ignore[no-untyped-call]
        first, second = ([rlp.encode(node) for node in way] for way in ways)
        return index, first, second


def read_block(client: ChainClient, number: int) -> ProvableBlock:
    """Block *number* of the chain.

    Raises:
        RpcRefused: the node has no such block, or not all of it.
        BlockNotRebuilt: the fields do not hash to the values that the node gives.
    """
    block = client.rpc("eth_getBlockByNumber", hex(number), True)
    if block is None:
        raise RpcRefused(f"the node has no block {number}")
    transactions = [_transaction(one) for one in block["transactions"]]
    hashes = tuple(keccak(raw) for raw in transactions)
    for one, found in zip(block["transactions"], hashes, strict=True):
        _same(number, what=f"transaction {one['hash']}", found=found, named=one["hash"])
    receipts: list[bytes] = []
    for found_, receipt in zip(hashes, client.receipts(hashes), strict=True):
        if receipt is None:
            raise RpcRefused(f"the node has no receipt of {found_.hex()}")
        receipts.append(_receipt(receipt))
    tries = _trie(transactions), _trie(receipts)
    for trie, root in zip(tries, ("transactionsRoot", "receiptsRoot"), strict=True):
        _same(number, what=root, found=trie.root_hash, named=block[root])
    return ProvableBlock(number, _header(block), hashes, *tries)


def _same(number: int, what: str, found: bytes, named: str) -> None:
    if found != from_hex(named):
        raise BlockNotRebuilt(f"block {number}: {what} can't be made again from its fields")


def _trie(values: Sequence[bytes]) -> HexaryTrie:
    trie = HexaryTrie({})
    for index, value in enumerate(values):
        trie[rlp.encode(index)] = value
    return trie


def _number(text: str) -> bytes:
    value = int(text, 16)
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


_HEADER: tuple[tuple[str, Callable[[str], bytes]], ...] = (
    ("parentHash", from_hex),
    ("sha3Uncles", from_hex),
    ("miner", from_hex),
    ("stateRoot", from_hex),
    ("transactionsRoot", from_hex),
    ("receiptsRoot", from_hex),
    ("logsBloom", from_hex),
    ("difficulty", _number),
    ("number", _number),
    ("gasLimit", _number),
    ("gasUsed", _number),
    ("timestamp", _number),
    ("extraData", from_hex),
    ("mixHash", from_hex),
    ("nonce", from_hex),
)
_SINCE: tuple[tuple[str, Callable[[str], bytes]], ...] = (
    ("baseFeePerGas", _number),
    ("blockGasCost", _number),  # subnet-evm
    ("withdrawalsRoot", from_hex),
    ("blobGasUsed", _number),
    ("excessBlobGas", _number),
    ("parentBeaconBlockRoot", from_hex),
    ("requestsHash", from_hex),
    ("timestampMilliseconds", _number),  # subnet-evm
    ("minDelayExcess", _number),  # subnet-evm
)


def _header(block: _Fields) -> bytes:
    for form in _forms(block):
        raw: bytes = rlp.encode(
            [
                *(encoded(form[name]) for name, encoded in _HEADER),
                *(encoded(form[name]) for name, encoded in _SINCE if form.get(name) is not None),
            ]
        )
        if keccak(raw) == from_hex(block["hash"]):
            return raw
    number = int(block["number"], 16)
    raise BlockNotRebuilt(f"block {number}: its header can't be made again from its fields")


def _forms(block: _Fields) -> Iterator[_Fields]:
    """The block's fields as they are, then as QBFT hashes them: without round number and seals."""
    yield block
    try:
        vanity, validators, vote, _, _ = rlp.decode(from_hex(block["extraData"]))
    except (rlp.exceptions.RLPException, ValueError, TypeError):
        return
    hashed = rlp.encode([vanity, validators, vote, b"", []])
    yield {**block, "extraData": to_hex(hashed)}


def _transaction(one: _Fields) -> bytes:
    kind = int(one.get("type", hex(0)), 16)
    to = from_hex(one["to"]) if one["to"] else b""
    call = [_number(one["gas"]), to, _number(one["value"]), from_hex(one["input"])]
    signature = [_number(one["r"]), _number(one["s"])]
    if kind == 0:
        fees = [_number(one["gasPrice"])]
        raw: bytes = rlp.encode(
            [_number(one["nonce"]), *fees, *call, _number(one["v"]), *signature]
        )
        return raw
    fees = [_number(one[name]) for name in ("maxPriorityFeePerGas", "maxFeePerGas") if kind != 1]
    body: bytes = rlp.encode(
        [
            _number(one["chainId"]),
            _number(one["nonce"]),
            *(fees or [_number(one["gasPrice"])]),
            *call,
            [
                [from_hex(entry["address"]), [from_hex(key) for key in entry["storageKeys"]]]
                for entry in one.get("accessList") or ()
            ],
            _number(one.get("yParity") or one["v"]),
            *signature,
        ]
    )
    return bytes([kind]) + body


def _receipt(one: _Fields) -> bytes:
    kind = int(one.get("type", hex(0)), 16)
    logs = [
        [
            from_hex(log["address"]),
            [from_hex(topic) for topic in log["topics"]],
            from_hex(log["data"]),
        ]
        for log in one["logs"]
    ]
    body: bytes = rlp.encode(
        [
            _number(one["status"]),
            _number(one["cumulativeGasUsed"]),
            from_hex(one["logsBloom"]),
            logs,
        ]
    )
    return (bytes([kind]) if kind else b"") + body
