"""Takes sales and refunds out of the log into ``sale_fact``, and matches what waits; its own writes, crash-safe."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Engine, func, insert
from sqlmodel import Session, col, select

from counterfoil.gateway.bodies import Location, Status
from counterfoil.gateway.identity import DeviceId, device_hash
from counterfoil.gateway.record import Refund, Sale, SignedRecord, decode
from counterfoil.gateway.store import GatewayStore
from counterfoil.gateway.store.store import business_date
from counterfoil.oracle.device_state import Standings
from counterfoil.oracle.errors import NotAllowedNow, UnknownName
from counterfoil.oracle.gossip import GossipCheck
from counterfoil.oracle.matching import PaymentSeen, SaleSeen, counterpart, match
from counterfoil.oracle.standing import Standing
from counterfoil.oracle.store.tables import (
    Device,
    Head,
    KnownProject,
    MatchException,
    Progress,
    SaleFact,
    SettlementRow,
)

WAITING, MATCHED, EXCEPTION, EXCLUDED, DISTRIBUTED = (
    *("waiting", "matched", "exception", "excluded", "distributed"),
)
_READER = "facts"
_READ = 2_000


class FactReader:
    """Makes a fact of every sale and refund below the newest closed head, or below *newest*, in the log's order."""

    def __init__(
        self,
        engine: Engine,
        store: GatewayStore,
        newest: Callable[[Session], int] | None = None,
        gossip: GossipCheck | None = None,
    ) -> None:
        """*gossip* judges the heads that machines were shown, where it is given."""
        self._gossip = gossip
        self._engine = engine
        self._store = store
        self._newest = newest or _newest_closed

    def step(self) -> int:
        """Take the next records; answer how many. Facts and progress are committed together."""
        with Session(self._engine) as session:
            progress = session.get(Progress, _READER)
            if progress is None:
                progress = Progress(reader=_READER, log_index=0)
                session.add(progress)
            limit = min(_READ, self._newest(session) - progress.log_index)
            if limit <= 0:
                return 0
            rows = self._store.records(progress.log_index, limit)
            projects = {p.project_hash: p for p in session.exec(select(KnownProject)).all()}
            devices = {d.device_hash: d for d in session.exec(select(Device)).all()}
            standings = Standings(session)
            facts: list[dict[str, Any]] = []
            exceptions: list[dict[str, Any]] = []
            for log_index, raw in rows:
                signed = decode(raw)
                if self._gossip is not None:
                    self._gossip.check(session, log_index, signed)
                body = signed.record.body
                if isinstance(body, Sale | Refund):
                    standing = standings.of(signed.record.device)
                    fact, refusal = _fact(log_index, signed, devices, projects, standing)
                    facts.append(fact)
                    if refusal is not None:
                        exceptions.append(_exception(fact, *refusal))
                elif isinstance(body, Status | Location):
                    standings.take(signed.record.device, body, log_index)
            # Through Core: an object for each row costs ten times the row.
            for table, made in ((SaleFact, facts), (MatchException, exceptions)):
                if made:
                    session.execute(insert(table), made)
            progress.log_index += len(rows)
            session.commit()
            return len(rows)


def _newest_closed(session: Session) -> int:
    return session.exec(select(func.max(Head.size))).one() or 0


def _fact(
    log_index: int,
    signed: SignedRecord,
    devices: dict[str, Device],
    projects: dict[str, KnownProject],
    standing: Standing,
) -> tuple[dict[str, Any], tuple[str, str] | None]:
    """The columns of a sale's or a refund's fact, and why it can't count by itself, if so."""
    record, body = signed.record, signed.record.body
    assert isinstance(body, Sale | Refund)  # noqa: S101  # the caller has asked
    device = devices.get("0x" + device_hash(record.device).hex())
    project = projects.get(device.project_hash) if device else None
    units: Counter[str] = Counter()
    if isinstance(body, Sale):
        for line in body.lines:
            units[line.commodity] += line.quantity
    refusal = _refusal(record.device, device, project, body, standing)
    return {
        "log_index": log_index,
        "device": record.device,
        "project": project.project if project else "",
        "business_date": business_date(record.time_ms),
        "is_refund": isinstance(body, Refund),
        "amount_minor": body.amount_minor,
        "currency": body.currency,
        "method": body.payment_method if isinstance(body, Sale) else "refund",
        "reference": body.payment_reference,
        "units": [[code, count] for code, count in sorted(units.items())],
        "status": WAITING if refusal is None else EXCEPTION,
    }, refusal


