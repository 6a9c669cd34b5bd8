"""Sales and refunds as a sweep keeps them, packed by the piece: splits are made of them.

Rules kept here:

* A worker packs and the parent only stores: a piece's facts are unpacked when a split needs them.
* The packed form is CBOR columns. Machines and goods repeat, so they stand in lists of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

import cbor2

_Value = TypeVar("_Value")
Units = tuple[tuple[str, int], ...]


class SoldFact(NamedTuple):
    """A sale or refund as it is shared out; units are pairs of (commodity, count), one for each line.

    ``repudiated_in`` is the block in which the committee took its record back.
    """

    log_index: int
    device: str
    time_ms: int
    is_refund: bool
    amount_minor: int
    units: Units
    repudiated_in: int | None = None


def pack(facts: Sequence[SoldFact]) -> bytes:
    """Return *facts*, one or more, as one byte string."""
    index, device, time_ms, is_refund, amount, units, repudiated = zip(*facts, strict=True)
    devices, goods = _numbered(device), _numbered(units)
    columns = [index, [devices[d] for d in device], time_ms, is_refund, amount]
    taken_back = {at: block for at, block in enumerate(repudiated) if block is not None}
    sold = [goods[u] for u in units]
    return cbor2.dumps([list(devices), list(goods), *columns, sold, taken_back])


def unpack(data: bytes) -> Iterator[SoldFact]:
    """Yield the facts that :func:`pack` put into *data*, in their order."""
    devices, goods, index, device, time_ms, is_refund, amount, units, taken_back = cbor2.loads(data)
    lines: list[Units] = [tuple((code, count) for code, count in one) for one in goods]
    rows = zip(index, device, time_ms, is_refund, amount, units, strict=True)
    for place, (log_index, who, at, is_given_back, minor, what) in enumerate(rows):
        yield SoldFact(
            log_index,
            device=devices[who],
            time_ms=at,
            is_refund=is_given_back,
            amount_minor=minor,
            units=lines[what],
            repudiated_in=taken_back.get(place),
        )


def _numbered(values: Sequence[_Value]) -> dict[_Value, int]:
    """Each value once, with its place in the order of first appearance."""
    return {value: at for at, value in enumerate(dict.fromkeys(values))}
