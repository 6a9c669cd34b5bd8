"""Three books compared: equal books say nothing, and each kind of difference is the only one that is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from counterfoil.oracle.rules.day.reconciliation import (
    Books,
    ClaimBooks,
    LineBooks,
    LoanBooks,
    ProjectBooks,
    reconcile,
)

FIGURES = (500, 100, 0, 9, 0, 0, 0)
LOAN = LoanBooks(1, FIGURES, FIGURES)
PROJECT = ProjectBooks(
    account="collection",
    attested_minor=1_000,
    distributed_minor=700,
    credited_minor=700,
    chain_distributed_minor=700,
)
BOOKS = Books(
    block=7,
    supply_minor=1_400,
    attested_minor=1_400,
    minted_minor=1_500,
    withdrawn_minor=100,
    balances={
        "collection": (300, 300),
        "split": (650, 650),
        "bank": (250, 250),
        "claims": (200, 200),
    },
    claimable={"a": (600, 600), "b": (50, 50)},
    split_account="split",
    projects={"lakeside": PROJECT},
    loans={1: LOAN},
    lines={1: LineBooks(1_000, 400, 400)},
    claims={
        1: ClaimBooks(
            face_minor=900,
            redeemed_minor=300,
            live_unpaid_minor=600,
            parts_made=1,
            chain_redeemed_minor=300,
        )
    },
    claim_credits={"c": (150, 150)},
    waiting_minor=50,
    claims_account="claims",
)


def test_equal_books_say_nothing() -> None:
    assert reconcile(BOOKS) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"entries": {"0x1": ("ref", 50, 0)}}, [("day.entry_not_minted", "ref", 50, 0)]),
        ({"entries": {"0x1": ("ref", 50, 40)}}, [("day.entry_minted_otherwise", "ref", 50, 40)]),
        ({"deposits": {"0x2": ("a", 60)}}, [("day.deposit_without_statement", "0x2", 0, 60)]),
        ({"lines_aside": {"x": (-70, "why")}}, [("day.bank_line_set_aside", "x", 0, -70)]),
        ({"statements": {"s": ("bank.statement_gap", "")}}, [("bank.statement_gap", "s", 0, 0)]),
        ({"unconfirmed": {3: (80, "why")}}, [("day.payout_not_confirmed", "3", 80, 0)]),
        ({"minted_minor": 1_501}, [("day.attested_differs", "token", 1_401, 1_400)]),
        ({"dead_letters": 2}, [("day.events_not_projected", "ledger", 0, 2)]),
        (
            {"supply_minor": 1_399},
            [
                ("day.supply_differs", "token", 1_400, 1_399),
                ("day.holdings_differ", "token", 1_400, 1_399),
            ],
        ),
        (
            {"balances": BOOKS.balances | {"bank": (250, 249)}},  # type: ignore[operator]
            [("day.balance_differs", "bank", 250, 249)],
        ),
        (
            {"claimable": {"a": (600, 601), "b": (50, 50)}},
            [("day.claimable_differs", "a", 600, 601)],
        ),
        (
            {"claimable": {"a": (600, 600), "b": (49, 49)}},
            [("day.split_cash_differs", "split", 649, 650)],
        ),
        (
            {"projects": {"lakeside": replace(PROJECT, attested_minor=999)}},
            [("day.collection_differs", "lakeside", 299, 300)],
        ),
        (
            {"projects": {"lakeside": replace(PROJECT, chain_distributed_minor=701)}},
            [("day.distributed_differs", "lakeside", 700, 701)],
        ),
        (
            {"projects": {"lakeside": replace(PROJECT, credited_minor=699)}},
            [("day.split_differs", "lakeside", 700, 699)],
        ),
        (
            {"loans": {1: replace(LOAN, chain=(500, 100, 0, 8, 0, 0, 0))}},
            [("day.loan_differs", "1 interest_paid", 9, 8)],
        ),
        (
            {"lines": {1: LineBooks(1_000, 400, 401)}},
            [("day.principal_differs", "1", 400, 401)],
        ),
        ({"lines": {1: LineBooks(399, 400, 400)}}, [("day.limit_exceeded", "1", 399, 400)]),
        (
            {
                "claims": {
                    1: ClaimBooks(
                        face_minor=900,
                        redeemed_minor=300,
                        live_unpaid_minor=600,
                        parts_made=1,
                        chain_redeemed_minor=299,
                    )
                }
            },
            [("day.claim_differs", "1 redeemed", 300, 299)],
        ),
        ({"claim_credits": {"c": (150, 151)}}, [("day.claimable_differs", "c", 150, 151)]),
        ({"waiting_minor": 49}, [("day.claims_cash_differs", "claims", 199, 200)]),
        (
            {
                "claims": {
                    1: ClaimBooks(
                        face_minor=900,
                        redeemed_minor=300,
                        live_unpaid_minor=599,
                        parts_made=1,
                        chain_redeemed_minor=300,
                    )
                }
            },
            [("day.parts_differ", "1", 900, 899)],
        ),
        (
            {
                "claims": {
                    1: ClaimBooks(
                        face_minor=900,
                        redeemed_minor=300,
                        live_unpaid_minor=603,
                        parts_made=3,
                        chain_redeemed_minor=300,
                    )
                }
            },
            [("day.parts_differ", "1", 900, 903)],
        ),
    ],
)
def test_each_difference_is_named_alone(
    change: dict[str, Any], found: list[tuple[str, str, int, int]]
) -> None:
    differences = reconcile(replace(BOOKS, **change))
    assert [(d.code, d.subject, d.expected, d.found) for d in differences] == found


def test_less_than_a_unit_a_part_is_carried_and_no_difference() -> None:
    claim = ClaimBooks(
        face_minor=900,
        redeemed_minor=300,
        live_unpaid_minor=602,
        parts_made=3,
        chain_redeemed_minor=300,
    )
    assert reconcile(replace(BOOKS, claims={1: claim})) == []
