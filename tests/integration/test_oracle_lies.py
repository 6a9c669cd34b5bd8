"""A proposer that lies never gets a quorum: three honest nodes behind real doors, over a real chain and gateway.

The liar is a node of the quorum with its own key, whose copy or whose sums were tampered with. What it proposes goes
through its own door to the others over mTLS, as any proposal does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlmodel import Session, select
from support_oracle import ACCOUNTS, FIRST_DATE, PROJECT
from support_quorum import NAMES, QuorumHouse, quorum_house, run_turns
from support_waiting import wait_until
from support_world import DEVICES

from counterfoil.chain.anchored_heads import newest_head
from counterfoil.chain.errors import ContractReverted
from counterfoil.gateway.doors.reader import create_reader, reader_tls
from counterfoil.gateway.log.checkpoint import Head
from counterfoil.gateway.log.merkle import MemoryTree, hash_leaf
from counterfoil.gateway.log.state_tree import StateTree
from counterfoil.gateway.record.bodies import Sale
from counterfoil.gateway.record.identity import Digest, device_hash, on_chain_id
from counterfoil.gateway.record.signed_record import SignedRecord, decode, sign_record
from counterfoil.gateway.store.gateway_store import open_store
from counterfoil.gateway.store.rows import NewRecord
from counterfoil.oracle.heads.state_slots import end_argument
from counterfoil.oracle.ledger.device_registry import RegistryKeyRow
from counterfoil.oracle.quorum.door import DoorServer
from counterfoil.oracle.quorum.peers import create_identity, peer_tls, read_peers
from counterfoil.oracle.rules.anchored_head import NO_ANNEX
from counterfoil.oracle.rules.facts import Facts, decode_facts, distribution_argument, names_of
from counterfoil.oracle.rules.figures import Figures, Tally
from counterfoil.oracle.rules.judging.call import CALL_LIFE_S
from counterfoil.oracle.rules.judging.proposal import CallProposal, HeadProposal
from counterfoil.oracle.run.composition import OracleParts
from counterfoil.oracle.store.directory_tables import KnownProject
from counterfoil.oracle.store.revenue_tables import Distribution, SaleFact

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@dataclass
class Stage:
    """Four nodes in this process; ``liar`` is the last of them."""

    quorum: QuorumHouse
    nodes: list[OracleParts]

    @property
    def liar(self) -> OracleParts:
        return self.nodes[-1]

    @property
    def honest(self) -> list[OracleParts]:
        return self.nodes[:-1]

    def read(self) -> None:
        """Let every node read the chain and copy the log, and nobody propose."""

        def is_read() -> bool:
            for node in self.nodes:
                for name in ("feed", "log", "follow"):
                    node.steps[name]()
            return all(node.believed.size == self.quorum.house.store.size() for node in self.nodes)

        for _ in range(20):
            if is_read():
                return
        raise AssertionError("the log was not copied")

    def truth(self) -> HeadProposal:
        """The head that an honest node would propose now."""
        node, now = self.honest[0], self.honest[0].books.standing()
        found = node.believed.compute(now.size, node.believed.size, node.believed.newest_block())
        head = Head(node.believed.size, found.root, found.state)
        return HeadProposal(
            now.chain_id,
            now.anchor,
            head,
            figures=found.figures,
            annex=found.annex,
            previous=Head(now.size, now.root, Digest(bytes(32))),
        )

    def propose(self, lie: HeadProposal, records: Sequence[SignedRecord]) -> None:
        """The liar proposes *lie*, and shows *records* as its own copy."""
        leaves = [hash_leaf(one.raw) for one in records]
        self.liar.believed.leaves = lambda start, end: leaves[start:end]  # type: ignore[method-assign]
        assert self.liar.collector.collect("/v1/heads", lie) is None
        assert self.quorum.anchored_size() == lie.previous.size

    def said(self, lie: HeadProposal | CallProposal | None = None) -> set[tuple[str, int | None]]:
        """Why the honest ones dissented (on *lie*); the liar has written down the same of each of them."""
        found = set()
        for number in range(len(self.honest)):
            (row,) = (
                row
                for row in self.quorum.dissents(number)
                if lie is None or row.subject == "0x" + lie.digest.hex()
            )
            assert row.proposer == self.liar.signer.address
            assert row.node == self.honest[number].signer.address
            found.add((row.code, row.log_index))
        told = {row.node for row in self.quorum.dissents(3)}
        assert len(told) == len(self.honest)
        return found

    def then_the_truth_is_anchored(self) -> None:
        """The three others bring the log to the chain without the liar."""
        world = self.quorum.house.world
        run_turns(self.honest, lambda: self.quorum.anchored_size() == len(world.records))
        head = newest_head(self.quorum.house.chain.client)
        assert head is not None
        assert (head["root"], head["state"]) == (world.tree.root(), world.state.root())


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with quorum_house(tmp_path) as quorum, ExitStack() as stack:
        quorum.tell()
        quorum.round_ms = 500
        nodes = [stack.enter_context(quorum.node(number)) for number in range(4)]
        quorum.house.sell_a_day()
        found = Stage(quorum, nodes)
        found.read()
        yield found


def proposal_of(records: Sequence[SignedRecord], truth: HeadProposal) -> HeadProposal:
    """A proposal that is right for a log of *records*."""
    tree, state, tally = MemoryTree(hash_leaf(r.raw) for r in records), StateTree(), Tally()
    for one in records:
        state.apply_record(one)
        tally.add(one)
    block = truth.figures.block
    figures = tally.figures(0, len(records), block, lambda _: on_chain_id(PROJECT))
    head = Head(len(records), tree.root(), state.root())
    return replace(truth, head=head, figures=figures)


def test_the_truth_is_signed(stage: Stage) -> None:
    """What the liars below change is all that keeps them from a quorum."""
    truth = stage.truth()
    assert proposal_of(stage.quorum.house.world.records, truth) == truth
    signatures = stage.liar.collector.collect("/v1/heads", truth)
    assert signatures is not None
    assert len(signatures) == 3


def test_a_dropped_record_is_named(stage: Stage) -> None:
    records = list(stage.quorum.house.world.records)
    tip = max(n for n, one in enumerate(records) if one.record.device == DEVICES[0])
    dropped = records[:tip] + records[tip + 1 :]
    stage.propose(proposal_of(dropped, stage.truth()), dropped)
    expected = tip if tip < len(dropped) else None
    assert stage.said() == {("head.root_differs", expected)}
    stage.then_the_truth_is_anchored()


def test_a_changed_amount_is_named(stage: Stage) -> None:
    """The liar has even the machine's key: the record verifies, and is not the one that was accepted."""
    world = stage.quorum.house.world
    records = list(world.records)
    one = records[-1]
    assert isinstance(one.record.body, Sale)
    body = replace(one.record.body, amount_minor=one.record.body.amount_minor + 100)
    counters = replace(one.record.counters, amount_minor=one.record.counters.amount_minor + 100)
    changed = replace(one.record, body=body, counters=counters)
    records[-1] = decode(sign_record(changed, world.keys[one.record.device]))
    stage.propose(proposal_of(records, stage.truth()), records)
    assert stage.said() == {("head.root_differs", len(records) - 1)}
    stage.then_the_truth_is_anchored()


