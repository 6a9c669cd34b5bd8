"""A sweep of a whole log: records per second, beside the bare P-256 rate of all processors in the same run."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from gas import Ledger
from ingest import bare_per_s
from sales import sign_sales

from counterfoil.chain.address import Address
from counterfoil.chain.nodes.embedded import start_node
from counterfoil.gateway.certificate.enrolment import prove_possession
from counterfoil.gateway.log.checkpoint import Head
from counterfoil.gateway.log.merkle import consistency_proof
from counterfoil.gateway.log.state_tree import StateTree
from counterfoil.gateway.logfiles.tiles import TileReader, TileWriter, read_folder
from counterfoil.gateway.record.identity import (
    DeviceId,
    Digest,
    PublicKey,
    device_hash,
    parse_device_id,
)
from counterfoil.gateway.record.signed_record import decode
from counterfoil.oracle.rules.anchored_head import NO_ANNEX, head_argument
from counterfoil.oracle.rules.figures import NO_PROJECT, Tally

DEVICES = 8
BATCH = 20_000


def measure(folder: Path, say: Callable[[str], None], records: int = 320_000) -> dict[str, object]:
    """The sweep's rate over *records* records of eight machines, under heads of 20,000 records."""
    tiles = folder / "sweep" / "tiles"
    node = start_node("anvil", folder / "sweep" / "node", block_time_s=0.2)
    try:
        say("sweep: contracts")
        ledger = Ledger(node, folder / "sweep")
        say(f"sweep: signing {records:,} records")
        keys = {
            parse_device_id(f"urn:dev:os:32473-sweep{at}"): ec.derive_private_key(
                0x5EED + at, ec.SECP256R1()
            )
            for at in range(DEVICES)
        }
        with ProcessPoolExecutor() as pool:
            numbers = [key.private_numbers().private_value for key in keys.values()]
            each = pool.map(partial(_signed, records // DEVICES), keys, numbers)
            raws = [raw for row in zip(*each, strict=True) for raw in row]
        _register(ledger, keys)
        _anchor(ledger, tiles, raws)
        say("sweep: bare P-256 on all processors, then the sweep")
        before = bare_all_per_s()
        spent = _cpu_s()
        verified = bare_per_s(3.0) * 3.0
        bare_cpu_us = (_cpu_s() - spent) / verified * 1e6
        spent = _cpu_s()
        began = time.perf_counter()
        done = _sweep(node.rpc_url, tiles, folder / "sweep" / "deployment.json")
        took = time.perf_counter() - began
        cpu_us = (_cpu_s() - spent) / len(raws) * 1e6
        bare = (before + bare_all_per_s()) / 2
        if done["findings"] or done["records"] != len(raws):
            raise RuntimeError(f"{done['records']} records, {done['findings'][:3]}")
        return {
            "records": done["records"],
            "heads": done["heads"],
            "records_per_s": done["records_per_s"],
            "whole_command_records_per_s": round(len(raws) / took),
            "bare_p256_per_s_all_processors": round(bare),
            "sweep_to_bare": round(done["records_per_s"] / bare, 3),
            "sweep_cpu_us_a_record": round(cpu_us, 1),
            "bare_cpu_us": round(bare_cpu_us, 1),
            "bare_to_sweep_by_cpu": round(bare_cpu_us / cpu_us, 3),
        }
    finally:
        node.stop()


def _sweep(rpc: str, tiles: Path, deployment: Path) -> dict[str, Any]:
    """What the auditor's own command says: its workers start as his do, with nothing of the bench in them."""
    asked = ["--rpc", rpc, "--log", str(tiles), "--deployment", str(deployment), "--json"]
    command = [sys.executable, "-m", "counterfoil", "audit", "sweep", *asked]
    # It ends with 2: no distributions' facts are shown to it.
    told = subprocess.run(command, stdout=subprocess.PIPE, check=False, timeout=3_600)
    return dict(json.loads(told.stdout))


def bare_all_per_s() -> float:
    """P-256 verifications per second with one process per processor and no other work."""
    number = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(number) as pool:
        return sum(pool.map(bare_per_s, [3.0] * number))


def _cpu_s() -> float:
    """CPU seconds of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _signed(number: int, device: DeviceId, scalar: int) -> list[bytes]:
    return list(sign_sales(device, ec.derive_private_key(scalar, ec.SECP256R1()), number))


def _register(ledger: Ledger, keys: dict[DeviceId, ec.EllipticCurvePrivateKey]) -> None:
    registry = ledger.client.address_of("DeviceRegistry").raw
    anybody = Address(b"\x11" * 20)
    for device, key in keys.items():
        public = PublicKey.of(key)
        proof = prove_possession(
            record_key=key,
            chain_id=ledger.client.chain_id(),
            registry=registry,
            device=device,
            epoch=1,
            nonce=bytes(32),
        )
        new = (public.x, public.y, sha256(device.encode()).digest(), proof[:32], proof[32:])
        of = (device_hash(device), anybody, anybody, NO_PROJECT)
        ledger.send("registrar", "DeviceRegistry", "register", *of, new)


def _anchor(ledger: Ledger, tiles: Path, raws: list[bytes]) -> None:
    writer, state, before = TileWriter(tiles), StateTree(), 0
    while before < len(raws):
        batch, tally = raws[before : before + BATCH], Tally()
        writer.append(batch)
        for raw in batch:
            signed = decode(raw)
            state.apply_record(signed)
            tally.add(signed)
        root, size = writer.publish(), writer.size
        block = ledger.client.latest().number
        figures = tally.figures(before, size, block, lambda _: NO_PROJECT).digest
        proof: list[Digest] = []
        if before:
            proof = consistency_proof(before, size, TileReader(read_folder(tiles), size).read)
        head = Head(size, root, state.root())
        ledger.anchor(head_argument(head, figures, NO_ANNEX, before), proof)
        before = size
