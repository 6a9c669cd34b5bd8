"""What a node says of a bundle: chain, addresses, blocks, heads and keys, and what it has beyond the file.

The node is a paper chain: real blocks and events, and the contracts' views from the world that made them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from support_blocks import ACCOUNTS, ADDRESSES, PaperChain, assign
from support_bundles import bundle_of, world_of
from support_world import DAY_MS, DEVICES, FIRST_MS, World, verify

from counterfoil.api.audit import node_check
from counterfoil.api.audit.node_check import check_on_chain, has_answered
from counterfoil.api.audit.verification.bundle import Bundle
from counterfoil.api.audit.verification.bundle_format import encode
from counterfoil.api.audit.verification.errors import AuditError
from counterfoil.api.audit.verification.report import Report, Step
from counterfoil.chain.client import Block, ChainClient, ContractEvent
from counterfoil.chain.errors import ContractReverted, NodeUnreachable, RpcRefused
from counterfoil.chain.proof.block_proof import prove_transaction, read_header
from counterfoil.gateway.record.bodies import Status
from counterfoil.gateway.record.identity import device_hash

DEVICE = DEVICES[0]


@dataclass
class Stand:
    """What the node has."""

    chain: PaperChain
    bundle: Bundle
    chain_id: int = 31_337
    newest: int = 3_000
    disputed: tuple[int, int] = (0, 0)
    key: dict[str, Any] = field(default_factory=dict)
    refuses_heads: bool = False
    answers: bool = True
    gone_at: str = ""
    """The function at whose call the node is gone."""
    asked: set[int] = field(default_factory=set)
    """The blocks that were asked for."""


class PaperNode(ChainClient):
    """Answers from a :class:`Stand` what a node would."""

    stand: Stand

    def chain_id(self) -> int:
        if not self.stand.answers:
            raise NodeUnreachable("gone")
        return self.stand.chain_id

    def block(self, which: int | str = "latest") -> Block | None:
        number = self.stand.newest if isinstance(which, str) else which
        if isinstance(which, int):
            self.stand.asked.add(which)
        if number > self.stand.newest:
            raise RpcRefused("no such block")
        if number not in self.stand.chain.blocks:
            known = number == self.stand.newest
            return Block(number, b"\1" * 32, b"", 1_800_000_000, gas_limit=1) if known else None
        header = read_header(self.stand.chain.blocks[number][0])
        return Block(number, header.hash, b"", header.timestamp, gas_limit=1)

    def events(
        self, contracts: Sequence[str], first: int, last: int, *, subject: bytes | None = None
    ) -> list[ContractEvent]:
        if last > self.stand.newest:
            raise RpcRefused("no such block")
        return [
            event
            for event in self._all(contracts)
            if first <= event.block_number <= last
            and subject in (None, event.values.get("device"), event.values.get("project"))
        ]

    def _all(self, contracts: Sequence[str]) -> Iterator[ContractEvent]:
        for number, (raw, index, transaction, receipt) in sorted(self.stand.chain.blocks.items()):
            header = read_header(raw)
            found = prove_transaction(header, index, transaction=transaction, receipt=receipt)
            for contract in contracts:
                for name, values in found.events(contract, self.addresses[contract]):
                    place = (number, header.hash, found.hash, 0)
                    yield ContractEvent(contract, name, values, *place)

    def call(self, contract: str, function: str, *arguments: Any, **_: Any) -> Any:
        if function == self.stand.gone_at:
            raise NodeUnreachable("gone")
        if function == "isAnchored":
            return arguments[0] in {head.size for head in self.stand.bundle.heads}
        if function == "requireHead":
            if self.stand.refuses_heads:
                raise ContractReverted("HeadUnknown", {})
            return None
        if function == "disputedOf":
            return self.stand.disputed
        assert (contract, function) == ("DeviceRegistry", "signingKey")
        name, epoch = arguments
        assert name == device_hash(DEVICE)
        (key,) = (one for one in self.stand.bundle.registry if one.epoch == epoch)
        return {
            "x": key.x,
            "y": key.y,
            "fromSequence": key.from_sequence,
            "untilSequence": key.until_sequence,
            "revokedAt": 0,
            "certificateHash": key.certificate_hash,
            "registeredAt": key.registered_at,
            **self.stand.key,
        }


@pytest.fixture
def world() -> World:
    return world_of(days=3)


@pytest.fixture
def bundle(world: World) -> Bundle:
    """All three days, under the newest head."""
    return bundle_of(world, days=3)


@pytest.fixture
def stand(world: World, bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> Stand:
    """A node that has just what is in the bundle."""
    stand = Stand(world.chain, bundle)
    monkeypatch.setattr(PaperNode, "stand", stand, raising=False)
    monkeypatch.setattr(node_check, "ChainClient", PaperNode)
    return stand


def asked(
    bundle: Bundle, world: World, addresses: Mapping[str, str] | None = ADDRESSES
) -> tuple[Report, Step]:
    """The report, after the node was asked, and what it said."""
    report = verify(encode(bundle), world.root)
    step = check_on_chain(report, "http://127.0.0.1:9", addresses)
    report.steps.append(step)
    return report, step


def words(found: Sequence[AuditError]) -> list[tuple[str, str]]:
    return [(one.where, one.detail) for one in found]


def test_a_node_that_agrees_makes_the_file_valid(
    stand: Stand, bundle: Bundle, world: World
) -> None:
    for addresses in (ADDRESSES, None):
        report, step = asked(bundle, world, addresses)
        assert (report.verdict, step.findings) == ("valid", [])
        assert step.checked.endswith("; as of block 3000 of 2027-01-15 08:00:00Z, no later head")
    assert {read_header(one.header).number for one in bundle.blocks} <= stand.asked


def test_a_report_without_a_bundle_asks_nothing() -> None:
    with pytest.raises(ValueError, match="without a bundle"):
        check_on_chain(Report([]), "http://127.0.0.1:9")


def test_another_chain_or_no_node_is_told(stand: Stand, bundle: Bundle, world: World) -> None:
    stand.chain_id = 1
    report, step = asked(bundle, world)
    assert words(step.findings) == [("scope", "the node is of chain 1")]
    assert report.open, "nothing is settled by another chain's node"
    stand.answers = False
    assert [one.code for one in asked(bundle, world)[1].findings] == ["chain.node_unreachable"]


def test_a_node_that_breaks_off_has_answered_if_it_found_something(
    stand: Stand, bundle: Bundle, world: World
) -> None:
    """What it said before stays, and that nothing was looked at is said of no answer alone."""
    no_answer = "the node gave no answer, so nothing of the chain was looked at"
    assert has_answered(asked(bundle, world)[1])
    stand.gone_at = "signingKey"
    _, step = asked(bundle, world)
    assert ([one.code for one in step.findings], step.checked) == (
        ["chain.node_unreachable"],
        no_answer,
    )
    assert not has_answered(step)
    scope = bundle.scope._replace(revenue_split=ACCOUNTS["site"])
    _, step = asked(replace(bundle, scope=scope), world)
    assert [one.code for one in step.findings] == [
        "bundle.chain_mismatch",
        "chain.node_unreachable",
    ]
    assert step.checked.endswith("compared with the node of chain 31337")
    assert has_answered(step)


def test_a_contract_that_nobody_names_is_not_asked_for(
    stand: Stand, bundle: Bundle, world: World
) -> None:
    """Neither the file nor the auditor's deployment has one: there is nothing to compare."""
    bare = replace(bundle, heads=(), consistency=())
    nowhere = replace(bare, scope=bundle.scope._replace(revenue_split=""))
    assert words(asked(nowhere, world, None)[1].findings) == []
    fewer = {name: address for name, address in ADDRESSES.items() if name != "RevenueSplit"}
    assert words(asked(bare, world, fewer)[1].findings) == []


