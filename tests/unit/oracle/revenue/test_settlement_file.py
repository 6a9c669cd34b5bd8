"""Settlement files and statements are taken whole, once, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select
from support_instructions import stored

from counterfoil.chain.client import ChainClient
from counterfoil.chain.tables import TransactionRow
from counterfoil.oracle.bank.entries import import_entries
from counterfoil.oracle.errors import InputMalformed, OracleError, UnknownName
from counterfoil.oracle.execution.executor import InstructionExecutor
from counterfoil.oracle.instructions.inbox import ask
from counterfoil.oracle.instructions.request import CloseMatching
from counterfoil.oracle.revenue.settlement_file import import_settlement, minor_units
from counterfoil.oracle.rules.bank_entry import BankEntry, ImportCounts
from counterfoil.oracle.store.bank_tables import StatementEntryRow
from counterfoil.oracle.store.database import open_database
from counterfoil.oracle.store.directory_tables import KnownProject
from counterfoil.oracle.store.instruction_table import Instruction
from counterfoil.oracle.store.revenue_tables import SettlementRow

BANK = "0x" + "33" * 20
HEADER = "reference,method,business_date,amount,currency,device\n"
ROW = "pay-1,card,20220829,2.50,USD,\n"


class NoChain:
    """Answers what an import asks a chain for."""

    def call(self, *_: object) -> str:
        return "0x" + "11" * 20

    def address_of(self, _: str) -> str:
        return "0x" + "22" * 20

    def encode(self, *_: object) -> bytes:
        return b"mint"


CLIENT = cast("ChainClient", NoChain())


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = open_database("sqlite://")
    with Session(engine) as session:
        for name, currency in (("lakeside", "USD"), ("harbour", "USD"), ("steelworks", "KRW")):
            session.add(
                KnownProject(
                    project=name,
                    project_hash="0x" + name.encode().hex(),
                    name=name,
                    operator="0x",
                    currency=currency,
                    decimals=0 if currency == "KRW" else 2,
                )
            )
        session.commit()
    yield engine
    engine.dispose()


def entry(**changes: Any) -> BankEntry:
    fields = {
        "statement": "s-1",
        "reference": "r-1",
        "project": "lakeside",
        "currency": "USD",
        "business_date": 20220829,
        "amount_minor": 1_000,
    }
    return BankEntry(**{**fields, **changes})


@pytest.mark.parametrize(
    ("text", "decimals", "minor"),
    [("2.50", 2, 250), ("2.5", 2, 250), ("2", 2, 200), ("0", 2, 0), ("700", 0, 700)],
)
def test_amounts_become_minor_units(text: str, decimals: int, minor: int) -> None:
    assert minor_units(text, decimals) == minor


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "2.505", "1e3", "NaN", "Infinity", "1,50", " 1", ".5", "1.", "9" * 30]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(InputMalformed):
        minor_units(text, 2)


def test_a_file_is_taken_once(engine: Engine) -> None:
    with Session(engine) as session:
        assert import_settlement(
            session, project="lakeside", text=HEADER + ROW, source="a.csv"
        ) == ImportCounts(1, 0)
        session.commit()
    with Session(engine) as session:
        longer = HEADER + ROW + "pay-2,card,20220830,1.00,USD,urn:dev:os:32473-m1\n"
        assert import_settlement(
            session, project="lakeside", text=longer, source="b.csv"
        ) == ImportCounts(1, 1)
        session.commit()
        rows = session.exec(select(SettlementRow).order_by(SettlementRow.reference)).all()
        assert [(r.reference, r.amount_minor, r.source, r.device) for r in rows] == [
            ("pay-1", 250, "a.csv", None),
            ("pay-2", 100, "b.csv", "urn:dev:os:32473-m1"),
        ]


@pytest.mark.parametrize(
    "row",
    [
        "pay-1,card,20220829,2.51,USD,\n",
        "pay-1,card,20220830,2.50,USD,\n",
        "pay-9,card,20220829,2.50,EUR,\n",
        "pay-9,card,2022-08-29,2.50,USD,\n",
        "pay-9,card,20220229,2.50,USD,\n",
        ",card,20220829,2.50,USD,\n",
        "pay-9,card,20220829,-2.50,USD,\n",
        "pay-9,card,20220829,2.50,USD\n",
        "pay-9,card,20220829,2.50,USD,,more\n",
        "pay-9,ca\rrd,20220829,2.50,USD,\n",
        "pay-9," + 200_000 * "c" + ",20220829,2.50,USD,\n",
    ],
)
def test_a_row_that_is_wrong_refuses_the_whole_file(engine: Engine, row: str) -> None:
    with Session(engine) as session:
        import_settlement(session, project="lakeside", text=HEADER + ROW, source="a.csv")
        session.commit()
    with Session(engine) as session:
        text = HEADER + "pay-2,card,20220829,1.00,USD,\n" + row
        with pytest.raises(InputMalformed, match="line 3"):
            import_settlement(session, project="lakeside", text=text, source="b.csv")
        assert session.exec(select(SettlementRow.reference)).all() == ["pay-1"]


def test_one_payment_counts_in_one_project_only(engine: Engine) -> None:
    with Session(engine) as session:
        import_settlement(session, project="lakeside", text=HEADER + ROW, source="a.csv")
        session.commit()
        with pytest.raises(InputMalformed, match="project"):
            import_settlement(session, project="harbour", text=HEADER + ROW, source="a.csv")


def test_a_header_and_a_project_must_be_known(engine: Engine) -> None:
    with Session(engine) as session:
        with pytest.raises(InputMalformed, match="header"):
            import_settlement(
                session, project="lakeside", text="reference,amount\npay-1,2\n", source="a.csv"
            )
        with pytest.raises(UnknownName):
            import_settlement(session, project="nowhere", text=HEADER + ROW, source="a.csv")


def test_a_currency_without_decimals(engine: Engine) -> None:
    with Session(engine) as session:
        text = HEADER + "pay-k,card,20220829,2500,KRW,\n"
        import_settlement(session, project="steelworks", text=text, source="k.csv")
        assert session.exec(select(SettlementRow.amount_minor)).one() == 2_500


def test_an_entry_is_minted_once(engine: Engine) -> None:
    with Session(engine) as session:
        assert import_entries(session, CLIENT, BANK, entries=[entry(), entry()]) == ImportCounts(
            1, 1
        )
        other = entry(statement="s-2")
        assert import_entries(session, CLIENT, BANK, entries=[entry(), other]) == ImportCounts(1, 1)
        session.commit()
        keys = session.exec(select(TransactionRow.idempotency_key)).all()
        assert sorted(keys) == sorted(f"mint:0x{e.entry_hash.hex()}" for e in (entry(), other))
        assert len(session.exec(select(StatementEntryRow)).all()) == 2


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"project": "nowhere"}, UnknownName),
        ({"currency": "EUR"}, InputMalformed),
        ({"amount_minor": 0}, InputMalformed),
        ({"amount_minor": -5}, InputMalformed),
        ({"amount_minor": True}, InputMalformed),
        ({"amount_minor": "10"}, InputMalformed),
        ({"amount_minor": 1 << 63}, InputMalformed),
    ],
)
def test_what_is_no_credit_of_the_project_is_refused(
    engine: Engine, changes: dict[str, Any], error: type[OracleError]
) -> None:
    with Session(engine) as session, pytest.raises(error):
        import_entries(session, CLIENT, BANK, entries=[entry(**changes)])


def test_an_entry_that_contradicts_itself_is_refused(engine: Engine) -> None:
    with Session(engine) as session:
        import_entries(session, CLIENT, BANK, entries=[entry()])
        with pytest.raises(InputMalformed, match="here already"):
            import_entries(session, CLIENT, BANK, entries=[entry(amount_minor=999)])


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("import_statement", {"entries": [{"statement": "s"}]}),
        ("import_statement", {"entries": [{**vars(entry()), "amount_minor": 1.5}]}),
        ("import_statement", {"entries": [{**vars(entry()), "reference": 5}]}),
        ("import_statement", {"entries": [{**vars(entry()), "business_date": "soon"}]}),
        ("import_statement", {}),
        ("import_settlement", {"project": "lakeside", "text": "a,b\n1,2\n", "source": "x"}),
        ("resolve_exception", {"exception": 99, "resolution": "accepted"}),
        ("resolve_exception", {"exception": "x", "resolution": "accepted"}),
        ("accept_place", {"device": "urn:dev:os:32473-m9"}),
        ("close_matching", {"project": "lakeside"}),
        ("buy_cake", {}),
    ],
)
def test_an_instruction_that_can_not_be_carried_out_fails_and_stops_nothing(
    engine: Engine, kind: str, payload: dict[str, Any]
) -> None:
    with Session(engine) as session:
        session.add(stored("k-1", kind, payload))
        ask(session, key="k-2", party="operator", request=CloseMatching("lakeside", 1))
        assert (
            ask(session, key="k-2", party="operator", request=CloseMatching("", 2)).payload[
                "through"
            ]
            == 1
        )
        session.commit()
    assert InstructionExecutor(engine, CLIENT, BANK).step() == 2
    with Session(engine) as session:
        first, second = session.exec(select(Instruction).order_by(Instruction.idempotency_key))
        assert first.status == "failed"
        assert first.error_code is not None
        assert first.error_code in {InputMalformed.code, UnknownName.code}
        assert second.status == "done"
        assert session.exec(select(TransactionRow)).all() == []
