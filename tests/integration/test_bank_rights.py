"""Whose word mints: the token's own bank, by account; above a day's limit a second account's as well."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlmodel import Session, select
from support_camt import ACCOUNT, Booked, camt053
from support_chain import deployed_world
from support_credit import CreditHouse
from support_oracle import PROJECT, OracleHouse
from typer import Typer
from typer.testing import CliRunner

from counterfoil.api.audit.commands.audit import register
from counterfoil.chain.address import Address
from counterfoil.oracle.instructions.request import Kind
from counterfoil.oracle.run.composition import OracleParts
from counterfoil.oracle.settings import OracleSettings
from counterfoil.oracle.store.bank_tables import BankAccount, BankLine, StatementEntryRow
from counterfoil.oracle.store.directory_tables import KnownParticipant
from counterfoil.oracle.store.instruction_state import Door
from counterfoil.oracle.store.instruction_table import Instruction
from counterfoil.oracle.store.revenue_tables import MatchException

pytestmark = pytest.mark.integration

HUGE = 1_000_000_000
"""10,000,000.00: what another bank once minted for itself with a statement that it had made at home."""
KNOWN = {"account": ACCOUNT, "name": "First Harbour Bank", "currency": "USD"}
ENTRY = {
    "statement": "home-made",
    "reference": "r-1",
    "project": PROJECT,
    "business_date": 20220829,
    "amount_minor": 1_000,
    "currency": "USD",
}
OF_THE_BANK: dict[Kind, dict[str, Any]] = {
    Kind.REGISTER_BANK_ACCOUNT: {**KNOWN, "holder": "factory"},
    Kind.IMPORT_CAMT053: {"text": camt053("home-made", [Booked(HUGE, "R1")])},
    Kind.IMPORT_STATEMENT: {"entries": [ENTRY]},
    Kind.MAKE_PAYOUT_FILE: {"account": ACCOUNT, "execution_date": 20220901},
    Kind.RESOLVE_BANK_LINE: {"line": 1, "note": "seen to"},
}


@pytest.fixture
def credit(tmp_path: Path) -> Iterator[CreditHouse]:
    with deployed_world("anvil", tmp_path) as chain:
        house = OracleHouse(chain, tmp_path)
        yield CreditHouse(house)
        house.engine.dispose()


def bank_of(credit: CreditHouse) -> str:
    return str(credit.call("DepositToken", "bank"))


def sent(house: OracleHouse, parts: OracleParts, party: str, kind: str, **payload: Any) -> Any:
    """What became of an instruction that *party*'s token sent to the API."""
    with Session(house.engine) as session:
        row = Instruction(
            idempotency_key=f"api:{party}:{time.time_ns()}",
            party=party,
            kind=kind,
            payload=payload,
            created_ms=1,
        )
        assert row.door == Door.API, "who comes in by no named door is nobody at the console"
        session.add(row)
        session.commit()
        number = row.id or 0
    for _ in range(50):
        parts.steps["instructions"]()
        answer = house.answer(number)
        if answer.status != "pending":
            return answer
    raise AssertionError(kind)


def line(house: OracleHouse, reference: str) -> BankLine:
    with Session(house.reads) as session:
        found = session.exec(select(BankLine).where(BankLine.reference == reference)).one()
        session.expunge(found)
        return found


@pytest.mark.parametrize("kind", OF_THE_BANK, ids=str)
def test_another_banks_token_does_nothing_for_the_tokens_bank(
    credit: CreditHouse, kind: Kind
) -> None:
    house = credit.house
    parts = house.parts()
    others = [credit.account("factory"), "factory", "nobody", "root", "0x" + "ab" * 20]
    for party in others:
        refused = sent(house, parts, party, kind, **OF_THE_BANK[kind])
        assert (refused.status, refused.error_code) == ("failed", "bank.not_the_tokens_bank"), party
    with Session(house.reads) as session:
        assert session.exec(select(BankAccount)).all() == []
        assert session.exec(select(BankLine)).all() == []
        assert session.exec(select(StatementEntryRow)).all() == []


def open_account(credit: CreditHouse, parts: OracleParts) -> str:
    """The bank, which says that the account is the project's, and is known by a name as well."""
    bank = bank_of(credit)
    done = sent(credit.house, parts, bank, Kind.REGISTER_BANK_ACCOUNT, **KNOWN, project=PROJECT)
    assert done.status == "done", done.error_detail
    with Session(credit.house.engine) as session:
        session.add(KnownParticipant(party="harbour", account=bank, name="First Harbour"))
        session.commit()
    return bank


