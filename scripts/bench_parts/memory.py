"""The gateway's memory over a million records, sampled as the log grows, so that a slope would show."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import uvloop
from flood import flood, packets
from sales import sign_sales
from stand import gateway_stand

DEVICES = 16
SAMPLES = 20


def measure(
    folder: Path, say: Callable[[str], None], records: int = 1_000_000
) -> dict[str, object]:
    """The memory of all the gateway's processes in MB, shared pages counted once, at each size of the log."""
    each = records // DEVICES // SAMPLES
    with gateway_stand(folder / "memory", DEVICES) as stand:
        samples = {"0": round(stand.memory_bytes() / 1e6, 1)}
        chains = [sign_sales(m.device, m.key, each * SAMPLES) for m in stand.fleet]
        for number in range(1, SAMPLES + 1):
            pieces = [
                iter(list(packets(member.device, islice(chain, each))))
                for member, chain in zip(stand.fleet, chains, strict=True)
            ]
            uvloop.run(flood(stand.mqtt_port, stand.fleet, pieces))
            size = number * each * DEVICES
            samples[str(size)] = round(stand.memory_bytes() / 1e6, 1)
            say(f"memory: {samples[str(size)]} MB after {size:,} records")
        kept = list(samples.values())
        return {
            "megabytes_by_records": samples,
            "second_half_growth_mb": round(kept[-1] - kept[len(kept) // 2], 1),
        }
