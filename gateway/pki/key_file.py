"""Private keys in files that only their owner reads."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from counterfoil.gateway.errors import DeviceError
from counterfoil.given_file import read_file


def create_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Return a new P-256 key, durable at *path* with mode 0600.

    Raises DeviceError when a file is there already.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise DeviceError(f"{path} holds a key already; keys are never overwritten") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    return key


def load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Return the P-256 key in the PEM file at *path*; DeviceError when it is not one."""
    try:
        key = serialization.load_pem_private_key(read_file(path), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise DeviceError(f"{path}: no readable private key") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise DeviceError(f"{path}: not a P-256 key")
    return key


def log_private_key(path: Path) -> ed25519.Ed25519PrivateKey:
    """Return the Ed25519 key in the PEM file at *path*; TypeError when it is another kind of key."""
    key = load_pem_private_key(read_file(path), None)
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise TypeError(f"{path} is no Ed25519 key")
    return key


def private_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Return the elliptic-curve key in the PEM file at *path*; TypeError when it is another kind of key."""
    key = load_pem_private_key(read_file(path), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{path} is no elliptic-curve key")
    return key
