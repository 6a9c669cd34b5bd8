"""A device process is killed at random points: no number is used twice and nothing is lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from counterfoil.gateway.device.device import Device
from counterfoil.gateway.record.chain_check import Accepted, check_chain
from counterfoil.gateway.record.identity import parse_device_id
from counterfoil.gateway.record.signed_record import decode
from counterfoil.gateway.record.verification import DeviceKey, verify_signature

DEVICE = parse_device_id("urn:dev:os:32473-kill")

# Appends for ever; each record's bytes go to stdout only after append returned, as sending would.
PROGRAM = """
import sys
from pathlib import Path
from counterfoil.gateway.device.device import Device, Event
from counterfoil.gateway.record.bodies import Sale
device = Device(Path(sys.argv[1]))
print("ready", flush=True)
number = 0
while True:
    number += 1
    sale = Sale(number, "USD", "cash")
    raws = device.append_all([Event(sale, number), Event(sale, number)]) if number % 3 else [
        device.append(sale, number)
    ]
    for raw in raws:
        print(raw.hex(), flush=True)
"""


@pytest.mark.integration
def test_numbers_survive_kill_9(tmp_path: Path) -> None:
    folder = tmp_path / "device"
    device = Device.create(folder, DEVICE, "sales")
    key = DeviceKey(DEVICE, 1, device.public_key)
    device.close()
    rng = random.Random(20261123)
    seen: dict[int, bytes] = {}
    for _ in range(12):
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(folder)], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(rng.uniform(0, 0.15))
        os.kill(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        for line in output.split(b"\n")[:-1]:
            raw = bytes.fromhex(line.decode())
            sequence = decode(raw).record.sequence
            assert seen.setdefault(sequence, raw) == raw, f"number {sequence} was used twice"
    device = Device(folder)
    kept = {entry.sequence: entry.raw for entry in device.journal.unsent(limit=1_000_000)}
    assert len(seen) > 20, "the process never got to sign: the test shows nothing"
    for sequence, raw in seen.items():
        assert kept[sequence] == raw, f"number {sequence} was seen outside but is lost"
    assert sorted(kept) == list(range(1, len(kept) + 1))
    tip = None
    for sequence in sorted(kept):
        signed = verify_signature(kept[sequence], DEVICE, {(DEVICE, 1): key})
        outcome = check_chain(signed, tip)
        assert isinstance(outcome, Accepted)
        tip = outcome.tip
    assert decode(device.append(decode(kept[1]).record.body)).record.sequence == len(kept) + 1
    device.close()