def test_a_changed_order_is_named(stage: Stage) -> None:
    records = list(stage.quorum.house.world.records)
    at = next(
        n
        for n in range(1, len(records))
        if records[n].record.device != records[n - 1].record.device
    )
    records[at - 1], records[at] = records[at], records[at - 1]
    stage.propose(proposal_of(records, stage.truth()), records)
    assert stage.said() == {("head.root_differs", at - 1)}
    stage.then_the_truth_is_anchored()


def test_leaves_that_do_not_give_the_root_are_no_excuse(stage: Stage) -> None:
    truth, records = stage.truth(), stage.quorum.house.world.records
    lie = replace(truth, head=replace(truth.head, root=Digest(b"\7" * 32)))
    stage.propose(lie, records)
    assert stage.said() == {("head.root_differs", None)}


def test_a_wrong_state_root_is_refused(stage: Stage) -> None:
    truth, records = stage.truth(), stage.quorum.house.world.records
    stage.propose(replace(truth, head=replace(truth.head, state=truth.head.root)), records)
    assert stage.said() == {("head.state_differs", None)}
    stage.then_the_truth_is_anchored()


def more_gross(figures: Figures) -> Figures:
    (project,) = figures.projects
    return replace(figures, projects=(project._replace(gross_minor=project.gross_minor + 1),))


