"""Commands over a database that is not there, or is another thing: a code, exit status 2, and nothing is made."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support_waiting import PATIENCE_S

from counterfoil.oracle.store.database import open_database

COMMANDS = ("day show", "statements list", "payouts list", "oracle status", "oracle exceptions")


def refusal(folder: Path, words: str, **environment: str) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "counterfoil", *words.split()],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    said: dict[str, str] = json.loads(done.stderr)
    return said


@pytest.mark.parametrize("words", COMMANDS)
def test_no_oracle_has_used_it_yet(words: str, tmp_path: Path) -> None:
    said = refusal(tmp_path, words)
    assert said["code"] == "store.unreadable"
    assert "no oracle has used it yet" in said["detail"]
    assert not (tmp_path / "oracle.db").exists()


@pytest.mark.parametrize(
    ("database", "detail"),
    [
        ("sqlite:///noise.db", "sqlite:///noise.db: (sqlite3.DatabaseError)"),
        ("no URL", "the database: Could not parse"),
        ("postgresql+psycopg://me:secret@127.0.0.1:1/x", "me:***@127.0.0.1:1/x: (psycopg"),
    ],
)
def test_what_can_not_be_opened_is_told_without_its_password(
    database: str, detail: str, tmp_path: Path
) -> None:
    (tmp_path / "noise.db").write_bytes(b"noise" * 100)
    said = refusal(tmp_path, "day show", COUNTERFOIL_ORACLE_DATABASE_URL=database)
    assert said["code"] == "store.unreadable"
    assert detail in said["detail"]
    assert "secret" not in said["detail"]


def test_a_database_that_fails_later_is_told_by_every_command(tmp_path: Path) -> None:
    """As one of an older version does: it has the oracle's instructions, and not all of its tables."""
    engine = open_database(f"sqlite:///{tmp_path / 'oracle.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE day_close")
    engine.dispose()
    said = refusal(tmp_path, "day show")
    assert said["code"] == "store.unreadable"
    assert "no such table: day_close" in said["detail"]