def _refusal(
    name: DeviceId,
    device: Device | None,
    project: KnownProject | None,
    body: Sale | Refund,
    standing: Standing,
) -> tuple[str, str] | None:
    """Rule 1 of the matching: why a sale of this device can't count by itself, or None."""
    if device is None:
        return "device_unknown", f"{name} is not registered"
    if device.status != "active":
        return "device_suspended", f"{name} is {device.status}"
    if project is None:
        return "not_in_project", f"{name} belongs to no project that is known here"
    if body.currency != project.currency:
        return (
            "currency_differs",
            f"signed in {body.currency}, the project is in {project.currency}",
        )
    return None if isinstance(body, Refund) else standing.refusal()


def match_project(session: Session, project: str, closed_through: int = 0) -> tuple[int, int]:
    """Match what waits of *project*; answer (matched sales, new exceptions). The caller commits.

    Business dates up to and with *closed_through* are closed: what has no counterpart then becomes an exception.
    """
    waiting = session.exec(
        select(SettlementRow).where(
            SettlementRow.project == project, SettlementRow.status == WAITING
        )
    )
    rows = {row.id or 0: row for row in waiting}
    query = select(SaleFact).where(SaleFact.project == project, SaleFact.status == WAITING)
    if not rows and not closed_through:
        query = query.where(SaleFact.is_refund)
    facts = {fact.log_index: fact for fact in session.exec(query)}
    sales = [
        SaleSeen(
            *(f.log_index, f.device, f.business_date, f.amount_minor, f.method),
            reference=f.reference,
            is_refund=f.is_refund,
        )
        for f in facts.values()
    ]
    payments = [
        PaymentSeen(i, r.reference, r.business_date, r.amount_minor) for i, r in rows.items()
    ]
    found = match(sales, payments, closed_through, _used_before(session, project, sales))
    for log_index in found.sales:
        facts[log_index].status = MATCHED
    for row_id in found.payments:
        rows[row_id].status = MATCHED
    for unmatched in found.exceptions:
        if unmatched.log_index is not None:
            fact = facts[unmatched.log_index]
            fact.status = EXCEPTION
            session.add(
                MatchException(**_exception(fact.model_dump(), unmatched.code, unmatched.detail))
            )
        elif unmatched.payment_id is not None:
            row = rows[unmatched.payment_id]
            row.status = EXCEPTION
            session.add(
                MatchException(
                    project=project,
                    settlement_id=row.id,
                    business_date=row.business_date,
                    amount_minor=row.amount_minor,
                    code=unmatched.code,
                    detail=unmatched.detail,
                )
            )
    return len(found.sales), len(found.exceptions)


def _used_before(session: Session, project: str, sales: list[SaleSeen]) -> set[str]:
    """Of the references that *sales* would match: those whose payments have matched already."""
    wanted = sorted({r for r in map(counterpart, sales) if r is not None})
    used: set[str] = set()
    for start in range(0, len(wanted), _READ):
        used.update(
            session.exec(
                select(SettlementRow.reference).where(
                    SettlementRow.project == project,
                    SettlementRow.status == MATCHED,
                    col(SettlementRow.reference).in_(wanted[start : start + _READ]),
                )
            )
        )
    return used


def resolve(session: Session, exception_id: int, resolution: str, by: str, note: str) -> None:
    """A person decides an exception: ``accepted`` or ``excluded``. The caller commits.

    Raises:
        UnknownName: there is no such exception.
        NotAllowedNow: it is resolved already, or can't be accepted.
    """
    found = session.get(MatchException, exception_id)
    if found is None:
        raise UnknownName(f"no exception {exception_id}")
    if found.status != "open":
        raise NotAllowedNow(
            f"exception {exception_id} was {found.resolution} by {found.resolved_by}"
        )
    if resolution not in ("accepted", "excluded"):
        raise NotAllowedNow(f"a resolution is accepted or excluded, not {resolution}")
    if found.log_index is not None:
        fact = session.get_one(SaleFact, found.log_index)
        if resolution == "accepted" and not fact.project:
            raise NotAllowedNow("the sale belongs to no project: assign its device first")
        fact.status = MATCHED if resolution == "accepted" else EXCLUDED
    elif resolution == "accepted":
        raise NotAllowedNow("a payment without a signed sale can't be distributed; exclude it")
    found.status, found.resolution, found.resolved_by = "resolved", resolution, by
    found.note, found.resolved_ms = note, time.time_ns() // 1_000_000


def _exception(fact: Mapping[str, Any], code: str, detail: str) -> dict[str, Any]:
    """The columns of the open exception that a fact with these columns is."""
    kept = ("project", "log_index", "business_date", "amount_minor")
    return {**{name: fact[name] for name in kept}, "code": code, "detail": detail, "status": "open"}


__all__ = [
    "DISTRIBUTED",
    "EXCEPTION",
    "EXCLUDED",
    "MATCHED",
    "WAITING",
    "FactReader",
    "match_project",
    "resolve",
]