def fewer_units(figures: Figures) -> Figures:
    (project,) = figures.projects
    (goods,) = project.goods
    goods = goods._replace(units=goods.units - 1)
    return replace(figures, projects=(project._replace(goods=(goods,)),))


def another_project(figures: Figures) -> Figures:
    (project,) = figures.projects
    return replace(figures, projects=(project._replace(project=on_chain_id("elsewhere")),))


def more_energy(figures: Figures) -> Figures:
    first, *others = figures.devices
    return replace(figures, devices=(first._replace(energy_wh=5_000), *others))


WRONG: dict[str, Callable[[Figures], Figures]] = {
    "gross_minor": more_gross,
    "units": fewer_units,
    "project": another_project,
    "energy_wh": more_energy,
}


def test_a_wrong_total_is_refused_in_words(stage: Stage) -> None:
    truth, records = stage.truth(), stage.quorum.house.world.records
    for word, wrong in WRONG.items():
        lie = replace(truth, figures=wrong(truth.figures))
        stage.propose(lie, records)
        assert stage.said(lie) == {("head.figures_differ", None)}, word
        for number in range(len(stage.honest)):
            assert word in stage.quorum.dissents(number)[-1].detail
    stage.then_the_truth_is_anchored()


def test_a_head_with_an_annex_that_nobody_computes_is_refused(stage: Stage) -> None:
    """Nodes commit to nothing beside the log today, and sign no other node's commitment unseen."""
    truth, records = stage.truth(), stage.quorum.house.world.records
    lie = replace(truth, annex=truth.head.root)
    stage.propose(lie, records)
    assert stage.said() == {("head.annex_differs", None)}
    stage.then_the_truth_is_anchored()


def refuses(node: OracleParts) -> bool:
    """Whether the node's copy has stopped at a record, after one more look at the gateway's log."""
    node.reader.step()
    return node.reader.refusal is not None


def test_a_record_of_a_revoked_key_is_refused_where_it_stands(stage: Stage) -> None:
    """The gateway takes it, and the liar has it; the honest ones go no further than the record before it."""
    house = stage.quorum.house
    run_turns(stage.nodes, lambda: stage.quorum.anchored_size() == len(house.world.records))
    device = DEVICES[0]
    used = house.world.tips[device].sequence
    end = end_argument(house.world.state, newest_head(house.chain.client), device)
    house.chain.send("registrar", "DeviceRegistry", "revoke", device_hash(device), 1, used, 1, end)
    at = len(house.world.records)
    house.world.add(
        device,
        Sale(amount_minor=900, currency="USD", payment_method="card", payment_reference="after"),
        house.world.records[-1].record.time_ms,
    )
    house.keep()
    for node in stage.nodes:
        node.steps["feed"]()
    for node in stage.honest:
        wait_until(partial(refuses, node), "a refusal")
        assert node.believed.size == at
    now = stage.liar.books.standing()
    tally = Tally()
    tally.add(house.world.records[at])
    block = stage.honest[0].believed.newest_block()
    figures = tally.figures(at, at + 1, block, lambda _: on_chain_id(PROJECT))
    head = Head(at + 1, house.world.tree.root(), house.world.state.root())
    lie = HeadProposal(
        now.chain_id,
        now.anchor,
        head,
        figures=figures,
        annex=NO_ANNEX,
        previous=Head(now.size, now.root, Digest(bytes(32))),
    )
    stage.propose(lie, house.world.records)
    assert stage.said() == {("record.refused", at)}
    assert "record.key_revoked" in stage.quorum.dissents(0)[0].detail


