"""Whoever reads bytes of others answers hostile ones with an error of ours, whatever the bytes are."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support_hostile import mutated

from counterfoil.api.audit.verification import bundle_format
from counterfoil.api.audit.verification.errors import AuditError
from counterfoil.chain.abi.decoding import decode_call
from counterfoil.chain.errors import ChainError
from counterfoil.chain.proof.block_proof import read_header
from counterfoil.gateway.errors import GatewayError
from counterfoil.gateway.log.checkpoint import log_key_of, verify_checkpoint
from counterfoil.gateway.log.receipt import verify_promise, verify_receipt
from counterfoil.gateway.log.witness_request import read_request
from counterfoil.gateway.record.downlink import decode_message
from counterfoil.gateway.record.identity import PublicKey
from counterfoil.gateway.record.signed_record import decode
from counterfoil.oracle.errors import OracleError
from counterfoil.oracle.rules.facts import decode_facts
from counterfoil.oracle.rules.figures import decode_figures
from counterfoil.oracle.rules.judging.proposal import decode_call_proposal, decode_head_proposal

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
OURS = (GatewayError, OracleError, ChainError, AuditError)
LOG = log_key_of("log.example/fleet", Ed25519PrivateKey.from_private_bytes(bytes(32)))
NOTE = b"log.example/fleet\n9\n" + b"A" * 43 + b"=\n\n\xe2\x80\x94 log.example/fleet " + b"A" * 92
SPLICED = (
    b"\x00",
    b"\xff" * 8,
    b"\x1b" + b"\xff" * 8,
    b"\x5b\x7f" + b"\xff" * 7,
    b"\x9b" * 9,
    b"\x81",
    b"\xa1",
    b"\xf9\x7c\x00",
    b"\xfb" + bytes(8),
    b"\x3b" + b"\xff" * 8,
    b"\xf6",
    b"\x9f",
    b"\xc1",
    b"\xc0\x60",
    b"\xc2\x40",
    b"\xc4\x82\x3b" + b"\xff" * 8,
    b"-1",
    b"9" * 25,
    b"\n",
    b"\xe2\x80\x94 ",
)


def byte_strings(found: Any) -> Iterator[bytes]:
    """The vectors' values that are bytes in hex."""
    if isinstance(found, dict | list):
        for value in found.values() if isinstance(found, dict) else found:
            yield from byte_strings(value)
    elif isinstance(found, str):
        try:
            yield bytes.fromhex(found)
        except ValueError:
            return


def vectors(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((VECTORS / f"{name}.json").read_text())
    return read


RECEIPTS = vectors("receipts")
KEY = PublicKey(*(bytes.fromhex(RECEIPTS["key"][name]) for name in ("x", "y")))
SEEDS = [
    b for name in ("records", "receipts", "proposals") for b in byte_strings(vectors(name)) if b
]
RECORD = bytes.fromhex(vectors("records")["good"][0]["raw"])

READERS: dict[str, Callable[[bytes], object]] = {
    "record": decode,
    "promise": lambda data: verify_promise(data, KEY),
    "receipt": lambda data: verify_receipt(data, RECORD, KEY),
    "message to a machine": decode_message,
    "checkpoint": lambda data: verify_checkpoint(data, LOG),
    "request to a witness": read_request,
    "head proposal": decode_head_proposal,
    "call proposal": decode_call_proposal,
    "figures": decode_figures,
    "facts": decode_facts,
    "bundle": bundle_format.decode,
    "block header": read_header,
    "call of a contract": lambda data: decode_call("RevenueSplit", data),
}


@pytest.mark.parametrize("reader", READERS)
def test_only_errors_of_ours_are_raised(reader: str) -> None:
    rng = random.Random(reader)
    sources = [*SEEDS, NOTE, b"old 3\n" + b"A" * 43 + b"=\n\n" + NOTE]
    for _ in range(20_000):
        content = mutated(source=rng.choice(sources), rng=rng, spliced=SPLICED, replaced_below=10)
        try:
            READERS[reader](content)
        except OURS:
            continue
        except Exception as error:  # that it is none of ours is what is looked for
            pytest.fail(f"{type(error).__name__}: {error}, of {content.hex()}")
