"""The counters of a device: how each body changes them (step 11 of ``verification``)."""

from __future__ import annotations

from counterfoil.gateway.errors import (
    CountersError,
)
from counterfoil.gateway.record.bodies import Body, MeterInterval, Refund, Sale
from counterfoil.gateway.record.record import Counters


def next_counters(body: Body, before: Counters | None) -> Counters:
    """Return the counters that a record with *body* must carry after *before* (None: at first).

    Sales and refunds change count and amount, meter intervals the register; other bodies change
    nothing. Before the first record count and amount are 0, and the register is as the meter shows it.
    """
    return Counters(*_moved(body, before))


def _moved(body: Body, before: Counters | None) -> tuple[int, int, int]:
    count, amount = (0, 0) if before is None else (before.count, before.amount_minor)
    register = 0 if before is None else before.energy_register_wh
    if isinstance(body, Sale):
        return count + 1, amount + body.amount_minor, register
    if isinstance(body, Refund):
        return count + 1, amount - body.amount_minor, register
    if isinstance(body, MeterInterval):
        return count, amount, body.register_wh if before is None else register + body.energy_wh
    return count, amount, register


def check_counters(counters: Counters, body: Body, before: Counters | None) -> None:
    """Raise CountersError unless *counters* are those before plus what *body* says (step 11).

    The register of a meter's interval must also equal the counter. On a device's first record
    any register is taken: a meter may have run before it was enrolled.
    """
    register = counters.energy_register_wh
    found = (counters.count, counters.amount_minor, register)
    expected = _moved(body, before)
    if before is None and not isinstance(body, MeterInterval):
        expected = (*expected[:2], register)
    if found != expected:
        raise CountersError(f"expected (count, amount, register) {expected}, got {found}")
    if isinstance(body, MeterInterval) and body.register_wh != counters.energy_register_wh:
        raise CountersError(
            f"register {body.register_wh} Wh in the body, {counters.energy_register_wh} counted"
        )
