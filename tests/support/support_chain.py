"""Real embedded chains for tests: a node on a free port, the contracts deployed, and everybody's keys."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol, Self

from eth_account.signers.local import LocalAccount

from counterfoil.chain.abi.head_fields import HeadFields
from counterfoil.chain.client import ChainClient, Finality
from counterfoil.chain.consortium import ACCOUNT_ROLES, Consortium
from counterfoil.chain.deployment import deploy
from counterfoil.chain.deployment_file import Deployment
from counterfoil.chain.keys.signer import LocalSigner
from counterfoil.chain.nodes.embedded import EmbeddedEngine, EmbeddedNode, start_node
from counterfoil.chain.transaction import transact

ENGINES: tuple[EmbeddedEngine, ...] = ("anvil", "ganache")
BLOCK_TIME_S: Mapping[EmbeddedEngine, float] = {"anvil": 0.2, "ganache": 1.0}
ROLES = (*ACCOUNT_ROLES, "operator")
FAR_FUTURE_S = 4_000_000_000


class Node(Protocol):
    """What a world needs of a node, embedded or a bank's: its address and accounts that may transact."""

    @property
    def engine(self) -> str: ...

    @property
    def rpc_url(self) -> str: ...

    def account(self, index: int) -> LocalAccount: ...


@dataclass
class ChainWorld:
    """A node with the contracts on it. Signers are called by their role, numbered as in ROLES."""

    node: Node
    client: ChainClient
    deployment: Deployment
    path: Path

    @classmethod
    def made_in(cls, folder: Path, node: Node) -> Self:
        """The world of the deployment that was written into *folder*."""
        path = folder / "deployment.json"
        deployment = Deployment.read(path)
        return cls(node, ChainClient(node.rpc_url, deployment.addresses), deployment, path)

    def signer(self, role: str) -> LocalSigner:
        return signer_of(self.node, role)

    def send(self, role: str, contract: str, function: str, *arguments: Any) -> Mapping[str, Any]:
        """Transact as *role* and answer the receipt."""
        data = self.client.encode(contract, function, *arguments)
        return transact(
            self.client, signer=self.signer(role), to=self.client.address_of(contract), data=data
        )

    def decide(self, contract: str, function: str, *arguments: Any) -> Mapping[str, Any]:
        """The committee, which is one account here, votes for a call."""
        target = self.client.address_of(contract)
        data = self.client.encode(contract, function, *arguments)
        return self.send("committee", "Committee", "vote", target, data, sha256(b"memo").digest())

    def new_client(self, finality: Finality) -> ChainClient:
        return ChainClient(self.node.rpc_url, self.client.addresses, finality)

    def anchor(self, head: HeadFields, proof: Sequence[bytes] = ()) -> Mapping[str, Any]:
        """Anchor the head that comes next, signed by the oracle; answer the receipt."""
        digest = self.client.call("RecordAnchor", "headDigest", head)
        signature = self.signer("oracle").sign_digest(digest)
        return self.send("oracle", "RecordAnchor", "anchor", head, list(proof), [signature])


def signer_of(node: Node, role: str) -> LocalSigner:
    return LocalSigner(node.account(ROLES.index(role)))


def consortium_of(node: Node) -> Consortium:
    """Every role held by its own account, the oracle being the one signer of heads."""
    at = {role: signer_of(node, role).address for role in ROLES}
    return Consortium(
        **{role: at[role] for role in ROLES if role not in ("admin", "operator")},
        signers=[at["oracle"]],
        currency="USD",
    )


@contextmanager
def running_node(
    engine: EmbeddedEngine, state_dir: Path, block_time_s: float | None = None
) -> Iterator[EmbeddedNode]:
    """A node that is stopped at the end."""
    seconds = BLOCK_TIME_S[engine] if block_time_s is None else block_time_s
    node = start_node(engine, state_dir, block_time_s=seconds)
    try:
        yield node
    finally:
        node.stop()


@contextmanager
def prepared_node(
    name: str,
    engine: EmbeddedEngine,
    folder: Path,
    prepare: Callable[[EmbeddedNode, Path], None],
    block_time_s: float | None = None,
) -> Iterator[EmbeddedNode]:
    """A running node over a copy of the chain *name*, which *prepare* makes once in a run of the tests.

    What *prepare* writes into its folder stands in *folder* too, and the node's state in ``node`` below it.
    """
    made = Path(os.environ["COUNTERFOIL_TEST_CHAINS"]) / f"{name}-{engine}"
    with made.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            making = made.with_suffix(".new")
            with running_node(engine, making / "node", block_time_s) as node:
                prepare(node, making)
            making.rename(made)
    shutil.copytree(made, folder, dirs_exist_ok=True)
    with running_node(engine, folder / "node", block_time_s) as node:
        yield node


@contextmanager
def deployed_world(engine: EmbeddedEngine, folder: Path) -> Iterator[ChainWorld]:
    """A running node with every contract deployed."""
    with prepared_node(name="plain", engine=engine, folder=folder, prepare=_deploy) as node:
        yield ChainWorld.made_in(folder, node)


def _deploy(node: EmbeddedNode, folder: Path) -> None:
    admin, path = signer_of(node, "admin"), folder / "deployment.json"
    deploy(client=ChainClient(node.rpc_url), admin=admin, consortium=consortium_of(node), path=path)


def on_chain_id(text: str) -> bytes:
    """The on-chain id of a string: SHA-256 of its UTF-8."""
    return sha256(text.encode()).digest()


@contextmanager
def mining_stopped(world: ChainWorld) -> Iterator[None]:
    """No block is made meanwhile; afterwards they are again."""
    is_anvil = world.node.engine == "anvil"
    world.client.rpc(*(("evm_setIntervalMining", 0) if is_anvil else ("miner_stop",)))
    try:
        yield
    finally:
        world.client.rpc(*(("evm_setIntervalMining", 1) if is_anvil else ("miner_start",)))


def wait_mined(client: ChainClient, tx_hash: str, within_s: float = 30) -> Mapping[str, Any]:
    """The receipt of a transaction that somebody else has sent."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        (receipt,) = client.receipts([bytes.fromhex(tx_hash[2:])])
        if receipt is not None:
            return receipt
        time.sleep(0.05)
    raise AssertionError(f"{tx_hash} was not mined within {within_s:.0f} s")


def wait_blocks(client: ChainClient, count: int) -> None:
    """Return once *count* more blocks exist."""
    target = client.latest().number + count
    while client.latest().number < target:
        time.sleep(0.05)
