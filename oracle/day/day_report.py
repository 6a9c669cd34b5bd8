"""The report of a closed day: its steps, loans, claims and lines, the compared figures, and every difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine
from sqlmodel import col, select

from counterfoil.chain.abi.enums import Debt
from counterfoil.chain.client import ChainClient
from counterfoil.chain.hexadecimal import NO_BYTES, from_hex, to_hex
from counterfoil.chain.tables import TransactionRow
from counterfoil.oracle.day.ledger_book import reading
from counterfoil.oracle.ledger.credit_line import LineRow, LoanRow
from counterfoil.oracle.ledger.receivables import ClaimRow
from counterfoil.oracle.rules.day.closing_plan import ENDED_LOANS
from counterfoil.oracle.rules.day.reconciliation import Books, Difference
from counterfoil.oracle.store.day_tables import DayClose, DayStep

_OWED = (*Debt.wire_names(), "due", "missed")
_ON_LOANS = ("accrue", "collect")


def make_report(
    engine: Engine,
    client: ChainClient,
    day: DayClose,
    steps: Sequence[tuple[DayStep, TransactionRow, str]],
    books: Books,
    in_transit: int,
    expired: Sequence[int],
    differences: Sequence[Difference],
) -> dict[str, Any]:
    """The report as JSON; amounts in minor units, all figures of ``block``."""
    before = {(step.kind, step.subject): step.before for step, _, _ in steps}
    with reading(engine) as session:
        lines = session.exec(select(LineRow).order_by(col(LineRow.line))).all()
        touched = [subject for kind, subject in before if kind in _ON_LOANS]
        loans = session.exec(
            select(LoanRow)
            .where(col(LoanRow.state).not_in(ENDED_LOANS) | col(LoanRow.loan).in_(touched))
            .order_by(col(LoanRow.loan))
        ).all()
        marked = [subject for kind, subject in before if kind == "mark"]
        states: dict[int, str] = {}
        for start in range(0, len(marked), 500):
            some = col(ClaimRow.root).in_(marked[start : start + 500])
            states |= dict(session.exec(select(ClaimRow.root, ClaimRow.state).where(some)).all())
        session.expunge_all()
    asked = [(loan.loan, day.date) for loan in loans]
    owed = client.call_all("CreditLine", "owed", arguments=asked, block=books.block)
    return {
        "date": day.date,
        "previous_date": int(before.get(("advance", day.date), 0)) or None,
        "attempt": day.attempt,
        "asked_by": day.asked_by,
        "block": books.block,
        "transactions": dict(Counter(step.kind for step, _, _ in steps)),
        "steps": [
            {
                "phase": step.phase,
                "kind": step.kind,
                "subject": step.subject,
                "before": step.before,
                "outcome": result,
                "transaction": transaction.tx_hash,
                "error_code": transaction.error_code,
            }
            for step, transaction, result in steps
        ],
        "lines": [
            {
                "line": line.line,
                "state": line.state,
                "reason": _text(line.reason),
                "limit_minor": line.limit_minor,
                "principal_minor": line.principal_minor,
                "swept_minor": int(before.get(("sweep", line.line), 0)),
            }
            for line in lines
        ],
        "loans": [
            {
                "loan": loan.loan,
                "line": loan.line,
                "before": before.get(("accrue", loan.loan), loan.state),
                "state": loan.state,
                "repaid_minor": loan.repaid_minor,
                **{f"owed_{name}": debt[name] for name in _OWED},
            }
            for loan, debt in zip(loans, owed, strict=True)
        ],
        "claims": [
            {"root": root, "before": before["mark", root], "state": states.get(root, "")}
            for root in marked
        ],
        "top_ups_called": [subject for kind, subject in before if kind == "call"],
        "top_ups_expired": list(expired),
        "figures": {
            "supply_minor": books.supply_minor,
            "attested_minor": books.attested_minor,
            "minted_minor": books.minted_minor,
            "withdrawn_minor": books.withdrawn_minor,
            "in_transit_minor": in_transit,
            "distributed_minor": sum(p.distributed_minor for p in books.projects.values()),
            "claimable_minor": sum(found for _, found in books.claimable.values()),
            "principal_minor": sum(line.chain_minor for line in books.lines.values()),
            "claims_open_minor": sum(c.live_unpaid_minor for c in books.claims.values()),
        },
        "compared": {
            "accounts": len(books.balances),
            "projects": len(books.projects),
            "lines": len(books.lines),
            "loans": len(books.loans),
            "claims": len(books.claims),
        },
        "differences": [difference.to_json() for difference in differences],
    }


def _text(reason: str | None) -> str:
    """A reason as text if it is text, as hex if it is a hash."""
    raw = from_hex(reason or NO_BYTES).rstrip(b"\0")
    return raw.decode() if raw.isascii() and raw.decode("ascii").isprintable() else to_hex(raw)
