"""The figures of a batch of the log: totals by project and goods, and each machine's activity. Pure.

Rules that this module keeps:

- The figures follow only from the records' bytes and from the registry as of one block, so anybody who has both gets
  the same bytes. Their SHA-256 is part of the signed and anchored head.
- Lists are sorted: projects by hash and currency, goods by code, machines by hash. Amounts are in minor units, energy
  in Wh.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

import cbor2

from counterfoil.gateway.record.bodies import MeterInterval, Refund, Sale
from counterfoil.gateway.record.cbor_form import (
    constant,
    each,
    number,
    octets,
    read_form,
    row,
    text,
)
from counterfoil.gateway.record.identity import DeviceId, Digest, device_hash
from counterfoil.gateway.record.signed_record import SignedRecord
from counterfoil.oracle.errors import InputMalformed

NO_PROJECT = bytes(32)
_TAG, _VERSION = "counterfoil figures", 1


class GoodsFigures(NamedTuple):
    """Units sold of one commodity, and their price by the sales' lines."""

    commodity: str
    units: int
    amount_minor: int


class ProjectFigures(NamedTuple):
    """One project's sales and refunds in one currency; ``project`` is its on-chain id, zero for none."""

    project: bytes
    currency: str
    sales: int
    gross_minor: int
    refunds: int
    refunded_minor: int
    goods: tuple[GoodsFigures, ...]


class DeviceFigures(NamedTuple):
    """One machine's records in the batch, its meter intervals among them, and their energy."""

    device: bytes
    records: int
    intervals: int
    energy_wh: int


@dataclass(frozen=True)
class Figures:
    """The records from ``previous_size`` up to, not including, ``size``, by the registry as of ``block``."""

    previous_size: int
    size: int
    block: int
    projects: tuple[ProjectFigures, ...]
    devices: tuple[DeviceFigures, ...]

    def encode(self) -> bytes:
        """Deterministic CBOR (docs/formats/figures.md)."""
        return cbor2.dumps(
            [
                _TAG,
                _VERSION,
                self.previous_size,
                self.size,
                self.block,
                [[*p[:-1], [list(g) for g in p.goods]] for p in self.projects],
                [list(d) for d in self.devices],
            ],
            canonical=True,
        )

    @property
    def digest(self) -> Digest:
        """The SHA-256 that the head commits to."""
        return Digest(sha256(self.encode()).digest())


_SUM = number(2**160)
"""A sum over a batch: more than any records can come to, whose own numbers are below 2^63."""
_MOST_ROWS = 1 << 20
_FORM = row(
    tag=constant(_TAG),
    version=constant(_VERSION),
    previous_size=number(),
    size=number(),
    block=number(),
    projects=each(
        row(
            project=octets(32),
            currency=text(3, shortest=3),
            sales=number(),
            gross_minor=_SUM,
            refunds=number(),
            refunded_minor=_SUM,
            goods=each(row(commodity=text(64), units=_SUM, amount_minor=_SUM), _MOST_ROWS),
        ),
        _MOST_ROWS,
    ),
    devices=each(
        row(device=octets(32), records=number(), intervals=number(), energy_wh=_SUM), _MOST_ROWS
    ),
)


def decode_figures(data: bytes) -> Figures:
    """The figures in *data*.

    Raises:
        InputMalformed: the bytes are no figures, or not in canonical form.
    """
    try:
        _, _, previous, size, block, projects, devices = read_form(data, _FORM, "figures")
    except ValueError as failure:
        raise InputMalformed(f"no batch figures: {failure}") from failure
    found = Figures(
        previous_size=previous,
        size=size,
        block=block,
        projects=tuple(
            ProjectFigures._make([*p[:-1], tuple(GoodsFigures(*g) for g in p[-1])])
            for p in projects
        ),
        devices=tuple(DeviceFigures(*d) for d in devices),
    )
    if found.encode() != data:
        raise InputMalformed("no batch figures in their one form")
    return found


@dataclass
class _Takings:
    sales: int = 0
    gross_minor: int = 0
    refunds: int = 0
    refunded_minor: int = 0
    units: Counter[str] = field(default_factory=Counter)
    amounts: Counter[str] = field(default_factory=Counter)

    def add(self, other: _Takings) -> None:
        self.sales += other.sales
        self.gross_minor += other.gross_minor
        self.refunds += other.refunds
        self.refunded_minor += other.refunded_minor
        self.units.update(other.units)
        self.amounts.update(other.amounts)


