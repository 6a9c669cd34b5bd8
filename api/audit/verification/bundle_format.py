"""A bundle as a file: its bytes, and what reads them back.

Rules kept here (docs/formats/bundle.md is the byte-exact description):

* The file is one deterministic CBOR array ``["counterfoil bundle", 4, [[name, SHA-256, part], …]]``
  with every part of ``PARTS`` once, in that order, each a byte string that is itself one
  deterministic CBOR item of arrays, integers, texts and byte strings.
* Nothing is built before its bounds are known: the file has at most ``MAX_BYTES``, and each item in it takes time and
  memory in proportion to its bytes (``gateway.record.cbor_bounds``).
* Names are names: a device's, a project's and a contract's have their form, whoever shows them.
* What decodes encodes to the same bytes again. Nothing in it is a float, a map or a tag.
* The digests name what was damaged; they prove nothing, since whoever changes a part can change
  its digest. What proves is signed or anchored: see ``steps``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import sha256
from typing import Any, TypeVar

import cbor2

from counterfoil.api.audit.verification.bundle import (
    AssignmentFact,
    BlockFact,
    Bundle,
    CreditFact,
    DistributionFact,
    Entry,
    HeadFact,
    InvestorFact,
    KeyFact,
    PoolFact,
    Scope,
    StateFact,
    TakeFact,
    TermsFact,
    TransactionFact,
    UnitFact,
)
from counterfoil.api.audit.verification.errors import (
    AuditError,
    ContainerError,
    OlderVersionError,
    PartAlteredError,
    PartMalformedError,
)
from counterfoil.api.audit.verification.key_certificates import MOST_AUTHORITIES
from counterfoil.api.audit.verification.said import Joined, Part, Said
from counterfoil.chain.hexadecimal import HEX_ADDRESS
from counterfoil.gateway.errors import IdentityError
from counterfoil.gateway.record.cbor import any_item
from counterfoil.gateway.record.cbor_form import (
    Form,
    any_octets,
    each,
    number,
    octets,
    one_of,
    row,
    text,
)
from counterfoil.gateway.record.identity import (
    MAX_DEVICE_ID_LENGTH,
    parse_device_id,
    parse_project_id,
)
from counterfoil.gateway.record.proof_class import ProofClass

_Fact = TypeVar("_Fact")
MAGIC = "counterfoil bundle"
VERSION = 4
MAX_BYTES = 256 * 1024 * 1024
"""The longest file that is read."""
OLDER = (1, 2, 3)
"""Versions that were written once: told apart from a damaged file, and not read (docs/formats/bundle.md)."""
_FILE = Said("container")
PARTS = (
    "scope",
    "registry",
    "certificates",
    "revocations",
    "records",
    "heads",
    "assignments",
    "inclusion",
    "consistency",
    "state",
    "checkpoint",
    "terms",
    "distributions",
    "pools",
    "takes",
    "blocks",
)


def encode(bundle: Bundle) -> bytes:
    """Return the file's bytes; the same bundle always gives the same bytes."""
    parts: dict[str, Any] = {name: _plain(getattr(bundle, name)) for name in PARTS}
    encoded = {name: cbor2.dumps(part) for name, part in parts.items()}
    rows = [[name, sha256(part).digest(), part] for name, part in encoded.items()]
    return cbor2.dumps([MAGIC, VERSION, rows])


def decode(data: bytes) -> tuple[Bundle, list[AuditError]]:
    """Return the bundle in *data*, and an error for each part that was altered but still reads.

    Raises ContainerError when the file is no bundle, PartMalformedError (PartAlteredError when its
    digest says so too) when a part cannot be read.
    """
    rows = _open(data)
    altered: dict[str, AuditError] = {
        name: PartAlteredError(Part(name), Said("its SHA-256 is not {hash}", hash=digest.hex()))
        for name, digest, part in rows
        if sha256(part).digest() != digest
    }
    content: dict[str, Any] = {}
    for name, _, part in rows:
        try:
            content[name] = _READ[name](_item(part), name)
        except (ValueError, TypeError, IndexError) as error:
            if name in altered:
                detail = Said("it was changed and reads no more: {error}", error=error)
                raise PartAlteredError(Part(name), detail) from error
            detail = Said("{part_error}", part_error=error)
            raise PartMalformedError(Part(name), detail) from error
    return Bundle(**content), list(altered.values())


def _open(data: bytes) -> list[tuple[str, bytes, bytes]]:
    try:
        item = _item(data)
    except ValueError as error:
        raise ContainerError(
            _FILE, _kind(data) or Said("not a bundle: {error}", error=error)
        ) from error
    if not (isinstance(item, list) and len(item) == 3 and item[0] == MAGIC):
        raise ContainerError(_FILE, Said("it does not begin with {magic}", magic=repr(MAGIC)))
    rows = item[2]
    if type(item[1]) is int and item[1] in OLDER and not _has_parts(rows):
        raise OlderVersionError(_FILE, _version(item[1]))
    if type(item[1]) is not int or item[1] != VERSION:
        raise ContainerError(_FILE, _version(item[1]))
    shaped = isinstance(rows, list) and all(
        isinstance(row, list)
        and len(row) == 3
        and (type(row[0]), type(row[1]), type(row[2])) == (str, bytes, bytes)
        for row in rows
    )
    if not (shaped and _has_parts(rows)):
        raise ContainerError(_FILE, Said("its parts are not {parts}", parts=Joined(", ", PARTS)))
    return [(row[0], row[1], row[2]) for row in rows]


def _version(found: object) -> Said:
    return Said("version {found}, this reads {known}", found=repr(found), known=VERSION)


