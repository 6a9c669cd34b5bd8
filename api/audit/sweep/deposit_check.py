"""Every mint against the bank's statements that the auditor has from the bank itself.

Rules kept here:

* A mint names its entry by a hash. The same hash is made again from the statement, so nothing of the platform's is
  believed.
* Without statements nothing is found, and the report says how much was minted that nobody compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from counterfoil.api.audit.faults import DEPOSIT_DIFFERS, DEPOSIT_WITHOUT_STATEMENT
from counterfoil.api.audit.sweep.sweep_finding import Finding
from counterfoil.chain.client import ContractEvent
from counterfoil.gateway.formats.files import read_bytes, text_of
from counterfoil.gateway.formats.iso20022.camt053 import parse_valid_camt053
from counterfoil.gateway.formats.iso20022.messages import MAX_BYTES
from counterfoil.oracle.rules.bank_entry import entry_hash_of, place_of


def read_statements(folder: Path) -> dict[bytes, int]:
    """Return the credits of the camt.053 documents (``*.xml``, ``*.xml.gz``) in *folder*: amounts by hashes.

    Raises FormatError, or one of its kind, for a file that is no valid statement; OSError where there is no folder.
    """
    if not folder.is_dir():
        raise OSError(f"{folder} is no folder")
    found: dict[bytes, int] = {}
    for path in sorted([*folder.glob("*.xml"), *folder.glob("*.xml.gz")]):
        for statement in parse_valid_camt053(text_of(read_bytes(path, MAX_BYTES))):
            for entry in statement.entries:
                if entry.status == "BOOK" and entry.amount_minor > 0 and entry.reference:
                    place = place_of(
                        statement.account,
                        statement.identification,
                        is_banks_own=bool(entry.servicer_reference),
                    )
                    found[entry_hash_of(place, entry.reference)] = entry.amount_minor
    return found


def check_deposits(
    events: Iterable[ContractEvent], statements: Mapping[bytes, int]
) -> Iterator[Finding]:
    """Yield a finding for each mint that no entry of *statements* stands behind, or another amount."""
    for event in events:
        if event.name != "Deposited":
            continue
        entry, amount = event.values["entry"], event.values["amount"]
        where = f"mint {entry.hex()[:16]} in block {event.block_number}"
        stated = statements.get(entry)
        if stated is None:
            detail = f"{amount} to {event.values['to']}: no statement that was given has its entry"
            yield Finding(DEPOSIT_WITHOUT_STATEMENT, where, detail)
        elif stated != amount:
            yield Finding(DEPOSIT_DIFFERS, where, f"{amount} minted, the statement says {stated}")
