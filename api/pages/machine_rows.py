"""The machines of a reader, a row each: takings, state, and colour in the chart. Amounts are minor units."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from counterfoil.api.access.sight import Machine, Sight
from counterfoil.api.http.context import ApiParts
from counterfoil.api.pages.span import bounds
from counterfoil.api.records.sales import SalesReads, Takings, Tip
from counterfoil.chain.abi.enums import DeviceStatus
from counterfoil.gateway.record.identity import DeviceId

_QUIET_MS = 24 * 3_600_000
COLOURS = 5
OTHERS = 5
"""The colour of all machines that have none of their own."""


@dataclass(frozen=True)
class MachineRow:
    """One machine's row; *colour* is the number of its colour in the chart, from 0, or ``OTHERS``."""

    machine: Machine
    colour: int
    state: str
    quiet_hours: int
    takings: int
    sparkline: tuple[int, ...]
    period: int
    tip: Tip | None

    @property
    def sells(self) -> bool:
        """Whether the machine takes money."""
        return self.machine.kind == "vending" or self.tip is None or self.tip.sold_ms is not None


def machine_rows(
    parts: ApiParts, sight: Sight, takings: Takings, first: date, last: date, now_ms: int
) -> tuple[MachineRow, ...]:
    tips = SalesReads(parts.gateway).tips(sight.devices)
    fortnight = tuple(last - timedelta(days=n) for n in range(13, -1, -1))
    month = bounds("month", last)
    rows = []
    mine = [m for m in parts.directory.machines() if m.device in sight.devices]
    colours = _colours(takings, mine)
    for machine in mine:
        tip = tips.get(machine.device)
        state, hours = _state(machine, tip, now_ms)
        rows.append(
            MachineRow(
                machine,
                colour=colours.get(machine.device, OTHERS),
                state=state,
                quiet_hours=hours,
                takings=takings.total(first, last, machine.device),
                sparkline=tuple(
                    takings.by_day.get(d, {}).get(machine.device, 0) for d in fortnight
                ),
                period=takings.total(month[0], min(month[1], last), machine.device),
                tip=tip,
            )
        )
    return tuple(rows)


def _colours(takings: Takings, machines: list[Machine]) -> dict[DeviceId, int]:
    """Return a colour for each of the machines that took most, in the order of their labels."""
    sums: dict[DeviceId, int] = {}
    for row in takings.by_day.values():
        for device, amount in row.items():
            sums[device] = sums.get(device, 0) + amount
    best = set(sorted(sums, key=lambda device: -sums[device])[:COLOURS])
    named = [machine.device for machine in machines if machine.device in best]
    return {device: number for number, device in enumerate(named)}


def _state(machine: Machine, tip: Tip | None, now_ms: int) -> tuple[str, int]:
    if machine.status.lower() == DeviceStatus.SUSPENDED.wire_name:
        return "suspended", 0
    if tip is None:
        return "silent", 0
    if tip.state in ("fault", "out_of_service"):
        return tip.state, 0
    if machine.kind != "vending" and tip.sold_ms is None:
        quiet = now_ms - tip.time_ms
        return ("quiet", quiet // 3_600_000) if quiet >= _QUIET_MS else ("measuring", 0)
    quiet = now_ms - (tip.sold_ms or tip.time_ms)
    return ("quiet", quiet // 3_600_000) if quiet >= _QUIET_MS else ("selling", 0)