def test_a_key_revoked_after_the_copy_is_refused_before_the_head(stage: Stage) -> None:
    house = stage.quorum.house
    device = DEVICES[0]
    end = end_argument(StateTree(), None, device)
    house.chain.send("registrar", "DeviceRegistry", "revoke", device_hash(device), 1, 1, 1, end)
    for node in stage.nodes:
        node.steps["feed"]()
    stage.propose(stage.truth(), house.world.records)
    places = [n for n, r in enumerate(house.world.records) if r.record.device == device]
    assert stage.said() == {("record.refused", places[1])}


def test_nobody_signs_for_who_is_no_peer_or_another(stage: Stage) -> None:
    truth = stage.truth()
    other = stage.honest[0].signer.sign_digest(truth.digest)
    forged = replace(truth, signature=other).encode()
    outcomes = [str(o) for _, o in stage.liar.peer_client.ask("/v1/heads", forged, lambda *_: None)]
    assert len(outcomes) == 3
    assert all("sent by" in outcome for outcome in outcomes)
    garbage = [str(o) for _, o in stage.liar.peer_client.ask("/v1/heads", b"\x80", lambda *_: None)]
    assert all("no proposal" in outcome for outcome in garbage)
    assert {d.code for number in range(3) for d in stage.quorum.dissents(number)} >= {
        "proposal.malformed"
    }


BLOCKS: dict[str, Callable[[int], object]] = {
    "a float that equals it": float,
    "a float between two": lambda block: block - 0.5,
    "true": lambda _: True,
    "a text": str,
}


@pytest.mark.parametrize("of", BLOCKS.values(), ids=BLOCKS)
def test_a_block_of_another_type_is_a_dissent_that_names_it(
    stage: Stage, of: Callable[[int], object]
) -> None:
    """With 2.5 for the block, three honest nodes once signed figures that nobody could make again."""
    truth, records = stage.truth(), stage.quorum.house.world.records
    block: Any = of(truth.figures.block)
    lie = replace(truth, figures=replace(truth.figures, block=block))
    stage.propose(lie, records)
    for number in range(len(stage.honest)):
        said = stage.quorum.dissents(number)[-1]
        # A float is refused in the bytes, before a field is read.
        named = "a float" if isinstance(block, float) else "figures.block"
        assert (said.code, named in said.detail) == ("proposal.malformed", True), said.detail
    stage.then_the_truth_is_anchored()


def test_a_stranger_is_not_let_in(stage: Stage, tmp_path: Path) -> None:
    url = f"https://127.0.0.1:{stage.quorum.ports[0]}/v1/status"
    create_identity(
        certificate=tmp_path / "x.crt", key=tmp_path / "x.key", name="harbour", hosts=["127.0.0.1"]
    )
    first = read_peers(stage.quorum.folder / "peers.yaml")[0]
    for certificate, is_let_in in (("x", False), (NAMES[1], True)):
        tls = peer_tls(tmp_path / f"{certificate}.crt", tmp_path / f"{certificate}.key", first)
        with httpx.Client(verify=tls, timeout=10) as client:
            if is_let_in:
                assert client.get(url).json()["records"] == stage.nodes[0].believed.size
            else:
                with pytest.raises(httpx.HTTPError):
                    client.get(url)


