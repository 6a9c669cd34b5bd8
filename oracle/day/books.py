"""Reads the three books of one block: the database's at the feed's cursor, the chain's at the same block.

Rules that this module keeps:

- The ledger's figures and their block come from one database transaction. The chain is asked for that same block, so
  later events make no difference.
- A transaction that is not final yet is in transit, and no difference.
"""

from __future__ import annotations

from sqlalchemy import Engine

from counterfoil.chain.client import ChainClient
from counterfoil.chain.hexadecimal import from_hex
from counterfoil.oracle.day.ledger_book import LedgerBook, read_ledger, reading
from counterfoil.oracle.rules.day.reconciliation import (
    Books,
    ClaimBooks,
    LineBooks,
    LoanBooks,
    ProjectBooks,
)


def read_books(engine: Engine, client: ChainClient, since_ms: int) -> tuple[Books, int]:
    """Return the books, and the amount in transit; only statements taken in since *since_ms* are looked at."""
    token = client.address_of("DepositToken")
    with reading(engine) as session:
        ledger = read_ledger(session, token, since_ms)
    block = ledger.block
    split = client.address_of("RevenueSplit")
    accounts = sorted(ledger.balances)
    held = client.call_all(
        "DepositToken", "balanceOf", arguments=[(a,) for a in accounts], block=block
    )
    credited = sorted(ledger.claimable)
    owed = client.call_all(
        "RevenueSplit", "claimable", arguments=[(token, a) for a in credited], block=block
    )
    return (
        Books(
            block=block,
            supply_minor=client.call("DepositToken", "totalSupply", block=block),
            attested_minor=client.call("DepositToken", "attested", block=block),
            minted_minor=ledger.minted,
            withdrawn_minor=ledger.withdrawn,
            entries=ledger.entries,
            deposits=ledger.deposits,
            lines_aside=ledger.lines_aside,
            statements=ledger.statements,
            unconfirmed=ledger.unconfirmed,
            balances={
                a: (ledger.balances[a], found) for a, found in zip(accounts, held, strict=True)
            },
            claimable={
                a: (ledger.claimable[a], found) for a, found in zip(credited, owed, strict=True)
            },
            split_account=split,
            projects=_projects(client, ledger),
            loans=_loans(client, ledger),
            lines=_lines(client, ledger),
            claims=_claims(client, ledger),
            claim_credits=_credits(client, token, ledger),
            waiting_minor=ledger.waiting,
            claims_account=client.address_of("Receivables"),
            dead_letters=ledger.dead_letters,
        ),
        ledger.in_transit,
    )


def _projects(client: ChainClient, ledger: LedgerBook) -> dict[str, ProjectBooks]:
    hashes = list(ledger.projects)
    asked = [(from_hex(name),) for name in hashes]
    accounts = client.call_all("DepositToken", "collectionOf", arguments=asked, block=ledger.block)
    distributed = client.call_all(
        "RevenueSplit", "distributed", arguments=asked, block=ledger.block
    )
    found: dict[str, ProjectBooks] = {}
    for at, name in enumerate(hashes):
        title, gross, given = ledger.projects[name]
        received = ledger.received.get(accounts[at], 0)
        found[title] = ProjectBooks(
            account=accounts[at],
            attested_minor=received,
            distributed_minor=gross,
            credited_minor=given,
            chain_distributed_minor=distributed[at],
        )
    return found


def _loans(client: ChainClient, ledger: LedgerBook) -> dict[int, LoanBooks]:
    numbers = list(ledger.loans)
    structs = client.call_all(
        "CreditLine", "loan", arguments=[(n,) for n in numbers], block=ledger.block
    )
    found: dict[int, LoanBooks] = {}
    for number, loan in zip(numbers, structs, strict=True):
        line, figures = ledger.loans[number]
        chain = (
            loan["drawn"],
            loan["repaid"],
            loan["writtenOff"],
            loan["interestPaid"],
            loan["penaltyPaid"],
            loan["costs"],
            loan["costsPaid"],
        )
        found[number] = LoanBooks(line, figures, chain)
    return found


def _lines(client: ChainClient, ledger: LedgerBook) -> dict[int, LineBooks]:
    numbers = list(ledger.lines)
    structs = client.call_all(
        "CreditLine", "line", arguments=[(n,) for n in numbers], block=ledger.block
    )
    return {
        number: LineBooks(*ledger.lines[number], line["principal"])
        for number, line in zip(numbers, structs, strict=True)
    }


def _credits(client: ChainClient, token: str, ledger: LedgerBook) -> dict[str, tuple[int, int]]:
    accounts = sorted(ledger.claim_credits)
    owed = client.call_all(
        "Receivables", "claimable", arguments=[(token, a) for a in accounts], block=ledger.block
    )
    return {a: (ledger.claim_credits[a], n) for a, n in zip(accounts, owed, strict=True)}


def _claims(client: ChainClient, ledger: LedgerBook) -> dict[int, ClaimBooks]:
    numbers = list(ledger.claims)
    structs = client.call_all(
        "Receivables", "claim", arguments=[(n,) for n in numbers], block=ledger.block
    )
    return {
        root: ClaimBooks(*ledger.claims[root], claim["redeemed"])
        for root, claim in zip(numbers, structs, strict=True)
    }
