"""Four oracle nodes of which three are a quorum, as processes or in this one, over a real chain and gateway's store.

The house is ``support_oracle``'s; node 0 is the one that takes the payment files in, over the house's own database.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import support_killed
from eth_account import Account
from pydantic import SecretStr
from sqlalchemy import Engine
from sqlmodel import Session, select
from support_chain import ROLES as CHAIN_ROLES
from support_chain import ChainWorld, prepared_node, signer_of
from support_oracle import OracleHouse
from support_process import Process
from support_waiting import wait_until

from counterfoil.chain.client import ChainClient
from counterfoil.chain.consortium import Consortium
from counterfoil.chain.deployment import deploy
from counterfoil.chain.nodes.embedded import EmbeddedNode
from counterfoil.chain.nodes.ports import free_ports
from counterfoil.gateway.doors.reader import create_reader, reader_tls
from counterfoil.gateway.pki.authority import CertificateAuthority
from counterfoil.gateway.pki.key_file import create_key
from counterfoil.oracle.quorum.door import DoorServer
from counterfoil.oracle.quorum.peers import create_identity
from counterfoil.oracle.run.composition import OracleParts, compose
from counterfoil.oracle.run.loop import step_all
from counterfoil.oracle.settings import OracleSettings
from counterfoil.oracle.store.database import open_database
from counterfoil.oracle.store.directory_tables import KnownProject
from counterfoil.oracle.store.quorum_tables import Dissent

NODES, THRESHOLD = 4, 3
NAMES = ("harbour", "meadow", "summit", "valley")
_FIRST_ACCOUNT = len(CHAIN_ROLES)
_PASSPHRASE = "only a test's"


@dataclass
class QuorumHouse:
    """The house, its gateway's door, and the nodes' folders, keys and peers' file."""

    house: OracleHouse
    folder: Path
    gateway: DoorServer
    round_ms: int = 1_500
    processes: dict[int, Process] = field(default_factory=dict)
    ports: list[int] = field(default_factory=lambda: free_ports(NODES))

    def __post_init__(self) -> None:
        for number in range(NODES):
            key = self.house.chain.node.account(_FIRST_ACCOUNT + number).key
            kept = Account.encrypt(key, _PASSPHRASE, kdf="pbkdf2", iterations=1_000)
            (self.folder / f"{NAMES[number]}.json").write_text(str(kept).replace("'", '"'))
        self.write_peers()

    @property
    def addresses(self) -> list[str]:
        """The nodes' accounts, by their numbers."""
        node = self.house.chain.node
        return [node.account(_FIRST_ACCOUNT + number).address for number in range(NODES)]

    @property
    def by_turn(self) -> list[int]:
        """The nodes' numbers in the order of their turns."""
        return sorted(range(NODES), key=lambda number: int(self.addresses[number], 16))

    def write_peers(self) -> None:
        nodes = [
            {
                "name": name,
                "address": address,
                "url": f"https://127.0.0.1:{port}",
                "certificate": (self.folder / f"{name}.crt").read_text(),
            }
            for name, address, port in zip(NAMES, self.addresses, self.ports, strict=True)
        ]
        (self.folder / "peers.yaml").write_text(json.dumps({"nodes": nodes}))

    def database_url(self, number: int) -> str:
        folder = self.folder if number == 0 else self.folder / NAMES[number]
        return f"sqlite:///{folder / 'oracle.db'}"

    def engine(self, number: int) -> Engine:
        """The database of node *number*, for reading."""
        found = open_database(self.database_url(number))
        return found.execution_options(reads_only=True)

    def settings(self, number: int, **changes: Any) -> OracleSettings:
        """The settings of node *number*."""
        folder = self.folder / NAMES[number]
        folder.mkdir(exist_ok=True)
        is_first = number == 0
        given: dict[str, Any] = {
            "database_url": self.database_url(number),
            "gateway_database_url": f"sqlite:///{self.folder}/gateway.db" if is_first else "",
            "records_database_url": f"sqlite:///{folder}/records.db",
            "rpc_url": self.house.chain.node.rpc_url,
            "deployment": self.house.chain.path,
            "tiles": folder / "tiles",
            "keystore": self.folder / f"{NAMES[number]}.json",
            "passphrase": SecretStr(_PASSPHRASE),
            "bank_keystore": self.folder / "bank.json" if is_first else None,
            "bank_passphrase": SecretStr(_PASSPHRASE) if is_first else None,
            "peers": self.folder / "peers.yaml",
            "node_certificate": self.folder / f"{NAMES[number]}.crt",
            "node_key": self.folder / f"{NAMES[number]}.key",
            "node_port": self.ports[number],
            "gateways": [f"https://127.0.0.1:{self.gateway.port}"],
            "gateway_ca": self.folder / "gateway-ca.pem",
            "settles": is_first,
            "batch_ms": 50,
            "round_ms": self.round_ms,
            "poll_s": 0.1,
        }
        return OracleSettings(**(given | changes))

    def tell(self, numbers: Sequence[int] = range(1, NODES)) -> None:
        """Tell the nodes of the projects, as each bank tells its own."""
        with Session(self.house.reads) as session:
            projects = [row.model_dump() for row in session.exec(select(KnownProject))]
        for number in numbers:
            with Session(open_database(self.database_url(number))) as session:
                for project in projects:
                    session.merge(KnownProject(**project))
                session.commit()

    # ---- processes

    def start(self, *numbers: int, crash_at: str = "") -> None:
        """Start the processes of these nodes, and return once each has its door open."""
        marks = {}
        for number in numbers:
            log_path = self.folder / f"{NAMES[number]}.log"
            marks[number] = log_path.stat().st_size if log_path.exists() else 0
            found = self.settings(number)
            env = {
                f"COUNTERFOIL_ORACLE_{name.upper()}": _text(value)
                for name, value in found.model_dump(exclude_none=True).items()
            }
            self.processes[number] = (
                Process([crash_at], os.environ | env, log_path, main=support_killed.oracle)
                if crash_at
                else Process(["oracle", "run"], os.environ | env, log_path)
            )
        for number in numbers:
            log_path = self.folder / f"{NAMES[number]}.log"

            def is_ready(path: Path = log_path, mark: int = marks[number]) -> bool:
                return b"oracle_ready" in path.read_bytes()[mark:]

            wait_until(is_ready, f"{NAMES[number]} is ready: {log_path.read_text()[-2000:]}")

    def kill(self, *numbers: int) -> None:
        """SIGKILL these nodes."""
        for number in numbers:
            process = self.processes.pop(number)
            process.send_signal(signal.SIGKILL)
            process.wait()

    def stop_all(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()

    # ---- in this process

    @contextmanager
    def node(self, number: int, **changes: Any) -> Iterator[OracleParts]:
        """Node *number* in this process, its door open, its steps to be taken by the caller."""
        node = compose(self.settings(number, **changes))
        node.open()
        try:
            yield node
        finally:
            node.close()
            node.engine.dispose()

    # ---- what came of it

    def anchored_size(self) -> int:
        return int(self.house.chain.client.call("RecordAnchor", "latestHead")["size"])

    def dissents(self, number: int) -> list[Dissent]:
        """What node *number* wrote down of dissents."""
        with Session(self.engine(number)) as session:
            rows = session.exec(select(Dissent)).all()
            session.expunge_all()
            return list(rows)

    def senders(self) -> list[str]:
        """Who sent each anchored head, in their order."""
        client = self.house.chain.client
        events = client.events(["RecordAnchor"], 0, client.latest().number)
        found = [event for event in events if event.name == "HeadAnchored"]
        return [
            client.rpc("eth_getTransactionByHash", "0x" + e.transaction_hash.hex())["from"]
            for e in found
        ]


def run_turns(nodes: Sequence[OracleParts], is_so: Callable[[], bool], turns: int = 800) -> None:
    """Turn after turn of every node until *is_so*."""
    for _ in range(turns):
        for node in nodes:
            step_all(node)
        if is_so():
            return
        time.sleep(0.05)
    raise AssertionError("the nodes did not come that far")


@contextmanager
def quorum_house(folder: Path, threshold: int = THRESHOLD) -> Iterator[QuorumHouse]:
    """A chain whose heads *threshold* of four nodes sign, a gateway's store behind its door; no node runs yet."""

    def prepare(node: EmbeddedNode, made: Path) -> None:
        at = {role: signer_of(node, role).address for role in CHAIN_ROLES}
        consortium = Consortium(
            **{r: at[r] for r in CHAIN_ROLES if r not in ("admin", "operator", "oracle")},
            oracle="",
            calendar=at["oracle"],
            signers=[node.account(_FIRST_ACCOUNT + n).address for n in range(NODES)],
            threshold=threshold,
            currency="USD",
        )
        admin = signer_of(node, "admin")
        deploy(
            client=ChainClient(node.rpc_url),
            admin=admin,
            consortium=consortium,
            path=made / "deployment.json",
        )

    with prepared_node(
        name=f"quorum{threshold}", engine="anvil", folder=folder, prepare=prepare
    ) as node:
        house = OracleHouse(ChainWorld.made_in(folder, node), folder)
        for name in NAMES:
            create_identity(
                certificate=folder / f"{name}.crt",
                key=folder / f"{name}.key",
                name=name,
                hosts=["127.0.0.1"],
            )
        pki = CertificateAuthority.create(folder / "pki", _PASSPHRASE)
        key = create_key(folder / "gateway.key")
        (folder / "gateway.crt").write_bytes(pki.certify_server(key.public_key(), ["127.0.0.1"]))
        (folder / "gateway-ca.pem").write_bytes(pki.chain_pem)
        pki.close()
        readers = folder / "readers.pem"
        readers.write_text("".join((folder / f"{name}.crt").read_text() for name in NAMES))
        tls = reader_tls(folder / "gateway.crt", folder / "gateway.key", readers)
        door = DoorServer(app=create_reader(house.store), host="127.0.0.1", port=0, tls=tls)
        door.start()
        found = QuorumHouse(house, folder, door)
        try:
            yield found
        finally:
            found.stop_all()
            door.stop()
            house.engine.dispose()


def _text(value: Any) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return json.dumps(value) if isinstance(value, list | bool) else str(value)
