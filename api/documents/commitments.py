"""Commitments on chain to invoices, papers and reasons, and the fields that open them, kept here.

Rules kept here:

* A commitment is SHA-256 of 32 random bytes of salt and the fields' canonical JSON; see docs/formats/commitment.md.
* The same fields have one commitment: an invoice by its issuer, number and amount, whoever states it; everything else
  by the party that states it. So the contract can refuse an invoice a second live claim.
* Opened fields are shown only to parties of the claim, the line or the receipt that holds the commitment.
"""

from __future__ import annotations

import json
import secrets
import unicodedata
from collections.abc import Collection, Mapping
from hashlib import sha256

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select
from tenacity import retry, retry_if_exception_type, stop_after_attempt

from counterfoil.api.access.auth import now_ms
from counterfoil.chain.address import Address
from counterfoil.chain.hexadecimal import from_hex, to_hex
from counterfoil.oracle.store.directory_tables import KnownDocument

INVOICE = "invoice"
Fields = Mapping[str, str | int]


def canonical(fields: Fields) -> bytes:
    """Return the fields as UTF-8 JSON without spaces, keys in order, text in Unicode's form C."""
    return json.dumps(
        normal(fields), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()


def commit(salt: bytes, fields: Fields) -> bytes:
    """Return the commitment to *fields* under *salt*."""
    return sha256(salt + canonical(fields)).digest()


def invoice_fields(issuer: str, number: str, amount_minor: int) -> Fields:
    """Return the fields that identify an invoice."""
    return {"issuer": issuer, "number": number.strip(), "amount_minor": amount_minor}


# The same, at the same moment: what the other wrote is read.
@retry(retry=retry_if_exception_type(IntegrityError), stop=stop_after_attempt(2))
def keep(engine: Engine, account: Address, kind: str, fields: Fields) -> bytes:
    """Return the commitment to *fields*: the one kept here, or a new one, kept with its salt and fields."""
    owner = b"" if kind == INVOICE else account.encode()
    identity = sha256(b"\0".join((kind.encode(), owner, canonical(fields)))).hexdigest()
    with Session(engine) as session:
        query = select(KnownDocument.commitment).where(KnownDocument.identity == identity)
        known = session.exec(query).first()
        if known is not None:
            return from_hex(known)
        salt = secrets.token_bytes(32)
        made = commit(salt, fields)
        session.add(
            KnownDocument(
                commitment=to_hex(made),
                kind=kind,
                identity=identity,
                salt=to_hex(salt),
                fields=normal(fields),
                account=account,
                created_ms=now_ms(),
            )
        )
        session.commit()
        return made


def opened(engine: Engine, commitments: Collection[str]) -> dict[str, KnownDocument]:
    """Return what opens these *commitments*, as far as it is known; the caller checks that the asker is entitled."""
    with Session(engine, expire_on_commit=False) as session:
        query = select(KnownDocument).where(col(KnownDocument.commitment).in_(commitments))
        return {row.commitment: row for row in session.exec(query)}


def normal(fields: Fields) -> dict[str, str | int]:
    """Return the fields with all text in Unicode's form C."""
    return {
        unicodedata.normalize("NFC", key): (
            unicodedata.normalize("NFC", value) if isinstance(value, str) else value
        )
        for key, value in fields.items()
    }
