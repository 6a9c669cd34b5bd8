"""The business day on a real chain, in either store: due things are marked, revenue repays, books are compared."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select
from support_chain import deployed_world
from support_credit import PAYABLE, RECEIVABLE, CreditHouse
from support_oracle import FIRST_DATE, PROJECT, OracleHouse, terms

from counterfoil.chain.abi.enums import ClaimState, LineState, Role
from counterfoil.chain.tables import TransactionRow
from counterfoil.oracle.ledger.receivables import PartRow
from counterfoil.oracle.registrar import Registrar
from counterfoil.oracle.rules.business_date import days_between
from counterfoil.oracle.run.composition import OracleParts
from counterfoil.oracle.run.loop import step_all
from counterfoil.oracle.store.alarm_table import AlarmRow
from counterfoil.oracle.store.day_tables import DayClose, DayStep
from counterfoil.oracle.store.instruction_table import Instruction

pytestmark = pytest.mark.integration

MATURED = 4

KILLED = (
    "day_advance_planned",
    "day_advance_asked",
    "day_sweep_planned",
    "day_sweep_asked",
    "day_mark_planned",
    "day_mark_asked",
    "day_reconcile_read",
    "day_closed",
)


@pytest.fixture
def credit(tmp_path: Path, oracle_url: str) -> Iterator[CreditHouse]:
    with deployed_world("anvil", tmp_path) as chain:
        house = OracleHouse(chain, tmp_path, oracle_url)
        yield CreditHouse(house)
        house.engine.dispose()


def close(house: OracleHouse, parts: OracleParts, date: int, **more: Any) -> DayClose:
    """Close *date* in this process and answer its row."""
    today = house.chain.client.call("BusinessCalendar", "today")
    if today and days_between(today, date) > 31:
        house.chain.decide("BusinessCalendar", "jump", today, date)
    number = house.instruct("close_day", {"date": date, "far": True, "n": time.time_ns(), **more})
    for _ in range(600):
        step_all(parts)
        answer = house.answer(number)
        if answer.status == "failed":
            raise AssertionError(f"{answer.error_code}: {answer.error_detail}")
        day = read(house, date)
        if answer.status == "done" and day is not None and day.status != "open":
            return day
        time.sleep(0.03)
    raise AssertionError(f"{date} was not closed: {read(house, date)}")


def read(house: OracleHouse, date: int) -> DayClose | None:
    with Session(house.reads) as session:
        day = session.get(DayClose, date)
        session.expunge_all()
        return day


def report(day: DayClose) -> dict[str, Any]:
    assert day.report is not None
    return day.report


def codes(day: DayClose) -> list[str]:
    return [d["code"] for d in report(day)["differences"]]


def refusal(house: OracleHouse, parts: OracleParts, payload: dict[str, Any]) -> Instruction:
    number = house.instruct("close_day", payload)
    parts.steps["instructions"]()
    return house.answer(number)


def sweep_into(credit: CreditHouse, line: int) -> None:
    """From the second day on, the project's split sweeps into the line's account."""
    chain = credit.house.chain
    new = terms() | {"effective_from": FIRST_DATE + 1}
    new["sweep"] = {"account": credit.line_account(line), "basis_points": 1_200, "cap": 0}
    registrar = Registrar(
        credit.house.engine,
        chain.client,
        registrar=chain.signer("registrar"),
        supervisor=chain.signer("supervisor"),
    )
    registrar.set_terms(PROJECT, new)


def test_revenue_repays_the_loan_and_all_books_agree(credit: CreditHouse) -> None:
    house = credit.house
    parts = house.parts()
    assert close(house, parts, 20220830).status == "closed"
    credit.deposit("funder", 100_000)
    line = credit.open_line(100_000, 20220801, 20230831)
    sweep_into(credit, line)
    loan = credit.draw(line, 30_000, [(20221031, 30_000)])
    house.sell_a_day()
    house.sell_a_day()
    house.run_until_quiet(parts)
    account = credit.line_account(line)
    token = house.chain.client.address_of("DepositToken")
    swept = credit.call("RevenueSplit", "claimable", token, account)
    assert swept > 0
    day = close(house, parts, 20220831)
    assert codes(day) == []
    assert day.status == "closed"
    said = report(day)
    assert said["previous_date"] == 20220830
    assert said["lines"][0]["swept_minor"] == swept
    owed = credit.call("CreditLine", "loan", loan)
    interest = 30_000 * 108_000 // (360 * 1_000_000)
    assert (owed["interestPaid"], owed["repaid"]) == (interest, swept - interest)
    assert credit.call("DepositToken", "balanceOf", credit.account("funder")) == 70_000 + swept
    assert said["loans"][0]["owed_principal"] == 30_000 - owed["repaid"]
    kept = house.projected()
    parts.feed.rebuild()
    assert house.projected() == kept
    again = close(house, parts, 20220831)
    assert (again.attempt, again.report) == (1, said), "closing a closed day does nothing"


def test_claims_and_loans_are_marked_by_the_date_alone(credit: CreditHouse) -> None:
    house, parts = credit.house, credit.house.parts()
    close(house, parts, 20220830)
    credit.deposit("funder", 100_000)
    credit.deposit("core", 4_000)
    line = credit.open_line(100_000, 20220801, 20230831)
    months = [(20220930, 0), (20221031, 0), (20221130, 0), (20221231, 9_000)]
    loan = credit.draw(line, 9_000, months)
    paid = credit.owe(PAYABLE, "core", "resin", 4_000, 20220930)
    unpaid = credit.owe(PAYABLE, "core", "factory", 7_000, 20220930)
    credit.send("core", "Receivables", "fund", paid, 4_000)
    states = {20220930: "matured", 20221001: "overdue", 20221030: "overdue", 20221031: "defaulted"}
    for date, state in states.items():
        close(house, parts, date)
        got = credit.call("Receivables", "claim", unpaid)["state"]
        assert got == {"matured": 4, "overdue": 6, "defaulted": 8}[state], date
    assert credit.call("Receivables", "claim", paid)["state"] == ClaimState.SETTLED, (
        "settled stays settled"
    )
    assert credit.call("CreditLine", "line", line)["state"] == LineState.ACTIVE
    day = close(house, parts, 20221204)
    (entry,) = report(day)["loans"]
    assert (entry["state"], entry["owed_missed"]) == ("delinquent", 3)
    assert report(day)["lines"][0]["state"] == "frozen"
    assert report(day)["lines"][0]["reason"] == "three instalments missed"
    credit.deposit("factory", 20_000)
    credit.send("factory", "CreditLine", "repay", loan, 2**128 - 1)
    assert credit.call("CreditLine", "line", line)["principal"] == 0
    assert codes(close(house, parts, 20221205)) == []


def test_killed_at_every_step_the_day_is_closed_once(credit: CreditHouse) -> None:
    house, parts = credit.house, credit.house.parts()
    close(house, parts, 20220830)
    credit.deposit("funder", 50_000)
    line = credit.open_line(50_000, 20220801, 20230831)
    sweep_into(credit, line)
    credit.draw(line, 20_000, [(20221031, 20_000)])
    claims = [credit.owe(PAYABLE, "core", "factory", 1_000 + n, 20220831) for n in range(3)]
    house.sell_a_day()
    house.sell_a_day()
    house.run_until_quiet(parts)
    house.instruct("close_day", {"date": 20220831})
    for point in KILLED:
        assert house.crash_at(point) == -signal.SIGKILL, point
    parts = house.parts()
    house.run_until_quiet(parts)
    day = read(house, 20220831)
    assert day is not None
    assert (day.status, day.attempt, codes(day)) == ("closed", 1, [])
    with Session(house.reads) as session:
        steps = session.exec(select(DayStep).where(DayStep.date == 20220831)).all()
        keys = [
            row.idempotency_key
            for row in session.exec(select(TransactionRow))
            if row.idempotency_key.startswith("day:20220831:")
        ]
    done = sorted((step.kind, step.subject) for step in steps)
    marks = [("mark", root) for root in claims]
    assert done == sorted([("advance", 20220831), ("push", line), ("sweep", line), *marks])
    assert len(keys) == len(steps)
    assert len(house.on_chain("CreditLine", "Swept")) == 1
    advanced = [e["to"] for e in house.on_chain("BusinessCalendar", "BusinessDateAdvanced")]
    assert advanced == [20220830, 20220831]
    changed = house.on_chain("Receivables", "ClaimStateChanged")
    matured = [e["root"] for e in changed if e["state"] == MATURED]
    assert sorted(matured) == claims


def test_a_day_that_differs_says_so_and_stops_nothing(credit: CreditHouse) -> None:
    house, parts = credit.house, credit.house.parts()
    close(house, parts, 20220830)
    credit.deposit("funder", 50_000)
    line = credit.open_line(50_000, 20220801, 20230831)
    loan = credit.draw(line, 20_000, [(20221031, 20_000)])
    credit.send("bank", "DepositToken", "mint", credit.account("factory"), 30_000, b"\7" * 32)
    day = close(house, parts, 20220831)
    assert day.status == "differs"
    (difference,) = report(day)["differences"]
    assert (difference["code"], difference["found"]) == ("day.deposit_without_statement", 30_000)
    assert difference["subject"] == "0x" + "07" * 32
    with Session(house.reads) as session:
        alarms = session.exec(select(AlarmRow).where(AlarmRow.code == "day.differs")).all()
        assert len(alarms) == 1
    credit.send("factory", "CreditLine", "repay", loan, 5_000)
    credit.send("funder", "DepositToken", "withdraw", 1_000, b"\1" * 32)
    assert close(house, parts, 20220901).status == "differs"
    day = close(house, parts, 20220902)
    assert credit.call("BusinessCalendar", "today") == 20220902
    assert report(day)["figures"]["withdrawn_minor"] == 1_000
    again = close(house, parts, 20220902)
    assert (again.attempt, again.status) == (2, "differs"), "asked again, it is looked at again"


def test_a_claim_of_any_size_hinders_no_day(credit: CreditHouse) -> None:
    """What two participants say they owe each other may be wider than a database's integers."""
    house, parts = credit.house, credit.house.parts()
    face = 2**80 - 1
    claim = credit.owe(PAYABLE, "core", "factory", face, 20220930)
    part = credit.call("Receivables", "claim", claim)["whole"]
    credit.send("factory", "Receivables", "split", part, [2**79, 2**79 - 1])
    credit.deposit("core", 1_000)
    credit.send("core", "Receivables", "fund", claim, 1_000)
    day = close(house, parts, 20220830)
    assert (day.status, codes(day)) == ("closed", [])
    with Session(house.engine) as session:  # a ledger that is off, in the widest number there is
        session.get_one(PartRow, part + 1).amount_minor -= 4
        session.commit()
    day = close(house, parts, 20220831)
    (difference,) = report(day)["differences"]
    assert (difference["code"], difference["subject"]) == ("day.parts_differ", str(claim))
    assert int(difference["expected"]) - int(difference["found"]) == 2


