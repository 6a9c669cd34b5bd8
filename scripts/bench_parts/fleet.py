"""The same flood from few machines and from many: the cost of a turn must not grow with the fleet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anchoring

MACHINES = 1_000
RECORDS = 120_000
_RATES = ("accepted_per_s", "anchored_per_s_meanwhile", "anchored_per_s")


def measure(folder: Path, say: Callable[[str], None]) -> dict[str, object]:
    """Accepted and anchored records per second for each fleet, and their ratios; one connection per machine."""
    found: dict[str, object] = {"machines": MACHINES, "records": RECORDS}
    rates: dict[int, dict[str, object]] = {}
    for machines in (anchoring.DEVICES, MACHINES):
        rates[machines] = anchoring.measure(
            folder / f"fleet-{machines}", say, RECORDS, devices=machines
        )
        found |= {f"{name}_of_{machines}": rates[machines][name] for name in _RATES}
    few, many = rates[anchoring.DEVICES], rates[MACHINES]
    for name in ("accepted_to_bare", "anchored_to_bare"):
        found[f"{name}_many_to_few"] = round(float(str(many[name])) / float(str(few[name])), 3)
    return found
