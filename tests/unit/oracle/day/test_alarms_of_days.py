"""What was told of days ends when one is closed: of failures with any, of differences with one that agrees."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import Session

from counterfoil.chain.errors import ChainError
from counterfoil.oracle.day.closer import _end_alarms
from counterfoil.oracle.errors import DAY_DIFFERS, KEY_AWAITED
from counterfoil.oracle.store.alarm_table import raise_once, standing_rows
from counterfoil.oracle.store.database import open_database

DIFFERS = "20220830: 1 differences: day.parts_differ"
FAILED = "20220831 could not be closed: paused"
LATER = "20220902: 1 differences: day.parts_differ"
OTHER = "record 20220830: no key"


@pytest.mark.parametrize(
    ("date", "agrees", "left"),
    [
        (20220829, True, [DIFFERS, FAILED, LATER, OTHER]),
        (20220830, True, [FAILED, LATER, OTHER]),
        (20220831, False, [DIFFERS, LATER, OTHER]),
        (20220901, True, [LATER, OTHER]),
        (20220902, True, [OTHER]),
    ],
)
def test_what_was_told_of_a_day_ends(
    tmp_path: Path, date: int, agrees: bool, left: list[str]
) -> None:
    with Session(open_database(f"sqlite:///{tmp_path / 'oracle.db'}")) as session:
        for code, detail in (
            (DAY_DIFFERS, DIFFERS),
            (ChainError.code, FAILED),
            (DAY_DIFFERS, LATER),
            (KEY_AWAITED, OTHER),
        ):
            raise_once(session, code, detail)
        _end_alarms(session, date, agrees=agrees)
        session.commit()
        assert [row.detail for row in standing_rows(session)] == left
