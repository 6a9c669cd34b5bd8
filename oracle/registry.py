"""The registry's keys, copied from the projection into the gateway's store, where records are verified with them."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from counterfoil.gateway.identity import DeviceId, PublicKey
from counterfoil.gateway.store import GatewayStore
from counterfoil.gateway.verify import DeviceKey, KeyStatus
from counterfoil.oracle.store.tables import DeviceKeyEntry, KnownDevice


def registered_keys(session: Session) -> dict[tuple[DeviceId, int], tuple[DeviceKey, bytes]]:
    """Each registered key whose device's name is known, with the hash of its certificate."""
    rows = session.exec(
        select(KnownDevice.device, DeviceKeyEntry).join(
            DeviceKeyEntry, col(DeviceKeyEntry.device_hash) == col(KnownDevice.device_hash)
        )
    ).all()
    return {
        (DeviceId(device), entry.epoch): (
            DeviceKey(
                DeviceId(device),
                entry.epoch,
                PublicKey(bytes.fromhex(entry.x[2:]), bytes.fromhex(entry.y[2:])),
                entry.from_sequence,
                int(entry.until_sequence),
                KeyStatus.ACTIVE if entry.revoked_at is None else KeyStatus.REVOKED,
            ),
            bytes.fromhex(entry.certificate_hash[2:]),
        )
        for device, entry in rows
    }


class KeySync:
    """Makes the gateway's store hold what the chain's registry says."""

    def __init__(self, engine: Engine, store: GatewayStore) -> None:
        self._engine = engine
        self._store = store

    def step(self) -> int:
        """Copy what differs; answer how many keys did."""
        with Session(self._engine) as session:
            wanted = registered_keys(session)
        held = self._store.device_keys()
        changed = [
            pair
            for name, pair in wanted.items()
            if name not in held or _differs(held[name], pair[0])
        ]
        for key, certificate_hash in changed:
            self._store.put_device_key(key, certificate_hash)
        return len(changed)


def _differs(held: DeviceKey, wanted: DeviceKey) -> bool:
    return (held.key, held.from_sequence, held.until_sequence, held.status) != (
        wanted.key,
        wanted.from_sequence,
        wanted.until_sequence,
        wanted.status,
    )
