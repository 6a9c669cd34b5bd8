"""Compares three books of one day: the bank's statements, the chain, and the ledger made of its events. Pure.

Rules that this module keeps:

- All figures are of one block; amounts are minor units. Nothing is rounded or netted. Each difference has a stable
  code, its subject, the expected figure and the one found.
- A difference is reported and stops nothing: repaying and withdrawing never depend on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from counterfoil.fault import Code
from counterfoil.oracle.rules.faults.day import (
    ATTESTED_DIFFERS,
    BALANCE_DIFFERS,
    BANK_LINE_SET_ASIDE,
    CLAIM_DIFFERS,
    CLAIMABLE_DIFFERS,
    CLAIMS_CASH_DIFFERS,
    COLLECTION_DIFFERS,
    DEPOSIT_WITHOUT_STATEMENT,
    DISTRIBUTED_DIFFERS,
    ENTRY_MINTED_OTHERWISE,
    ENTRY_NOT_MINTED,
    EVENTS_NOT_PROJECTED,
    HOLDINGS_DIFFER,
    LIMIT_EXCEEDED,
    LOAN_DIFFERS,
    PARTS_DIFFER,
    PAYOUT_NOT_CONFIRMED,
    PRINCIPAL_DIFFERS,
    SPLIT_CASH_DIFFERS,
    SPLIT_DIFFERS,
    SUPPLY_DIFFERS,
)


@dataclass(frozen=True)
class Difference:
    """One figure on which two books differ."""

    code: Code
    subject: str
    expected: int
    found: int
    detail: str

    def to_json(self) -> dict[str, object]:
        """For the report."""
        return {
            "code": self.code,
            "subject": self.subject,
            "expected": self.expected,
            "found": self.found,
            "detail": self.detail,
        }


@dataclass(frozen=True)
class ProjectBooks:
    """A project's revenue: on its collection account, and shared out."""

    account: str
    attested_minor: int
    """The sum of the statements' entries to the collection account."""
    distributed_minor: int
    credited_minor: int
    chain_distributed_minor: int


@dataclass(frozen=True)
class LoanBooks:
    """A loan's totals: (drawn, repaid, written off, interest paid, penalty paid, costs, costs paid)."""

    line: int
    ledger: tuple[int, ...]
    chain: tuple[int, ...]


@dataclass(frozen=True)
class LineBooks:
    """A line's outstanding principal by the ledger and by the chain, and its limit."""

    limit_minor: int
    ledger_minor: int
    chain_minor: int


@dataclass(frozen=True)
class ClaimBooks:
    """A claim: its face, what was paid of it, what is unpaid on its live parts, and how many parts it has had."""

    face_minor: int
    redeemed_minor: int
    live_unpaid_minor: int
    parts_made: int
    chain_redeemed_minor: int