def _kind(data: bytes) -> Said | None:
    """Return what a file that is no bundle looks like, None when it can't be told."""
    if not data:
        return Said("the file is empty")
    if data.startswith((b"\x1f\x8b", b"PK\3\4", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")):
        return Said("not a bundle: it is packed, so unpack it first")
    if data.lstrip().startswith((b"{", b"[", b"<", b"-----")):
        return Said("not a bundle: it is a text (JSON, HTML or PEM)")
    return None


def _has_parts(rows: Any) -> bool:
    """Whether *rows* are this version's parts by name."""
    named = isinstance(rows, list) and all(isinstance(row, list) and row for row in rows)
    return named and tuple(row[0] for row in rows) == PARTS


def _item(data: bytes) -> Any:
    """Return the one deterministic item that *data* is; ValueError when it is not just that."""
    item = any_item(data)
    if cbor2.dumps(item) != data:
        raise ValueError("not the one deterministic encoding of what it says")
    return item


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, (tuple, list)) else value


_MOST_ROWS = 1 << 24
_MOST_KEYS = 1_024
_COUNT = number(2**64 - 1)
"""A number of the log's or of the chain's: an epoch, a sequence, a size, a block, a time in ms."""
_AMOUNT = number(2**256 - 1)
"""An amount as a contract holds it."""
_HASH, _ACCOUNT = octets(32), octets(20)
_ADDRESS = re.compile(HEX_ADDRESS, re.ASCII)
_NODES = each(any_octets, _MOST_ROWS)
_PROOF = each(_HASH, 64)
_BLOCK = {"block_number": _COUNT, "block_hash": _HASH, "transaction_hash": _HASH}


def _fact(kind: Callable[..., _Fact], **forms: Form) -> Form:
    """A row of *forms*, read as a *kind*."""
    shape = row(**forms)
    return lambda value, place: kind(*shape(value, place))


def _rows(form: Form) -> Form:
    return each(form, _MOST_ROWS)


_CREDITS = _rows(_fact(CreditFact, tier=_COUNT, account=_ACCOUNT, amount=_AMOUNT))
_STATE = _fact(
    StateFact,
    number=_COUNT,
    slots=_COUNT,
    epoch=_COUNT,
    sequence=_COUNT,
    payload_digest=_HASH,
    path=_PROOF,
)


def _name(parse: Callable[[str], str]) -> Form:
    """A name as *parse* takes it."""
    shape = text(MAX_DEVICE_ID_LENGTH)

    def read(value: object, place: str) -> str:
        try:
            return parse(shape(value, place))
        except IdentityError as error:
            raise ValueError(f"{place}: {error}") from error

    return read


def _project(value: object, place: str) -> Any:
    """Return a project's name; empty where the device is of none."""
    return value if value == "" else _name(parse_project_id)(value, place)


def _place(value: object, place: str) -> Any:
    """Return a contract's address, empty where there is none."""
    found = text(42, shortest=0)(value, place)
    if found and _ADDRESS.fullmatch(found) is None:
        raise ValueError(f"{place} is no address")
    return found


def _state(value: object, place: str) -> Any:
    return None if value is None else _STATE(value, place)


_READ: dict[str, Form] = {
    "scope": _fact(
        Scope,
        device=_name(parse_device_id),
        first_ms=_COUNT,
        until_ms=_COUNT,
        made_ms=_COUNT,
        chain_id=_COUNT,
        record_anchor=_place,
        device_registry=_place,
        revenue_split=_place,
        project=_project,
        proof_class=one_of(ProofClass),
    ),
    "registry": each(
        _fact(
            KeyFact,
            epoch=_COUNT,
            x=_HASH,
            y=_HASH,
            from_sequence=_COUNT,
            until_sequence=_COUNT,
            revoked=number(1),
            certificate_hash=_HASH,
            registered_at=_COUNT,
        ),
        _MOST_KEYS,
    ),
    "certificates": each(any_octets, _MOST_KEYS + MOST_AUTHORITIES),
    "revocations": each(any_octets, MOST_AUTHORITIES),
    "records": _rows(_fact(Entry, log_index=_COUNT, raw=any_octets)),
    "heads": _rows(_fact(HeadFact, size=_COUNT, root=_HASH, state=_HASH, **_BLOCK)),
    "assignments": _rows(_fact(AssignmentFact, project=_HASH, **_BLOCK)),
    "inclusion": _rows(_PROOF),
    "consistency": _rows(each(_HASH, 128)),
    "state": _state,
    "checkpoint": any_octets,
    "terms": _rows(_fact(TermsFact, version=_COUNT, encoded=any_octets, **_BLOCK)),
    "distributions": _rows(
        _fact(
            DistributionFact,
            project=_HASH,
            batch=_HASH,
            version=_COUNT,
            period_start=_COUNT,
            period_end=_COUNT,
            gross=_AMOUNT,
            refunds=_AMOUNT,
            tax=_AMOUNT,
            head_size=_COUNT,
            facts=_HASH,
            **_BLOCK,
            units=_rows(_fact(UnitFact, goods=_HASH, sold=_AMOUNT)),
            credits=_CREDITS,
            content=any_octets,
        )
    ),
    "pools": _rows(
        _fact(
            PoolFact,
            account=_ACCOUNT,
            pieces=_rows(
                _rows(_fact(InvestorFact, account=_ACCOUNT, weight=number(2**64 - 1, least=1)))
            ),
        )
    ),
    "takes": _rows(_fact(TakeFact, pool=_ACCOUNT, account=_ACCOUNT, amount=_AMOUNT, **_BLOCK)),
    "blocks": _rows(
        _fact(
            BlockFact,
            header=any_octets,
            transactions=_rows(
                _fact(TransactionFact, number=_COUNT, transaction=_NODES, receipt=_NODES)
            ),
        )
    ),
}
"""The form of each part."""
