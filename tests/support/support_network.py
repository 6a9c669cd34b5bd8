"""A real permissioned network for tests: four banks' nodes on loopback, made by the command and driven by it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.hdaccount.mnemonic import Mnemonic
from eth_account.signers.local import LocalAccount
from support_chain import ChainWorld, consortium_of, signer_of
from support_process import run_command
from support_waiting import wait_until

from counterfoil.chain.client import ChainClient
from counterfoil.chain.deployment import deploy
from counterfoil.chain.errors import ChainError
from counterfoil.chain.nodes.network.admission import admit
from counterfoil.chain.nodes.network.creation import account_signer
from counterfoil.chain.nodes.network.engines import process
from counterfoil.chain.nodes.network.engines.choice import engine_of
from counterfoil.chain.nodes.network.engines.engine import Engine
from counterfoil.chain.nodes.network.engines.installation import is_installed
from counterfoil.chain.nodes.network.folder import MemberFolder, read_folder
from counterfoil.chain.nodes.ports import free_ports

NETWORK_ENGINES = ("avalanche", "besu")
BANKS = ("harbour", "lakeside", "northfield", "brunswick")
CHAIN_ID = 770_011
_WITHIN_S = 240


def require_engine(name: str) -> None:
    """Skip the test where the engine is not there."""
    if name == "avalanche" and not is_installed():
        pytest.skip("the network's engine is not built here: counterfoil network install")
    if name == "besu" and shutil.which("besu") is None:
        pytest.skip("Besu is not on PATH")


@dataclass
class NetworkNode:
    """A bank's node as the tests' chain world sees it: where it serves, and accounts that the network lets in."""

    engine: str
    rpc_url: str
    chain_id: int
    mnemonic: str = field(default_factory=lambda: str(Mnemonic().generate(num_words=24)))

    def account(self, index: int) -> LocalAccount:
        Account.enable_unaudited_hdwallet_features()
        return Account.from_mnemonic(self.mnemonic, account_path=f"m/44'/60'/0'/0/{index}")  # type: ignore[no-any-return]


@dataclass
class BankNetwork:
    """A network's folder and what the tests do to it."""

    path: Path
    engine: Engine
    passphrases: dict[str, str]
    members: dict[str, MemberFolder]

    # ---- through the command, as an operator would

    def run(self, *arguments: str, member: str = "", timeout_s: float = _WITHIN_S) -> CommandResult:
        """``counterfoil network …``, with *member*'s passphrase."""
        env = dict(os.environ)
        if member:
            env["COUNTERFOIL_NETWORK_PASSPHRASE"] = self.passphrases[member]
        done = run_command(["network", *arguments], env, timeout_s)
        return CommandResult(done.returncode, done.stdout, done.stderr)

    def done(self, *arguments: str, member: str = "") -> Any:
        """The answer of a command that must succeed."""
        found = self.run(*arguments, "--json", member=member)
        assert found.status == 0, found.errors[-1_500:]
        return found.answer

    def status(self, member: str) -> tuple[int, dict[str, Any]]:
        """The command's exit status and what it says of *member*."""
        found = self.run("status", str(self.members[member].path), "--json")
        return found.status, found.answer[0]

    # ---- on the processes

    def kill(self, *members: str) -> None:
        """SIGKILL these nodes at once, and return once they have ended."""
        for member in members:
            pid = process.running_pid(self.members[member])
            assert pid is not None, f"{member} does not run"
            os.kill(pid, signal.SIGKILL)
        for member in members:
            process.stop(self.members[member], signal.SIGKILL)

    def plugins(self, member: str) -> list[int]:
        """The ids of the processes that the member's node has started."""
        node = process.running_pid(self.members[member])
        tasks = Path(f"/proc/{node}/task").iterdir()
        return [int(pid) for task in tasks for pid in (task / "children").read_text().split()]

    def start(self, *members: str) -> float:
        """Start these nodes by what their folders say now; the seconds until all serve the chain."""
        self.members |= {name: read_folder(self.members[name].path) for name in members}
        return process.start_all(self.engine, [self.members[m] for m in members], _WITHIN_S)

    def stop(self, *members: str) -> None:
        process.stop_all([self.members[m] for m in members])

    def is_running(self, member: str) -> bool:
        return process.running_pid(self.members[member]) is not None

    def client(self, member: str) -> ChainClient:
        return ChainClient(self.engine.rpc_url(self.members[member]), timeout_s=10)

    def height(self, member: str) -> int:
        """The newest block that *member*'s node serves, -1 while it serves none."""
        try:
            return self.client(member).latest().number
        except ChainError:
            return -1

    def wait_same_head(self, *members: str) -> None:
        """Return once these nodes have the same newest block."""

        def same() -> bool:
            return len({self.client(m).latest().hash for m in members or tuple(self.members)}) == 1

        wait_until(same, "all nodes have the same newest block")


@dataclass
class CommandResult:
    """How a command ended."""

    status: int
    output: str
    errors: str

    @property
    def answer(self) -> Any:
        return json.loads(self.output)

    @property
    def code(self) -> str:
        """The stable code of a refusal."""
        return str(json.loads(self.errors.strip().splitlines()[-1])["code"])


def write_charter(path: Path, engine: str, names: tuple[str, ...] = BANKS, **fields: Any) -> Path:
    """A charter of *names* on loopback and free ports."""
    ports = free_ports(2 * len(names))
    members = [
        {"name": name, "peer_port": ports[2 * i], "rpc_port": ports[2 * i + 1]}
        for i, name in enumerate(names)
    ]
    charter = {"name": "tests", "engine": engine, "chain_id": CHAIN_ID, "members": members}
    path.write_text(json.dumps(charter | {"threshold": 3} | fields))  # JSON is YAML
    return path


@contextmanager
def running_network(
    folder: Path, engine: str = "avalanche", arrange: Callable[[BankNetwork], None] = lambda _: None
) -> Iterator[BankNetwork]:
    """Four banks' nodes, made, started after *arrange*; every one is ended at the end."""
    require_engine(engine)
    charter = write_charter(folder / "consortium.yaml", engine)
    out = folder / "network"
    network = BankNetwork(path=out, engine=engine_of(engine), passphrases={}, members={})
    began = time.monotonic()
    made = network.done("create", str(charter), "--out", str(out))
    network.passphrases = json.loads((out / "passphrases.json").read_text())
    network.members = {m["name"]: read_folder(Path(m["folder"])) for m in made["members"]}
    try:
        arrange(network)
        network.start(*BANKS)
        print(f"network of {len(BANKS)} made and started in {time.monotonic() - began:.1f} s")
        yield network
    finally:
        process.stop_all(list(network.members.values()))


def admitted_node(network: BankNetwork, member: str) -> NetworkNode:
    """*member*'s node, with twenty fresh accounts that the network lets in."""
    node = NetworkNode("network", network.engine.rpc_url(network.members[member]), CHAIN_ID)
    accounts = [node.account(i).address for i in range(20)]
    signer = account_signer(network.members[member], network.passphrases[member])
    client = network.client(member)
    admit(client, signer, accounts[:1], deploying=True)
    admit(client, signer, accounts[1:])
    return node


def network_world(network: BankNetwork, member: str, folder: Path) -> ChainWorld:
    """The contracts on the network, reached through *member*'s node."""
    node = admitted_node(network, member)
    client = ChainClient(node.rpc_url)
    path = folder / "deployment.json"
    deployment = deploy(
        client, admin=signer_of(node, "admin"), consortium=consortium_of(node), path=path
    )
    return ChainWorld(node, client, deployment, path)
