"""A bundle: all that proves one device's records of one period, in one file.

Rules kept here (docs/formats/bundle.md is the byte-exact description):

* The file is one deterministic CBOR array ``["counterfoil bundle", 3, [[name, SHA-256, part], …]]``
  with every part of ``PARTS`` once, in that order, each a byte string that is itself one
  deterministic CBOR item of arrays, integers, texts and byte strings.
* What decodes encodes to the same bytes again. Nothing in it is a float, a map or a tag.
* The digests name what was damaged; they prove nothing, since whoever changes a part can change
  its digest. What proves is signed or anchored: see ``verify``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

import cbor2

from counterfoil.api.audit.verification.errors import (
    AuditError,
    ContainerError,
    OlderVersionError,
    PartAlteredError,
    PartMalformedError,
)
from counterfoil.gateway.record.cbor import any_item
from counterfoil.gateway.record.identity import DeviceId, Digest

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


class Scope(NamedTuple):
    """What the bundle is about: *device*, and its records from *first_ms* before *until_ms*.

    Times are the device's UTC clock in ms. *chain_id* is 0, and the addresses are empty, where the
    bundle was made without a chain. *made_ms* is the maker's clock.
    """

    device: str
    first_ms: int
    until_ms: int
    made_ms: int
    chain_id: int
    record_anchor: str
    device_registry: str
    revenue_split: str
    project: str

    def has_date(self, date: int) -> bool:
        """Whether the business *date* is one of the period's."""
        return _date(self.first_ms) <= date <= _date(max(self.first_ms, self.until_ms - 1))


class KeyFact(NamedTuple):
    """A signing key of the device as the registry on chain holds it, epoch by epoch."""

    epoch: int
    x: bytes
    y: bytes
    from_sequence: int
    until_sequence: int
    revoked: int
    certificate_hash: bytes
    registered_at: int


class Entry(NamedTuple):
    """A record's place in the log, and its raw bytes."""

    log_index: int
    raw: bytes


class HeadFact(NamedTuple):
    """An anchored head, and the transaction and block in which it was anchored (hashes raw)."""

    size: int
    root: bytes
    state: bytes
    block_number: int
    block_hash: bytes
    transaction_hash: bytes


class StateFact(NamedTuple):
    """The device's slot under the last head's state root: slot *number* of *slots*."""

    number: int
    slots: int
    epoch: int
    sequence: int
    payload_digest: bytes
    path: Sequence[bytes]


class CreditFact(NamedTuple):
    """What one account got by one tier (the contract's number of it), in minor units."""

    tier: int
    account: bytes
    amount: int


class UnitFact(NamedTuple):
    """How many of the goods (SHA-256 of their code) were sold."""

    goods: bytes
    sold: int


class TermsFact(NamedTuple):
    """A version of the project's waterfall, in the chain's own encoding, and where it was set."""

    version: int
    encoded: bytes
    block_number: int
    block_hash: bytes
    transaction_hash: bytes


class DistributionFact(NamedTuple):
    """One distribution, as it was called and as the split on chain reported it; amounts in minor units.

    *carried_before* and *carried* are what the project's pools carried before and after it. *content* are the
    bytes that *facts* is the SHA-256 of (docs/formats/facts.md), empty where they are not here.
    """

    project: bytes
    batch: bytes
    version: int
    period_start: int
    period_end: int
    gross: int
    refunds: int
    tax: int
    head_size: int
    facts: bytes
    carried_before: int
    carried: int
    block_number: int
    block_hash: bytes
    transaction_hash: bytes
    units: Sequence[UnitFact]
    credits: Sequence[CreditFact]
    content: bytes


class RestFact(NamedTuple):
    """What the pool of an ended *version* still carried, given out."""

    version: int
    block_number: int
    block_hash: bytes
    transaction_hash: bytes
    credits: Sequence[CreditFact]


class TransactionFact(NamedTuple):
    """A transaction's number in its block, and the trie nodes that prove it and its receipt."""

    number: int
    transaction: Sequence[bytes]
    receipt: Sequence[bytes]


class BlockFact(NamedTuple):
    """A block's header (RLP, as it is hashed), and transactions of it."""

    header: bytes
    transactions: Sequence[TransactionFact]


@dataclass(frozen=True)
class Bundle:
    """A bundle's content; nothing in it is verified yet.

    ``inclusion`` has one proof for each record, under the last head; ``consistency`` one proof
    for each pair of neighbouring heads. ``records`` may begin with the record before the period
    and end with the one after it, which bound it. ``checkpoint`` is the log's signed note of one of
    the heads with its witnesses' cosignatures, empty where there is none. ``terms``, ``distributions``
    and ``rests`` are all of the project's from its first to the last distribution of the period, each
    in the chain's order: what the split pays depends on what it paid before. ``blocks`` prove that
    the heads, the terms and the money's movements are on chain, by the blocks' headers alone.
    """

    scope: Scope
    registry: tuple[KeyFact, ...]
    certificates: tuple[bytes, ...]
    revocations: tuple[bytes, ...]
    records: tuple[Entry, ...]
    heads: tuple[HeadFact, ...]
    inclusion: tuple[tuple[Digest, ...], ...]
    consistency: tuple[tuple[Digest, ...], ...]
    state: StateFact | None
    checkpoint: bytes = b""
    terms: tuple[TermsFact, ...] = ()
    distributions: tuple[DistributionFact, ...] = ()
    rests: tuple[RestFact, ...] = ()
    blocks: tuple[BlockFact, ...] = ()

    @property
    def device(self) -> DeviceId:
        """The device that the bundle is about."""
        return DeviceId(self.scope.device)

    def on_chain(self) -> dict[int, list[bytes]]:
        """The hashes of the transactions that ``blocks`` has to prove, by their block's number."""
        found: dict[int, list[bytes]] = {}
        places = [(head.block_number, head.transaction_hash) for head in self.heads]
        places += [(terms.block_number, terms.transaction_hash) for terms in self.terms]
        places += [(d.block_number, d.transaction_hash) for d in self.distributions]
        places += [(rest.block_number, rest.transaction_hash) for rest in self.rests]
        for number, transaction in dict.fromkeys(places):
            found.setdefault(number, []).append(transaction)
        return dict(sorted(found.items()))


_LAST_MS = 253_402_300_799_999
"""The last millisecond of the year 9999."""


def _date(time_ms: int) -> int:
    """The business date of *time_ms* (UTC), YYYYMMDD."""
    return int(f"{datetime.fromtimestamp(min(time_ms, _LAST_MS) / 1000, UTC):%Y%m%d}")


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
