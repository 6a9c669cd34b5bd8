"""The device registry as of any block that was read, made from the chain's events alone."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from counterfoil.chain.hexadecimal import from_any_hex
from counterfoil.chain.tables import CursorRow, EventRow
from counterfoil.gateway.record.identity import DeviceId, PublicKey, device_hash
from counterfoil.gateway.record.verification import DeviceKey, KeyStatus

_CONTRACT = "DeviceRegistry"
_NO_DEVICE = DeviceId("")
NOW = 2**62


@dataclass
class _Entry:
    """One device's projects and the versions of its keys, each with the block from which it holds."""

    assigned: list[tuple[int, bytes]] = field(default_factory=list)
    keys: dict[int, list[tuple[int, DeviceKey]]] = field(default_factory=dict)


class RegistryHistory:
    """Projects and keys of devices as of a block; :meth:`refresh` takes in what was read since."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(reads_only=True)
        self._devices: dict[bytes, _Entry] = defaultdict(_Entry)
        self._seen: tuple[int, str, int] | None = None
        self.block = -1
        """The newest block that was read."""
        self.version = 0
        """Changes whenever the registry has changed."""

    def refresh(self) -> None:
        """Take in the registry's new events; all of them again after a reorganisation."""
        with Session(self._engine) as session:
            self.block = session.exec(select(func.max(CursorRow.block_number))).one() or -1
            query = select(EventRow).where(EventRow.contract == _CONTRACT)
            if self._seen is not None:
                last = session.get(EventRow, self._seen[0])
                if last is not None and self._seen == _mark(last):
                    query = query.where(col(EventRow.id) > self._seen[0])
                else:
                    self._devices.clear()
                    self._seen = None
                    self.version += 1
            for event in session.exec(query.order_by(col(EventRow.id))):
                self._take(event)
                self._seen = _mark(event)
                self.version += 1

    def project_of(self, device: DeviceId, block: int = NOW) -> bytes:
        """The on-chain id of the project that *device* was in as of *block*; 32 zero bytes for none."""
        return _as_of(self._devices[device_hash(device)].assigned, block) or bytes(32)

    def keys_at(self, block: int = NOW) -> Mapping[tuple[DeviceId, int], DeviceKey]:
        """The registered keys as of *block*."""
        return _KeysAt(self._devices, block)

    def _take(self, event: EventRow) -> None:
        arguments: Mapping[str, Any] = event.arguments
        if "device" not in arguments:
            return
        entry, block = self._devices[_bytes(arguments["device"])], event.block_number
        if event.name in ("DeviceRegistered", "DeviceAssigned"):
            entry.assigned.append((block, _bytes(arguments["project"])))
            return
        if event.name not in ("KeyRegistered", "KeyClosed", "KeyRevoked"):
            return
        versions = entry.keys.setdefault(int(arguments["epoch"]), [])
        if event.name == "KeyRegistered":
            point = PublicKey(_bytes(arguments["x"]), _bytes(arguments["y"]))
            first = int(arguments["fromSequence"])
            key = DeviceKey(
                _NO_DEVICE, epoch=int(arguments["epoch"]), key=point, from_sequence=first
            )
        else:
            is_revoked = event.name == "KeyRevoked"
            key = replace(
                versions[-1][1],
                until_sequence=int(arguments["untilSequence"]),
                status=KeyStatus.REVOKED if is_revoked else versions[-1][1].status,
            )
        versions.append((block, key))


class _KeysAt(Mapping[tuple[DeviceId, int], DeviceKey]):
    """The keys as of one block. They can be looked up but not listed: the registry has devices' hashes only."""

    def __init__(self, devices: Mapping[bytes, _Entry], block: int) -> None:
        self._devices = devices
        self._block = block
        self._found: dict[tuple[DeviceId, int], DeviceKey] = {}

    def __getitem__(self, name: tuple[DeviceId, int]) -> DeviceKey:
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = self._look_up(name)
        return found

    def _look_up(self, name: tuple[DeviceId, int]) -> DeviceKey:
        entry = self._devices.get(device_hash(name[0]))
        key: DeviceKey | None = _as_of(entry.keys.get(name[1], []), self._block) if entry else None
        if key is None:
            raise KeyError(name)
        return replace(key, device=name[0])

    def __iter__(self) -> Iterator[tuple[DeviceId, int]]:
        raise NotImplementedError("the registry does not know its devices' names")

    def __len__(self) -> int:
        return sum(len(entry.keys) for entry in self._devices.values())


def _as_of(versions: list[tuple[int, Any]], block: int) -> Any:
    at = bisect_right(versions, block, key=lambda version: version[0])
    return versions[at - 1][1] if at else None


def _mark(event: EventRow) -> tuple[int, str, int]:
    return event.id or 0, event.block_hash, event.log_index


def _bytes(text: object) -> bytes:
    return from_any_hex(str(text))