@pytest.mark.parametrize("name", ["RecordAnchor", "DeviceRegistry", "RevenueSplit"])
def test_a_contract_elsewhere_than_the_auditors_is_named(
    stand: Stand, bundle: Bundle, world: World, name: str
) -> None:
    fields = {
        "RecordAnchor": "record_anchor",
        "DeviceRegistry": "device_registry",
        "RevenueSplit": "revenue_split",
    }
    scope = bundle.scope._replace(**{fields[name]: ACCOUNTS["site"]})
    _, step = asked(replace(bundle, scope=scope), world)
    said = f"{name} is at {ADDRESSES[name]}, not at {ACCOUNTS['site']}"
    assert ("scope", said) in words(step.findings)


def test_a_block_that_is_not_the_chains_is_named(
    stand: Stand, bundle: Bundle, world: World
) -> None:
    """The file's block is another than the node's of that number, or the node has none there."""
    number = bundle.blocks[0].header
    at = read_header(number).number
    where = f"blocks[0] (block {at})"
    other = "the node's chain has another block there, or none"
    kept = world.chain.blocks[at]
    world.chain.blocks[at] = world.chain.blocks[1_000]
    assert (where, other) in words(asked(bundle, world)[1].findings)
    del world.chain.blocks[at]
    assert (where, other) in words(asked(bundle, world)[1].findings)
    world.chain.blocks[at] = kept
    stand.newest = 2_000
    found = words(asked(bundle, world)[1].findings)
    assert [where for where, detail in found if detail == other] == [
        f"blocks[{n}] (block {read_header(one.header).number})"
        for n, one in enumerate(bundle.blocks)
        if read_header(one.header).number > 2_000
    ]


