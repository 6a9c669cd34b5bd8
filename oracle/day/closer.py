"""Closes a business date phase by phase: each is queued in one database transaction, then must be final on chain.

Rules that this module keeps:

- A phase's steps, its transactions and its mark as under way are committed together. After a crash the day goes on with
  the same phase, so each step is queued once (by its business key) and takes effect once.
- The next phase is planned when every transaction of this one is final or failed, and the ledger has read their blocks.
- A step that fails is named in the report and stops nothing. Only a date that can't be moved ends the day.
- One day closes at a time, the earliest first. A day that differs or failed can be attempted again while it is the
  newest.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from counterfoil.chain.client import ChainClient
from counterfoil.chain.errors import ChainError
from counterfoil.chain.tables import TransactionRow
from counterfoil.chain.transaction_queue import FAILED, FINAL, enqueue
from counterfoil.fault import Code
from counterfoil.logs import get_logger
from counterfoil.oracle.day.books import read_books
from counterfoil.oracle.day.day_report import make_report
from counterfoil.oracle.day.ledger_book import cursor_of
from counterfoil.oracle.day.ledger_positions import LedgerPositions
from counterfoil.oracle.errors import DAY_DIFFERS
from counterfoil.oracle.rules.day import closing_plan as plan
from counterfoil.oracle.rules.day.closing_plan import DateNotForward, DayRefused, PlannedStep
from counterfoil.oracle.rules.day.reconciliation import Difference, reconcile
from counterfoil.oracle.rules.faults.day import STEP_FAILED
from counterfoil.oracle.store.alarm_table import AlarmRow, end, raise_once
from counterfoil.oracle.store.clock import now_ms
from counterfoil.oracle.store.day_tables import DayClose, DayStep

_TOLD_OF_A_DAY = re.compile(r"(\d{8})(?:: | could not be closed: )")
log = get_logger("oracle.day_close")

ASKED = "asked"
_PHASES = (ASKED, *plan.PHASES)
_FAR_DAYS = 31
_MOST_PARTS = 200
"""Of one claim that a day credits; the rest follow with the next."""
_OVERTAKEN = frozenset(
    {
        "contract.nothing_to_withdraw",
        "contract.date_not_forward",
        "contract.call_open",
        "contract.pledge_covers",
        "contract.collateral_not_pledged",
    }
)
"""Refusals which mean that somebody else has done the step meanwhile."""


class DateFarAhead(DayRefused):
    """A date so far ahead that it may be a slip: the calendar can't be moved back, and the committee votes on it."""

    code = Code("day.date_far_ahead")
    to_do = (
        "Check the date. If it is meant, have the committee vote for it, and say it again with the confirmation that "
        "the command names."
    )


def ask_day(session: Session, date: int, asked_by: str, *, is_far_meant: bool = False) -> DayClose:
    """Return the closing of *date*: a new one, a new attempt after one that did not agree, or the existing one.

    The caller commits.

    Raises:
        DayRefused: *date* is no date, is past, or is more than a month ahead without *is_far_meant*.
    """
    number = plan.days(date)
    # A day that failed did not move the date, so it is in no other day's way.
    moved = select(func.max(DayClose.date)).where(DayClose.status != "failed")
    newest = session.exec(moved).one() or 0
    day = session.get(DayClose, date)
    if day is not None and (day.status in ("open", "closed") or date < newest):
        return day
    if date < newest:
        raise DateNotForward(f"{newest} has been closed, and the business date moves forward only")
    if newest and not is_far_meant and number - plan.days(newest) > _FAR_DAYS:
        raise DateFarAhead(
            f"{date} is more than {_FAR_DAYS} days after {newest}, and can't be taken back: say that it is meant"
        )
    if day is None:
        day = DayClose(date=date, phase=ASKED, asked_by=asked_by, started_ms=now_ms())
        session.add(day)
    else:
        day.attempt += 1
        day.status, day.phase, day.asked_by = "open", ASKED, asked_by
        day.started_ms, day.finished_ms = now_ms(), None
        day.error_code = day.error_detail = None
    session.flush()
    return day


@dataclass(frozen=True)
class _FinishedStep:
    """A step and its transaction's outcome."""

    step: DayStep
    transaction: TransactionRow


