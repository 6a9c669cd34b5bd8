"""A node's copy of the log: what it believes, what it computes, and what it drops when the chain says otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select
from support_world import DEVICES, FIRST_MS, World

from counterfoil.chain.tables import CursorRow, EventRow
from counterfoil.gateway.log.merkle import MemoryTree, verify_consistency
from counterfoil.gateway.logfiles.tiles import read_size
from counterfoil.gateway.record.bodies import Sale
from counterfoil.gateway.record.identity import Digest, PublicKey, device_hash, on_chain_id
from counterfoil.gateway.record.signed_record import SignedRecord
from counterfoil.gateway.store.gateway_store import open_store
from counterfoil.oracle.errors import RecordRefused
from counterfoil.oracle.heads.believed_log import BelievedLog
from counterfoil.oracle.heads.registry_history import RegistryHistory
from counterfoil.oracle.ledger.record_anchor import AnchoredHeadRow
from counterfoil.oracle.store.database import open_database
from counterfoil.oracle.store.head_tables import Progress, SlotRow

FIRST, SECOND = DEVICES[:2]
LAKESIDE, HARBOUR = (on_chain_id(name) for name in ("lakeside", "harbour"))


@dataclass
class Stand:
    """A world, the chain's events as a feed has read them, and the node's files in *folder*."""

    folder: Path
    world: World
    engine: Engine
    logs: list[BelievedLog] = field(default_factory=list)

    def open(self) -> BelievedLog:
        """The node's log, as a start finds it."""
        store = open_store(f"sqlite:///{self.folder}/records.db")
        found = BelievedLog(
            self.engine, store, tiles=self.folder / "tiles", history=RegistryHistory(self.engine)
        )
        self.logs.append(found)
        return found

    def event(self, block: int, name: str, **arguments: object) -> None:
        """DeviceRegistry says something in *block*."""
        with Session(self.engine) as session:
            number = len(session.exec(select(EventRow)).all())
            session.add(
                EventRow(
                    block_number=block,
                    block_hash=f"0x{block:064x}",
                    log_index=number,
                    transaction_hash="0x00",
                    contract="DeviceRegistry",
                    name=name,
                    arguments=arguments,
                )
            )
            session.merge(CursorRow(feed="ledger", block_number=block))
            session.commit()

    def register(self, block: int = 1) -> None:
        for device in self.world.devices:
            key = PublicKey.of(self.world.keys[device])
            name = "0x" + device_hash(device).hex()
            self.event(block, "DeviceRegistered", device=name, project="0x" + LAKESIDE.hex())
            self.event(
                block,
                "KeyRegistered",
                device=name,
                epoch=1,
                x="0x" + key.x.hex(),
                y="0x" + key.y.hex(),
                certificateHash="0x00",
                fromSequence=1,
            )

    def revoke(self, block: int, until: int) -> None:
        name = "0x" + device_hash(FIRST).hex()
        self.event(block, "KeyRevoked", device=name, epoch=1, untilSequence=until)

    def anchor(self, size: int, block: int, root: Digest | None = None) -> None:
        """The head over the first *size* records is on chain, in *block*."""
        state = World(devices=self.world.devices).state
        for one in self.world.records[:size]:
            state.apply_record(one)
        with Session(self.engine) as session:
            number = len(session.exec(select(AnchoredHeadRow)).all())
            session.add(
                AnchoredHeadRow(
                    size=size,
                    number=number,
                    root="0x" + (root or self.world.tree.root(size)).hex(),
                    state="0x" + state.root().hex(),
                    block_number=block,
                    block_hash="",
                    transaction_hash="",
                )
            )
            session.commit()

    def raws(self, start: int = 0, end: int | None = None) -> list[bytes]:
        return [one.raw for one in self.world.records[start:end]]


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    world = World(devices=(FIRST, SECOND))
    for number in range(12):
        sell(world, number)
    found = Stand(tmp_path, world, open_database(f"sqlite:///{tmp_path}/oracle.db"))
    found.register()
    yield found
    for log in found.logs:
        log.store.engine.dispose()
    found.engine.dispose()


def sell(world: World, number: int) -> SignedRecord:
    device = (FIRST, SECOND)[number % 2]
    return world.add(
        device,
        Sale(
            amount_minor=100 + number, currency="USD", payment_method="cash", payment_reference=None
        ),
        FIRST_MS + number,
    )


def test_heads_of_any_size_are_computed_as_the_log_has_them(stand: Stand) -> None:
    log, tree = stand.open(), stand.world.tree
    log.take(stand.raws())
    stand.anchor(5, 3)
    assert log.follow() == 1
    for previous, size in ((5, 12), (5, 7), (5, 6), (0, 5), (0, 3), (5, 12)):
        found = log.compute(previous, size, 3)
        assert found.root == tree.root(size)
        assert found.figures.projects[0].gross_minor == sum(100 + n for n in range(previous, size))
        if previous:
            proof = log.proof(previous, size)
            verify_consistency(
                first=previous,
                second=size,
                first_root=tree.root(previous),
                second_root=tree.root(size),
                proof=proof,
            )
    assert log.compute(5, 12, 3).state == stand.world.state.root()
    assert log.leaves(3, 8) == [MemoryTree.read(tree, 0, n) for n in range(3, 8)]