def test_a_head_that_the_node_has_otherwise_is_named(
    stand: Stand, bundle: Bundle, world: World
) -> None:
    last = bundle.heads[-1]
    where = f"heads (size {last.size})"
    for change in ({"root": bytes(32)}, {"state": bytes(32)}):
        heads = (*bundle.heads[:-1], last._replace(**change))
        _, step = asked(replace(bundle, heads=heads), world)
        assert words(step.findings) == [(where, "anchored with another root or state")]
    for change, detail in (
        ({"block_number": 1_000}, "anchored, but not in block 1000"),
        ({"block_number": 9_000}, "anchored, but not in block 9000"),
        ({"size": last.size + 1}, "not anchored"),
    ):
        moved = last._replace(**change)
        _, step = asked(replace(bundle, heads=(*bundle.heads[:-1], moved)), world)
        assert (f"heads (size {moved.size})", detail) in words(step.findings)
    stand.refuses_heads = True
    found = words(asked(bundle, world)[1].findings)
    assert (where, "the contract keeps another: HeadUnknown()") in found


def test_the_newest_block_may_hold_the_last_head(
    stand: Stand, bundle: Bundle, world: World
) -> None:
    stand.newest = bundle.heads[-1].block_number
    found = words(asked(bundle, world)[1].findings)
    assert not any(where.startswith("heads") for where, _ in found)


@pytest.mark.parametrize(
    "change",
    [
        {"x": bytes(32)},
        {"y": bytes(32)},
        {"fromSequence": 2},
        {"untilSequence": 7},
        {"revokedAt": 1_700_000_000},
        {"certificateHash": bytes(32)},
        {"registeredAt": 1},
    ],
)
def test_a_key_that_is_registered_otherwise_is_named(
    stand: Stand, bundle: Bundle, world: World, change: dict[str, Any]
) -> None:
    stand.key = change
    _, step = asked(bundle, world)
    assert words(step.findings) == [("registry epoch 1", "registered otherwise")]


def test_records_that_the_committee_took_back_are_named(
    stand: Stand, bundle: Bundle, world: World
) -> None:
    stand.disputed = (4, 9)
    report, step = asked(bundle, world)
    (one,) = step.findings
    assert one.detail == "the committee has repudiated its numbers from 4 on"
    assert report.verdict != "valid"


def test_a_later_head_that_the_node_has_is_found(
    stand: Stand, bundle: Bundle, world: World
) -> None:
    """A later head by its event; one of the same size is none."""
    later = world.anchor(2_990)
    report, step = asked(bundle, world)
    assert later.size == bundle.heads[-1].size
    assert report.verdict == "valid", "a head of the same size holds nothing more"
    world.add(DEVICE, Status("idle"), FIRST_MS + 3 * DAY_MS)
    head = world.anchor(2_991)
    report, step = asked(bundle, world)
    assert [one.code for one in step.findings] == ["bundle.end_open"]
    assert f"1 later head that the file does not rest on, the last of {head.size}" in step.checked
    assert "in block 2991 at 20" in step.checked


def test_an_assignment_or_a_distribution_that_is_kept_off_is_found(
    stand: Stand, bundle: Bundle, world: World
) -> None:
    assign(world.chain, block=940, device=device_hash(DEVICE), project="hilltop")
    assign(world.chain, block=941, device=device_hash(DEVICES[1]), project="hilltop")
    _, step = asked(bundle, world)
    assert [one.code for one in step.findings] == ["bundle.assignment_mismatch"]
    fewer = replace(bundle, distributions=bundle.distributions[:2])
    _, step = asked(fewer, world)
    assert "split.left_out" in {one.code for one in step.findings}