class DayCloser:
    """Moves open days on, one phase at a time."""

    def __init__(
        self,
        engine: Engine,
        client: ChainClient,
        sender: str,
        on_step: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._engine = engine
        self._client = client
        self._sender = sender
        self._on_step = on_step
        self._now = LedgerPositions(engine, client)

    def step(self) -> int:
        """Go on with the earliest open day; return the number of phases begun or ended.

        Raises:
            NodeUnreachable: the node did not respond; what was committed stays.
        """
        moved = 0
        while True:
            day = self._open_day()
            if day is None:
                return moved
            done = self._through(day)
            if done is None:
                return moved
            failed = [d for d in done if d.transaction.status == FAILED]
            if day.phase == plan.ADVANCE and not self._is_moved(day, failed):
                return moved + 1
            following = _PHASES[_PHASES.index(day.phase) + 1]
            if following == plan.RECONCILE:
                self._finish(day, done)
                return moved + 1
            try:
                steps = self._plan(following, day.date)
            except DayRefused as refused:
                self._fail(day, refused.code, str(refused))
                return moved + 1
            self._on_step(f"day_{following}_planned")
            self._begin(day, following, steps)
            self._on_step(f"day_{following}_asked")
            moved += 1

    # ---- the phases

    def _plan(self, phase: str, date: int) -> list[PlannedStep]:
        if phase == plan.ADVANCE:
            today = self._now.today()
            plan.check_date(today, date)
            return plan.plan_advance(today, date, self._now.cash())
        if phase == plan.SWEEP:
            return plan.plan_sweep(self._now.cash(), self._now.loans(), self._now.paid_claims())
        return plan.plan_mark(
            date,
            loans=self._now.loans(),
            claims=self._now.claims(date),
            pledges=self._now.pledges(),
        )

    def _begin(self, day: DayClose, phase: str, steps: list[PlannedStep]) -> None:
        """Queue the phase's transactions and mark it as under way, in one database transaction."""
        calls = [(step, *self._call(step)) for step in steps]
        with Session(self._engine) as session:
            for step, contract, data in calls:
                key = f"day:{day.date}:{day.attempt}:{step.kind}:{step.subject}"
                to = self._client.address_of(contract)
                session.add(
                    DayStep(
                        date=day.date,
                        attempt=day.attempt,
                        phase=phase,
                        kind=step.kind,
                        subject=step.subject,
                        before=step.before,
                        transaction_id=enqueue(
                            session, signer=self._sender, key=key, to=to, data=data
                        ),
                    )
                )
            session.get_one(DayClose, day.date).phase = phase
            session.commit()
        log.info("day_phase_begun", date=day.date, phase=phase, steps=len(steps))

    def _call(self, step: PlannedStep) -> tuple[str, bytes]:
        """The contract and the call data of *step*."""
        client = self._client
        if step.kind == "push":
            (account,) = client.call_all("CreditLine", "accountOf", [(step.subject,)])
            token = client.address_of("DepositToken")
            return "RevenueSplit", client.encode("RevenueSplit", "withdraw", token, account)
        if step.kind == "credit":
            parts = self._now.waiting_on(step.subject)[:_MOST_PARTS]
            return "Receivables", client.encode("Receivables", "collect", parts)
        contract, function = {
            "advance": ("BusinessCalendar", "advance"),
            "sweep": ("CreditLine", "sweep"),
            "collect": ("CreditLine", "collect"),
            "accrue": ("CreditLine", "poke"),
            "mark": ("Receivables", "poke"),
            "call": ("WarehouseReceipts", "callTopUp"),
        }[step.kind]
        return contract, client.encode(contract, function, step.subject)

    def _through(self, day: DayClose) -> list[_FinishedStep] | None:
        """The day's steps, once all are final or failed and the ledger has read their blocks; None until then."""
        with Session(self._engine.execution_options(reads_only=True)) as session:
            rows = session.exec(
                select(DayStep, TransactionRow)
                .join(TransactionRow, col(TransactionRow.id) == col(DayStep.transaction_id))
                .where(DayStep.date == day.date, DayStep.attempt == day.attempt)
                .order_by(col(DayStep.id))
            ).all()
            read_to = cursor_of(session)
            session.expunge_all()
        for _, transaction in rows:
            if transaction.status not in (FINAL, FAILED):
                return None
            if (transaction.block_number or 0) > read_to:
                return None
        return [_FinishedStep(*row) for row in rows]

    def _is_moved(self, day: DayClose, failed: list[_FinishedStep]) -> bool:
        """Return whether the calendar stands at the day's date; if not, mark the day as failed."""
        today = self._now.today()
        if today == day.date:
            return True
        moved = next((d.transaction for d in failed if d.step.kind == "advance"), None)
        if today > day.date or moved is None:
            self._fail(day, DateNotForward.code, f"the business date is {today} already")
        else:
            self._fail(day, Code(moved.error_code or ChainError.code), moved.error_detail or "")
        return False

    def _finish(self, day: DayClose, done: list[_FinishedStep]) -> None:
        """Compare the books, write the report, close the day."""
        with Session(self._engine.execution_options(reads_only=True)) as session:
            since = session.exec(
                select(func.max(DayClose.finished_ms)).where(DayClose.date < day.date)
            ).one()
        books, in_transit = read_books(self._engine, self._client, int(since or 0))
        differences = [_named(d) for d in done if _is_failure(d.transaction)]
        differences += reconcile(books)
        pledges = self._now.pledges()
        report = make_report(
            self._engine,
            self._client,
            day,
            steps=[(d.step, d.transaction, outcome(d.transaction)) for d in done],
            books=books,
            in_transit=in_transit,
            expired=plan.expired_calls(day.date, pledges),
            differences=differences,
        )
        self._on_step("day_reconcile_read")
        with Session(self._engine) as session:
            row = session.get_one(DayClose, day.date)
            row.phase = plan.DONE
            row.status = "differs" if differences else "closed"
            row.report = {**report, "status": row.status}
            row.finished_ms = now_ms()
            if differences:
                listed = ", ".join(sorted({d.code for d in differences}))
                said = f"{day.date}: {len(differences)} differences: {listed}"
                raise_once(session, DAY_DIFFERS, said, same=f"{day.date}: ")
            _end_alarms(session, day.date, agrees=not differences)
            session.commit()
        self._on_step("day_closed")
        log.info("day_closed", date=day.date, differences=len(differences))

    # ---- parts

    def _open_day(self) -> DayClose | None:
        with Session(self._engine.execution_options(reads_only=True)) as session:
            query = select(DayClose).where(DayClose.status == "open").order_by(col(DayClose.date))
            day = session.exec(query).first()
            session.expunge_all()
            return day

    def _fail(self, day: DayClose, code: Code, detail: str) -> None:
        with Session(self._engine) as session:
            row = session.get_one(DayClose, day.date)
            row.status, row.error_code, row.error_detail = "failed", code, detail
            row.finished_ms = now_ms()
            what = f"{day.date} could not be closed: {detail}"
            raise_once(session, code, what)
            session.commit()
        log.error("day_failed", date=day.date, code=code, detail=detail)


def _end_alarms(session: Session, date: int, *, agrees: bool) -> None:
    """End what was told of days up to *date* that could not be closed; if *date* agrees, of differences too.

    The figures are totals: where they agree on a day, they agree up to it.
    """
    for row in session.exec(select(AlarmRow)).all():
        told = _TOLD_OF_A_DAY.match(row.detail)
        if told is None or int(told[1]) > date:
            continue
        if row.code != DAY_DIFFERS or agrees:
            end(session, row)


def outcome(transaction: TransactionRow) -> str:
    """The outcome: ``done``, ``overtaken`` (somebody else did it) or ``failed``."""
    if transaction.status != FAILED:
        return "done"
    return "overtaken" if transaction.error_code in _OVERTAKEN else "failed"


def _is_failure(transaction: TransactionRow) -> bool:
    return outcome(transaction) == "failed"


def _named(done: _FinishedStep) -> Difference:
    step, transaction = done.step, done.transaction
    why = f"{transaction.error_code}: {transaction.error_detail}"
    return Difference(
        code=STEP_FAILED, subject=f"{step.kind} {step.subject}", expected=0, found=0, detail=why
    )
