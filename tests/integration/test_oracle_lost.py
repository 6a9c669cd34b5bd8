"""The oracle's database is deleted, or put back from an older day: anchoring goes on, and nothing is offered twice."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select
from support_chain import deployed_world
from support_oracle import PROJECT, OracleHouse, check_books
from support_waiting import PATIENCE_S

from counterfoil.oracle.errors import DISTRIBUTION_UNKNOWN
from counterfoil.oracle.run.loop import step_all
from counterfoil.oracle.store.alarm_table import AlarmRow
from counterfoil.oracle.store.database import open_database
from counterfoil.oracle.store.directory_tables import (
    KnownDevice,
    KnownGoods,
    KnownParticipant,
    KnownProject,
    KnownTerms,
)
from counterfoil.oracle.store.instruction_table import Instruction
from counterfoil.oracle.store.revenue_tables import Distribution, MatchException

pytestmark = pytest.mark.integration

NAMES = (KnownParticipant, KnownDevice, KnownProject, KnownGoods, KnownTerms)
FILES = ("oracle.db", "oracle.db-wal", "oracle.db-shm")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[OracleHouse]:
    with deployed_world("anvil", tmp_path) as chain:
        house = OracleHouse(chain, tmp_path)
        yield house
        house.engine.dispose()


def names(house: OracleHouse) -> dict[str, list[Any]]:
    with Session(house.reads) as session:
        return {
            table.__name__: sorted(repr(row.model_dump()) for row in session.exec(select(table)))
            for table in NAMES
        }


def files_brought(house: OracleHouse) -> list[tuple[str, dict[str, Any]]]:
    """The settlement files and statements so far: whoever has them brings them again."""
    with Session(house.reads) as session:
        rows = session.exec(select(Instruction).order_by(Instruction.id)).all()
        return [(row.kind, row.payload) for row in rows if row.kind.startswith("import")]


def opened(house: OracleHouse) -> None:
    house.engine = open_database(f"sqlite:///{house.folder / 'oracle.db'}")
    house.reads = house.engine.execution_options(reads_only=True)


def lost(house: OracleHouse, *more: str) -> None:
    """Delete the oracle's database; a new, empty one is opened."""
    house.engine.dispose()
    for name in (*FILES, *more):
        (house.folder / name).unlink(missing_ok=True)
    opened(house)


def until(parts: Any, done: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < end
        step_all(parts)
        time.sleep(0.02)


def open_exceptions(house: OracleHouse) -> list[MatchException]:
    with Session(house.reads) as session:
        found = session.exec(select(MatchException).where(MatchException.status == "open")).all()
        session.expunge_all()
        return list(found)


def close_all(house: OracleHouse) -> None:
    house.instruct("close_matching", {"project": PROJECT, "through": 20220930})


def test_a_deleted_database_comes_back_and_nothing_is_offered_twice(house: OracleHouse) -> None:
    house.sell_a_day()
    house.sell_a_day()
    parts = house.parts()
    house.run_until_quiet(parts)
    known, brought = names(house), files_brought(house)
    parts.close()
    parts.engine.dispose()
    lost(house)

    parts = house.parts()
    assert names(house) == known
    house.sell_a_day()
    house.run_until_quiet(parts)
    check_books_of_sales(house)
    for kind, payload in brought:
        house.instruct(kind, payload)
    house.run_until_quiet(parts)
    close_all(house)
    house.run_until_quiet(parts)
    assert open_exceptions(house) == [], "nothing waits to be paid again"
    check_books(house)


def check_books_of_sales(house: OracleHouse) -> None:
    """What is distributed on the chain is what was sold, each batch once, and this database says so too."""
    distributed = house.on_chain("RevenueSplit", "Distributed")
    assert sum(d["gross"] for d in distributed) == sum(house.takings.values())
    assert house.distributed_by_date() == dict(house.takings)
    assert house.count_facts("waiting") == 0


def test_it_is_lost_while_a_distribution_is_being_decided_and_sent(house: OracleHouse) -> None:
    """The facts are copied before anybody signs: whatever was sent is known afterwards."""
    for point in ("after_send", "before_mined_commit"):
        house.sell_a_day()
        parts = house.parts()
        revenue = parts.steps.pop("revenue")
        until(
            parts,
            lambda: not house.open_work()["transactions"] and house.count_facts("matched") > 0,
        )
        brought = files_brought(house)
        parts.close()
        parts.engine.dispose()
        assert revenue is not None
        assert house.crash_at(point) < 0, "killed with the distribution on its way"
        lost(house)
        for kind, payload in brought:
            house.instruct(kind, payload)
        parts = house.parts()
        house.run_until_quiet(parts)
        parts.close()
        parts.engine.dispose()
    close_all(house)
    parts = house.parts()
    house.run_until_quiet(parts)
    assert open_exceptions(house) == []
    check_books(house)


def test_a_database_of_an_older_day_is_brought_up_to_the_chain(house: OracleHouse) -> None:
    house.sell_a_day()
    parts = house.parts()
    house.run_until_quiet(parts)
    parts.close()
    parts.engine.dispose()
    house.engine.dispose()
    shutil.copy(house.folder / "oracle.db", house.folder / "older.db")
    opened(house)
    house.sell_a_day()
    parts = house.parts()
    house.run_until_quiet(parts)
    brought = files_brought(house)
    parts.close()
    parts.engine.dispose()
    lost(house)
    house.engine.dispose()
    for name in FILES:
        (house.folder / name).unlink(missing_ok=True)
    shutil.move(house.folder / "older.db", house.folder / "oracle.db")
    opened(house)

    for kind, payload in brought:
        house.instruct(kind, payload)
    parts = house.parts()
    house.run_until_quiet(parts)
    close_all(house)
    house.run_until_quiet(parts)
    assert open_exceptions(house) == []
    check_books(house)


def test_without_any_copy_nothing_is_offered_until_it_is_put_back(house: OracleHouse) -> None:
    house.sell_a_day()
    parts = house.parts()
    house.run_until_quiet(parts)
    known, brought = names(house), files_brought(house)
    parts.close()
    parts.engine.dispose()
    house.engine.dispose()
    shutil.copy(house.folder / "told.db", house.folder / "kept.db")
    lost(house, "told.db", "told.db-wal", "told.db-shm")
    for kind, payload in brought:
        house.instruct(kind, payload)
    with Session(house.engine) as session:  # entered again by hand, as the project's people would
        for table in (KnownProject, KnownDevice):
            for text in known[table.__name__]:
                session.add(table(**eval(text, {})))  # noqa: S307  # our own repr
        session.commit()
    parts = house.parts()
    until(parts, lambda: house.count_facts("matched") > 0 and not house.open_work()["instructions"])
    for _ in range(20):
        step_all(parts)
    with Session(house.reads) as session:
        assert session.exec(select(Distribution)).all() == [], "nothing is offered"
        assert DISTRIBUTION_UNKNOWN in session.exec(select(AlarmRow.code)).all()
    parts.close()
    parts.engine.dispose()

    shutil.copy(house.folder / "kept.db", house.folder / "told.db")
    for name in ("told.db-wal", "told.db-shm"):
        (house.folder / name).unlink(missing_ok=True)
    parts = house.parts()
    house.run_until_quiet(parts)
    assert names(house) == known
    check_books(house)
    with Session(house.reads) as session:
        assert session.exec(select(AlarmRow)).all() == [], "and the alarm has ended"
