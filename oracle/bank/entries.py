"""Takes in a bank's credit entries, each once."""

from __future__ import annotations

from sqlmodel import Session

from counterfoil.chain.client import ChainClient
from counterfoil.chain.hexadecimal import to_hex
from counterfoil.chain.transaction_queue import enqueue
from counterfoil.gateway.record.identity import on_chain_id
from counterfoil.oracle.errors import InputMalformed, UnknownName
from counterfoil.oracle.rules.bank_entry import BankEntry, ImportCounts
from counterfoil.oracle.store.bank_tables import StatementEntryRow
from counterfoil.oracle.store.directory_tables import KnownProject


def import_entries(
    session: Session, client: ChainClient, bank: str, entries: list[BankEntry]
) -> ImportCounts:
    """Take in a bank's credit entries. The caller commits.

    Each queues one mint into its project's collection account.

    Raises:
        UnknownName: a project is not known to the oracle.
        InputMalformed: an entry is no credit in its project's currency, or contradicts the stored one.
    """
    taken = known = 0
    for entry in entries:
        project = session.get(KnownProject, entry.project)
        if project is None:
            raise UnknownName(f"no project {entry.project}")
        if type(entry.amount_minor) is not int or not 0 < entry.amount_minor < 1 << 63:
            raise InputMalformed(f"{entry.reference}: {entry.amount_minor!r} is no credit")
        if entry.currency != project.currency:
            raise InputMalformed(
                f"{entry.reference}: {entry.currency}, and the project is in {project.currency}"
            )
        name = to_hex(entry.entry_hash)
        same = session.get(StatementEntryRow, name)
        if same is not None:
            if (same.project, same.amount_minor) != (entry.project, entry.amount_minor):
                raise InputMalformed(
                    f"{entry.reference} is here already with another amount or project"
                )
            known += 1
            continue
        account = client.call("DepositToken", "collectionOf", on_chain_id(entry.project))
        data = client.encode("DepositToken", "mint", account, entry.amount_minor, entry.entry_hash)
        transaction_id = enqueue(
            session,
            signer=bank,
            key=f"mint:{name}",
            to=client.address_of("DepositToken"),
            data=data,
        )
        session.add(
            StatementEntryRow(
                entry_hash=name,
                statement=entry.statement,
                reference=entry.reference,
                project=entry.project,
                business_date=entry.business_date,
                amount_minor=entry.amount_minor,
                currency=entry.currency,
                transaction_id=transaction_id,
            )
        )
        taken += 1
    return ImportCounts(taken, known)