def _none_yet() -> list[int]:
    return [0, 0, 0]


class Tally:
    """Adds up the figures of a batch, machine by machine, as its records come in."""

    def __init__(self) -> None:
        self._takings: dict[tuple[DeviceId, str], _Takings] = defaultdict(_Takings)
        self._ran: dict[DeviceId, list[int]] = defaultdict(_none_yet)

    def add(self, signed: SignedRecord) -> None:
        """Count the next record."""
        device, body = signed.record.device, signed.record.body
        ran = self._ran[device]
        ran[0] += 1
        if isinstance(body, MeterInterval):
            ran[1] += 1
            ran[2] += body.energy_wh
        elif isinstance(body, Sale):
            takings = self._takings[device, body.currency]
            takings.sales += 1
            takings.gross_minor += body.amount_minor
            for line in body.lines:
                takings.units[line.commodity] += line.quantity
                takings.amounts[line.commodity] += line.quantity * line.unit_price_minor
        elif isinstance(body, Refund):
            takings = self._takings[device, body.currency]
            takings.refunds += 1
            takings.refunded_minor += body.amount_minor

    def merge(self, other: Tally) -> None:
        """Add what *other* counted of the same batch."""
        for key, takings in other._takings.items():
            self._takings[key].add(takings)
        for device, counts in other._ran.items():
            ran = self._ran[device]
            for at, count in enumerate(counts):
                ran[at] += count

    @property
    def sellers(self) -> list[DeviceId]:
        """The machines that sold or refunded something, whose projects the figures depend on."""
        return list(dict.fromkeys(device for device, _ in self._takings))

    def figures(
        self, previous_size: int, size: int, block: int, project_of: Callable[[DeviceId], bytes]
    ) -> Figures:
        """The figures; *project_of* gives each machine's project."""
        projects: dict[tuple[bytes, str], _Takings] = defaultdict(_Takings)
        for (device, currency), takings in self._takings.items():
            projects[project_of(device), currency].add(takings)
        return Figures(
            previous_size,
            size,
            block,
            projects=tuple(_project(*key, projects[key]) for key in sorted(projects)),
            devices=tuple(
                sorted(DeviceFigures(device_hash(d), *ran) for d, ran in self._ran.items())
            ),
        )


def _project(project: bytes, currency: str, t: _Takings) -> ProjectFigures:
    goods = tuple(GoodsFigures(code, t.units[code], t.amounts[code]) for code in sorted(t.units))
    return ProjectFigures(
        project, currency, t.sales, t.gross_minor, t.refunds, t.refunded_minor, goods
    )


def differences(mine: Figures, theirs: Figures) -> Iterator[str]:
    """Yield where *theirs* differs from *mine*, in words: the batch first, then projects, then machines."""
    for name in ("previous_size", "size", "block"):
        if getattr(mine, name) != getattr(theirs, name):
            yield f"{name} {getattr(theirs, name)}, here {getattr(mine, name)}"
    yield from _differing(
        {(p.project, p.currency): p for p in mine.projects},
        {(p.project, p.currency): p for p in theirs.projects},
        lambda key: f"project {key[0].hex()[:16]} in {key[1]}",
    )
    yield from _differing(
        {d.device: d for d in mine.devices},
        {d.device: d for d in theirs.devices},
        lambda key: f"device {key.hex()[:16]}",
    )


def _differing(mine: dict[Any, Any], theirs: dict[Any, Any], name: Any) -> Iterator[str]:
    for key in sorted(mine.keys() | theirs.keys()):
        here, there = mine.get(key), theirs.get(key)
        if here is None or there is None:
            yield f"{name(key)} is missing {'here' if here is None else 'there'}"
            continue
        for field_name in here._fields:
            ours, others = getattr(here, field_name), getattr(there, field_name)
            if ours == others:
                continue
            if field_name != "goods":
                yield f"{name(key)}: {field_name} {others}, here {ours}"
                continue
            yield from _differing(
                {g.commodity: g for g in ours},
                {g.commodity: g for g in others},
                lambda code, of=key: f"{name(of)}, goods {code!r}",
            )
