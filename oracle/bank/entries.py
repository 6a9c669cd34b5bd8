"""Takes in a bank's credit entries, each once."""

from __future__ import annotations

from sqlmodel import Session

from counterfoil.chain.client import ChainClient
from counterfoil.chain.hexadecimal import to_hex
from counterfoil.gateway.record.identity import on_chain_id
from counterfoil.oracle.bank.mints import is_above_limit, queue_mint
from counterfoil.oracle.errors import InputMalformed, NotAllowedNow, UnknownName
from counterfoil.oracle.rules.bank_entry import BankEntry, ImportCounts
from counterfoil.oracle.rules.collection_account import collection_account
from counterfoil.oracle.rules.faults.bank_line import MINT_UNCONFIRMED
from counterfoil.oracle.store.bank_tables import StatementEntryRow
from counterfoil.oracle.store.directory_tables import KnownProject


class MintUnconfirmed(NotAllowedNow):
    """Entries by themselves have nobody who can confirm them: above the day's limit the bank's statement is needed."""

    code = MINT_UNCONFIRMED
    to_do = "Bring the bank's camt.053 statement; its entries wait for a second account."


def import_entries(
    session: Session,
    client: ChainClient,
    bank: str,
    entries: list[BankEntry],
    limit_minor: int | None = None,
) -> ImportCounts:
    """Take in a bank's credit entries. The caller commits; *client* only encodes, and nobody is asked.

    Each queues one mint into its project's collection account; *limit_minor* bounds a day's mints.

    Raises:
        MintUnconfirmed: more would be minted within a day than one account may say.
        UnknownName: a project is not known to the oracle.
        InputMalformed: an entry is no credit in its project's currency, or contradicts the stored one.
    """
    token = client.address_of("DepositToken")
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
        if limit_minor is not None and is_above_limit(session, entry.amount_minor, limit_minor):
            raise MintUnconfirmed(
                f"{entry.reference}: {entry.amount_minor} would pass {limit_minor} within a day"
            )
        account = collection_account(token, on_chain_id(entry.project))
        queue_mint(session, client, bank=bank, entry=entry, name=name, to=account)
        taken += 1
    return ImportCounts(taken, known)
