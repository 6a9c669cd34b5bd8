"""Reads sales and refunds from the log into ``sale_fact``. It commits its own writes and is crash-safe."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Engine, func, insert
from sqlmodel import Session, col, select

from counterfoil.chain.abi.enums import DeviceStatus
from counterfoil.chain.hexadecimal import to_hex
from counterfoil.fault import Code
from counterfoil.gateway.record.bodies import Location, Refund, Sale, Status
from counterfoil.gateway.record.identity import DeviceId, device_hash
from counterfoil.gateway.record.signed_record import SignedRecord
from counterfoil.gateway.record.utc_date import business_date
from counterfoil.gateway.store.gateway_store import GatewayStore
from counterfoil.oracle.errors import NotAllowedNow, UnknownName
from counterfoil.oracle.heads.gossip import GossipCheck
from counterfoil.oracle.heads.recent_records import RecentRecords
from counterfoil.oracle.ledger.device_registry import DeviceRow, RegistryKeyRow
from counterfoil.oracle.ledger.record_anchor import AnchoredHeadRow
from counterfoil.oracle.revenue.chain_distributions import batches_beyond
from counterfoil.oracle.revenue.sale_states import (
    DISTRIBUTED,
    EXCEPTION,
    EXCLUDED,
    MATCHED,
    WAITING,
)
from counterfoil.oracle.revenue.standings import Standings
from counterfoil.oracle.rules.faults.sale import (
    CURRENCY_DIFFERS,
    DEVICE_SUSPENDED,
    DEVICE_UNKNOWN,
    NOT_IN_PROJECT,
    NUMBER_NOT_COUNTED,
)
from counterfoil.oracle.rules.standing import Standing
from counterfoil.oracle.store.clock import now_ms
from counterfoil.oracle.store.directory_tables import KnownProject
from counterfoil.oracle.store.head_tables import Progress
from counterfoil.oracle.store.revenue_tables import MatchException, SaleFact

_READER = "facts"
_READ = 2_000


class SaleReader:
    """Makes a fact of every sale and refund under an anchored head, in log order."""

    def __init__(
        self,
        engine: Engine,
        store: GatewayStore,
        gossip: GossipCheck | None = None,
        recent: RecentRecords | None = None,
    ) -> None:
        """*gossip* checks the heads that machines were shown, if given; *recent* has the records just verified."""
        self._gossip = gossip
        self._recent = recent or RecentRecords()
        self._engine = engine
        self._store = store

    def step(self) -> int:
        """Read the next records; return their number. Facts and progress are committed together.

        The records come from another database, so they are read before the transaction begins.
        """
        with Session(self._engine.execution_options(reads_only=True)) as session:
            kept = session.get(Progress, _READER)
            start = 0 if kept is None else kept.log_index
            limit = min(_READ, _anchored(session) - start)
        if limit <= 0:
            return 0
        rows = self._store.records(start, limit)
        records = [(log_index, self._recent.take(log_index, raw)) for log_index, raw in rows]
        with Session(self._engine) as session:
            progress = session.get(Progress, _READER)
            if progress is None:
                progress = Progress(reader=_READER, log_index=0)
                session.add(progress)
            if progress.log_index != start:
                return 0  # another process has read on meanwhile
            names = {signed.record.device for _, signed in records}
            projects = {p.project_hash: p for p in session.exec(select(KnownProject)).all()}
            devices = _registered(session, names)
            ends = _ends(session, names)
            standings = Standings(session, names)
            batches = batches_beyond(session, start)
            facts: list[dict[str, Any]] = []
            exceptions: list[dict[str, Any]] = []
            for log_index, signed in records:
                if self._gossip is not None:
                    self._gossip.check(session, log_index, signed)
                body = signed.record.body
                if isinstance(body, Sale | Refund):
                    standing = standings.of(signed.record.device)
                    fact, refusal = _fact(log_index, signed, devices, projects, standing)
                    refusal = _uncounted(signed, ends) or refusal
                    fact["batch"] = batches.get(log_index)
                    if fact["batch"] is not None:  # shared out before the database was lost
                        refusal, fact["status"] = None, DISTRIBUTED
                    if refusal is not None:
                        fact["status"] = EXCEPTION
                    facts.append(fact)
                    if refusal is not None:
                        exceptions.append(exception_of(fact, *refusal))
                elif isinstance(body, Status | Location):
                    standings.take(signed.record.device, body, log_index)
            # On the connection: the session would process each row once more.
            for table, made in ((SaleFact, facts), (MatchException, exceptions)):
                if made:
                    session.connection().execute(insert(table), made)
            progress.log_index += len(rows)
            session.commit()
            return len(rows)


def _anchored(session: Session) -> int:
    """Number of records under the newest anchored head."""
    return session.exec(select(func.max(AnchoredHeadRow.size))).one() or 0


class _Registered(NamedTuple):
    """A device's entry in the registry."""

    status: str
    project_hash: str


