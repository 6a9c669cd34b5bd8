"""Commitments: what stands on chain for invoices, papers and reasons, and the opened fields kept here.

Rules kept here:

* A commitment is SHA-256 of 32 random bytes of salt and the fields' canonical JSON; see docs/formats/commitment.md.
* The same thing is committed to once: an invoice by its issuer, number and amount whoever tells of it, everything else
  by who tells it. So an invoice has one commitment, and the contract refuses it a second live claim.
* Opened fields are shown to those only who stand in the claim, the line or the receipt that the commitment is in.
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
    """The fields as JSON without spaces, keys in order, text in Unicode's form C, in UTF-8."""
    return json.dumps(
        normal(fields), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()


def commit(salt: bytes, fields: Fields) -> bytes:
    """What stands on chain for *fields*."""
    return sha256(salt + canonical(fields)).digest()


def invoice_fields(issuer: str, number: str, amount_minor: int) -> Fields:
    """What an invoice is known by."""
    return {"issuer": issuer, "number": number.strip(), "amount_minor": amount_minor}


# The same, at the same moment: what the other wrote is read.
@retry(retry=retry_if_exception_type(IntegrityError), stop=stop_after_attempt(2))
def keep(engine: Engine, account: Address, kind: str, fields: Fields) -> bytes:
    """The commitment to *fields*: the one that is here, or a new one, kept with what opens it."""
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
    """What is known of these *commitments*; who asks must be entitled to it."""
    with Session(engine, expire_on_commit=False) as session:
        query = select(KnownDocument).where(col(KnownDocument.commitment).in_(commitments))
        return {row.commitment: row for row in session.exec(query)}


def normal(fields: Fields) -> dict[str, str | int]:
    """The fields with all text in Unicode's form C."""
    return {
        unicodedata.normalize("NFC", key): (
            unicodedata.normalize("NFC", value) if isinstance(value, str) else value
        )
        for key, value in fields.items()
    }