def test_a_gateway_that_shows_two_logs_gets_no_quorum(tmp_path: Path) -> None:
    """Two nodes are shown the last sales of two machines the other way round, each log true in itself."""
    with quorum_house(tmp_path) as quorum, ExitStack() as stack:
        quorum.round_ms = 500
        house = quorum.house
        house.sell_a_day(is_settled=False)
        other = open_store(f"sqlite:///{tmp_path}/other.db")
        records = list(house.world.records)
        at = next(
            n
            for n in range(1, len(records))
            if records[n].record.device != records[n - 1].record.device
        )
        records[at - 1], records[at] = records[at], records[at - 1]
        with other.appending() as connection:
            other.append(connection, [NewRecord(r, r.record.time_ms) for r in records], [])
        tls = reader_tls(
            *(tmp_path / name for name in ("gateway.crt", "gateway.key", "readers.pem"))
        )
        door = DoorServer(app=create_reader(other), host="127.0.0.1", port=0, tls=tls)
        stack.callback(other.engine.dispose)
        stack.callback(door.stop)
        door.start()
        shown = {"gateways": [f"https://127.0.0.1:{door.port}"]}
        nodes = [
            stack.enter_context(quorum.node(number, **(shown if number > 1 else {})))
            for number in range(4)
        ]

        def both_dissent() -> bool:
            found = [quorum.dissents(number) for number in range(4)]
            return all(any(row.node == nodes[n].signer.address for row in found[n]) for n in (0, 2))

        run_turns(nodes, both_dissent)
        for number in range(4):
            for row in quorum.dissents(number):
                assert (row.code, row.log_index) == ("head.root_differs", at - 1)
        assert quorum.anchored_size() == 0


# ---- money


def facts_for(stage: Stage) -> Facts:
    """The facts of the day's matched sales, under an anchored head."""
    house = stage.quorum.house
    first = stage.nodes[0]
    distribute = first.steps.pop("revenue")
    run_turns(stage.nodes, lambda: house.count_facts("matched") == len(house.world.records))
    first.steps["revenue"] = distribute
    with Session(house.reads) as session:
        rows = session.exec(select(SaleFact).order_by(SaleFact.log_index)).all()  # type: ignore[arg-type]
        return Facts(
            PROJECT,
            business_date=FIRST_DATE,
            entries=tuple((row.log_index, row.is_refund, row.amount_minor) for row in rows),
            units=(("Oreo Mini", len(rows)),),
        )


def call_of(stage: Stage, facts: Facts, **changes: Any) -> CallProposal:
    """The call that distributes *facts*, with some of its struct changed."""
    client, books = stage.quorum.house.chain.client, stage.liar.books
    size = stage.quorum.anchored_size()
    facts_hash, batch = names_of(facts.encode())
    argument = (
        distribution_argument(facts, batch, tax=0, head=size, facts_hash=facts_hash) | changes
    )
    data = client.encode("RevenueSplit", "distribute", argument)
    split = client.address_of("RevenueSplit")
    return CallProposal(
        books.chain_id,
        contract=books.calls,
        target=split,
        data=data,
        label=batch,
        deadline=client.now_s() + CALL_LIFE_S,
        facts=facts.encode(),
        head_size=size,
    )


def raised(facts: Facts) -> Facts:
    (index, is_refund, amount), *others = facts.entries
    return replace(facts, entries=((index, is_refund, amount + 50), *others))


def as_refund(facts: Facts) -> Facts:
    (index, _, amount), *others = facts.entries
    return replace(facts, entries=((index, True, amount), *others))


def twice(facts: Facts) -> Facts:
    return replace(facts, entries=(facts.entries[0], *facts.entries))


def beyond(facts: Facts) -> Facts:
    return replace(facts, entries=(*facts.entries, (1_000, False, 100)))


LIES: dict[str, Callable[[Stage, Facts], CallProposal]] = {
    "proposal.amount_differs": lambda s, f: call_of(s, raised(f)),
    "proposal.record_differs": lambda s, f: call_of(s, as_refund(f)),
    "proposal.facts_malformed": lambda s, f: call_of(s, twice(f)),
    "quorum.behind": lambda s, f: call_of(s, beyond(f)),
    "proposal.date_differs": lambda s, f: call_of(s, replace(f, business_date=FIRST_DATE + 1)),
    "proposal.units_differ": lambda s, f: call_of(s, replace(f, units=(("Oreo Mini", 1),))),
    "proposal.project_unknown": lambda s, f: call_of(s, replace(f, project="elsewhere")),
    "proposal.call_differs": lambda s, f: call_of(s, f, gross=f.gross_minor - 1),
    "proposal.deadline_wrong": lambda s, f: replace(call_of(s, f), deadline=2**63 - 1),
    "proposal.batch_differs": lambda s, f: replace(call_of(s, f), label=b"\1" * 32),
    "proposal.target_unknown": lambda s, f: replace(call_of(s, f), target=ACCOUNTS["operator"]),
}


