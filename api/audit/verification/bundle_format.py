"""A bundle as a file: its bytes, and what reads them back.

Rules kept here (docs/formats/bundle.md is the byte-exact description):

* The file is one deterministic CBOR array ``["counterfoil bundle", 3, [[name, SHA-256, part], …]]``
  with every part of ``PARTS`` once, in that order, each a byte string that is itself one
  deterministic CBOR item of arrays, integers, texts and byte strings.
* What decodes encodes to the same bytes again. Nothing in it is a float, a map or a tag.
* The digests name what was damaged; they prove nothing, since whoever changes a part can change
  its digest. What proves is signed or anchored: see ``steps``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

import cbor2

from counterfoil.api.audit.verification.bundle import (
    BlockFact,
    Bundle,
    CreditFact,
    DistributionFact,
    Entry,
    HeadFact,
    KeyFact,
    RestFact,
    Scope,
    StateFact,
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
from counterfoil.gateway.record.cbor import any_item
from counterfoil.gateway.record.identity import Digest

MAGIC = "counterfoil bundle"
VERSION = 3
OLDER = (1, 2)
"""Versions that were written once: told apart from a damaged file, and not read (docs/formats/bundle.md)."""
PARTS = (
    "scope",
    "registry",
    "certificates",
    "revocations",
    "records",
    "heads",
    "inclusion",
    "consistency",
    "state",
    "checkpoint",
    "terms",
    "distributions",
    "rests",
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
        name: PartAlteredError(name, f"its SHA-256 is not {digest.hex()}")
        for name, digest, part in rows
        if sha256(part).digest() != digest
    }
    content: dict[str, Any] = {}
    for name, _, part in rows:
        try:
            content[name] = _READ[name](_item(part))
        except (ValueError, TypeError, IndexError) as error:
            if name in altered:
                raise PartAlteredError(
                    name, f"it was changed and reads no more: {error}"
                ) from error
            raise PartMalformedError(name, str(error)) from error
    return Bundle(**content), list(altered.values())


def _open(data: bytes) -> list[tuple[str, bytes, bytes]]:
    try:
        item = _item(data)
    except ValueError as error:
        raise ContainerError("container", f"not a bundle: {error}") from error
    if not (isinstance(item, list) and len(item) == 3 and item[0] == MAGIC):
        raise ContainerError("container", f"it does not begin with {MAGIC!r}")
    rows = item[2]
    if type(item[1]) is int and item[1] in OLDER and not _has_parts(rows):
        raise OlderVersionError("container", f"version {item[1]}, this reads {VERSION}")
    if type(item[1]) is not int or item[1] != VERSION:
        raise ContainerError("container", f"version {item[1]!r}, this reads {VERSION}")
    shaped = isinstance(rows, list) and all(
        isinstance(row, list)
        and len(row) == 3
        and (type(row[0]), type(row[1]), type(row[2])) == (str, bytes, bytes)
        for row in rows
    )
    if not (shaped and _has_parts(rows)):
        raise ContainerError("container", f"its parts are not {', '.join(PARTS)}")
    return [(row[0], row[1], row[2]) for row in rows]


def _has_parts(rows: Any) -> bool:
    """Whether *rows* are this version's parts by name."""
    named = isinstance(rows, list) and all(isinstance(row, list) and row for row in rows)
    return named and tuple(row[0] for row in rows) == PARTS


def _item(data: bytes) -> Any:
    """Return the one deterministic item that *data* is; ValueError when it is not just that."""
    item = any_item(data)
    try:
        is_the_one = cbor2.dumps(item) == data
    except cbor2.CBOREncodeError as error:
        raise ValueError(str(error)) from error
    if not is_the_one:
        raise ValueError("not the one deterministic encoding of what it says")
    return item


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, (tuple, list)) else value


def _check(fact: type[Any], row: Any, kinds: Sequence[type]) -> None:
    if not isinstance(row, list) or [type(value) for value in row] != list(kinds):
        raise ValueError(f"no {fact.__name__}: {str(row)[:80]}")
    if any(type(value) is int and value < 0 for value in row):
        raise ValueError(f"a negative number in a {fact.__name__}")


def _rows(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("not a list")
    return value


def _flat(fact: Callable[..., Any], *kinds: type) -> Callable[[Any], Any]:
    def read(row: Any) -> Any:
        _check(fact, row, kinds)  # type: ignore[arg-type]
        return fact(*row)

    return read


def _each(read: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    return lambda value: tuple(read(row) for row in _rows(value))


def _bytes(value: Any) -> bytes:
    if type(value) is not bytes:
        raise ValueError("not a byte string")
    return value


def _nodes(value: Any) -> tuple[bytes, ...]:
    return tuple(_bytes(node) for node in _rows(value))


def _proof(value: Any) -> tuple[Digest, ...]:
    return tuple(Digest(node) for node in _nodes(value))


def _state(value: Any) -> StateFact | None:
    if value is None:
        return None
    _check(StateFact, value, (int, int, int, int, bytes, list))
    number, slots, epoch, sequence, digest, path = value
    return StateFact(
        number, slots, epoch, sequence=sequence, payload_digest=digest, path=_proof(path)
    )


def _list_of(fact: type[Any], *kinds: type) -> Callable[[Any], tuple[Any, ...]]:
    return _each(_flat(fact, *kinds))


_UNITS = _list_of(UnitFact, bytes, int)
_CREDITS = _list_of(CreditFact, int, bytes, int)


def _distribution(value: Any) -> DistributionFact:
    kinds = (bytes, bytes, *(int,) * 7, bytes, *(int,) * 3, bytes, bytes, list, list, bytes)
    _check(DistributionFact, value, kinds)
    *terms, units, credits_, content = value
    return DistributionFact._make([*terms, _UNITS(units), _CREDITS(credits_), content])


def _rest(value: Any) -> RestFact:
    _check(RestFact, value, (int, int, bytes, bytes, list))
    *place, credits_ = value
    return RestFact._make([*place, _CREDITS(credits_)])


def _transaction(value: Any) -> TransactionFact:
    _check(TransactionFact, value, (int, list, list))
    index, transaction, receipt = value
    return TransactionFact(index, _nodes(transaction), _nodes(receipt))


def _block(value: Any) -> BlockFact:
    _check(BlockFact, value, (bytes, list))
    header, transactions = value
    return BlockFact(header, _each(_transaction)(transactions))


_READ: dict[str, Callable[[Any], Any]] = {
    "scope": _flat(Scope, str, int, int, int, int, str, str, str, str),
    "registry": _each(_flat(KeyFact, int, bytes, bytes, int, int, int, bytes, int)),
    "certificates": _each(_bytes),
    "revocations": _each(_bytes),
    "records": _each(_flat(Entry, int, bytes)),
    "heads": _each(_flat(HeadFact, int, bytes, bytes, int, bytes, bytes)),
    "inclusion": _each(_proof),
    "consistency": _each(_proof),
    "state": _state,
    "checkpoint": _bytes,
    "terms": _list_of(TermsFact, int, bytes, int, bytes, bytes),
    "distributions": _each(_distribution),
    "rests": _each(_rest),
    "blocks": _each(_block),
}
