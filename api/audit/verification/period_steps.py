"""Steps 6 and 7 of a verification: the records are one chain, and all of the period.

Rules kept here:

* A period begins before it ends. The file's records begin with the device's first, or with two from before the period;
  they end with two from after it. Two, because one record with a wrong time would bound a period that it stands in.
* Where they end with the newest record under the file's last head, only a later head can tell whether there are more:
  the question stays open until a node answers it.
* The last head was anchored after the period's end, by its block's time.
* A time is believed as far as it goes on: a clock that went back, that leapt over more than a year, that does not know
  the time, or that leaves the period between its bounds, is named. What bounds a period has a synchronised clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from counterfoil.api.audit.verification.bundle import Bundle
from counterfoil.api.audit.verification.errors import (
    AuditError,
    ChainBrokenError,
    ClockError,
    EndOpenError,
    HeadTooEarlyError,
    PeriodError,
)
from counterfoil.api.audit.verification.report import Figure
from counterfoil.api.audit.verification.said import Counted, Joined, Part, Said
from counterfoil.api.audit.verification.words import moment
from counterfoil.gateway.errors import RecordError
from counterfoil.gateway.record.bodies import Refund, Sale
from counterfoil.gateway.record.chain_check import Accepted, ChainTip, check_chain
from counterfoil.gateway.record.currency import money
from counterfoil.gateway.record.record import Clock, Record
from counterfoil.gateway.record.signed_record import SignedRecord, decode

_Signed = Sequence[tuple[Said, SignedRecord]]
BOUNDS = 2
"""Records of each side of a period that bound it."""
_BACK_MS = 5 * 60_000
"""How far a clock may be set back."""
_LEAP_MS = 366 * 86_400_000
"""How long a device may be silent before its clock is doubted."""


def check_records_chain(signed: _Signed) -> Iterator[AuditError]:
    """Yield an error for each record that does not follow the one before it."""
    tip: ChainTip | None = None
    for number, (where, record) in enumerate(signed):
        at = (record.record.epoch, record.record.sequence)
        if number > 0 or at == (1, 1):
            try:
                outcome = check_chain(record, tip)
                if not isinstance(outcome, Accepted):
                    yield ChainBrokenError(where, Said("its number was used before"))
            except RecordError as error:
                yield ChainBrokenError(where, Said("{chain_error}", chain_error=error))
        tip = _tip(record)


def _tip(signed: SignedRecord) -> ChainTip:
    record = signed.record
    return ChainTip(
        record.device, record.epoch, record.sequence, signed.payload_digest, record.counters
    )


def check_period(bundle: Bundle, signed: _Signed) -> tuple[list[AuditError], list[AuditError]]:
    """Return what shows that the records are not all of the period, and of that what a node can answer."""
    scope = bundle.scope
    errors: list[AuditError] = []
    if scope.first_ms >= scope.until_ms:
        detail = Said(
            "the period from {first} to {until} has no time",
            first=moment(scope.first_ms),
            until=moment(scope.until_ms),
        )
        errors.append(PeriodError(Part("scope"), detail))
        return errors, []
    if not signed:
        detail = Said("there is no record that verifies")
        return [PeriodError(Part("records"), detail)], []
    before = _leading(signed, lambda record: record.time_ms < scope.first_ms)
    after = _leading(
        list(reversed(signed[before:])), lambda record: record.time_ms >= scope.until_ms
    )
    where, first = signed[0]
    if (first.record.epoch, first.record.sequence) != (1, 1) and before < BOUNDS:
        detail = Said("it is not the device's first, and the two before the period are not here")
        errors.append(PeriodError(where, detail))
    open_ = list(_end(bundle, signed, after))
    errors += open_
    errors += _clock(bundle, signed, before=before, after=after)
    return errors, [one for one in open_ if isinstance(one, EndOpenError)]


def check_last_head(bundle: Bundle, times_s: dict[int, int]) -> Iterator[AuditError]:
    """Yield an error when the last head was anchored before the period's end; *times_s* are the blocks' by number."""
    if not bundle.heads:
        return
    head, until_ms = bundle.heads[-1], bundle.scope.until_ms
    anchored = times_s.get(head.block_number)
    if anchored is not None and anchored * 1_000 < until_ms:
        where = Said("{part} (size {size})", part=Part("heads"), size=head.size)
        detail = Said(
            "anchored at {anchored}, and the period ends at {until}",
            anchored=moment(anchored * 1_000),
            until=moment(until_ms),
        )
        yield HeadTooEarlyError(where, detail)


def _leading(signed: _Signed, is_outside: Callable[[Record], bool]) -> int:
    """How many of the first records are outside."""
    for number, (_, one) in enumerate(signed):
        if not is_outside(one.record):
            return number
    return len(signed)


def _end(bundle: Bundle, signed: _Signed, after: int) -> Iterator[AuditError]:
    """Yield what is open, or wrong, about the end of the records, *after* of which are from after the period."""
    if after >= BOUNDS:
        return
    where, last = signed[-1]
    state = bundle.state
    at = (last.record.epoch, last.record.sequence)
    if state is None or (state.epoch, state.sequence) != at:
        detail = Said(
            "the device has later records, and the two that come after the period are not here"
        )
        yield PeriodError(where, detail)
    elif bundle.heads:
        detail = Said(
            "the device's newest under the head of {size}; a later head may hold more of the period",
            size=bundle.heads[-1].size,
        )
        yield EndOpenError(where, detail)


def _clock(bundle: Bundle, signed: _Signed, before: int, after: int) -> Iterator[AuditError]:
    scope, core = bundle.scope, signed[before : len(signed) - after]
    outside = [where for where, one in core if not scope.has_time(one.record.time_ms)]
    stray = Said("its time is outside the period, and it stands between its bounds")
    yield from _named(outside, stray)
    unknown = [where for where, one in core if one.record.clock is Clock.UNKNOWN]
    yield from _named(unknown, Said("the device did not know the time"))
    bounds = [*signed[:before], *signed[len(signed) - after :]]
    loose = [where for where, one in bounds if one.record.clock is not Clock.SYNCHRONISED]
    unsure = Said("its clock was not synchronised, and it bounds the period")
    yield from _named(loose, unsure)
    for number, ((_, first), (where, second)) in enumerate(pairwise(signed), start=1):
        by_ms = second.record.time_ms - first.record.time_ms
        is_between = before <= number <= len(signed) - after
        if by_ms < -_BACK_MS or (by_ms > _LEAP_MS and is_between):
            detail = Said(
                "the clock goes from {then} to {now}",
                then=moment(first.record.time_ms),
                now=moment(second.record.time_ms),
            )
            yield ClockError(where, detail)


def _named(places: Sequence[Said], detail: Said) -> Iterator[AuditError]:
    if len(places) > 1:
        detail = Said("{detail} (and {more} more)", detail=detail, more=len(places) - 1)
    if places:
        yield ClockError(places[0], detail)


# ---- in words


def chain_text(signed: _Signed, is_whole: bool) -> Said:
    """Return the first and the last epoch and sequence of the records, in words."""
    if not signed:
        return Said("no chain")
    first, last = signed[0][1].record, signed[-1][1].record
    return Said(
        "{gap} from epoch {first_epoch} sequence {first} to epoch {last_epoch} sequence {last}",
        gap=Said("no gap") if is_whole else Said("gaps or breaks"),
        first_epoch=first.epoch,
        first=first.sequence,
        last_epoch=last.epoch,
        last=last.sequence,
    )


def period_text(bundle: Bundle, signed: _Signed) -> Said:
    """Return the period, its records, and what was sold and given back in it, in words."""
    scope = bundle.scope
    records, *_, others = period_figures(bundle, signed)
    return Said(
        "{records} of the period {first} to {until} by the device's clock, {sold}, {others}",
        records=Counted(records.count, "record"),
        first=moment(scope.first_ms),
        until=moment(scope.until_ms),
        sold=sold_text(one.record.body for _, one in signed if scope.has_time(one.record.time_ms)),
        others=Counted(others.count, "other record"),
    )


def sold_text(bodies: Iterable[object]) -> Said:
    """Return the number and the sums of the sales and the refunds among *bodies*, in words."""
    sales, refunds = sold_figures("", bodies)
    counts = ((Counted(sales.count, "sale"), sales), (Counted(refunds.count, "refund"), refunds))
    return Joined(
        ", ",
        [Said("{count} of {sums}", count=n, sums=one.sums) if one.sums else n for n, one in counts],
    )


def sold_figures(of: str, bodies: Iterable[object]) -> tuple[Figure, Figure]:
    """Return the number and the sums of the sales, and of the refunds, among *bodies*; the keys begin with *of*."""
    counts: Counter[type] = Counter()
    sums: Counter[tuple[type, str]] = Counter()
    for body in bodies:
        if isinstance(body, Sale | Refund):
            counts[type(body)] += 1
            sums[type(body), body.currency] += body.amount_minor
    sales, refunds = (
        " + ".join(
            money(amount, code)
            for (kind, code), amount in sorted(sums.items(), key=str)
            if kind is one
        )
        for one in (Sale, Refund)
    )
    return (
        Figure(f"{of}sales", counts[Sale], sales),
        Figure(f"{of}refunds", counts[Refund], refunds),
    )


def period_figures(bundle: Bundle, signed: _Signed) -> list[Figure]:
    """Return the records of the period, and what was sold and given back in it."""
    bodies = [one.record.body for _, one in signed if bundle.scope.has_time(one.record.time_ms)]
    sales, refunds = sold_figures("", bodies)
    others = len(bodies) - sales.count - refunds.count
    return [Figure("records", len(bodies)), sales, refunds, Figure("others", others)]


def currency_of(bundle: Bundle) -> str:
    """Return the one currency of the file's sales and refunds; empty where there is none, or more than one."""
    found: set[str] = set()
    for entry in bundle.records:
        try:
            body = decode(entry.raw).record.body
        except RecordError:
            continue
        if isinstance(body, Sale | Refund):
            found.add(body.currency)
    return found.pop() if len(found) == 1 else ""
