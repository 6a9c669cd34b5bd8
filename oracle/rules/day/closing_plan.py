"""Plans the steps that close a business date. Pure.

Rules that this module keeps:

- A date moves forward only, and is a day of the calendar.
- Money that came in is used before anything is called late: revenue and collateral are swept first, then loans are
  accrued and claims marked. A step that would change nothing is not planned.
- A step is named by its kind and its subject, so a day has each at most once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date as calendar_date

from counterfoil.chain.abi.enums import ClaimKind, ClaimState, LoanState
from counterfoil.fault import Code
from counterfoil.oracle.errors import OracleError

ADVANCE, SWEEP, MARK, RECONCILE, DONE = "advance", "sweep", "mark", "reconcile", "done"
PHASES = (ADVANCE, SWEEP, MARK, RECONCILE, DONE)
"""A day goes through these in order; each begins when the one before is final on chain."""

ENDED_LOANS = frozenset({LoanState.REPAID.wire_name, LoanState.RECOVERED.wire_name})
STILL_LOANS = ENDED_LOANS | {LoanState.WRITTEN_OFF.wire_name}
"""Loans that no longer accrue."""


class DayRefused(OracleError):
    """A date that can't be closed."""

    code = Code("day.refused")
    to_do = "Choose a date that can be closed; the detail says why this one can't."


class DateNotForward(DayRefused):
    """The business date has passed this date already."""

    code = Code("day.not_forward")
    to_do = "Nothing: that day is over. Close a later one."


@dataclass(frozen=True)
class PlannedStep:
    """One transaction: ``advance`` a date, ``push`` a line's swept revenue out of the split, ``sweep`` a line,
    ``collect`` a loan's collateral, ``credit`` a claim's holders with what was paid on it, ``accrue`` a loan,
    ``mark`` a claim, ``call`` for more on a pledge."""

    kind: str
    subject: int
    before: str = ""


@dataclass(frozen=True)
class LineCash:
    """Money that waits for a line's loans: in the split, and in its own account."""

    line: int
    claimable_minor: int
    held_minor: int


@dataclass(frozen=True)
class LoanPosition:
    """A loan, the date it is accrued to, and what was paid on its collateral (``collateral`` 0: none)."""

    loan: int
    state: str
    accrued_to: int
    collateral: int = 0
    retained_minor: int = 0
    is_spent: bool = False


@dataclass(frozen=True)
class ClaimPosition:
    """A claim with what its state on a date follows from."""

    root: int
    kind: str
    state: str
    is_delivered: bool
    due_date: int
    default_days: int


@dataclass(frozen=True)
class PledgePosition:
    """A pledge of warehouse receipts; ``call_date`` is 0 without an open call.

    ``is_priced``: each price of its goods may be used today. ``is_called``: a call is open that nothing has met since.
    """

    pledge: int
    covers: bool
    call_date: int
    call_days: int
    is_priced: bool = True
    is_called: bool = True


def check_date(today: int, date: int) -> None:
    """Return when the calendar can move from *today* to *date*.

    Raises:
        DayRefused: *date* is no day of the calendar.
        DateNotForward: the calendar is past it.
    """
    days(date)
    if date < today:
        raise DateNotForward(f"the business date is {today} already, and moves forward only")


def days(date: int) -> int:
    """The ordinal number of a date YYYYMMDD; the difference of two is the days between them.

    Raises:
        DayRefused: *date* is no day of the calendar.
    """
    try:
        return calendar_date(date // 10_000, date // 100 % 100, date % 100).toordinal()
    except (ValueError, OverflowError) as wrong:
        raise DayRefused(f"{date} is no date YYYYMMDD") from wrong


def plan_advance(today: int, date: int, cash: Iterable[LineCash]) -> list[PlannedStep]:
    """Plan to move the date, and to bring each line the revenue that the split has swept for it."""
    moved = [PlannedStep("advance", date, str(today))] if today < date else []
    return moved + [
        PlannedStep("push", line.line, str(line.claimable_minor))
        for line in cash
        if line.claimable_minor
    ]


def plan_sweep(
    cash: Iterable[LineCash], loans: Iterable[LoanPosition], paid: Iterable[int] = ()
) -> list[PlannedStep]:
    """Plan to use each line's account for its loans, and payments on collateral for the secured loan.

    *paid* are the claims on which payments wait for the holders of parts.
    """
    swept = [
        PlannedStep("sweep", line.line, str(line.held_minor)) for line in cash if line.held_minor
    ]
    collected = [
        PlannedStep("collect", loan.loan, str(loan.retained_minor))
        for loan in loans
        if loan.collateral and (loan.retained_minor or loan.is_spent or loan.state in ENDED_LOANS)
    ]
    return swept + collected + [PlannedStep("credit", root) for root in paid]


def plan_mark(
    date: int,
    loans: Iterable[LoanPosition],
    claims: Iterable[ClaimPosition],
    pledges: Iterable[PledgePosition],
) -> list[PlannedStep]:
    """Plan to accrue each loan to *date*, mark each claim with its state on *date*, and call for more collateral."""
    accrued = [
        PlannedStep("accrue", loan.loan, loan.state)
        for loan in loans
        if loan.state not in STILL_LOANS and loan.accrued_to < date
    ]
    marked = [PlannedStep("mark", c.root, c.state) for c in claims if state_on(c, date) != c.state]
    called = [
        PlannedStep("call", p.pledge)
        for p in pledges
        if p.is_priced and not p.covers and not (p.call_date and p.is_called)
    ]
    return accrued + marked + called


def state_on(claim: ClaimPosition, date: int) -> str:
    """The state that *date* gives the claim, as ``Receivables.poke`` would."""
    state = ClaimState.named(claim.state)
    if state is ClaimState.CONFIRMED and date >= claim.due_date:
        if claim.kind == ClaimKind.ORDER.wire_name and not claim.is_delivered:
            return claim.state
        state = ClaimState.MATURED
    if state is ClaimState.MATURED and date > claim.due_date:
        state = ClaimState.OVERDUE
    late = days(date) - days(claim.due_date)
    if state in (ClaimState.OVERDUE, ClaimState.RECOURSE) and late > claim.default_days:
        state = ClaimState.DEFAULTED
    return state.wire_name


def expired_calls(date: int, pledges: Sequence[PledgePosition]) -> list[int]:
    """Pledges whose call was not met in time, so that their pledgee may take the goods."""
    return [
        p.pledge
        for p in pledges
        if p.call_date
        and p.is_called
        and not p.covers
        and days(date) - days(p.call_date) > p.call_days
    ]
