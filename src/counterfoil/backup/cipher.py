"""How a backup's bytes are sealed: AES-256-GCM, with keys that HKDF makes of one random key. Pure.

Rules kept here:

* Each backup has a key of its own, by its salt, so that random nonces never meet: one key seals fewer than 2^32 blocks.
* A block's name is an HMAC of its content. Equal blocks are kept once, and a name tells nothing of what is in it.
* What a block or manifest belongs to is authenticated with it: nothing can be put in another's place.
"""

from __future__ import annotations

import base64
import hmac
import os
import zlib
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from counterfoil.backup.errors import BackupDamaged, KeyMalformed

_PREFIX = "counterfoil-backup-key-1:"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_LEVEL = 3
"""Of compression: faster than a disk."""
SALT_BYTES = 16


def new_key_text() -> str:
    """Return the content of a new key file: one line with 32 random bytes in Base64."""
    return f"{_PREFIX}{base64.b64encode(os.urandom(_KEY_BYTES)).decode()}\n"


class BackupKey:
    """The one key that backups are sealed with."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._names = _derive(secret, b"names", b"")
        self.fingerprint = _derive(secret, b"fingerprint", b"").hex()[:16]
        """Says which key it is, and nothing of it."""

    @classmethod
    def from_text(cls, text: str) -> BackupKey:
        """Read the content of a key file; raises KeyMalformed."""
        line = text.strip()
        try:
            secret = base64.b64decode(line.removeprefix(_PREFIX), validate=True)
        except ValueError:
            secret = b""
        if not line.startswith(_PREFIX) or len(secret) != _KEY_BYTES:
            raise KeyMalformed(f"a key file is one line: {_PREFIX} and 32 bytes in Base64")
        return cls(secret)

    def __repr__(self) -> str:
        return f"BackupKey({self.fingerprint})"

    def name_of(self, content: bytes) -> str:
        """Return the name of the block with this *content*."""
        return hmac.new(self._names, content, sha256).hexdigest()

    def sealer(self, salt: bytes) -> Sealer:
        """Return what seals and opens the blocks of the backup with this *salt*."""
        return Sealer(_derive(self._secret, b"blocks", salt))


class Sealer:
    """Seals and opens the blocks and the manifest of one backup."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, content: bytes, label: bytes) -> bytes:
        """Return *content*, compressed and sealed together with its *label*."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, zlib.compress(content, _LEVEL), label)

    def open(self, sealed: bytes, label: bytes) -> bytes:
        """Return what was sealed under *label*; raises BackupDamaged when it is not this, whole and unchanged."""
        try:
            opened = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], label)
        except (InvalidTag, ValueError) as wrong:
            raise BackupDamaged(f"{label[:80].decode(errors='replace')} does not open") from wrong
        return zlib.decompress(opened)


def _derive(secret: bytes, purpose: bytes, salt: bytes) -> bytes:
    info = b"counterfoil backup 1 " + purpose
    return HKDF(SHA256(), _KEY_BYTES, salt=salt or None, info=info).derive(secret)