def test_the_tokens_own_bank_is_known_by_its_account_and_by_its_name(credit: CreditHouse) -> None:
    house = credit.house
    parts = house.parts()
    bank = open_account(credit, parts)
    text = camt053("A", [Booked(700, "A1")])
    done = sent(house, parts, "harbour", Kind.IMPORT_CAMT053, text=text)
    assert done.result["statements"][0]["minted"] == 1
    euro = KNOWN | {"account": "NL91ABNA0417164300", "currency": "EUR"}
    refused = sent(house, parts, bank, Kind.REGISTER_BANK_ACCOUNT, **euro, holder="core")
    assert (refused.error_code, "EUR" in refused.error_detail) == ("input.malformed", True)


def test_above_a_days_limit_a_second_account_is_needed(credit: CreditHouse) -> None:
    house = credit.house
    second = credit.account("factory")
    parts = house.parts(mint_limit_minor=100_000, mint_confirmers=[second])
    bank = open_account(credit, parts)
    before = credit.call("DepositToken", "totalSupply")
    text = camt053(
        "B", [Booked(60_000, "B1"), Booked(HUGE, "B2"), Booked(60_000, "B3"), Booked(30_000, "B4")]
    )
    done = sent(house, parts, bank, Kind.IMPORT_CAMT053, text=text)
    assert done.status == "done", done.error_detail
    outcomes = [line(house, f"B{n}").outcome for n in (1, 2, 3, 4)]
    assert outcomes == ["minted", "waiting", "waiting", "minted"], "many small ones are one large"
    waits = line(house, "B2")
    assert waits.reason == "bank.mint_unconfirmed"
    entries = {"entries": [ENTRY | {"amount_minor": 20_000}]}
    refused = sent(house, parts, bank, Kind.IMPORT_STATEMENT, **entries)
    assert refused.error_code == "bank.mint_unconfirmed"
    for party, code in (
        (bank, "bank.not_a_second_account"),
        ("harbour", "bank.not_a_second_account"),
        (credit.account("core"), "bank.not_a_second_account"),
    ):
        refused = sent(house, parts, party, Kind.CONFIRM_MINT, line=waits.id)
        assert refused.error_code == code, party
    confirmed = sent(house, parts, second, Kind.CONFIRM_MINT, line=waits.id)
    assert confirmed.result == {"line": waits.id, "outcome": "minted"}
    again = sent(house, parts, second, Kind.CONFIRM_MINT, line=waits.id)
    assert again.error_code == "instruction.not_allowed_now"
    aside = sent(
        house, parts, bank, Kind.RESOLVE_BANK_LINE, line=line(house, "B3").id, note="none of ours"
    )
    assert aside.result["outcome"] == "resolved"
    house.run_until_quiet(parts)
    minted = credit.call("DepositToken", "totalSupply") - before
    assert minted == 60_000 + 30_000 + HUGE


def test_who_brought_a_statement_never_confirms_it_himself(credit: CreditHouse) -> None:
    """Not even when the settings name the bank's own account."""
    house = credit.house
    bank = bank_of(credit)
    parts = house.parts(mint_limit_minor=0, mint_confirmers=[bank])
    open_account(credit, parts)
    text = camt053("C", [Booked(1, "C1")])
    sent(house, parts, bank, Kind.IMPORT_CAMT053, text=text)
    for party in (bank, "harbour"):
        refused = sent(house, parts, party, Kind.CONFIRM_MINT, line=line(house, "C1").id)
        assert refused.error_code == "bank.confirmed_by_the_same"


def test_an_entry_that_came_by_itself_and_with_its_statement_is_minted_once(
    credit: CreditHouse,
) -> None:
    """Whichever comes first, and also when the statement's line waits meanwhile for a second account."""
    house = credit.house
    second = credit.account("factory")
    parts = house.parts(mint_limit_minor=100_000, mint_confirmers=[second])
    bank = open_account(credit, parts)
    alone = ENTRY | {"statement": ACCOUNT, "amount_minor": 700}
    for reference in ("F1", "F2"):
        entries = [alone | {"reference": reference}]
        assert sent(house, parts, bank, Kind.IMPORT_STATEMENT, entries=entries).status == "done"
    entries = [Booked(700, "F1"), Booked(701, "F2"), Booked(100_000, "F3")]
    done = sent(house, parts, bank, Kind.IMPORT_CAMT053, text=camt053("F", entries))
    assert done.status == "done", done.error_detail
    said = [(line(house, f"F{n}").outcome, line(house, f"F{n}").reason) for n in (1, 2, 3)]
    assert said == [
        ("noted", "bank.entry_known"),
        ("set_aside", "bank.reference_reused"),
        ("waiting", "bank.mint_unconfirmed"),
    ]
    entries_ = [alone | {"reference": "F3"}]
    assert sent(house, parts, bank, Kind.IMPORT_STATEMENT, entries=entries_).status == "done"
    refused = sent(house, parts, second, Kind.CONFIRM_MINT, line=line(house, "F3").id)
    assert (refused.status, refused.error_code) == ("failed", "instruction.not_allowed_now")


