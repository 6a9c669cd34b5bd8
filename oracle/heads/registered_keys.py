"""The registry's keys by the names of their devices, and their copy in the store of the gateway.

Rules kept here:

* The keys come from the projection, never from the gateway's store. They are read when the registry or the known names
  have changed, not in every pass: a fleet may have ten thousand machines.
* A key that was read once stays in use as it was last stated: a reorganisation that removes its registration brings it
  back.
"""

from __future__ import annotations

import time

from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from counterfoil.chain.hexadecimal import from_hex
from counterfoil.gateway.record.identity import DeviceId, PublicKey
from counterfoil.gateway.record.verification import DeviceKey, KeyRing, KeyStatus
from counterfoil.gateway.store.gateway_store import GatewayStore
from counterfoil.oracle.heads.registry_history import RegistryHistory
from counterfoil.oracle.ledger.device_registry import RegistryKeyRow
from counterfoil.oracle.store.directory_tables import KnownDevice

_COMPARED_ANEW_S = 60.0


class RegisteredKeys:
    """The registered keys of devices with known names; :meth:`refresh` takes in what was read since."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(reads_only=True)
        self.history = RegistryHistory(engine)
        self._read_at: tuple[int, int] | None = None
        self._keys: dict[tuple[DeviceId, int], DeviceKey] = {}
        self.certificates: dict[tuple[DeviceId, int], bytes] = {}
        """The hash of each key's certificate."""
        self.version = 0
        """Changes whenever a key has changed."""

    @property
    def ring(self) -> KeyRing:
        """The keys by device and epoch. A key that has not changed stays the same object."""
        return self._keys

    def refresh(self) -> None:
        """Read the keys if the registry or the known names have changed."""
        self.history.refresh()
        with Session(self._engine) as session:
            known = session.exec(select(func.count()).select_from(KnownDevice)).one()
            if self._read_at == (self.history.version, known):
                return
            for key, certificate_hash in _read(session):
                name = (key.device, key.epoch)
                if (self._keys.get(name), self.certificates.get(name)) != (key, certificate_hash):
                    self._keys[name] = key
                    self.certificates[name] = certificate_hash
                    self.version += 1
        self._read_at = (self.history.version, known)


class KeySync:
    """Makes the gateway's store hold the registry's keys."""

    def __init__(self, keys: RegisteredKeys, store: GatewayStore) -> None:
        self._keys = keys
        self._store = store
        self._written: int | None = None
        self._compared_at = 0.0

    def step(self) -> int:
        """Copy the keys that differ; return their number.

        The store is compared when a key has changed, and once a minute in case somebody else has changed it.
        """
        self._keys.refresh()
        now = time.monotonic()
        is_due = now - self._compared_at >= _COMPARED_ANEW_S
        if self._written == self._keys.version and not is_due:
            return 0
        held = self._store.device_keys()
        changed = {name: key for name, key in self._keys.ring.items() if held.get(name) != key}
        if changed:
            with self._store.engine.begin() as connection:
                for name, key in changed.items():
                    self._store.put_device_key(key, self._keys.certificates[name], connection)
        self._written, self._compared_at = self._keys.version, now
        return len(changed)


def _read(session: Session) -> list[tuple[DeviceKey, bytes]]:
    rows = session.exec(
        select(KnownDevice.device, RegistryKeyRow).join(
            RegistryKeyRow, col(RegistryKeyRow.device_hash) == col(KnownDevice.device_hash)
        )
    ).all()
    return [
        (
            DeviceKey(
                device=DeviceId(device),
                epoch=entry.epoch,
                key=PublicKey(from_hex(entry.x), from_hex(entry.y)),
                from_sequence=entry.from_sequence,
                until_sequence=int(entry.until_sequence),
                status=KeyStatus.ACTIVE if entry.revoked_at is None else KeyStatus.REVOKED,
            ),
            from_hex(entry.certificate_hash),
        )
        for device, entry in rows
    ]
