"""What is to be replayed: each machine's events in order, and the payments that its operator's provider settled.

From files: each transaction of the sales file becomes a sale of its machine, each row of the meter file a reading of
one meter. The settlement file is made from the same transactions, because the sales file is the provider's own export.
From a simulation, which is named as one: five vending machines and a factory meter. A few payments are withheld, so
that a person has something to resolve.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from counterfoil.gateway.device.device import Event
from counterfoil.gateway.device.simulator import simulate_meter, simulate_vending
from counterfoil.gateway.formats.exported_sales import ExportedSale
from counterfoil.gateway.formats.meter_csv import read_meter
from counterfoil.gateway.formats.sales_csv import read_sales
from counterfoil.gateway.record.bodies import MeterInterval, Sale
from counterfoil.gateway.record.identity import DeviceId
from counterfoil.gateway.record.sale_line import SaleLine
from counterfoil.gateway.record.utc_date import business_date
from counterfoil.oracle.instructions.request import CreditEntry
from counterfoil.oracle.rules.matching import CASH, cash_reference

_WITHHELD = 3


@dataclass(frozen=True)
class PlannedMachine:
    """One device and the events that it will sign, oldest first. Pages show *title*, or *label* where that is empty."""

    device: DeviceId
    label: str
    kind: str
    events: tuple[Event, ...]
    title: str = ""
    location: str = ""


@dataclass(frozen=True)
class Payment:
    """A settled payment, or the cash of one machine and day."""

    reference: str
    method: str
    business_date: int
    amount_minor: int
    device: str


@dataclass
class ReplayPlan:
    """A replay's input. ``notes`` say what was odd in it; ``withheld_minor`` is left unsettled on purpose."""

    machines: list[PlannedMachine]
    payments: list[Payment]
    currency: str
    source: str
    gross_minor: int
    notes: list[str] = field(default_factory=list)
    withheld_minor: int = 0
    set_aside_minor: int = 0

    @property
    def last_date(self) -> int:
        """The last business date with a payment."""
        return max((payment.business_date for payment in self.payments), default=0)

    @property
    def first_date(self) -> int:
        """The first business date with a payment."""
        return min((payment.business_date for payment in self.payments), default=20220101)


def device_name(serial: str) -> DeviceId:
    """The name of the machine with this serial number."""
    return DeviceId(f"urn:dev:os:32473-{serial.lower()}")


def plan_from_files(sales: Path | None, meter: Path | None, currency: str) -> ReplayPlan:
    """Return the plan of a sales file, a meter file, or both."""
    machines: list[PlannedMachine] = []
    payments: list[Payment] = []
    notes: list[str] = []
    gross = aside = 0
    if sales is not None:
        file = read_sales(sales)
        gross, aside = file.gross_minor, file.file_total_minor - file.gross_minor
        by_machine: dict[str, list[ExportedSale]] = defaultdict(list)
        for sale in file.sales:
            by_machine[sale.machine].append(sale)
        for serial, sold in sorted(by_machine.items()):
            events = tuple(_sale_event(sale, currency) for sale in sold)
            place = file.places.get(serial, ("", ""))
            machines.append(PlannedMachine(device_name(serial), serial, "vending", events, *place))
        payments = _payments(machines)
        notes.append(
            f"{sales.name}: {file.rows} rows, {len(file.sales)} sales, {len(file.set_aside)} rows set aside"
        )
        notes += [f"  {count} sales: {notice}" for notice, count in file.notices.items()]
        notes += [
            f"  rows {_rows(item.rows)} set aside: {item.reason}" for item in file.set_aside[:8]
        ]
    if meter is not None:
        readings = read_meter(meter)
        intervals = tuple(
            Event(
                MeterInterval(i.start_ms, i.end_ms, i.energy_wh, i.register_wh, i.reactive_varh),
                i.end_ms,
            )
            for i in readings.intervals
        )
        name = readings.intervals[0].meter if readings.intervals else "meter"
        machines.append(
            PlannedMachine(device=device_name(name), label=name, kind="meter", events=intervals)
        )
        energy = sum(i.energy_wh for i in readings.intervals)
        notes.append(
            f"{meter.name}: {readings.rows} rows, {len(intervals)} intervals, {energy / 1000:,.2f} kWh,"
            f" {len(readings.gaps)} gaps, {len(readings.set_aside)} rows set aside"
        )
    source = " and ".join(path.name for path in (sales, meter) if path is not None)
    return ReplayPlan(
        machines,
        payments,
        currency,
        source=source,
        gross_minor=gross,
        notes=notes,
        set_aside_minor=aside,
    )