def test_money_does_not_move_on_one_nodes_word(stage: Stage) -> None:
    facts = facts_for(stage)
    for code, lie in LIES.items():
        call = lie(stage, facts)
        assert stage.liar.collector.collect("/v1/calls", call) is None, code
        if code != "quorum.behind":
            assert {found for found, _ in stage.said(call)} == {code}
    assert stage.quorum.house.on_chain("RevenueSplit", "Distributed") == []
    run_turns(stage.nodes, stage.quorum.house.is_quiet)
    paid = stage.quorum.house.on_chain("RevenueSplit", "Distributed")
    assert [d["gross"] for d in paid] == [facts.gross_minor], "the truth is paid after all"


def test_a_sale_is_shared_out_in_one_batch_only(stage: Stage) -> None:
    house, facts = stage.quorum.house, facts_for(stage)
    run_turns(stage.nodes, house.is_quiet)
    assert [d["gross"] for d in house.on_chain("RevenueSplit", "Distributed")] == [
        facts.gross_minor
    ]
    part = replace(facts, entries=facts.entries[:1], units=(("Oreo Mini", 1),))
    assert stage.liar.collector.collect("/v1/calls", call_of(stage, part)) is None
    assert {(r.code, r.log_index) for r in stage.quorum.dissents(1)} == {
        ("proposal.record_used_twice", 0)
    }
    with Session(house.reads) as session:
        (row,) = session.exec(select(Distribution)).all()
        assert decode_facts(row.facts) == facts


def test_another_tax_rate_than_the_banks_know_is_refused(stage: Stage) -> None:
    facts = facts_for(stage)
    for node in stage.honest:
        with Session(node.engine) as session:
            session.get_one(KnownProject, PROJECT).tax_basis_points = 600
            session.commit()
    assert stage.liar.collector.collect("/v1/calls", call_of(stage, facts)) is None
    assert [row.code for row in stage.quorum.dissents(1)] == ["proposal.call_differs"]
    assert "tax" in stage.quorum.dissents(1)[0].detail


def test_what_the_committee_repudiates_is_shared_out_no_more(stage: Stage) -> None:
    """The registrar ends the key where the log ends; to go below that is the committee's, and nobody signs for it."""
    facts = facts_for(stage)
    house = stage.quorum.house
    device, chain = DEVICES[0], stage.quorum.house.chain
    own = [n for n, r in enumerate(house.world.records) if r.record.device == device]
    last = len(own)
    end = end_argument(house.world.state, newest_head(chain.client), device)
    registry, name = "DeviceRegistry", device_hash(device)
    with pytest.raises(ContractReverted) as refused:
        chain.send("registrar", registry, "revoke", name, 1, last - 1, 1, end)
    assert refused.value.code == "contract.anchored_behind"
    chain.send("registrar", registry, "revoke", name, 1, last, 1, end)
    chain.decide(registry, "repudiate", name, 1, 1, 1)
    for node in stage.nodes:
        node.steps["feed"]()
    lie = call_of(stage, facts)
    assert stage.liar.collector.collect("/v1/calls", lie) is None
    assert stage.said(lie) == {("proposal.number_not_counted", own[1])}
    first = stage.nodes[0]
    first.steps["uncounted"]()
    run_turns(
        stage.nodes, lambda: house.count_facts("distributed") == len(facts.entries) - last + 1
    )
    assert house.count_facts("exception") == last - 1
    with Session(house.reads) as session:
        key = session.get_one(RegistryKeyRow, ("0x" + name.hex(), 1))
        assert (key.until_sequence, key.disputed_until) == ("1", str(last))
