"""What nodes ask each other to sign: its bytes, its digest, its signer, and whose turn it is to ask."""

from __future__ import annotations

import json
import runpy
from dataclasses import replace
from pathlib import Path

import cbor2
import pytest
from eth_account import Account
from eth_utils.address import to_checksum_address

from counterfoil.chain.keys.signer import LocalSigner
from counterfoil.chain.proof.signature import recover
from counterfoil.gateway.log.checkpoint import Head
from counterfoil.gateway.log.merkle import EMPTY_ROOT
from counterfoil.gateway.record.identity import Digest
from counterfoil.oracle.errors import InputMalformed, PeersInvalid
from counterfoil.oracle.quorum.peers import create_identity, read_peers
from counterfoil.oracle.rules.facts import Facts, decode_facts
from counterfoil.oracle.rules.figures import DeviceFigures, Figures, GoodsFigures, ProjectFigures
from counterfoil.oracle.rules.judging.digest import revocation_digest
from counterfoil.oracle.rules.judging.proposal import (
    CallProposal,
    HeadProposal,
    decode_call_proposal,
    decode_head_proposal,
    proposer_of,
)
from counterfoil.oracle.rules.judging.turn import turn_of

VECTORS = Path(__file__).parents[4] / "vectors" / "proposals.json"
ANCHOR, QUORUM, SPLIT = (to_checksum_address("0x" + digit * 40) for digit in "abc")
SIGNER = LocalSigner(Account.from_key(b"\7" * 32))


def head_proposal() -> HeadProposal:
    figures = Figures(
        previous_size=10,
        size=16,
        block=7,
        projects=(
            ProjectFigures(
                project=b"\1" * 32,
                currency="USD",
                sales=2,
                gross_minor=750,
                refunds=1,
                refunded_minor=300,
                goods=(GoodsFigures("cola", 4, 600),),
            ),
        ),
        devices=(DeviceFigures(device=b"\2" * 32, records=3, intervals=2, energy_wh=2_000),),
    )
    plain = HeadProposal(
        chain_id=31_337,
        anchor=ANCHOR,
        head=Head(16, Digest(b"\3" * 32), Digest(b"\4" * 32)),
        figures=figures,
        annex=Digest(b"\6" * 32),
        previous=Head(10, Digest(b"\5" * 32), Digest(bytes(32))),
    )
    return replace(plain, signature=SIGNER.sign_digest(plain.digest))


def call_proposal() -> CallProposal:
    plain = CallProposal(
        chain_id=31_337,
        contract=QUORUM,
        target=SPLIT,
        data=b"\x12\x34",
        label=b"\6" * 32,
        deadline=1_800_000_000,
        facts=b"\x80",
        head_size=16,
    )
    return replace(plain, signature=SIGNER.sign_digest(plain.digest))


def test_the_published_vectors() -> None:
    """As in docs/formats/proposal.md."""
    kept = json.loads(VECTORS.read_text())
    assert runpy.run_path(str(VECTORS.parent / "proposal_vectors.py"))["vectors"]() == kept
    for name, made in (("head", head_proposal()), ("call", call_proposal())):
        assert kept[name]["message"] == made.encode().hex()
        assert kept[name]["digest"] == made.digest.hex()
        assert kept[name]["signer"] == SIGNER.address
        assert kept[name]["signature"] == made.signature.hex()


def test_what_is_decoded_is_what_was_encoded_and_signed() -> None:
    head, call = head_proposal(), call_proposal()
    assert decode_head_proposal(head.encode()) == head
    assert decode_call_proposal(call.encode()) == call
    assert proposer_of(head) == proposer_of(call) == SIGNER.address
    other = replace(head, head=replace(head.head, state=Digest(b"\x09" * 32)))
    assert proposer_of(other) != SIGNER.address, "another state is not what was signed"
    assert proposer_of(replace(head, signature=bytes(65))) is None


def test_every_part_of_a_head_is_in_its_digest() -> None:
    head = head_proposal()
    changed = [
        replace(head, chain_id=1),
        replace(head, anchor=QUORUM),
        replace(head, head=replace(head.head, size=17)),
        replace(head, head=replace(head.head, root=Digest(bytes(32)))),
        replace(head, head=replace(head.head, state=Digest(bytes(32)))),
        replace(head, figures=replace(head.figures, block=8)),
        replace(head, annex=Digest(bytes(32))),
        replace(head, previous=replace(head.previous, size=9)),
        replace(head, previous=replace(head.previous, root=Digest(bytes(32)))),
    ]
    assert len({one.digest for one in (head, *changed)}) == len(changed) + 1
    first = replace(head, previous=Head(0, Digest(bytes(32)), Digest(bytes(32))))
    assert first.digest == replace(first, previous=Head(0, EMPTY_ROOT, EMPTY_ROOT)).digest


def test_every_part_of_a_call_is_in_its_digest() -> None:
    call = call_proposal()
    changed = [
        replace(call, chain_id=1),
        replace(call, contract=SPLIT),
        replace(call, target=QUORUM),
        replace(call, data=b""),
        replace(call, label=bytes(32)),
        replace(call, deadline=call.deadline + 1),
    ]
    assert len({one.digest for one in (call, *changed)}) == len(changed) + 1


def test_every_part_of_a_revocation_is_in_its_digest() -> None:
    call, other = b"\1" * 32, b"\2" * 32
    digests = {
        revocation_digest(call, 31_337, QUORUM),
        revocation_digest(other, 31_337, QUORUM),
        revocation_digest(call, 1, QUORUM),
        revocation_digest(call, 31_337, SPLIT),
    }
    assert len(digests) == 4


