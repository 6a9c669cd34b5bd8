"""The clock that asks for a day's closing: off by default, in a zone that is said, once a date, also after a pause."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import Engine
from sqlmodel import Session, select
from support_waiting import PATIENCE_S

from counterfoil.oracle.day.clock import DayClock
from counterfoil.oracle.day.day_times import DayTimes
from counterfoil.oracle.rules.business_date import date_in
from counterfoil.oracle.settings import OracleSettings
from counterfoil.oracle.store.database import open_database
from counterfoil.oracle.store.day_tables import DayClose
from counterfoil.oracle.store.instruction_table import Instruction

pytestmark = pytest.mark.integration

SHANGHAI = ZoneInfo("Asia/Shanghai")
LATE = "55 23 * * mon-fri"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'oracle.db'}")
    yield engine
    engine.dispose()


def settings(**more: str) -> OracleSettings:
    return OracleSettings(keystore=Path("x"), passphrase=SecretStr("x"), **more)  # type: ignore[arg-type]


def asked(engine: Engine) -> list[Instruction]:
    with Session(engine) as session:
        rows = list(session.exec(select(Instruction)))
        session.expunge_all()
        return rows


def a_day_was_closed(engine: Engine, at: datetime, date: int = 20220930) -> None:
    with Session(engine) as session:
        started = int(at.timestamp() * 1_000)
        session.add(DayClose(date=date, phase="done", asked_by="test", started_ms=started))
        session.commit()


def test_it_is_off_unless_it_is_set_and_its_zone_is_said() -> None:
    assert settings().day_close_cron == ""
    assert settings(day_close_cron=LATE, time_zone="Asia/Shanghai").zone == SHANGHAI
    for wrong in (
        {"day_close_cron": LATE},
        {"day_close_cron": "nonsense", "time_zone": "UTC"},
        {"day_close_cron": "61 * * * *", "time_zone": "UTC"},
        {"time_zone": "Asia/Nowhere"},
    ):
        with pytest.raises(ValidationError):
            settings(**wrong)


def test_the_date_is_that_of_the_zone() -> None:
    before_midnight_utc = int(datetime(2022, 9, 30, 17, tzinfo=UTC).timestamp() * 1_000)
    assert date_in(SHANGHAI, before_midnight_utc) == 20221001
    assert date_in(ZoneInfo("UTC"), before_midnight_utc) == 20220930


def test_a_time_that_passed_while_it_was_down_is_made_up(engine: Engine) -> None:
    clock = DayClock(engine, LATE, SHANGHAI)
    friday_noon = datetime(2022, 9, 30, 12, tzinfo=SHANGHAI)
    assert clock.missed(friday_noon) is None, "nothing was ever closed"
    a_day_was_closed(engine, friday_noon)
    assert clock.missed(datetime(2022, 9, 30, 23, 54, tzinfo=SHANGHAI)) is None
    for later in (
        datetime(2022, 9, 30, 23, 55, tzinfo=SHANGHAI),
        datetime(2022, 10, 1, 0, 10, tzinfo=SHANGHAI),
        datetime(2022, 10, 1, 9, tzinfo=SHANGHAI),
        datetime(2022, 10, 2, 23, 59, tzinfo=SHANGHAI),
    ):
        missed = clock.missed(later)
        assert missed is not None
        assert missed.date == 20220930, "Friday's, also after midnight and on a weekend"
    monday = clock.missed(datetime(2022, 10, 4, 0, 1, tzinfo=SHANGHAI))
    assert monday is not None
    assert monday.date == 20221003, "the last one of several"
    clock.start()
    clock.stop()
    (row,) = asked(engine)
    due = DayTimes(LATE, SHANGHAI).last_until(datetime.now(UTC))
    assert due is not None
    assert (row.kind, row.payload) == ("close_day", {"date": due.date})


@pytest.mark.parametrize("cron", ["55 23 * * *", "0 0 * * *"])
def test_a_process_that_starts_after_midnight_asks_for_the_day_before(
    engine: Engine, cron: str
) -> None:
    """Stopped before the closing time, started after midnight: what was due is asked for, and not the new day."""
    clock = DayClock(engine, cron, SHANGHAI)
    a_day_was_closed(engine, datetime(2022, 9, 29, 23, 56, tzinfo=SHANGHAI), 20220929)
    at = datetime(2022, 10, 1, 0, 10, tzinfo=SHANGHAI)
    missed = clock.missed(at)
    assert missed is not None
    assert missed.date == (20220930 if cron.startswith("55") else 20221001)
    a_day_was_closed(engine, at, missed.date)
    assert clock.missed(at) is None


def test_a_date_behind_the_business_date_is_not_asked_for(engine: Engine) -> None:
    clock = DayClock(engine, LATE, SHANGHAI)
    a_day_was_closed(engine, datetime(2022, 9, 29, 12, tzinfo=SHANGHAI), 20221015)
    assert clock.missed(datetime(2022, 10, 1, 9, tzinfo=SHANGHAI)) is None


def test_it_says_that_it_asked_only_when_it_did(
    engine: Engine, capfd: pytest.CaptureFixture[str]
) -> None:
    clock = DayClock(engine, LATE, SHANGHAI)
    assert clock.ask(20220930)
    assert not clock.ask(20220930)
    said = capfd.readouterr()
    assert (said.out + said.err).count("day_asked") == 1


def test_it_asks_at_its_time_and_once_a_date(engine: Engine) -> None:
    clock = DayClock(engine, LATE, SHANGHAI)
    clock.start()
    try:
        (job,) = clock._scheduler.get_jobs()
        assert job.next_run_time.astimezone(SHANGHAI).strftime("%H:%M") == "23:55"
        job.modify(next_run_time=datetime.now(SHANGHAI))
        until = time.monotonic() + PATIENCE_S
        while not asked(engine):
            assert time.monotonic() < until
            time.sleep(0.05)
        clock._ask_due()
        days = {str(row.payload["date"]) for row in asked(engine)}
        assert len(asked(engine)) == len(days)
    finally:
        clock.stop()