def test_dates_that_are_past_wrong_or_far_are_refused(credit: CreditHouse) -> None:
    house, parts = credit.house, credit.house.parts()
    close(house, parts, 20220830)
    wanted = {
        20220829: "day.not_forward",
        20220931: "day.refused",
        20291231: "day.date_far_ahead",
        -5: "day.refused",
    }
    for date, code in wanted.items():
        assert refusal(house, parts, {"date": date}).error_code == code, date
    assert refusal(house, parts, {"date": "20220831"}).error_code == "input.malformed"
    credit.send("oracle", "BusinessCalendar", "advance", 20220905)
    number = house.instruct("close_day", {"date": 20220904})
    house.run_until_quiet(parts)
    assert house.answer(number).status == "done"
    day = read(house, 20220904)
    assert day is not None
    assert (day.status, day.error_code) == ("failed", "day.not_forward")
    assert close(house, parts, 20220905).status == "closed"


def test_a_date_that_the_contract_refuses_is_in_no_other_days_way(credit: CreditHouse) -> None:
    house, parts = credit.house, credit.house.parts()
    close(house, parts, 20220830)
    wanted = {20221101: "contract.step_too_long", 99991231: "contract.date_not_begun"}
    for date, code in wanted.items():
        house.instruct("close_day", {"date": date, "far": True})
        house.run_until_quiet(parts)
        day = read(house, date)
        assert day is not None
        assert (day.status, day.error_code) == ("failed", code)
    assert refusal(house, parts, {"date": 20221101}).error_code == "day.date_far_ahead"
    assert close(house, parts, 20220831).status == "closed"
    day = close(house, parts, 20221101)  # which the committee votes for
    assert (day.status, day.attempt) == ("closed", 2)


