"""Devices and their keys, made of the events of DeviceRegistry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlmodel import Field, Session

from counterfoil.chain.abi.enums import DeviceStatus
from counterfoil.chain.address import Address
from counterfoil.chain.address_column import AddressColumn
from counterfoil.chain.tables import EventRow, Handler
from counterfoil.oracle.store.integers import UnsignedInteger
from counterfoil.oracle.store.table import OracleTable

_Arguments = Mapping[str, Any]


class DeviceRow(OracleTable, table=True):
    """Projected: the registry's entry of a device."""

    __tablename__ = "device"

    device_hash: str = Field(primary_key=True)
    owner: Address = Field(sa_type=AddressColumn)
    operator: Address = Field(sa_type=AddressColumn)
    project_hash: str = Field(index=True)
    status: str
    epoch: int


class RegistryKeyRow(OracleTable, table=True):
    """Projected: a device's signing key for one epoch; ``until_sequence`` as decimal text (2^64 - 1 is open).

    The numbers behind it, up to ``disputed_until`` where that is stated, were repudiated after they were anchored.
    """

    __tablename__ = "registry_key"

    device_hash: str = Field(primary_key=True)
    epoch: int = Field(primary_key=True)
    x: str
    y: str
    certificate_hash: str
    from_sequence: int = Field(default=1, sa_type=UnsignedInteger)
    until_sequence: str
    disputed_until: str | None = None
    registered_block: int
    revoked_at: int | None = Field(default=None, sa_type=UnsignedInteger)
    reason: int | None = None


def _registered(session: Session, _: EventRow, a: _Arguments) -> None:
    session.merge(
        DeviceRow(
            device_hash=a["device"],
            owner=a["owner"],
            operator=a["operator"],
            project_hash=a["project"],
            status=DeviceStatus.ACTIVE.wire_name,
            epoch=1,
        )
    )


def _assigned(session: Session, _: EventRow, a: _Arguments) -> None:
    device = session.get_one(DeviceRow, a["device"])
    device.owner, device.operator, device.project_hash = a["owner"], a["operator"], a["project"]


def _status(session: Session, _: EventRow, a: _Arguments) -> None:
    session.get_one(DeviceRow, a["device"]).status = DeviceStatus(int(a["status"])).wire_name


def _key(session: Session, event: EventRow, a: _Arguments) -> None:
    session.merge(
        RegistryKeyRow(
            device_hash=a["device"],
            epoch=int(a["epoch"]),
            x=a["x"],
            y=a["y"],
            certificate_hash=a["certificateHash"],
            from_sequence=int(a["fromSequence"]),
            until_sequence=str(2**64 - 1),
            registered_block=event.block_number,
        )
    )
    session.get_one(DeviceRow, a["device"]).epoch = int(a["epoch"])


def _key_closed(session: Session, _: EventRow, a: _Arguments) -> None:
    key = session.get_one(RegistryKeyRow, (a["device"], int(a["epoch"])))
    key.until_sequence = str(a["untilSequence"])


def _key_revoked(session: Session, _: EventRow, a: _Arguments) -> None:
    key = session.get_one(RegistryKeyRow, (a["device"], int(a["epoch"])))
    key.until_sequence = str(a["untilSequence"])
    key.revoked_at, key.reason = int(a["revokedAt"]), int(a["reason"])


def _disputed(session: Session, _: EventRow, a: _Arguments) -> None:
    key = session.get_one(RegistryKeyRow, (a["device"], int(a["epoch"])))
    key.disputed_until = str(a["untilSequence"])


def _renewed(session: Session, _: EventRow, a: _Arguments) -> None:
    key = session.get_one(RegistryKeyRow, (a["device"], int(a["epoch"])))
    key.certificate_hash = a["certificateHash"]


HANDLERS: Mapping[tuple[str, str], Handler] = {
    ("DeviceRegistry", "DeviceRegistered"): _registered,
    ("DeviceRegistry", "DeviceAssigned"): _assigned,
    ("DeviceRegistry", "DeviceStatusChanged"): _status,
    ("DeviceRegistry", "KeyRegistered"): _key,
    ("DeviceRegistry", "KeyClosed"): _key_closed,
    ("DeviceRegistry", "KeyRevoked"): _key_revoked,
    ("DeviceRegistry", "RecordsDisputed"): _disputed,
    ("DeviceRegistry", "CertificateRenewed"): _renewed,
}
