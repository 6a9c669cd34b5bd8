"""A database of an older version, brought up to date: what has an old code gets the new one, in either store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, column, create_engine, text
from sqlalchemy import insert as sql_insert
from sqlalchemy import table as sql_table

from counterfoil.gateway.errors import EquivocationError, SignatureInvalidError
from counterfoil.gateway.store import gateway_store
from counterfoil.oracle.errors import GOSSIP_DIFFERS, RECORD_NOT_BELIEVED, NotAllowedNow
from counterfoil.oracle.rules.faults import bank_line, day, proposal, sale
from counterfoil.oracle.store import database

pytestmark = pytest.mark.integration

_OLD_REPORT = {
    "differences": [{"code": "limit_exceeded", "found": 2}, {"code": "statement_gap"}],
    "steps": [{"error_code": "contract.call_open"}, {"error_code": None}],
    "lines": [{"state": "open"}],
}
_EXCEPTION = {"business_date": 20220101, "amount_minor": 1, "detail": "d", "status": "open"}
_STATEMENT = {
    "account": "a",
    "identification": "i",
    "currency": "USD",
    "document_hash": "h",
    "detail": "",
    "taken_ms": 1,
}
_DISSENT = {
    "kind": "call",
    "subject": "s",
    "proposer": "p",
    "node": "n",
    "detail": "d",
    "times": 1,
    "first_ms": 1,
    "last_ms": 1,
}
_INSTRUCTION = {
    "idempotency_key": "k",
    "party": "r",
    "kind": "close_day",
    "payload": "{}",
    "status": "failed",
    "created_ms": 1,
}
_DAY = {
    "date": 20220101,
    "status": "differs",
    "phase": "end",
    "attempt": 1,
    "asked_by": "r",
    "started_ms": 1,
}


def insert(connection: Connection, table: str, row: Mapping[str, object]) -> None:
    """Add *row* as an older program did."""
    columns = [column(name) for name in row]
    connection.execute(sql_insert(sql_table(table, *columns)), row)


def upgraded_to_before(url: str, folder: Path) -> Engine:
    """An empty database as it was before the codes were renamed."""
    config = Config()
    config.set_main_option("script_location", str(folder))
    (renaming,) = (
        script
        for script in ScriptDirectory.from_config(config).walk_revisions()
        if script.path.endswith("codes_of_faults.py")
    )
    assert isinstance(renaming.down_revision, str)
    engine = create_engine(url)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, renaming.down_revision)
        connection.commit()
    return engine


def test_the_oracles_codes_are_those_of_today(oracle_url: str) -> None:
    folder = Path(database.__file__).resolve().parent / "migrations"
    old = upgraded_to_before(oracle_url, folder)
    with old.begin() as connection:
        for table, row in (
            ("alarm", {"code": "gossip_mismatch", "detail": "d", "raised_ms": 1}),
            ("alarm", {"code": "oracle.record_not_believed", "detail": "d", "raised_ms": 2}),
            ("alarm", {"code": "contract.call_open", "detail": "d", "raised_ms": 3}),
            ("match_exception", {"project": "p", "code": "amount_differs", **_EXCEPTION}),
            ("match_exception", {"project": "q", "code": "payment_without_sale", **_EXCEPTION}),
            ("bank_statement", {"finding": "balance_mismatch", **_STATEMENT}),
            ("dissent", {"code": "amount_differs", **_DISSENT}),
            ("instruction", {"error_code": "oracle.not_allowed_now", **_INSTRUCTION}),
            ("day_close", {"report": json.dumps(_OLD_REPORT), **_DAY}),
        ):
            insert(connection, table, row)
    old.dispose()
    engine = database.open_database(oracle_url)
    with engine.connect() as connection:

        def codes(query: str) -> list[str]:
            return [str(code) for (code,) in connection.execute(text(query))]

        found = codes("SELECT code FROM alarm ORDER BY raised_ms")
        assert found == [GOSSIP_DIFFERS, RECORD_NOT_BELIEVED, "contract.call_open"]
        found = codes("SELECT code FROM match_exception ORDER BY project")
        assert found == [sale.AMOUNT_DIFFERS, sale.PAYMENT_WITHOUT_SALE]
        assert codes("SELECT finding FROM bank_statement") == ["bank.balance_mismatch"]
        assert codes("SELECT code FROM dissent") == [proposal.AMOUNT_DIFFERS]
        assert codes("SELECT error_code FROM instruction") == [NotAllowedNow.code]
        (report,) = connection.execute(text("SELECT report FROM day_close")).scalars()
        assert (json.loads(report) if isinstance(report, str) else report) == {
            "differences": [
                {"code": day.LIMIT_EXCEEDED, "found": 2},
                {"code": bank_line.STATEMENT_GAP},
            ],
            "steps": _OLD_REPORT["steps"],
            "lines": _OLD_REPORT["lines"],
        }
    engine.dispose()


def test_the_gateways_codes_are_those_of_today(oracle_url: str) -> None:
    folder = Path(gateway_store.__file__).resolve().parent / "migrations"
    old = upgraded_to_before(oracle_url, folder)
    with old.begin() as connection:
        for code in ("signature_invalid", "equivocation"):
            row = {"raw": b"\x00", "code": code, "detail": "d", "received_ms": 1, "peer": "p"}
            insert(connection, "refused", row)
    old.dispose()
    store = gateway_store.open_store(oracle_url)
    with store.engine.connect() as connection:
        found = connection.execute(text("SELECT code FROM refused ORDER BY id")).scalars().all()
    store.engine.dispose()
    assert found == [SignatureInvalidError.code, EquivocationError.code]
