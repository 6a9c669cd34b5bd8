"""A block's header proves a transaction that succeeded, its call and its events; anything else is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import rlp
from eth_utils.crypto import keccak
from support_blocks import ADDRESSES, event
from trie.hexary import HexaryTrie

from counterfoil.chain.proof.block_proof import (
    BlockProofInvalid,
    ProvenTransaction,
    prove_transaction,
    read_header,
)

LOG = event(
    "RecordAnchor",
    "HeadAnchored",
    index=0,
    size=8,
    root=b"\1" * 32,
    state=b"\2" * 32,
    figures=bytes(32),
    annex=bytes(32),
    previousSize=0,
)
FIELDS: list[Any] = [31_337, 1, 1, 2, 90_000, b"\3" * 20, 0, b"call", [], 0, 7, 9]
RECEIPT: list[Any] = [1, 50_000, bytes(256), [LOG]]


def trie(*values: bytes) -> HexaryTrie:
    made = HexaryTrie({})
    for index, value in enumerate(values):
        made[rlp.encode(index)] = value
    return made


def header(transactions: bytes, receipts: bytes, **change: Any) -> bytes:
    fields = {
        "parent": bytes(32),
        "uncles": bytes(32),
        "beneficiary": bytes(20),
        "state": bytes(32),
        "transactions": transactions,
        "receipts": receipts,
        "bloom": bytes(256),
        "difficulty": b"",
        "number": (1_000).to_bytes(2, "big"),
        "limit": b"\1",
        "used": b"\1",
        "time": (1_700_000_000).to_bytes(4, "big"),
        "extra": b"",
        "mix": bytes(32),
        "nonce": bytes(8),
    }
    return rlp.encode(list((fields | change).values()))


def proven(
    fields: list[Any] = FIELDS,
    receipt: list[Any] | bytes = RECEIPT,
    kind: bytes = b"\2",
    nodes: Callable[[list[bytes]], list[bytes]] = list,
) -> ProvenTransaction:
    """A transaction with *fields* and its *receipt*, proved by what *nodes* leaves of the tries' proofs."""
    tries = [trie(kind + rlp.encode(fields)), trie(kind + rlp.encode(receipt))]
    raw = header(tries[0].root_hash, tries[1].root_hash)
    proofs = [[rlp.encode(node) for node in one.get_proof(rlp.encode(0))] for one in tries]
    return prove_transaction(
        read_header(raw), 0, transaction=nodes(proofs[0]), receipt=nodes(proofs[1])
    )


def refused(words: str, **change: Any) -> None:
    with pytest.raises(BlockProofInvalid, match=words):
        proven(**change)


def test_a_transaction_that_ran_is_proved_with_its_call_and_events() -> None:
    found = proven()
    assert (found.data, found.place) == (b"call", (1_000, 0))
    assert found.hash == keccak(b"\2" + rlp.encode(FIELDS))
    ((name, values),) = found.events("RecordAnchor", ADDRESSES["RecordAnchor"])
    assert (name, values["size"], values["root"]) == ("HeadAnchored", 8, b"\1" * 32)
    assert found.header.timestamp == 1_700_000_000


def test_another_contracts_event_is_not_this_ones() -> None:
    assert list(proven().events("RecordAnchor", ADDRESSES["RevenueSplit"])) == []


def test_the_call_stands_where_the_transactions_kind_has_it() -> None:
    """Legacy, with an access list, and with a fee cap."""
    legacy: list[Any] = [1, 2, 90_000, b"\3" * 20, 0, b"old", 27, 1, 1]
    assert proven(legacy, kind=b"").data == b"old"
    listed: list[Any] = [31_337, 1, 2, 90_000, b"\3" * 20, 0, b"listed", [], 0, 7, 9]
    assert proven(listed, kind=b"\1").data == b"listed"


def test_a_kind_is_below_0x80() -> None:
    """EIP-2718: from there on a byte is RLP's own, of the oldest form."""
    assert proven(kind=b"\x7f").data == b"call"
    for kind in (b"\x80", b"\x81", b"\xc0"):
        refused("no transaction|no receipt", kind=kind)


def test_a_transaction_that_failed_proves_nothing() -> None:
    refused("the transaction failed", receipt=[b"", *RECEIPT[1:]])
    refused("the transaction failed", receipt=[2, *RECEIPT[1:]])


def test_a_receipt_or_call_of_another_form_is_refused() -> None:
    refused("no receipt", receipt=RECEIPT[:3])
    refused("no receipt", receipt=b"four")
    refused("no receipt", receipt=[*RECEIPT, 1])
    refused("no receipt", receipt=[1, 50_000, bytes(256), [[b"\3" * 19, [], b""]]])
    refused("no receipt", receipt=[1, 50_000, bytes(256), [[b"\3" * 20, []]]])
    refused("no transaction", fields=FIELDS[:7])
    refused("no transaction", fields=[*FIELDS[:7], [b"call"], *FIELDS[8:]])


def test_an_event_that_does_not_decode_is_refused() -> None:
    cut = [LOG[0], LOG[1], LOG[2][:-1]]
    found = proven(receipt=[1, 50_000, bytes(256), [cut]])
    with pytest.raises(BlockProofInvalid, match="no event of RecordAnchor"):
        list(found.events("RecordAnchor", ADDRESSES["RecordAnchor"]))


def test_the_proof_has_the_nodes_that_it_needs_each_once() -> None:
    refused("does not lead to the header's root", nodes=lambda nodes: [])
    refused("not the nodes from the root", nodes=lambda nodes: [*nodes, nodes[0]])
    other = trie(b"\1" * 40, b"\2" * 40)
    proof = [rlp.encode(node) for node in other.get_proof(rlp.encode(5))]
    raw = header(other.root_hash, other.root_hash)
    with pytest.raises(BlockProofInvalid, match="shows no transaction number 5"):
        prove_transaction(read_header(raw), 5, transaction=proof, receipt=proof)


def test_a_header_of_another_form_is_refused() -> None:
    good = header(bytes(32), bytes(32))
    assert read_header(good).hash == keccak(good)
    fields = rlp.decode(good)
    longest = header(bytes(32), bytes(32), number=b"\1" * 8, time=b"\1" * 8)
    assert read_header(longest).number == int.from_bytes(b"\1" * 8, "big")
    for raw in (
        rlp.encode(fields[:14]),
        rlp.encode([*fields[:14], [b""]]),
        header(bytes(31), bytes(32)),
        header(bytes(32), bytes(31)),
        header(bytes(32), bytes(32), number=b"\1" * 9, time=b"\1" * 8),
        header(bytes(32), bytes(32), number=b"\1" * 8, time=b"\1" * 9),
        b"\x01",
        rlp.encode(b"text"),
        good + b"\0",
        b"",
    ):
        with pytest.raises(BlockProofInvalid, match=r"no (block's )?header"):
            read_header(raw)