def plan_simulated(days: int, machines: int = 5) -> ReplayPlan:
    """Return the plan of a simulated fleet; it is the same each time."""
    first = date(2026, 1, 1)
    fleet = [
        PlannedMachine(
            device=device_name(f"sim-{number:03}"),
            label=f"Simulated machine {number}",
            kind="vending",
            events=tuple(simulate_vending(f"{number}", first, days)),
        )
        for number in range(1, machines + 1)
    ]
    payments = _payments(fleet)
    cards = [payment for payment in payments if payment.method != CASH]
    withheld = cards[:: max(1, len(cards) // _WITHHELD)][:_WITHHELD]
    kept = [payment for payment in payments if payment not in withheld]
    gross = sum(payment.amount_minor for payment in payments)
    missing = sum(payment.amount_minor for payment in withheld)
    fleet.append(
        PlannedMachine(
            device=device_name("sim-meter"),
            label="Simulated factory meter",
            kind="meter",
            events=tuple(simulate_meter("m", first, days)),
        )
    )
    sale = next(e.body for m in fleet for e in m.events if isinstance(e.body, Sale))
    notes = [
        f"SIMULATED: {machines} vending machines and a factory meter, {days} days; no real machine is behind this",
        f"{len(withheld)} card payments are withheld from the settlement file, for a person to resolve",
    ]
    return ReplayPlan(
        machines=fleet,
        payments=kept,
        currency=sale.currency,
        source=f"a simulation of {days} days",
        gross_minor=gross,
        notes=notes,
        withheld_minor=missing,
    )


def settlement_csv(payments: Iterable[Payment], currency: str) -> str:
    """The payments as the provider's settlement file (docs/formats/settlement-file.md)."""
    lines = ["reference,method,business_date,amount,currency,device"]
    for p in payments:
        amount = f"{p.amount_minor // 100}.{p.amount_minor % 100:02}"
        lines.append(f"{p.reference},{p.method},{p.business_date},{amount},{currency},{p.device}")
    return "\n".join(lines) + "\n"


def bank_entries(
    payments: Iterable[Payment], project: str, currency: str
) -> tuple[CreditEntry, ...]:
    """The bank's credit entries: one a business date, for all that was settled that day."""
    by_date: dict[int, int] = defaultdict(int)
    for payment in payments:
        by_date[payment.business_date] += payment.amount_minor
    return tuple(
        CreditEntry(
            statement=f"STMT-{day // 100}",
            reference=f"SETTLEMENT-{day}",
            project=project,
            business_date=day,
            amount_minor=amount,
            currency=currency,
        )
        for day, amount in sorted(by_date.items())
        if amount
    )


def _sale_event(sale: ExportedSale, currency: str) -> Event:
    lines = tuple(
        SaleLine(
            commodity=line.product[:64] or "unnamed",
            quantity=line.quantity,
            unit_price_minor=line.unit_price_minor,
            slot=line.slot,
        )
        for line in sale.lines
    )
    body = Sale(
        sale.amount_minor,
        currency,
        sale.payment_method,
        payment_reference=f"{sale.machine}:{sale.reference}",
        lines=lines,
    )
    return Event(body, sale.time_ms)


def _payments(machines: Iterable[PlannedMachine]) -> list[Payment]:
    """Return what the provider settles for the sales: each card payment, and the cash of each machine and day."""
    found: list[Payment] = []
    cash: dict[tuple[str, int], int] = defaultdict(int)
    for machine in machines:
        for event in machine.events:
            body = event.body
            if not isinstance(body, Sale):
                continue
            day = business_date(event.time_ms)
            if body.payment_method == CASH:
                cash[machine.device, day] += body.amount_minor
            else:
                reference = body.payment_reference or ""
                found.append(
                    Payment(
                        reference,
                        body.payment_method,
                        business_date=day,
                        amount_minor=body.amount_minor,
                        device=machine.device,
                    )
                )
    found += [
        Payment(
            reference=cash_reference(device, day),
            method=CASH,
            business_date=day,
            amount_minor=amount,
            device=device,
        )
        for (device, day), amount in sorted(cash.items())
    ]
    return found


def _rows(numbers: tuple[int, ...]) -> str:
    shown = ", ".join(str(number) for number in numbers[:4])
    return f"{shown} …" if len(numbers) > 4 else shown