@dataclass(frozen=True)
class Books:
    """Everything that is compared, as of ``block``."""

    block: int
    supply_minor: int
    attested_minor: int
    """By the chain: the amount that the bank has attested as held."""
    minted_minor: int = 0
    withdrawn_minor: int = 0
    """All withdrawals to the bank, paid or not."""
    entries: Mapping[str, tuple[str, int, int]] = field(default_factory=dict)
    """Statement entries without a mint of the same amount, by hash: (reference, amount, minted)."""
    deposits: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    """Mints without a statement entry, by the entry's hash in the mint: (account, amount)."""
    lines_aside: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """Statement lines that were set aside: they changed the bank's account and nothing here: (amount, reason)."""
    statements: Mapping[str, tuple[Code, str]] = field(default_factory=dict)
    """Statements with wrong balances, taken in since the last day: (code, detail)."""
    unconfirmed: Mapping[int, tuple[int, str]] = field(default_factory=dict)
    """Payouts that the bank has paid and the chain does not have as paid: (amount, why)."""
    balances: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Accounts of the token: (by the ledger, by the chain)."""
    claimable: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Accounts of the split: (credited less withdrawn, by the chain)."""
    split_account: str = ""
    projects: Mapping[str, ProjectBooks] = field(default_factory=dict)
    loans: Mapping[int, LoanBooks] = field(default_factory=dict)
    lines: Mapping[int, LineBooks] = field(default_factory=dict)
    claims: Mapping[int, ClaimBooks] = field(default_factory=dict)
    claim_credits: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Accounts that claims credited: (credited less withdrawn, by the chain)."""
    waiting_minor: int = 0
    """The amount paid on claims that no account was credited with yet."""
    claims_account: str = ""
    dead_letters: int = 0


def reconcile(books: Books) -> list[Difference]:
    """Every difference, in the order: deposits, balances, the split, credit, claims."""
    return [
        *_deposits(books),
        *_balances(books),
        *_split(books),
        *_credit(books),
        *_claims(books),
    ]


def _deposits(b: Books) -> Iterator[Difference]:
    """Compare the statements with the mints, line by line, and mints less withdrawals with the supply."""
    for entry, (reference, amount, minted) in b.entries.items():
        code = ENTRY_MINTED_OTHERWISE if minted else ENTRY_NOT_MINTED
        yield Difference(
            code,
            subject=reference,
            expected=amount,
            found=minted,
            detail=f"statement entry {entry}",
        )
    for entry, (account, amount) in b.deposits.items():
        what = f"minted to {account} for an entry that no statement has shown"
        yield Difference(
            code=DEPOSIT_WITHOUT_STATEMENT, subject=entry, expected=0, found=amount, detail=what
        )
    for line, (amount, reason) in b.lines_aside.items():
        yield Difference(
            code=BANK_LINE_SET_ASIDE, subject=line, expected=0, found=amount, detail=reason
        )
    for name, (code, detail) in b.statements.items():
        yield Difference(code, subject=name, expected=0, found=0, detail=detail)
    for payout, (amount, why) in b.unconfirmed.items():
        yield Difference(
            code=PAYOUT_NOT_CONFIRMED, subject=str(payout), expected=amount, found=0, detail=why
        )
    attested = b.minted_minor - b.withdrawn_minor
    if attested != b.attested_minor:
        what = "mints less withdrawals, against what the token says that the bank attested"
        yield Difference(
            code=ATTESTED_DIFFERS,
            subject="token",
            expected=attested,
            found=b.attested_minor,
            detail=what,
        )
    if b.attested_minor != b.supply_minor:
        what = "what the bank attested, against the token's supply"
        yield Difference(
            code=SUPPLY_DIFFERS,
            subject="token",
            expected=b.attested_minor,
            found=b.supply_minor,
            detail=what,
        )


def _balances(b: Books) -> Iterator[Difference]:
    for account, (ledger, chain) in b.balances.items():
        if ledger != chain:
            yield Difference(
                code=BALANCE_DIFFERS,
                subject=account,
                expected=ledger,
                found=chain,
                detail="by the ledger, the chain",
            )
    held = sum(ledger for ledger, _ in b.balances.values())
    if held != b.supply_minor:
        what = "all accounts together, against the token's supply"
        yield Difference(
            code=HOLDINGS_DIFFER,
            subject="token",
            expected=held,
            found=b.supply_minor,
            detail=what,
        )
    if b.dead_letters:
        what = "events that the ledger could not take in"
        yield Difference(
            code=EVENTS_NOT_PROJECTED,
            subject="ledger",
            expected=0,
            found=b.dead_letters,
            detail=what,
        )


def _split(b: Books) -> Iterator[Difference]:
    """Claimable + withdrawn = distributed, for every project and for the split as a whole."""
    for account, (ledger, chain) in b.claimable.items():
        if ledger != chain:
            yield Difference(
                code=CLAIMABLE_DIFFERS,
                subject=account,
                expected=ledger,
                found=chain,
                detail="by the ledger, the chain",
            )
    for name, p in b.projects.items():
        if p.distributed_minor != p.chain_distributed_minor:
            what = "by the ledger, the chain"
            found = (p.distributed_minor, p.chain_distributed_minor)
            yield Difference(DISTRIBUTED_DIFFERS, name, *found, what)
        shared = p.credited_minor
        if shared != p.distributed_minor:
            what = "distributed, against credited"
            yield Difference(
                code=SPLIT_DIFFERS,
                subject=name,
                expected=p.distributed_minor,
                found=shared,
                detail=what,
            )
        left = p.attested_minor - p.distributed_minor
        held = b.balances.get(p.account, (0, 0))[0]
        if left != held:
            what = (
                "what statements brought less what was distributed, against the collection account"
            )
            yield Difference(
                code=COLLECTION_DIFFERS, subject=name, expected=left, found=held, detail=what
            )
    owed = sum(ledger for ledger, _ in b.claimable.values())
    held = b.balances.get(b.split_account, (0, 0))[0]
    if owed != held:
        what = "claimable, against what the split holds"
        yield Difference(
            code=SPLIT_CASH_DIFFERS, subject="split", expected=owed, found=held, detail=what
        )


_LOAN_FIGURES = (
    "drawn",
    "repaid",
    "written_off",
    "interest_paid",
    "penalty_paid",
    "costs",
    "costs_paid",
)


def _credit(b: Books) -> Iterator[Difference]:
    """Principal = draws − repaid − written off ≤ limit, for every line."""
    outstanding = dict.fromkeys(b.lines, 0)
    for number, loan in b.loans.items():
        for name, ledger, chain in zip(_LOAN_FIGURES, loan.ledger, loan.chain, strict=True):
            if ledger != chain:
                yield Difference(
                    code=LOAN_DIFFERS,
                    subject=f"{number} {name}",
                    expected=ledger,
                    found=chain,
                    detail="by the chain",
                )
        drawn, repaid, written_off = loan.ledger[:3]
        outstanding[loan.line] = outstanding.get(loan.line, 0) + drawn - repaid - written_off
    for number, line in b.lines.items():
        if not outstanding[number] == line.ledger_minor == line.chain_minor:
            found = line.chain_minor
            if outstanding[number] == found:
                found = line.ledger_minor
            what = "draws less repaid less written off, against the line's principal"
            yield Difference(
                code=PRINCIPAL_DIFFERS,
                subject=str(number),
                expected=outstanding[number],
                found=found,
                detail=what,
            )
        if line.chain_minor > line.limit_minor:
            what = "the line's limit, against its principal"
            yield Difference(
                code=LIMIT_EXCEEDED,
                subject=str(number),
                expected=line.limit_minor,
                found=line.chain_minor,
                detail=what,
            )


def _claims(b: Books) -> Iterator[Difference]:
    """Live parts and payments add up to the face amount, and less than a unit for each part that was made.

    That is paid and no part's whole unit yet.
    """
    for root, claim in b.claims.items():
        if claim.redeemed_minor != claim.chain_redeemed_minor:
            found = (claim.redeemed_minor, claim.chain_redeemed_minor)
            yield Difference(CLAIM_DIFFERS, f"{root} redeemed", *found, "by the chain")
        stands = claim.redeemed_minor + claim.live_unpaid_minor
        if not 0 <= stands - claim.face_minor < max(1, claim.parts_made):
            what = "the claim's face, against what was paid and what its live parts stand for"
            yield Difference(
                code=PARTS_DIFFER,
                subject=str(root),
                expected=claim.face_minor,
                found=stands,
                detail=what,
            )
    for account, (ledger, chain) in b.claim_credits.items():
        if ledger != chain:
            what = "paid on claims, by the ledger, the chain"
            yield Difference(
                code=CLAIMABLE_DIFFERS, subject=account, expected=ledger, found=chain, detail=what
            )
    owed = sum(ledger for ledger, _ in b.claim_credits.values()) + b.waiting_minor
    held = b.balances.get(b.claims_account, (0, 0))[0]
    if owed != held:
        what = "claimable and not collected, against what the claims' contract holds"
        yield Difference(
            code=CLAIMS_CASH_DIFFERS, subject="claims", expected=owed, found=held, detail=what
        )
