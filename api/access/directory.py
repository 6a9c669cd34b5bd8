"""Who and what is known by name: participants, machines, projects, and what each reader may see of them.

Rules kept here:

* Only the oracle's tables are read; no code of the oracle runs here.
* What a party may see follows from its account on chain and from the projects' terms; see
  ``Sight``. Everything else is not found.
"""

from __future__ import annotations

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from counterfoil.api.access.auth import Principal
from counterfoil.api.access.parties import NoAccount, party_key
from counterfoil.api.access.sight import Machine, Sight
from counterfoil.chain.address import Address, canonical
from counterfoil.gateway.record.identity import DeviceId
from counterfoil.oracle.ledger.device_registry import DeviceRow, RegistryKeyRow
from counterfoil.oracle.ledger.participant_registry import ParticipantRow
from counterfoil.oracle.ledger.revenue_split import Credit, PoolRow, PoolShare
from counterfoil.oracle.store.directory_tables import (
    KnownDevice,
    KnownParticipant,
    KnownProject,
)


class Directory:
    """Reads of one ``oracle.db``; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def _session(self) -> Session:
        return Session(self.engine, expire_on_commit=False)

    def participants(self) -> list[tuple[KnownParticipant, ParticipantRow | None]]:
        """Return every known participant, with its entry on chain where there is one."""
        with self._session() as session:
            entries = {row.account: row for row in session.exec(select(ParticipantRow))}
            known = session.exec(select(KnownParticipant).order_by(KnownParticipant.party)).all()
        return [(row, entries.get(row.account)) for row in known]

    def names(self) -> dict[Address, str]:
        """Return the names of accounts."""
        with self._session() as session:
            return {row.account: row.name for row in session.exec(select(KnownParticipant))}

    def account_of(self, party: str) -> Address | NoAccount:
        """Return the account of *party*, which may be an account itself; "" when it is unknown."""
        with self._session() as session:
            known = session.exec(
                select(KnownParticipant).where(KnownParticipant.party == party)
            ).first()
        if known is not None:
            return known.account
        named = canonical(party)
        return named if isinstance(named, Address) else ""

    def sight(self, principal: Principal, everything: bool) -> Sight:
        """Return what *principal* may see: with *everything* all that there is, else what is its own."""
        account = self.account_of(principal.party)
        machines = self.machines()
        projects = self.projects()
        if everything:
            return Sight(
                account,
                devices=frozenset(m.device for m in machines),
                projects=frozenset(p.project for p in projects),
                run=frozenset(p.project for p in projects),
                everything=True,
            )
        me = {account, party_key(principal.party)} - {""}
        run = frozenset(p.project for p in projects if party_key(p.operator) in me)
        mine = [m for m in machines if m.owner in me or m.operator in me or m.project in run]
        by_hash = {p.project_hash: p.project for p in projects}
        with self._session() as session:
            paid = session.exec(
                select(Credit.project_hash).where(Credit.account == account).distinct()
            ).all()
            invested = session.exec(
                select(PoolRow.project_hash)
                .join(PoolShare, col(PoolShare.pool) == col(PoolRow.account))
                .where(PoolShare.account == account)
                .distinct()
            ).all()
            paid = [*paid, *invested]
        shared = {by_hash[value] for value in paid if value in by_hash}
        return Sight(
            account,
            devices=frozenset(m.device for m in mine),
            projects=frozenset(run | shared | {m.project for m in mine if m.project}),
            run=run,
            everything=False,
        )

    def machines(self) -> list[Machine]:
        """Return every registered device whose name is known, by label."""
        names = {project.project_hash: project.project for project in self.projects()}
        with self._session() as session:
            rows = session.exec(
                select(KnownDevice, DeviceRow).where(
                    KnownDevice.device_hash == DeviceRow.device_hash
                )
            ).all()
        found = [
            Machine(
                device=DeviceId(known.device),
                label=known.label,
                location=known.location,
                kind=known.kind,
                owner=device.owner,
                operator=device.operator,
                project=names.get(device.project_hash, ""),
                status=device.status,
                epoch=device.epoch,
            )
            for known, device in rows
        ]
        return sorted(found, key=lambda machine: (machine.label, machine.device))

    def registry_keys(self, device_hash: str) -> list[RegistryKeyRow]:
        """Return the registry's keys of a device, by epoch."""
        with self._session() as session:
            return list(
                session.exec(
                    select(RegistryKeyRow)
                    .where(RegistryKeyRow.device_hash == device_hash)
                    .order_by(col(RegistryKeyRow.epoch))
                )
            )

    def projects(self) -> list[KnownProject]:
        """Return every project whose name is known, by name."""
        with self._session() as session:
            return list(session.exec(select(KnownProject).order_by(KnownProject.project)))