def _registered(session: Session, names: Collection[DeviceId]) -> dict[DeviceId, _Registered]:
    """The registry's entries of those devices of *names* that it has."""
    by_hash = {to_hex(device_hash(name)): name for name in names}
    query = select(DeviceRow.device_hash, DeviceRow.status, DeviceRow.project_hash).where(
        col(DeviceRow.device_hash).in_(by_hash)
    )
    return {by_hash[key]: _Registered(*said) for key, *said in session.exec(query)}


def _ends(session: Session, names: Collection[DeviceId]) -> dict[tuple[DeviceId, int], int]:
    """The last number that counts of each revoked key of *names*."""
    by_hash = {to_hex(device_hash(name)): name for name in names}
    query = select(RegistryKeyRow).where(
        col(RegistryKeyRow.device_hash).in_(by_hash), col(RegistryKeyRow.revoked_at).is_not(None)
    )
    return {
        (by_hash[key.device_hash], key.epoch): int(key.until_sequence)
        for key in session.exec(query)
    }


def _uncounted(
    signed: SignedRecord, ends: Mapping[tuple[DeviceId, int], int]
) -> tuple[Code, str] | None:
    """The reason why the number of *signed* does not count, or None."""
    record = signed.record
    end = ends.get((record.device, record.epoch))
    if end is None or record.sequence <= end:
        return None
    return NUMBER_NOT_COUNTED, f"epoch {record.epoch} counts up to {end}"


def _fact(
    log_index: int,
    signed: SignedRecord,
    devices: Mapping[DeviceId, _Registered],
    projects: dict[str, KnownProject],
    standing: Standing,
) -> tuple[dict[str, Any], tuple[Code, str] | None]:
    """The columns of a sale's or refund's fact, and the reason why it does not count by itself, or None."""
    record, body = signed.record, signed.record.body
    assert isinstance(body, Sale | Refund)  # noqa: S101  # the caller has checked
    device = devices.get(record.device)
    project = projects.get(device.project_hash) if device else None
    units: dict[str, int] = {}
    if isinstance(body, Sale):
        for line in body.lines:
            units[line.commodity] = units.get(line.commodity, 0) + line.quantity
    refusal = _refusal(
        name=record.device, device=device, project=project, body=body, standing=standing
    )
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
    device: _Registered | None,
    project: KnownProject | None,
    body: Sale | Refund,
    standing: Standing,
) -> tuple[Code, str] | None:
    """Rule 1 of the matching: the reason why this device's sale does not count by itself, or None."""
    if device is None:
        return DEVICE_UNKNOWN, f"{name} is not registered"
    if device.status != DeviceStatus.ACTIVE.wire_name:
        return DEVICE_SUSPENDED, f"{name} is {device.status}"
    if project is None:
        return NOT_IN_PROJECT, f"{name} belongs to no project that is known here"
    if body.currency != project.currency:
        return (
            CURRENCY_DIFFERS,
            f"signed in {body.currency}, the project is in {project.currency}",
        )
    return None if isinstance(body, Refund) else standing.refusal()


def resolve(session: Session, exception_id: int, resolution: str, by: str, note: str) -> None:
    """Resolve an exception as a person decided: ``accepted`` or ``excluded``. The caller commits.

    Raises:
        UnknownName: there is no such exception.
        NotAllowedNow: it is resolved already, or it can't be accepted.
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
        if resolution == "accepted" and _is_uncounted(session, fact.log_index):
            raise NotAllowedNow("the sale's number does not count: it can only be excluded")
        if fact.status != DISTRIBUTED:
            fact.status = MATCHED if resolution == "accepted" else EXCLUDED
    elif resolution == "accepted":
        raise NotAllowedNow("a payment without a signed sale can't be distributed; exclude it")
    found.status, found.resolution, found.resolved_by = "resolved", resolution, by
    found.note, found.resolved_ms = note, now_ms()


def _is_uncounted(session: Session, log_index: int) -> bool:
    query = select(MatchException.id).where(
        MatchException.log_index == log_index, MatchException.code == NUMBER_NOT_COUNTED
    )
    return session.exec(query).first() is not None


def exception_of(fact: Mapping[str, Any], code: Code, detail: str) -> dict[str, Any]:
    """The columns of an open exception for the fact with these columns."""
    kept = ("project", "log_index", "business_date", "amount_minor")
    return {**{name: fact[name] for name in kept}, "code": code, "detail": detail, "status": "open"}


__all__ = [
    "DISTRIBUTED",
    "EXCEPTION",
    "EXCLUDED",
    "MATCHED",
    "WAITING",
    "SaleReader",
    "exception_of",
    "resolve",
]