def test_confirmers_are_read_from_the_environment_in_any_spelling(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = "0x" + "ab" * 20
    monkeypatch.setenv("COUNTERFOIL_ORACLE_MINT_CONFIRMERS", json.dumps([at]))
    found = OracleSettings(keystore=Path("k"), passphrase=SecretStr("x")).mint_confirmers
    assert (found, type(found[0])) == ([Address(at)], Address)


def test_a_credit_without_a_settlement_row_becomes_an_exception(credit: CreditHouse) -> None:
    house = credit.house
    parts = house.parts()
    bank = open_account(credit, parts)
    text = camt053("D", [Booked(700, "D1"), Booked(HUGE, "D2")])
    assert sent(house, parts, bank, Kind.IMPORT_CAMT053, text=text).status == "done"
    closing = {"project": PROJECT, "through": 20991231}
    for _ in range(2):
        number = house.instruct("close_matching", closing | {"n": time.time_ns()})
        parts.steps["instructions"]()
        assert house.answer(number).status == "done"
    with Session(house.reads) as session:
        rows = session.exec(
            select(MatchException).where(MatchException.code == "sale.credit_without_settlement")
        ).all()
        minted = session.exec(select(StatementEntryRow)).all()
    assert sorted(row.amount_minor for row in rows) == sorted(e.amount_minor for e in minted)
    assert {row.entry_hash for row in rows} == {e.entry_hash for e in minted}
    wrong = sent(
        house, parts, "operator", "resolve_exception", exception=rows[0].id, resolution="accepted"
    )
    assert wrong.error_code == "instruction.not_allowed_now"


def test_a_sweep_finds_the_mints_that_no_statement_stands_behind(
    credit: CreditHouse, tmp_path: Path
) -> None:
    """By the bank's own files: their entries' names are made again from them."""
    house = credit.house

    def swept(*more: object) -> dict[str, Any]:
        app = Typer()
        register(app)
        words = ("audit", "sweep", "--rpc", house.chain.node.rpc_url, "--json", *more)
        words += ("--log", house.folder / "tiles", "--deployment", house.chain.path)
        result = CliRunner().invoke(app, [str(word) for word in words])
        said: dict[str, Any] = json.loads(result.stdout)
        return said

    parts = house.parts(mint_limit_minor=HUGE)
    bank = open_account(credit, parts)
    entries = [Booked(700, "A1"), Booked(30_000, "B4")]
    sent(house, parts, bank, Kind.IMPORT_CAMT053, text=camt053("E", entries))
    house.sell_a_day()
    house.run_until_quiet(parts)
    with Session(house.reads) as session:
        minted = {
            row.reference: row.amount_minor for row in session.exec(select(StatementEntryRow))
        }
    alone = swept("--project", PROJECT)
    assert (alone["deposits"], alone["deposits_minor"]) == (len(minted), sum(minted.values()))
    assert alone["deposits_compared"] is False
    theirs = {"A1": 700, "B4": 30_001}
    entries = [Booked(amount, reference) for reference, amount in theirs.items()]
    (tmp_path / "day.xml").write_text(camt053("the bank's", entries))
    said = swept("--project", PROJECT, "--statements", tmp_path)
    found = sorted((f["code"], f["detail"].split(" ")[0]) for f in said["findings"])
    unstated = [str(amount) for reference, amount in minted.items() if reference not in theirs]
    assert found == [
        ("sweep.deposit_differs", "30000"),
        *sorted(("sweep.deposit_without_statement", amount) for amount in unstated),
    ]
    assert said["verdict"] == "invalid"
    (tmp_path / "none.xml").write_text("<a/>")
    app = Typer()
    register(app)
    words = ("audit", "sweep", "--rpc", house.chain.node.rpc_url, "--statements", tmp_path)
    words += ("--log", house.folder / "tiles", "--deployment", house.chain.path)
    refused = CliRunner().invoke(app, [str(word) for word in words])
    assert refused.exit_code == 2
