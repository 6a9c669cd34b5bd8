"""A witness's folder: ``witness.json`` (its name, and the logs that it watches), ``witness.key``, ``witness.db``."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from counterfoil.gateway.errors import CheckpointError
from counterfoil.gateway.log.checkpoint import LogKey
from counterfoil.gateway.log.cosignature import WitnessKey
from counterfoil.given_file import read_file, read_text_file


@dataclass(frozen=True)
class WatchedLog:
    """A log's key, and where its tiles are (empty: the log brings its heads itself)."""

    key: LogKey
    tiles: str


@dataclass(frozen=True)
class WitnessFolder:
    """A witness's key, and the logs that it watches."""

    folder: Path
    name: str
    key: Ed25519PrivateKey
    logs: tuple[WatchedLog, ...]

    @property
    def public(self) -> WitnessKey:
        """Return the key that the witness's readers must know."""
        return WitnessKey(self.name, self.key.public_key().public_bytes_raw())


def create_witness(folder: Path, name: str, logs: list[WatchedLog]) -> WitnessFolder:
    """Make a witness in *folder*, with a new key; FileExistsError where there is one already."""
    key = Ed25519PrivateKey.generate()
    LogKey(name, key.public_key().public_bytes_raw())
    folder.mkdir(parents=True, exist_ok=True)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    descriptor = os.open(folder / "witness.key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(pem)
    kept = [{"key": log.key.verifier_key(), "tiles": log.tiles} for log in logs]
    (folder / "witness.json").write_text(json.dumps({"name": name, "logs": kept}, indent=1) + "\n")
    return WitnessFolder(folder, name, key, logs=tuple(logs))


def open_witness(folder: Path) -> WitnessFolder:
    """Return the witness in *folder*; GivenFileError or CheckpointError when it is none."""
    text, pem = read_text_file(folder / "witness.json"), read_file(folder / "witness.key")
    try:
        found = json.loads(text)
        key = serialization.load_pem_private_key(pem, None)
    except (ValueError, TypeError, RecursionError) as error:
        raise CheckpointError(f"{folder} has no witness.json and witness.key as made") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise CheckpointError(f"{folder}/witness.key is no Ed25519 key")
    try:
        logs = tuple(
            WatchedLog(LogKey.from_verifier_key(log["key"]), log.get("tiles", ""))
            for log in found["logs"]
        )
        return WitnessFolder(folder, name=found["name"], key=key, logs=logs)
    except (KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{folder}/witness.json is malformed: {error}") from error
