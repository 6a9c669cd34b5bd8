"""The fleet of a replay: enrolled by the device CA, registered on chain, and sending over MQTT with TLS."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cryptography import x509

from counterfoil.chain.client import ChainClient
from counterfoil.gateway.device.device import TLS_CERTIFICATE, Device
from counterfoil.gateway.device.mqtt_sender import Endpoint, MqttSender
from counterfoil.gateway.errors import JournalError
from counterfoil.gateway.pki.certificate_file import certificate_hash
from counterfoil.oracle.registrar import NewDevice, Registrar
from counterfoil.replay.script import PlannedMachine
from counterfoil.up.data_folder import House, export_certificates

_SIGN_AT_ONCE = 2_000


@dataclass(frozen=True)
class Sent:
    """How sending went: the number of records acknowledged, and the seconds that it took."""

    records: int
    seconds: float


def enrol(
    house: House,
    machines: Sequence[PlannedMachine],
    client: ChainClient,
    registrar: Registrar,
    accounts: Mapping[str, str],
    project: str,
) -> list[Device]:
    """Return a device for each machine, with keys, certificates and a registration; finished steps are kept."""
    authority = house.authority()
    registry = client.address_of("DeviceRegistry").raw
    devices: list[Device] = []
    new: list[NewDevice] = []
    for machine in machines:
        folder = house.folder / "devices" / machine.device.rsplit("-", 1)[-1]
        try:
            device = Device.create(
                folder, machine.device, "sales" if machine.kind == "vending" else "meter"
            )
        except JournalError:
            device = Device(folder)
        devices.append(device)
        if not (folder / TLS_CERTIFICATE).exists():
            enrolment = authority.enrol(device.enrolment_request())
            (folder / "ca.pem").write_bytes(enrolment.chain)
            (folder / "record.crt").write_bytes(enrolment.record_certificate)
            (folder / TLS_CERTIFICATE).write_bytes(enrolment.tls_certificate)
        record_certificate = x509.load_pem_x509_certificate((folder / "record.crt").read_bytes())
        new.append(
            NewDevice(
                device=machine.device,
                key=device.public_key,
                certificate_hash=certificate_hash(record_certificate),
                possession=device.prove_possession(client.chain_id(), registry, bytes(32)),
                owner=accounts["operator"],
                operator=accounts["operator"],
                project=project if machine.kind == "vending" else "",
                label=machine.title or machine.label,
                location=machine.location,
                kind=machine.kind,
            )
        )
    registrar.register(new)
    export_certificates(house, authority)
    authority.close()
    return devices


def sign_all(
    machines: Sequence[PlannedMachine], devices: Sequence[Device], progress: Callable[[int], None]
) -> int:
    """Let each machine sign the events that it has not signed yet; return how many records the fleet has."""
    total = 0
    for machine, device in zip(machines, devices, strict=True):
        done = device.journal.chain().sequence
        total += len(machine.events)
        for start in range(done, len(machine.events), _SIGN_AT_ONCE):
            piece = machine.events[start : start + _SIGN_AT_ONCE]
            device.append_all(piece)
            progress(len(piece))
    return total


def send_all(house: House, devices: Sequence[Device], records: Callable[[], int]) -> Sent:
    """Send every journal until all is acknowledged, each device over a connection of its own.

    Raises:
        RuntimeError: a device could not send everything within ten minutes; says which and why.
    """
    before = records()
    started = time.monotonic()
    failures: list[str] = []

    def send(device: Device) -> None:
        endpoint = Endpoint("127.0.0.1", house.ports["mqtt"], device.folder / "ca.pem")
        client = MqttSender(device, endpoint, window=500)
        if not client.run(until_done=True, timeout_s=600):
            failures.append(
                f"{device.device_id}: {client.last_error or 'not all was acknowledged'}"
            )

    threads = [threading.Thread(target=send, args=(device,), daemon=True) for device in devices]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError("; ".join(failures))
    return Sent(records() - before, time.monotonic() - started)
