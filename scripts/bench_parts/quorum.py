"""Four oracle nodes of which three must sign, beside one process that signs alone: the same flood, the same trickle.

All processes share one machine: four nodes verify every record four times there. On its own machine, each verifies it
once.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anchoring
import latency

NODES = 4


def measure(folder: Path, say: Callable[[str], None], records: int = 20_000) -> dict[str, object]:
    """Records anchored per second by one and by four nodes, and a record's time to a head that three have signed."""
    rates: list[float] = []
    for oracles in (1, NODES):
        say(f"quorum: {oracles} oracle{'s' if oracles > 1 else ''}")
        found = anchoring.measure(folder / str(oracles), say, records, oracles)
        rates.append(float(str(found["anchored_to_bare"])))
    waits = latency.measure(folder / "waits", say, oracles=NODES)
    return {
        "records": records,
        "anchored_to_bare_one": rates[0],
        "anchored_to_bare_four": rates[1],
        "four_to_one": round(rates[1] / rates[0], 3),
        "publish_to_mined_ms": waits["publish_to_mined_ms"],
    }