def test_a_calendar_that_is_not_ours_to_move_fails_the_day(credit: CreditHouse) -> None:
    house, parts = credit.house, credit.house.parts()
    oracle = house.chain.signer("oracle").address
    credit.send("oracle", "ConsortiumAccess", "renounceRole", Role.CALENDAR, oracle)
    number = house.instruct("close_day", {"date": 20220830})
    house.run_until_quiet(parts)
    assert house.answer(number).status == "done"
    day = read(house, 20220830)
    assert day is not None
    assert (day.status, day.error_code) == ("failed", "contract.access_managed_unauthorized")
    chain = house.chain
    chain.decide("ConsortiumAccess", "grantRole", Role.CALENDAR, oracle, 0)
    chain.client.rpc("evm_increaseTime", 172_800)
    granted = chain.client.encode("ConsortiumAccess", "grantRole", Role.CALENDAR, oracle, 0)
    access = chain.client.address_of("ConsortiumAccess")
    chain.send("oracle", "Committee", "carryOut", access, granted)
    day = close(house, parts, 20220830)
    assert (day.status, day.attempt) == ("closed", 2)


def test_collateral_that_was_paid_repays_the_loan_it_secures(credit: CreditHouse) -> None:
    house, parts = credit.house, credit.house.parts()
    close(house, parts, 20220830)
    credit.deposit("funder", 50_000)
    credit.deposit("core", 8_000)
    line = credit.open_line(50_000, 20220801, 20230831)
    claim = credit.owe(RECEIVABLE, "core", "factory", 8_000, 20220831)
    part = credit.call("Receivables", "claim", claim)["whole"]
    at = house.chain.client.address_of("CreditLine")
    credit.send("factory", "Receivables", "pledge", part, at)
    loan = credit.draw(line, 8_000, [(20221031, 8_000)], part)
    credit.send("core", "Receivables", "fund", claim, 8_000)
    day = close(house, parts, 20220831)
    assert report(day)["transactions"]["collect"] == 1
    found = credit.call("CreditLine", "loan", loan)
    assert found["repaid"] + found["interestPaid"] == 8_000
    assert codes(day) == []
