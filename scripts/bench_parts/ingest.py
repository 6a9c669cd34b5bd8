"""Records per second through the MQTT endpoint: TLS, verified, chained, committed, acknowledged; beside bare P-256.

One round measures the bare rate, the flood, and the bare rate again, so that other load affects both. The sender
runs on the same machine and uses a part of it.
"""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import uvloop
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from flood import flood, packets
from sales import sign_sales
from stand import EnrolledDevice, gateway_stand

from counterfoil.gateway.record.identity import DeviceId

DEVICES = 16


def bare_per_s(seconds: float = 1.0) -> float:
    """P-256 verifications per second on one core, with no other work."""
    key = ec.generate_private_key(ec.SECP256R1())
    algorithm, message = ec.ECDSA(hashes.SHA256()), bytes(300)
    public, signature = key.public_key(), key.sign(message, algorithm)
    number, began = 0, time.perf_counter()
    while (took := time.perf_counter() - began) < seconds:
        for _ in range(100):
            public.verify(signature, message, algorithm)
        number += 100
    return number / took


def signed_records(fleet: Sequence[EnrolledDevice], each: int) -> list[list[bytes]]:
    """*each* records of every device, signed by one process per core."""
    work = [
        (
            member.device,
            member.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
            each,
        )
        for member in fleet
    ]
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        return pool.map(_records_of, work)


def _records_of(work: tuple[DeviceId, bytes, int]) -> list[bytes]:
    device, der, number = work
    key = load_der_private_key(der, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return list(sign_sales(device, key, number))


def measure(
    folder: Path, say: Callable[[str], None], records: int = 48_000, rounds: int = 3
) -> dict[str, object]:
    """The median rates and ratio of *rounds* rounds, each of *records* records."""
    each = records // DEVICES // rounds
    with gateway_stand(folder / "ingest", DEVICES) as stand:
        say("ingest: signing")
        signed = signed_records(stand.fleet, each * rounds)
        idle = stand.memory_bytes()
        rates, ratios, cpu_us, bares = [], [], [], []
        for number in range(rounds):
            say(f"ingest: round {number + 1} of {rounds}")
            before = bare_per_s()
            pieces = [
                iter(list(packets(member.device, raws[number * each : (number + 1) * each])))
                for member, raws in zip(stand.fleet, signed, strict=True)
            ]
            cpu = stand.cpu_seconds()
            flooded = uvloop.run(flood(stand.mqtt_port, stand.fleet, pieces))
            cpu = stand.cpu_seconds() - cpu
            bare = (before + bare_per_s()) / 2
            bares.append(bare)
            rates.append(flooded.per_s)
            ratios.append(flooded.per_s / bare)
            cpu_us.append(cpu / flooded.records * 1e6)
        with sqlite3.connect(f"file:{stand.database}?mode=ro", uri=True) as db:
            (stored,) = db.execute("SELECT count(*) FROM record").fetchone()
        if stored != each * rounds * DEVICES:
            raise RuntimeError(f"{each * rounds * DEVICES} acknowledged, {stored} stored")
        return {
            "devices": DEVICES,
            "records": stored,
            "records_per_s": round(median(rates)),
            "bare_p256_per_s_one_core": round(median(bares)),
            "records_to_bare": round(median(ratios), 3),
            "gateway_cpu_us_a_record": round(median(cpu_us), 1),
            "memory_mb_idle": round(idle / 1e6, 1),
            "memory_mb_after": round(stand.memory_bytes() / 1e6, 1),
        }
