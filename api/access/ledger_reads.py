"""What the oracle knows, decides and projects from the chain: reads of ``oracle.db``.

Rules kept here:

* Only ``oracle.store.tables`` is used; no code of the oracle runs here. Amounts are minor units.
* What a party may see follows from who it is on chain (*account*) and in the projects' rules; see
  ``Sight``. Everything else is not found.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from counterfoil.api.access.auth import Principal
from counterfoil.api.access.parties import NoAccount, is_party, party_key
from counterfoil.api.access.sight import Machine, Shared, Sight
from counterfoil.chain.abi.enums import Tier
from counterfoil.chain.address import Address, canonical
from counterfoil.chain.hexadecimal import to_hex
from counterfoil.chain.tables import ChainEvent
from counterfoil.gateway.record.identity import DeviceId
from counterfoil.oracle.ledger.deposit_token import Payout
from counterfoil.oracle.ledger.device_registry import Device, DeviceKeyEntry
from counterfoil.oracle.ledger.participant_registry import ParticipantEntry
from counterfoil.oracle.ledger.record_anchor import AnchoredHead
from counterfoil.oracle.ledger.revenue_split import Balance, Credit, DistributedEntry, TermsEntry
from counterfoil.oracle.store.alarm_table import Alarm
from counterfoil.oracle.store.bank_tables import StatementEntry
from counterfoil.oracle.store.directory_tables import (
    KnownDevice,
    KnownParticipant,
    KnownProject,
    KnownTerms,
)
from counterfoil.oracle.store.instruction_table import Instruction
from counterfoil.oracle.store.revenue_tables import Distribution, MatchException


class Ledger:
    """Reads of one ``oracle.db``; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def _session(self) -> Session:
        return Session(self.engine, expire_on_commit=False)

    # ---- who

    def participants(self) -> list[tuple[KnownParticipant, ParticipantEntry | None]]:
        """Everybody who is known, with the chain's entry where there is one."""
        with self._session() as session:
            entries = {row.account: row for row in session.exec(select(ParticipantEntry))}
            known = session.exec(select(KnownParticipant).order_by(KnownParticipant.party)).all()
        return [(row, entries.get(row.account)) for row in known]

    def names(self) -> dict[Address, str]:
        """What accounts are called."""
        with self._session() as session:
            return {row.account: row.name for row in session.exec(select(KnownParticipant))}

    def account_of(self, party: str) -> Address | NoAccount:
        """The account of *party*; an account stands for itself; "" when it is unknown."""
        with self._session() as session:
            known = session.exec(
                select(KnownParticipant).where(KnownParticipant.party == party)
            ).first()
        if known is not None:
            return known.account
        named = canonical(party)
        return named if isinstance(named, Address) else ""

    def sight(self, principal: Principal) -> Sight:
        """What *principal* may see."""
        account = self.account_of(principal.party)
        machines = self.machines()
        projects = self.projects()
        if principal.sees_all:
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
        shared = {by_hash[value] for value in paid if value in by_hash}
        return Sight(
            account,
            devices=frozenset(m.device for m in mine),
            projects=frozenset(run | shared | {m.project for m in mine if m.project}),
            run=run,
            everything=False,
        )

    # ---- machines and projects

    def machines(self) -> list[Machine]:
        """Every registered device whose name is known, by its label."""
        names = {project.project_hash: project.project for project in self.projects()}
        with self._session() as session:
            rows = session.exec(
                select(KnownDevice, Device).where(KnownDevice.device_hash == Device.device_hash)
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

    def registry_keys(self, device_hash: str) -> list[DeviceKeyEntry]:
        """The registry's keys of a device, by epoch."""
        with self._session() as session:
            return list(
                session.exec(
                    select(DeviceKeyEntry)
                    .where(DeviceKeyEntry.device_hash == device_hash)
                    .order_by(col(DeviceKeyEntry.epoch))
                )
            )

    def projects(self) -> list[KnownProject]:
        """Every project whose name is known, by name."""
        with self._session() as session:
            return list(session.exec(select(KnownProject).order_by(KnownProject.project)))

    def terms(self, project: KnownProject) -> list[tuple[TermsEntry, KnownTerms | None]]:
        """The versions of a project's terms on chain, with what they say where it is known."""
        with self._session() as session:
            said = {
                row.effective_from: row
                for row in session.exec(
                    select(KnownTerms).where(KnownTerms.project == project.project)
                )
            }
            entries = session.exec(
                select(TermsEntry)
                .where(TermsEntry.project_hash == project.project_hash)
                .order_by(col(TermsEntry.version))
            ).all()
        return [(entry, said.get(entry.effective_from)) for entry in entries]

    # ---- heads

    def newest_head(self, final_number: int | None = None) -> AnchoredHead | None:
        """The newest anchored head, or the newest that lies in block *final_number* or before."""
        query = select(AnchoredHead).order_by(col(AnchoredHead.size).desc()).limit(1)
        if final_number is not None:
            query = query.where(AnchoredHead.block_number <= final_number)
        with self._session() as session:
            return session.exec(query).first()

    def covering(self, log_index: int) -> AnchoredHead | None:
        """The first anchored head that the record at *log_index* is under."""
        query = select(AnchoredHead).where(AnchoredHead.size > log_index)
        with self._session() as session:
            return session.exec(query.order_by(col(AnchoredHead.size)).limit(1)).first()

    def head(self, size: int) -> AnchoredHead | None:
        """The anchored head of exactly this size."""
        with self._session() as session:
            return session.get(AnchoredHead, size)

    def heads(self, below: int | None, limit: int) -> Sequence[AnchoredHead]:
        """Up to *limit* anchored heads smaller than *below*, the largest first."""
        query = select(AnchoredHead).order_by(col(AnchoredHead.size).desc()).limit(limit)
        if below is not None:
            query = query.where(AnchoredHead.size < below)
        with self._session() as session:
            return session.exec(query).all()

    def all_heads(self) -> Sequence[AnchoredHead]:
        """Every anchored head, ascending by size."""
        with self._session() as session:
            return session.exec(select(AnchoredHead).order_by(col(AnchoredHead.size))).all()

    # ---- money

    def distributions(
        self,
        sight: Sight,
        projects: Collection[str],
        first: int = 0,
        last: int = 99991231,
    ) -> list[Shared]:
        """The distributions of *projects* for business dates *first* to *last*, in their order.

        Credits of others are left out where the reader does not run the project.
        """
        names = {p.project_hash: p.project for p in self.projects() if p.project in projects}
        with self._session() as session:
            entries = session.exec(
                select(DistributedEntry)
                .where(col(DistributedEntry.project_hash).in_(names))
                .order_by(col(DistributedEntry.block_number), col(DistributedEntry.batch))
            ).all()
            facts = {
                row.batch: row
                for row in session.exec(
                    select(Distribution).where(col(Distribution.project).in_(list(names.values())))
                )
            }
            rows = session.exec(
                select(Credit).where(col(Credit.project_hash).in_(names)).order_by(col(Credit.id))
            ).all()
        projects_of = {entry.batch: names[entry.project_hash] for entry in entries}
        lines: dict[str, list[tuple[str, Address, int]]] = {}
        before: dict[str, int] = {}
        carried: dict[str, int] = {}
        by_batch = {entry.batch: entry for entry in entries}
        for row in rows:  # in the order of their events, and so of the distributions
            project = names[row.project_hash]
            if row.batch not in projects_of:  # a pool's rest that was given out later
                carried[project] = carried.get(project, 0) - row.amount_minor
                continue
            if row.batch not in lines:
                before[row.batch] = carried.get(project, 0)
                carried[project] = by_batch[row.batch].carried_minor
            line = (Tier(row.tier).wire_name, row.account, row.amount_minor)
            lines.setdefault(row.batch, []).append(line)
        found: list[Shared] = []
        for batch, seen in lines.items():
            entry, project = by_batch[batch], projects_of[batch]
            fact = facts.get(batch)
            date = fact.business_date if fact else 0
            if not first <= date <= last:
                continue
            everyones = sight.everything or project in sight.run
            found.append(
                Shared(
                    batch,
                    project,
                    business_date=date,
                    version=entry.version,
                    gross_minor=entry.gross_minor,
                    refunds_minor=fact.refunds_minor if fact else 0,
                    tax_minor=fact.tax_minor if fact else 0,
                    head_size=entry.head_size,
                    facts_hash=entry.facts_hash,
                    block_number=entry.block_number,
                    transaction_hash=entry.transaction_hash,
                    carried_before_minor=before[batch],
                    carried_minor=entry.carried_minor,
                    credits=tuple(line for line in seen if everyones or line[1] == sight.account),
                )
            )
        return found

    def split_events(self, project_hash: str) -> list[ChainEvent]:
        """The events by which a project's terms were set, its revenue distributed and its rests given out, in order."""
        rest = to_hex(b"\x00" * 16) + "%"  # the batch of a rest is its version's number
        arguments = ChainEvent.arguments
        with self._session() as session:
            return list(
                session.exec(
                    select(ChainEvent)
                    .where(
                        ChainEvent.contract == "RevenueSplit",
                        col(ChainEvent.name).in_(("TermsSet", "Distributed"))
                        | (col(ChainEvent.name) == "Credited")
                        & col(arguments)["batch"].as_string().like(rest),
                        col(arguments)["project"].as_string() == project_hash,
                    )
                    .order_by(col(ChainEvent.block_number), col(ChainEvent.log_index))
                )
            )

    def facts_of(self, project: str) -> dict[str, bytes]:
        """The facts of a project's distributions that were decided here, by batch."""
        with self._session() as session:
            rows = session.exec(select(Distribution).where(Distribution.project == project))
            return {row.batch: row.facts for row in rows}

    def balances(self, sight: Sight) -> list[Balance]:
        """What accounts were credited and have taken: the reader's own, or all."""
        with self._session() as session:
            rows = session.exec(select(Balance).order_by(Balance.account)).all()
        return [row for row in rows if sight.everything or row.account == sight.account]

    def payouts(self, sight: Sight, below: int | None, limit: int) -> Sequence[Payout]:
        """Up to *limit* withdrawals from the bank's token, the newest first: the reader's own, or all."""
        query = select(Payout).order_by(col(Payout.id).desc()).limit(limit)
        if not sight.everything:
            query = query.where(Payout.holder == sight.account)
        if below is not None:
            query = query.where(Payout.id < below)
        with self._session() as session:
            return session.exec(query).all()

    def statement_entries(
        self, projects: Collection[str], after: str, limit: int
    ) -> Sequence[StatementEntry]:
        """Up to *limit* entries of bank statements after the hash *after*, by hash."""
        query = (
            select(StatementEntry)
            .where(
                col(StatementEntry.project).in_(projects), col(StatementEntry.entry_hash) > after
            )
            .order_by(col(StatementEntry.entry_hash))
            .limit(limit)
        )
        with self._session() as session:
            return session.exec(query).all()

    # ---- exceptions and instructions

    def exceptions(
        self, projects: Collection[str], status: str | None, after: int, limit: int
    ) -> Sequence[MatchException]:
        """Up to *limit* exceptions of *projects* after id *after*, by id."""
        query = (
            select(MatchException)
            .where(col(MatchException.project).in_(projects), col(MatchException.id) > after)
            .order_by(col(MatchException.id))
            .limit(limit)
        )
        if status is not None:
            query = query.where(MatchException.status == status)
        with self._session() as session:
            return session.exec(query).all()

    def exception(self, number: int) -> MatchException | None:
        """One exception."""
        with self._session() as session:
            return session.get(MatchException, number)

    def open_exceptions(self, projects: Collection[str]) -> int:
        """How many exceptions of *projects* wait for a person."""
        query = select(func.count()).where(
            col(MatchException.project).in_(projects), MatchException.status == "open"
        )
        with self._session() as session:
            return session.exec(query).one()

    def asked(self, party: str, key: str) -> Instruction | None:
        """The instruction that *party* gave under its idempotency key *key*."""
        query = select(Instruction).where(Instruction.idempotency_key == f"api:{party}:{key}")
        with self._session() as session:
            return session.exec(query).first()

    def instructions(
        self, party: str | None, below: int | None, limit: int
    ) -> Sequence[Instruction]:
        """Up to *limit* instructions of *party* (None: of all), the newest first."""
        query = select(Instruction).order_by(col(Instruction.id).desc()).limit(limit)
        if party is not None:
            query = query.where(is_party(Instruction.party, party))
        if below is not None:
            query = query.where(col(Instruction.id) < below)
        with self._session() as session:
            return session.exec(query).all()

    def instruction_changes(self, party: str | None) -> int:
        """A number that changes with the instructions of *party* (None: of all)."""
        query = select(func.count(), func.count(col(Instruction.finished_ms)))
        if party is not None:
            query = query.where(is_party(Instruction.party, party))
        with self._session() as session:
            asked, finished = session.exec(query).one()
            return asked + int(finished or 0)

    def alarms(self, devices: Collection[str] | None, after: int, limit: int) -> Sequence[Alarm]:
        """Up to *limit* alarms after id *after* that are about *devices* (None: all alarms), by id."""
        query = select(Alarm).where(col(Alarm.id) > after).order_by(col(Alarm.id)).limit(limit)
        if devices is not None:
            query = query.where(col(Alarm.device).in_(devices))
        with self._session() as session:
            return session.exec(query).all()

    def changes(self, sight: Sight) -> dict[str, int]:
        """A number for each thing that changes; when it is another one, so is the thing.

        ``distribution``: credits that the reader may see; ``exception``: those met and resolved in
        its projects; ``withdrawal``: its own; ``head``: records under the newest anchored head.
        """
        hashes = {p.project_hash for p in self.projects() if p.project in sight.projects}
        credited = (
            select(func.count()).select_from(Credit).where(col(Credit.project_hash).in_(hashes))
        )
        if not sight.everything:
            hashes_run = {p.project_hash for p in self.projects() if p.project in sight.run}
            credited = credited.where(
                (col(Credit.account) == sight.account) | col(Credit.project_hash).in_(hashes_run)
            )
        met = select(func.count(), func.count(col(MatchException.resolved_ms))).where(
            col(MatchException.project).in_(sight.projects)
        )
        taken = select(func.count(), func.count(col(Payout.payment)))
        if not sight.everything:
            taken = taken.where(Payout.holder == sight.account)
        with self._session() as session:
            return {
                "distribution": session.exec(credited).one(),
                "exception": sum(session.exec(met).one()),
                "withdrawal": sum(session.exec(taken).one()),
                "head": session.exec(select(func.coalesce(func.max(AnchoredHead.size), 0))).one(),
            }

    def instruction(self, number: int) -> Instruction | None:
        """One instruction."""
        with self._session() as session:
            return session.get(Instruction, number)