def test_figures_are_by_the_registry_of_their_block(stand: Stand) -> None:
    log = stand.open()
    log.take(stand.raws())
    name = "0x" + device_hash(FIRST).hex()
    stand.event(9, "DeviceAssigned", device=name, project="0x" + HARBOUR.hex())
    before, after = (log.compute(0, 12, block).figures for block in (8, 9))
    assert [p.project for p in before.projects] == [LAKESIDE]
    assert {p.project for p in after.projects} == {LAKESIDE, HARBOUR}
    assert sum(p.gross_minor for p in after.projects) == before.projects[0].gross_minor


def test_a_record_that_does_not_verify_stops_the_copy_before_it(stand: Stand) -> None:
    log, raws = stand.open(), stand.raws()
    raws[7] = raws[7][:-1] + bytes([raws[7][-1] ^ 1])
    with pytest.raises(RecordRefused) as refused:
        log.take(raws)
    assert (refused.value.log_index, refused.value.reason) == (7, "record.signature_invalid")
    assert log.size == log.store.size() == 7
    log.take(stand.raws(7))
    assert log.compute(0, 12, 1).root == stand.world.tree.root()


@pytest.mark.parametrize(("order", "reason"), [((1, 0), None), ((0, 0), "log.record_twice")])
def test_a_record_out_of_its_machines_order_is_refused(
    stand: Stand, order: tuple[int, int], reason: str | None
) -> None:
    log = stand.open()
    mine = [one.raw for one in stand.world.records if one.record.device == FIRST]
    with pytest.raises(RecordRefused) as refused:
        log.take([mine[n] for n in order])
    assert refused.value.reason == (reason or "record.sequence_gap")


def test_after_a_revocation_only_what_was_anchored_before_it_is_taken(stand: Stand) -> None:
    """A node that begins with an empty store copies what the quorum signed then, and nothing newer of that key."""
    stand.anchor(6, 4)
    stand.revoke(5, until=1)
    log = stand.open()
    with pytest.raises(RecordRefused) as refused:
        log.take(stand.raws())
    assert (refused.value.log_index, refused.value.reason) == (6, "record.key_revoked")
    assert log.size == 6
    assert log.follow() == 1


def test_a_key_revoked_since_is_found_in_the_batch(stand: Stand) -> None:
    log = stand.open()
    log.take(stand.raws())
    assert log.first_closed(0, 12) is None
    stand.revoke(5, until=3)
    assert log.first_closed(0, 12) == 6, "the fourth of the first machine"
    assert log.first_closed(0, 6) is None


def test_a_copy_that_the_chain_contradicts_is_dropped_and_taken_again(stand: Stand) -> None:
    """The gateway showed this node another order than the others."""
    log, raws = stand.open(), stand.raws()
    stand.anchor(4, 3)
    raws[6], raws[7] = raws[7], raws[6]
    log.take(raws)
    stand.anchor(12, 5)
    assert log.follow() == 1
    assert (log.size, log.anchored, log.store.size()) == (4, 4, 4)
    log.take(stand.raws(4))
    assert log.follow() == 1
    assert read_size(stand.folder / "tiles") == (12, stand.world.tree.root())


def test_a_start_goes_on_where_the_last_one_was(stand: Stand) -> None:
    log = stand.open()
    log.take(stand.raws(0, 9))
    stand.anchor(5, 3)
    log.follow()
    again = stand.open()
    assert (again.size, again.anchored) == (9, 5)
    again.take(stand.raws(9))
    assert again.compute(5, 12, 3) == again.compute(5, 12, 3)
    assert again.compute(5, 12, 3).state == stand.world.state.root()


def test_slots_that_a_crash_left_behind_the_tiles_are_made_again(stand: Stand) -> None:
    log = stand.open()
    log.take(stand.raws())
    stand.anchor(5, 3)
    log.follow()
    with Session(stand.engine) as session:
        for row in session.exec(select(SlotRow)).all():
            session.delete(row)
        session.get_one(Progress, "slots").log_index = 0
        session.commit()
    again = stand.open()
    assert again.compute(5, 12, 3).state == stand.world.state.root()
    with Session(stand.engine) as session:
        assert session.get_one(Progress, "slots").log_index == 5


def test_without_its_records_the_tiles_are_made_again(stand: Stand) -> None:
    log = stand.open()
    log.take(stand.raws())
    stand.anchor(12, 3)
    log.follow()
    log.store.engine.dispose()
    for path in stand.folder.glob("records.db*"):
        path.unlink()
    again = stand.open()
    assert (again.size, again.anchored) == (0, 0)
    again.take(stand.raws())
    assert again.follow() == 1
    assert read_size(stand.folder / "tiles") == (12, stand.world.tree.root())
