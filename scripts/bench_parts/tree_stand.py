"""Enrols devices and registers them on the chain of a running process tree."""

from __future__ import annotations

import ssl
import time

from counterfoil.gateway.device.device import TLS_CERTIFICATE, TLS_KEY, Device
from counterfoil.gateway.record.identity import parse_device_id
from counterfoil.gateway.store.gateway_store import open_store
from counterfoil.oracle.registrar import Registrar
from counterfoil.oracle.store.database import open_database
from counterfoil.oracle.store.directory_tables import KnownProject
from counterfoil.replay import fleet
from counterfoil.replay.run import tell_nodes
from counterfoil.replay.script import PlannedMachine
from counterfoil.up.data_folder import House
from counterfoil.up.process_tree import Tree

PROJECT = "bench"


def enrolled(house: House, tree: Tree, number: int) -> list[Device]:
    """*number* devices of one project, whose keys the gateway knows from the chain."""
    engine = open_database(house.oracle_database)
    registrar = Registrar(
        engine, tree.client, registrar=house.role("registrar"), supervisor=house.role("supervisor")
    )
    operator = house.party(0).address
    certified_until = tree.client.latest().timestamp + 86_400
    registrar.admit({"operator": (operator, "Bench", ("operator",))}, certified_until)
    project = KnownProject(
        project=PROJECT, project_hash="", name="Bench", operator=operator, currency="USD"
    )
    registrar.open_project(project)
    tell_nodes(house.other_oracle_databases, engine)
    names = [parse_device_id(f"urn:dev:os:32473-bench{at:03}") for at in range(number)]
    machines = [
        PlannedMachine(device=name, label="bench", kind="vending", events=()) for name in names
    ]
    devices = fleet.enrol(
        house,
        machines,
        tree.client,
        registrar=registrar,
        accounts={"operator": operator},
        project=PROJECT,
    )
    engine.dispose()
    store = open_store(house.gateway_database)
    until = time.monotonic() + 60
    while len(store.device_keys()) < number:
        if time.monotonic() > until:
            raise RuntimeError("the devices' keys did not reach the gateway")
        time.sleep(0.1)
    store.engine.dispose()
    return devices


def tls_of(device: Device) -> ssl.SSLContext:
    """The TLS context that shows the device's certificate."""
    context = ssl.create_default_context(cafile=str(device.folder / "ca.pem"))
    context.load_cert_chain(device.folder / TLS_CERTIFICATE, device.folder / TLS_KEY)
    return context