def test_anything_else_is_refused() -> None:
    head = head_proposal()
    fields = cbor2.loads(head.encode())
    wrong = [b"", b"\x80", head.encode() + b"\0", call_proposal().encode()]
    for place, value in (
        (1, 1),
        (2, -1),
        (2, "1"),
        (3, b"\1"),
        (4, 10),
        (4, "16"),
        (5, b"\1" * 31),
        (7, b"\x80"),
        (8, b"\6" * 31),
        (8, 6),
        (9, 16),
        (10, None),
        (11, b"\1" * 64),
    ):
        wrong.append(cbor2.dumps([*fields[:place], value, *fields[place + 1 :]], canonical=True))
    for data in wrong:
        with pytest.raises(InputMalformed):
            decode_head_proposal(data)
    with pytest.raises(InputMalformed):
        decode_call_proposal(head.encode())


def test_a_head_grows_and_its_figures_are_of_its_own_batch() -> None:
    head = head_proposal()

    def refused(words: str, **change: object) -> None:
        with pytest.raises(InputMalformed, match=words):
            decode_head_proposal(replace(head, **change).encode())  # type: ignore[arg-type]

    for size in (16, 17):
        figures = replace(head.figures, previous_size=size)
        refused("does not grow", previous=replace(head.previous, size=size), figures=figures)
    refused("its figures are of 9 to 16", figures=replace(head.figures, previous_size=9))
    refused("its figures are of 10 to 17", figures=replace(head.figures, size=17))


def test_a_proposal_has_one_form() -> None:
    """A number that is longer than it needs to be reads the same, and is refused."""
    data = call_proposal().encode()
    at = data.index(b"\x10", len(data) - 70)
    assert cbor2.loads(data)[9] == data[at] == 16
    longer = data[:at] + b"\x18\x10" + data[at + 1 :]
    assert cbor2.loads(longer) == cbor2.loads(data)
    with pytest.raises(InputMalformed, match="not in its one form"):
        decode_call_proposal(longer)


def test_the_turn_goes_round_and_on() -> None:
    signers = ["a", "b", "c", "d"]
    assert [turn_of(signers, number=n, waited_ms=0, round_ms=1_000) for n in range(6)] == [
        "a",
        "b",
        "c",
        "d",
        "a",
        "b",
    ]
    assert [
        turn_of(signers, number=1, waited_ms=ms, round_ms=1_000) for ms in (0, 999, 1_000, 3_500)
    ] == ["b", "b", "c", "a"]
    assert turn_of(signers, number=0, waited_ms=-5, round_ms=1_000) == "a"


def test_a_recovered_signer_is_none_where_there_can_be_none() -> None:
    assert recover(b"\1" * 32, b"") is None
    assert recover(b"\1" * 32, b"\xff" * 65) is None


def test_peers_are_pinned_and_named_once(tmp_path: Path) -> None:
    for name in ("one", "two"):
        create_identity(
            certificate=tmp_path / f"{name}.crt",
            key=tmp_path / f"{name}.key",
            name=name,
            hosts=["127.0.0.1"],
        )
    assert (tmp_path / "one.key").stat().st_mode & 0o777 == 0o600
    entries = [
        {
            "name": name,
            "address": f"0x{number:040x}",
            "url": f"https://127.0.0.1:{number}",
            "certificate": (tmp_path / f"{name}.crt").read_text(),
        }
        for number, name in enumerate(("one", "two"), 1)
    ]
    path = tmp_path / "peers.yaml"

    def read(*found: dict[str, str]) -> list[str]:
        path.write_text(json.dumps({"nodes": found}))
        return [peer.name for peer in read_peers(path)]

    assert read(*entries) == ["one", "two"]
    for change in (
        {"name": "one"},
        {"address": entries[0]["address"]},
        {"url": entries[0]["url"]},
        {"certificate": entries[0]["certificate"]},
        {"certificate": "none"},
        {"address": "0x12"},
        {"url": "http://127.0.0.1:2"},
    ):
        with pytest.raises(PeersInvalid):
            read(entries[0], entries[1] | change)
    with pytest.raises(PeersInvalid):
        read_peers(tmp_path / "absent.yaml")


@pytest.mark.parametrize(
    "fields",
    [
        [1, "lakeside", 20220829, [["0", False, 5]], []],
        [1, "lakeside", 20220829, [[0, 0, 5]], []],
        [1, "lakeside", 20220829, [[0, False, -5]], []],
        [1, "lakeside", 20220829, [[0, False, 2**63]], []],
        [1, "lakeside", 20220829, [[0, False, True]], []],
        [1, "lakeside", 20220829, [[0, False]], []],
        [1, 7, 20220829, [[0, False, 5]], []],
        [1, "lakeside", 20220829, [[0, False, 5]], [[7, 1]]],
        [2, "lakeside", 20220829, [[0, False, 5]], []],
    ],
)
def test_facts_with_other_types_are_refused(fields: list[object]) -> None:
    with pytest.raises(InputMalformed):
        decode_facts(cbor2.dumps(fields, canonical=True))


def test_facts_are_what_was_encoded() -> None:
    facts = Facts(
        project="lakeside",
        business_date=20220829,
        entries=((0, False, 5), (3, True, 2)),
        units=(("cola", 1),),
    )
    assert decode_facts(facts.encode()) == facts
