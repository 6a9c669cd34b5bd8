"""The matching step by step decides what one run over everything would: in any order, page after page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, delete
from sqlmodel import Session, col, select

from counterfoil.oracle.revenue.matcher import Matcher, close_matching
from counterfoil.oracle.revenue.sale_reader import EXCEPTION, WAITING
from counterfoil.oracle.store.database import open_database
from counterfoil.oracle.store.directory_tables import KnownProject
from counterfoil.oracle.store.revenue_tables import MatchException, SaleFact, SettlementRow

PROJECT = "lakeside"
DEVICES = ("urn:dev:os:1-a", "urn:dev:os:1-b")
DATES = (20220829, 20220830)
COUNTS = tuple(f"cash:{device}:{DATES[0]}" for device in DEVICES)
NO_COUNTS = ("cash:", "cash:x:1", "cash:urn:dev:os:1-a:20220829999999")
AMOUNTS = st.sampled_from((100, 200))

sales = st.tuples(
    st.sampled_from(DEVICES),
    st.sampled_from((DATES[0], *DATES)),
    AMOUNTS,
    st.sampled_from(("card", "cash", "card", "cash", "refund")),
    st.sampled_from(("r0", "r1", "r0", "r1", None, COUNTS[0])),
)
payments = st.tuples(
    st.sampled_from(("r0", "r1", *COUNTS, *COUNTS, *NO_COUNTS)), st.sampled_from(DATES), AMOUNTS
)
happenings = st.lists(
    st.one_of(
        st.tuples(st.just("sales"), st.lists(sales, min_size=1, max_size=4)),
        st.tuples(st.just("payments"), st.lists(payments, min_size=1, max_size=3)),
        st.tuples(st.just("close"), st.sampled_from(DATES)),
        st.tuples(st.just("start"), st.none()),
    ),
    min_size=4,
    max_size=12,
)


@pytest.fixture(scope="module")
def engines() -> Iterator[tuple[Engine, Engine]]:
    made = (open_database("sqlite://"), open_database("sqlite://"))
    yield made
    for engine in made:
        engine.dispose()


@dataclass
class Books:
    """One database, empty at first, matched in one of two ways: all at once, or *page* after page."""

    engine: Engine
    page: int | None
    facts: int = 0
    settled: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        with Session(self.engine) as session:
            for table in (SaleFact, SettlementRow, MatchException, KnownProject):
                session.exec(delete(table))
            session.add(
                KnownProject(
                    project=PROJECT, project_hash="0x", name="", operator="", currency="USD"
                )
            )
            session.commit()
        self.start()

    def start(self) -> None:
        self.matcher = Matcher(self.engine, self.page or 1)

    def add(self, what: str, given: object) -> None:
        with Session(self.engine) as session:
            if what == "sales":
                for device, date, amount, method, reference in given:  # type: ignore[attr-defined]
                    session.add(
                        SaleFact(
                            log_index=self.facts,
                            device=device,
                            project=PROJECT,
                            business_date=date,
                            is_refund=method == "refund",
                            amount_minor=amount,
                            currency="USD",
                            method=method,
                            reference=None if method == "cash" else reference,
                            units=[],
                            status=EXCEPTION if self.facts % 7 == 3 else WAITING,
                        )
                    )
                    self.facts += 1
            elif what == "payments":
                for reference, date, amount in given:  # type: ignore[attr-defined]
                    if reference not in self.settled:
                        self.settled.add(reference)
                        session.add(payment(reference, date, amount))
            elif what == "close":
                close_matching(session, PROJECT, int(given))  # type: ignore[call-overload]
            else:
                self.start()
            session.commit()

    def match(self) -> None:
        if self.page is None:
            with Session(self.engine) as session:
                close_matching(session, PROJECT, 0)
                session.commit()
            return
        while self.matcher.step():
            pass

    def state(self) -> tuple[list[str], list[tuple[str, str]], list[tuple[object, ...]]]:
        with Session(self.engine) as session:
            facts = session.exec(select(SaleFact.status).order_by(col(SaleFact.log_index))).all()
            rows = session.exec(
                select(SettlementRow.reference, SettlementRow.status).order_by(
                    col(SettlementRow.reference)
                )
            ).all()
            exceptions = session.exec(
                select(MatchException.code, MatchException.log_index, MatchException.settlement_id)
            ).all()
        return list(facts), list(rows), sorted(map(tuple, exceptions), key=repr)


def payment(reference: str, date: int, amount: int) -> SettlementRow:
    return SettlementRow(
        project=PROJECT,
        reference=reference,
        method="card",
        business_date=date,
        amount_minor=amount,
        currency="USD",
        source="f",
    )


@given(happenings, st.integers(1, 3))
def test_step_by_step_is_as_one_run_over_everything(
    engines: tuple[Engine, Engine], happened: list[tuple[str, object]], page: int
) -> None:
    whole, stepwise = Books(engines[0], None), Books(engines[1], page)
    for what, given_ in happened:
        for books in (whole, stepwise):
            books.add(what, given_)
            books.match()
        assert whole.state() == stepwise.state(), what
