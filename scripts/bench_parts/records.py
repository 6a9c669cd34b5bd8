"""The cost of reading, verifying and proving records, beside bare P-256 in the same run.

Each figure is the best of several rounds, because other load can only slow a round. The receipt is from a real tree of
a million leaves.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from sales import sign_sales

from counterfoil.gateway.log.merkle import Frontier, MemoryTree, hash_leaf
from counterfoil.gateway.log.receipt import Promise, ReceiptSigner, verify_receipt
from counterfoil.gateway.record.chain_check import ChainTip, check_chain
from counterfoil.gateway.record.identity import DeviceId, Digest, PublicKey, parse_device_id
from counterfoil.gateway.record.signed_record import decode, open_envelope
from counterfoil.gateway.record.verification import DeviceKey, verify_signature, verify_signatures

DEVICE = parse_device_id("urn:dev:os:32473-vj300320611")
ROUNDS = 5


def best_seconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The shortest time that *work* took."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def measure_records(number: int) -> dict[str, object]:
    """Rates per second over *number* records, and of bare P-256 over the same bytes."""
    key = ec.generate_private_key(ec.SECP256R1())
    public, algorithm = key.public_key(), ec.ECDSA(hashes.SHA256())
    raws = list(sign_sales(DEVICE, key, number))
    ring = {(DEVICE, 1): DeviceKey(DEVICE, 1, PublicKey.of(key))}
    signatures = [
        (
            encode_dss_signature(
                int.from_bytes(raw[-64:-32], "big"), int.from_bytes(raw[-32:], "big")
            ),
            open_envelope(raw).signed_bytes,
        )
        for raw in raws
    ]
    batches: list[list[tuple[bytes, DeviceId | None]]] = [
        [(raw, None) for raw in raws[at : at + 100]] for at in range(0, number, 100)
    ]

    def bare() -> None:
        for signature, message in signatures:
            public.verify(signature, message, algorithm)

    def verify_all() -> None:
        for raw in raws:
            verify_signature(raw, DEVICE, ring)

    def batches_all() -> None:
        for batch in batches:
            verify_signatures(batch, ring)

    def decode_all() -> None:
        for raw in raws:
            decode(raw)

    def chain_all() -> None:
        tip: ChainTip | None = None
        for signed in records:
            tip = check_chain(signed, tip).tip  # type: ignore[union-attr]

    records = [verify_signature(raw, DEVICE, ring) for raw in raws]
    seconds = {
        "bare_p256_verify": best_seconds(bare),
        "decode_and_verify": best_seconds(verify_all),
        "decode_and_verify_in_batches": best_seconds(batches_all),
        "decode_only": best_seconds(decode_all),
        "check_chain": best_seconds(chain_all),
    }
    threads = os.cpu_count() or 1
    with ThreadPoolExecutor(threads) as pool:
        seconds[f"bare_p256_verify_{threads}_threads"] = (
            best_seconds(lambda: [f.result() for f in [pool.submit(bare) for _ in range(threads)]])
            / threads
        )
        seconds[f"decode_and_verify_{threads}_threads"] = best_seconds(
            lambda: list(pool.map(lambda batch: verify_signatures(batch, ring), batches))
        )
    rates = {f"{name}_per_s": round(number / took) for name, took in seconds.items()}
    ratio = seconds["bare_p256_verify"] / seconds["decode_and_verify"]
    return {"record_bytes": len(raws[0]), **rates, "decode_and_verify_to_bare": round(ratio, 3)}


def measure_receipt(leaves: int) -> dict[str, object]:
    """The size and the verification time of a receipt at *leaves* records; the time to build the tree."""
    key = ec.generate_private_key(ec.SECP256R1())
    (entry,) = sign_sales(DEVICE, key, 1)
    hashes_ = [Digest(sha256(at.to_bytes(8, "big")).digest()) for at in range(leaves)]
    index = leaves // 3
    hashes_[index] = hash_leaf(entry)
    began = time.perf_counter()
    tree = MemoryTree(hashes_)
    built = time.perf_counter() - began
    frontier = Frontier()
    began = time.perf_counter()
    frontier.extend(hashes_[:100_000])
    appended = time.perf_counter() - began
    signer = ReceiptSigner("log.example/fleet", key)
    signed_root = signer.sign_root(leaves, tree.root())
    receipt = signed_root.receipt(index, tree.inclusion_proof(index))
    promise = Promise(
        DEVICE,
        epoch=1,
        sequence=1,
        payload_digest=decode(entry).payload_digest,
        accepted_ms=1,
        deadline_ms=2,
        log_index=index,
    )
    times = 500

    def verify_many() -> None:
        for _ in range(times):
            verify_receipt(receipt, entry, signer.public_key)

    def prove_many() -> None:
        for _ in range(times):
            signed_root.receipt(index, tree.inclusion_proof(index))

    def promise_many() -> None:
        for _ in range(times):
            signer.sign_promise(promise)

    def microseconds(work: Callable[[], None]) -> float:
        return round(best_seconds(work) / times * 1e6, 1)

    return {
        "leaves": leaves,
        "receipt_bytes": len(receipt),
        "verify_receipt_us": microseconds(verify_many),
        "make_receipt_us": microseconds(prove_many),
        "sign_promise_us": microseconds(promise_many),
        "build_memory_tree_s": round(built, 3),
        "append_100000_leaves_s": round(appended, 3),
    }


def measure(folder: Path, say: Callable[[str], None]) -> dict[str, object]:
    """Measure records (3,000) and a receipt (a million leaves)."""
    del folder
    say("records: reading and verifying")
    records = measure_records(3_000)
    say("records: receipts")
    return {"records": records, "receipt": measure_receipt(1_000_000)}
