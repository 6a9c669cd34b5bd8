"""The bank's files on a real chain: statements in, payouts out and matched; every entry kept, everything once."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, select
from support_camt import ACCOUNT, Booked, camt053
from support_chain import deployed_world
from support_credit import CreditHouse
from support_oracle import PROJECT, OracleHouse

from counterfoil.gateway.formats.iso20022.messages import read_message
from counterfoil.gateway.record.identity import on_chain_id
from counterfoil.oracle.ledger.deposit_token import Payout
from counterfoil.oracle.run.composition import OracleParts
from counterfoil.oracle.run.loop import step_all
from counterfoil.oracle.store.bank_tables import BankLine, PayoutFile, PayoutOrder
from counterfoil.oracle.store.day_tables import DayClose

pytestmark = pytest.mark.integration

OTHER = "DE02120300000000202051"


@pytest.fixture
def credit(tmp_path: Path) -> Iterator[CreditHouse]:
    with deployed_world("anvil", tmp_path) as chain:
        house = OracleHouse(chain, tmp_path)
        yield CreditHouse(house)
        house.engine.dispose()


def tell(house: OracleHouse, parts: OracleParts, kind: str, **payload: Any) -> dict[str, Any]:
    """What the oracle answers to an instruction, or its code under ``refused``."""
    number = house.instruct(kind, {**payload})
    for _ in range(100):
        parts.steps["instructions"]()
        answer = house.answer(number)
        if answer.status == "done":
            return answer.result or {}
        if answer.status == "failed":
            return {"refused": answer.error_code, "why": answer.error_detail}
    raise AssertionError(kind)


def know_accounts(house: OracleHouse, parts: OracleParts, credit: CreditHouse) -> None:
    known = {"name": "First Harbour Bank", "currency": "USD"}
    own = tell(
        house,
        parts,
        "register_bank_account",
        account=ACCOUNT,
        project=PROJECT,
        pays_out=True,
        **known,
    )
    assert own["project"] == PROJECT
    his = tell(house, parts, "register_bank_account", account=OTHER, holder="core", **known)
    assert his["holder"] == credit.account("core")


def lines(house: OracleHouse) -> list[tuple[str, str, str]]:
    with Session(house.reads) as session:
        rows = session.exec(select(BankLine).order_by(col(BankLine.id))).all()
        return [(row.reference, row.outcome, row.reason) for row in rows]


def close(house: OracleHouse, parts: OracleParts, date: int) -> DayClose:
    house.instruct("close_day", {"date": date, "n": time.time_ns()})
    house.run_until_quiet(parts)
    for _ in range(400):
        step_all(parts)
        with Session(house.reads) as session:
            day = session.get(DayClose, date)
            session.expunge_all()
        if day is not None and day.status != "open":
            return day
        time.sleep(0.03)
    raise AssertionError(date)


def test_every_entry_finds_its_use_or_is_kept_with_its_reason(credit: CreditHouse) -> None:
    house = credit.house
    parts = house.parts()
    know_accounts(house, parts, credit)
    entries = [
        Booked(5_000, "R1"),
        Booked(700, own_reference="N1"),
        Booked(300, "R2", currency="EUR"),
        Booked(-120, "FEE"),
        Booked(-80, "R3", ("CF-unheard",)),
        Booked(90, "R4", status="PDNG"),
        Booked(40),
        Booked(11, "R1"),
        Booked(60, "R5", is_reversal=True),
    ]
    text = camt053("2022-08-31", entries)
    (taken,) = tell(house, parts, "import_camt053", text=text)["statements"]
    assert (taken["minted"], taken["paid"], taken["set_aside"], taken["noted"]) == (2, 0, 6, 1)
    assert taken["finding"] == ""
    assert lines(house) == [
        ("R1", "minted", ""),
        ("N1", "minted", ""),
        ("R2", "set_aside", "bank.currency_differs"),
        ("FEE", "set_aside", "bank.debit_unknown"),
        ("R3", "set_aside", "bank.debit_unknown"),
        ("R4", "noted", "bank.entry_not_booked"),
        ("", "set_aside", "bank.reference_missing"),
        ("R1", "set_aside", "bank.reference_reused"),
        ("R5", "set_aside", "bank.payment_returned"),
    ]
    house.run_until_quiet(parts)
    account = credit.call("DepositToken", "collectionOf", on_chain_id(PROJECT))
    assert credit.call("DepositToken", "balanceOf", account) == 5_700
    day = close(house, parts, 20220831)
    assert day.report is not None
    said = [(d["code"], d["found"]) for d in day.report["differences"]]
    aside = (300, -120, -80, 40, 11, 60)
    assert said == [("day.bank_line_set_aside", amount) for amount in aside]
    with Session(house.reads) as session:
        asked = select(BankLine.id).where(BankLine.outcome == "set_aside")
        numbers = list(session.exec(asked))
    for number in numbers:
        assert tell(house, parts, "resolve_bank_line", line=number).get("refused")
        done = tell(house, parts, "resolve_bank_line", line=number, note="seen to")
        assert done["outcome"] == "resolved"
    assert close(house, parts, 20220901).status == "closed"


def test_the_same_entry_in_another_statement_mints_once(credit: CreditHouse) -> None:
    house = credit.house
    parts = house.parts()
    know_accounts(house, parts, credit)
    first = camt053("A", [Booked(5_000, "R1")])
    for text in (
        first,
        first,
        camt053(
            identification="B",
            entries=[Booked(5_000, "R1"), Booked(1, "R2")],
            opening=5_000,
            closing=10_001,
        ),
    ):
        tell(house, parts, "import_camt053", text=text, n=time.time_ns())
    assert [line[1:] for line in lines(house)] == [
        ("minted", ""),
        ("noted", "bank.entry_known"),
        ("minted", ""),
    ]
    changed = tell(house, parts, "import_camt053", text=camt053("A", [Booked(5_001, "R1")]))
    assert changed["refused"] == "bank.statement_changed"
    house.run_until_quiet(parts)
    assert sum(d["amount"] for d in house.on_chain("DepositToken", "Deposited")) == 5_001


def test_balances_that_do_not_fit_are_said_and_a_contradiction_mints_nothing(
    credit: CreditHouse,
) -> None:
    house = credit.house
    parts = house.parts()
    know_accounts(house, parts, credit)
    wrong = camt053(identification="A", entries=[Booked(100, "R1")], opening=0, closing=101)
    (taken,) = tell(house, parts, "import_camt053", text=wrong)["statements"]
    assert (taken["finding"], taken["reasons"]) == (
        "bank.balance_mismatch",
        {"bank.balance_mismatch": 1},
    )
    gap = camt053("B", [Booked(100, "R2")], 7)
    (taken,) = tell(house, parts, "import_camt053", text=gap)["statements"]
    assert (taken["finding"], taken["minted"]) == ("bank.statement_gap", 1)
    for text in ("no xml", "<a/>", wrong.replace("camt.053", "camt.052")):
        refused = tell(house, parts, "import_camt053", text=text)["refused"]
        assert refused == "bank.statement_refused"
    day = close(house, parts, 20220831)
    assert day.report is not None
    codes = sorted(d["code"] for d in day.report["differences"])
    assert codes == ["bank.balance_mismatch", "bank.statement_gap", "day.bank_line_set_aside"]


def test_an_unknown_accounts_entries_wait_until_it_is_known(credit: CreditHouse) -> None:
    house = credit.house
    parts = house.parts()
    text = camt053("A", [Booked(900, "R1")], account=OTHER)
    tell(house, parts, "import_camt053", text=text)
    assert lines(house) == [("R1", "set_aside", "bank.account_unknown")]
    know_accounts(house, parts, credit)
    tell(house, parts, "import_camt053", text=text, again=True)
    assert lines(house) == [("R1", "minted", "")]
    house.run_until_quiet(parts)
    assert credit.call("DepositToken", "balanceOf", credit.account("core")) == 900
    claimed = {"account": OTHER, "name": "x", "currency": "USD", "holder": "factory"}
    refused = tell(house, parts, "register_bank_account", **claimed)["refused"]
    assert refused == "instruction.not_allowed_now"


def test_payouts_go_out_once_and_the_bank_entry_confirms_them(credit: CreditHouse) -> None:
    house = credit.house
    parts = house.parts()
    know_accounts(house, parts, credit)
    tell(house, parts, "import_camt053", text=camt053("A", [Booked(9_000, "R1")], account=OTHER))
    house.run_until_quiet(parts)
    payee = {"account": "6222021234567890123", "name": "Core Works", "bic": ""}
    told = tell(house, parts, "register_payee_account", **payee)
    commitment = bytes.fromhex(told["commitment"][2:])
    for amount in (1_000, 250, 33):
        credit.send("core", "DepositToken", "withdraw", amount, commitment)
    credit.send("core", "DepositToken", "withdraw", 5, b"\3" * 32)
    house.run_until_quiet(parts)
    number = house.instruct("make_payout_file", {"account": ACCOUNT, "execution_date": 20220901})
    assert house.crash_at("instruction_asked") == -signal.SIGKILL
    assert house.answer(number).status == "pending", "asked, and nothing done yet"
    assert house.crash_at("after_instruction_commit") == -signal.SIGKILL
    made = house.answer(number).result
    assert made is not None
    assert (made["payouts"], made["total_minor"]) == (3, 1_283)
    parts = house.parts()
    again = tell(house, parts, "make_payout_file", account=ACCOUNT, execution_date=20220902)
    assert again == {"file": None, "payouts": 0, "total_minor": 0}
    refused = tell(house, parts, "make_payout_file", account=OTHER)["refused"]
    assert refused == "instruction.not_allowed_now"
    with Session(house.reads) as session:
        (file,) = session.exec(select(PayoutFile)).all()
        orders = session.exec(select(PayoutOrder).order_by(col(PayoutOrder.payout))).all()
        document = read_message(file.document.decode(), "pain.001").cstmr_cdt_trf_initn
        ids = [order.end_to_end_id for order in orders]
    transfers = document.pmt_inf[0].cdt_trf_tx_inf
    assert [t.pmt_id.end_to_end_id for t in transfers] == ids
    assert {t.cdtr_acct.id.othr.id for t in transfers} == {payee["account"]}
    debits = [
        Booked(-1_250, "D1", tuple(ids[:2])),
        Booked(-34, "D2", (ids[2],)),
        Booked(-1_000, "D3", (ids[0],)),
    ]
    text = camt053("P", debits, 5_000)
    (taken,) = tell(house, parts, "import_camt053", text=text)["statements"]
    assert taken["reasons"] == {"bank.payout_amount_differs": 1, "bank.payout_paid_twice": 1}
    (taken,) = tell(
        house, parts, "import_camt053", text=camt053("Q", [Booked(-33, "D4", (ids[2],))], 2_716)
    )["statements"]
    assert taken["paid"] == 1
    house.run_until_quiet(parts)
    with Session(house.reads) as session:
        paid = {row.id: row.payment for row in session.exec(select(Payout))}
        named = {row.reference: row.entry_hash for row in session.exec(select(BankLine))}
    assert paid == {1: named["D1"], 2: named["D1"], 3: named["D4"], 4: None}
    day = close(house, parts, 20220901)
    assert day.report is not None
    codes = [(d["code"], d["found"]) for d in day.report["differences"]]
    assert codes == [("day.bank_line_set_aside", -34), ("day.bank_line_set_aside", -1_000)]
    assert day.report["figures"]["withdrawn_minor"] == 1_288
