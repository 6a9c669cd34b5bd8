"""Keys that sign: encrypted keystores here, or an external signer behind the same protocol."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_typing import Hash32

import counterfoil.chain.recursion_limit  # noqa: F401  # eth_account brings py_ecc
from counterfoil.chain.address import Address
from counterfoil.chain.errors import KeyRefused
from counterfoil.given_file import read_text_file


class Signer(Protocol):
    """Signs for one account: a key here, or a bank's own signing service."""

    @property
    def address(self) -> Address: ...

    def sign_transaction(self, transaction: Mapping[str, Any]) -> bytes:
        """The signed transaction's bytes, ready to send."""
        ...

    def sign_digest(self, digest: bytes) -> bytes:
        """The signature r || s || v (65 bytes) over a 32-byte digest, such as an EIP-712 digest."""
        ...


class LocalSigner:
    """A key in this process's memory."""

    def __init__(self, account: LocalAccount) -> None:
        self._account = account

    @property
    def address(self) -> Address:
        return Address(self._account.address)

    @property
    def public_key(self) -> bytes:
        """The compressed public key, 33 bytes."""
        return bytes(self._account._key_obj.public_key.to_compressed_bytes())

    def sign_transaction(self, transaction: Mapping[str, Any]) -> bytes:
        return bytes(self._account.sign_transaction(dict(transaction)).raw_transaction)

    def sign_digest(self, digest: bytes) -> bytes:
        return bytes(self._account.unsafe_sign_hash(Hash32(digest)).signature)

    def to_keystore(self, passphrase: str) -> dict[str, Any]:
        """The key as an encrypted keystore (Web3 Secret Storage, version 3)."""
        return dict(Account.encrypt(self._account.key, passphrase, kdf="scrypt", iterations=2**15))


def create_keystore(path: Path, passphrase: str) -> LocalSigner:
    """Make a new key and keep it encrypted at *path*, with mode 0600. Returns its signer.

    Raises:
        FileExistsError: *path* exists; a key is never overwritten.
    """
    account = Account.create()
    signer = LocalSigner(account)
    text = json.dumps(signer.to_keystore(passphrase))
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    return signer


def open_keystore(path: Path, passphrase: str) -> LocalSigner:
    """The signer of the key at *path*.

    Raises:
        KeyRefused: no such file, no keystore, or another passphrase.
    """
    return LocalSigner(Account.from_key(read_keystore(path, passphrase)))


def read_keystore(path: Path, passphrase: str) -> bytes:
    """The private key at *path*, for signatures other than Ethereum's.

    Raises:
        KeyRefused: no such file, no keystore, or another passphrase.
    """
    try:
        return bytes(Account.decrypt(json.loads(read_text_file(path)), passphrase))
    except (OSError, ValueError, KeyError, TypeError) as failure:
        raise KeyRefused(f"the keystore {path.name} does not open: {failure}") from failure
