"""The process tree under a flood: records accepted per second and records anchored per second, on one machine.

The oracle verifies every record again from its bytes and anchors them in batches, while the gateway accepts more.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import uvloop
from flood import flood, packets
from ingest import bare_per_s
from sales import sign_sales
from stand import EnrolledDevice
from tree_stand import enrolled, tls_of

from counterfoil.gateway.device.device import RECORD_KEY
from counterfoil.gateway.pki.key_file import load_key
from counterfoil.up.data_folder import open_house
from counterfoil.up.process_tree import Tree

DEVICES = 8


def measure(
    folder: Path,
    say: Callable[[str], None],
    records: int = 240_000,
    oracles: int = 1,
    devices: int = DEVICES,
) -> dict[str, object]:
    """Both rates over *records*, from the first packet on, and their ratio to bare P-256 on one core."""
    each = records // devices
    say("anchoring: process tree")
    with Tree(open_house(folder / "anchoring", oracles=oracles)) as tree:
        fleet = [
            EnrolledDevice(device.device_id, load_key(device.folder / RECORD_KEY), tls_of(device))
            for device in enrolled(tree.house, tree, devices)
        ]
        say("anchoring: signing")
        sources = [iter(list(packets(m.device, sign_sales(m.device, m.key, each)))) for m in fleet]
        before = bare_per_s()
        say(f"anchoring: {each * devices:,} records of {devices:,} machines")
        began = time.perf_counter()
        accepted = uvloop.run(flood(tree.house.ports["mqtt"], fleet, sources))
        at_once = _anchored(tree)
        while _anchored(tree) < accepted.records:
            if time.perf_counter() - began > 600:
                raise RuntimeError(f"{_anchored(tree)} are anchored, not {accepted.records}")
            time.sleep(0.05)
        anchored_per_s = accepted.records / (time.perf_counter() - began)
        bare = (before + bare_per_s()) / 2
        return {
            "records": accepted.records,
            "accepted_per_s": round(accepted.per_s),
            "anchored_per_s_meanwhile": round(at_once / accepted.seconds),
            "anchored_per_s": round(anchored_per_s),
            "bare_p256_per_s_one_core": round(bare),
            "accepted_to_bare": round(accepted.per_s / bare, 3),
            "anchored_to_bare": round(anchored_per_s / bare, 3),
        }


def _anchored(tree: Tree) -> int:
    return int(tree.client.call("RecordAnchor", "latestHead")["size"])
