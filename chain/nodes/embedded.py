"""Starts and stops the embedded chains, anvil and ganache, and keeps their state in a folder.

Nothing is lost after :meth:`EmbeddedNode.stop`, nor when the process that started the node is killed: the kernel then
asks the node to end. When the node itself is killed, anvil restarts from its last dump, at most five seconds old, or
from nothing before the first dump; ganache writes each block to its database. The event feed and the sender treat lost
blocks as a reorganisation.

While anvil runs, it has the states of the last ten minutes. A dump has the newest state alone: with all of them, it
would have hundreds of megabytes within the hour.

Accounts come from a random mnemonic in the state folder (mode 0600); there are no well-known keys. The chain holds no
key that it would sign with, and no key is in what other processes can read of it: anvil is told addresses, ganache
reads the mnemonic from a pipe and locks its accounts.

Behind its door (:mod:`~counterfoil.chain.nodes.embedded_door`) a chain takes no orders. Without it, it does whatever
anybody on this machine asks it: that is for a run of one's own, which gives such orders itself.
"""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeAlias

from eth_account import Account
from eth_account.hdaccount import key_from_seed, seed_from_mnemonic
from eth_account.hdaccount.mnemonic import Mnemonic
from eth_account.signers.local import LocalAccount
from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

import counterfoil.chain.recursion_limit  # noqa: F401  # eth_account brings py_ecc
from counterfoil.chain.client import ChainClient
from counterfoil.chain.errors import NodeNotReady, NodeUnreachable, RpcRefused
from counterfoil.chain.nodes.embedded_door import RpcDoor, ask_engine
from counterfoil.chain.nodes.embedded_programs import (
    DUMP,
    FUNDED_ACCOUNTS,
    FUNDS_ETHER,
    anvil_command,
    ganache_command,
    ganache_settings,
    history_options,
)
from counterfoil.chain.nodes.folder_lock import lock_file
from counterfoil.chain.nodes.kept_dump import KeptDump, recover
from counterfoil.chain.nodes.own_network import leave_the_network
from counterfoil.chain.nodes.ports import free_ports
from counterfoil.logs import get_logger
from counterfoil.peer_limits import PeerLimits

logger = get_logger("chain")
EmbeddedEngine = Literal["anvil", "ganache"]
Ask: TypeAlias = Callable[..., Any]
"""Asks a node: a method and its parameters; raises as ``ChainClient.rpc``."""

_STATES = "states"
_SOCKET = "engine.sock"
_FREE_WITHIN_S = 5.0
_READY_WITHIN_S = 60.0
_STOP_GRACE_S = 30.0
_PR_SET_PDEATHSIG = 1


@dataclass
class EmbeddedNode:
    """A running embedded chain."""

    engine: EmbeddedEngine
    rpc_url: str
    chain_id: int
    state_dir: Path
    process: subprocess.Popen[bytes]
    mnemonic: str
    door: RpcDoor | None = None
    kept: KeptDump | None = None

    def account(self, index: int) -> LocalAccount:
        """The funded account number *index*, from 0 to 31."""
        return _account(self.mnemonic, index)

    def stop(self) -> None:
        """End the node; it writes its state first."""
        if self.door is not None:
            self.door.stop()
        if self.kept is not None:
            self.kept.stop()
        if self.process.poll() is None:
            self.process.send_signal(_STOP_SIGNAL[self.engine])
            try:
                self.process.wait(_STOP_GRACE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def kill(self) -> None:
        """End the node as a power cut would."""
        if self.door is not None:
            self.door.stop()
        if self.kept is not None:
            self.kept.stop()
        self.process.kill()
        self.process.wait()


def start_node(
    engine: EmbeddedEngine,
    state_dir: Path,
    *,
    port: int | None = None,
    chain_id: int = 31_337,
    block_time_s: float = 1.0,
    hardfork: str = "paris",
    keeps_history: bool = True,
    behind_door: bool = False,
    origins: Collection[str] = (),
    limits: PeerLimits | None = None,
) -> EmbeddedNode:
    """Start an embedded chain over *state_dir*. Returns it once it is ready.

    *hardfork* is anvil's name for the EVM's rules; from ``osaka`` on there is a precompile for P-256.
    With *keeps_history*, every block costs anvil a copy of the whole state. Without it, anvil has the newest block's
    state alone and writes it only when it is stopped.
    With *behind_door* it is asked at its door alone, by processes and by pages of *origins*, and takes no orders;
    *limits* are the door's.
    On Linux, the node ends with the calling process, and with the calling thread: call from a thread that lives on.

    Raises:
        NodeMissing: the program is not installed.
        NodeNotReady: the node ended or did not answer in time, or another node uses this folder.
    """
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    state_dir = state_dir.resolve()
    mnemonic = keep_mnemonic(state_dir / "mnemonic")
    port = port or free_ports(1)[0]
    own_port = free_ports(1)[0] if behind_door else port
    given = b""
    if engine == "anvil":
        argv = anvil_command(state_dir, own_port, chain_id, block_time_s)
        argv += ["--hardfork", hardfork]
        argv += (
            history_options(state_dir / _STATES, block_time_s)
            if keeps_history
            else ["--prune-history"]
        )
        argv += ["--ipc", _SOCKET] if behind_door else []
    else:
        argv = ganache_command()
        where: dict[str, object] = {"socket": _SOCKET} if behind_door else {"port": port}
        given = ganache_settings(state_dir, where, chain_id, block_time_s, mnemonic)
    log_path = state_dir / f"{engine}.log"
    lock = _lock(state_dir / "lock")
    try:
        shutil.rmtree(state_dir / _STATES, ignore_errors=True)  # a killed node leaves them
        if engine == "anvil":
            recover(state_dir / DUMP)
        (state_dir / _SOCKET).unlink(missing_ok=True)
        if behind_door:
            state_dir.chmod(0o700)  # the socket is its owner's
        with log_path.open("ab") as log:
            process = _start(engine, argv, state_dir, log=log, lock=lock, alone=behind_door)
    finally:
        os.close(lock)
    assert process.stdin is not None  # noqa: S101  # a pipe was asked for
    with suppress(BrokenPipeError), process.stdin:
        process.stdin.write(given)
    node = EmbeddedNode(
        engine,
        rpc_url=f"http://127.0.0.1:{port}",
        chain_id=chain_id,
        state_dir=state_dir,
        process=process,
        mnemonic=mnemonic,
    )
    ask: Ask = ChainClient(node.rpc_url, timeout_s=5).rpc
    if behind_door:
        ask = partial(ask_engine, state_dir, _SOCKET)
    _wait_ready(node, log_path, ask)
    if engine == "anvil":
        _fund(node, ask)
        node.kept = KeptDump(state_dir / DUMP)
        node.kept.start()
    if behind_door:
        node.door = RpcDoor(state_dir, _SOCKET, port, origins=origins, limits=limits)
        try:
            node.door.start()
        except NodeNotReady:
            node.stop()
            raise
    return node


def owners_ask(state_dir: Path, rpc_url: str, timeout_s: float) -> Ask:
    """How the owner of *state_dir* asks its running chain for what the door refuses: at the chain's own socket.

    A chain without a door has none, and is asked at *rpc_url*.
    """
    if (state_dir / _SOCKET).is_socket():
        return partial(ask_engine, state_dir, _SOCKET)
    return ChainClient(rpc_url, timeout_s=timeout_s).rpc


def _start(
    engine: EmbeddedEngine,
    argv: Sequence[str],
    state_dir: Path,
    *,
    log: BinaryIO,
    lock: int,
    alone: bool,
) -> subprocess.Popen[bytes]:
    """Start the engine's program; *alone* in a network of its own, where the kernel allows it."""

    def before(alone: bool) -> None:
        if alone:
            leave_the_network()
        _END_WITH_PARENT[engine]()  # last: what changes rights undoes it

    def start(alone: bool) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            argv,
            cwd=state_dir,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=(lock,),
            preexec_fn=partial(before, alone) if sys.platform == "linux" else None,  # noqa: PLW1509
        )

    if alone and engine == "anvil" and sys.platform == "linux":
        try:
            return start(True)
        except subprocess.SubprocessError:
            logger.warning("chain_port_open_to_this_machine", why="no network of its own")
    return start(False)


def _fund(node: EmbeddedNode, ask: Ask) -> None:
    """Give the accounts their coins, once: the first account's come last, and tell that all have theirs."""
    if int(ask("eth_getBalance", node.account(0).address, "latest"), 16) > 0:
        return
    for index in reversed(range(FUNDED_ACCOUNTS)):
        ask("anvil_setBalance", node.account(index).address, hex(FUNDS_ETHER * 10**18))


def _account(mnemonic: str, index: int) -> LocalAccount:
    key = key_from_seed(_seed(mnemonic), f"m/44'/60'/0'/0/{index}")
    return Account.from_key(key)  # type: ignore[no-any-return]


@cache
def _seed(mnemonic: str) -> bytes:
    return seed_from_mnemonic(mnemonic, passphrase="")


def keep_mnemonic(path: Path) -> str:
    """The mnemonic at *path*. Where there is none, a random one is written there, with mode 0600."""
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as out:
            out.write(Mnemonic().generate(num_words=24))
            out.flush()
            os.fsync(out.fileno())
        fresh.rename(path)
    return path.read_text().strip()


def _wait_ready(node: EmbeddedNode, log_path: Path, ask_node: Ask) -> None:
    def ask() -> None:
        if node.process.poll() is not None:
            tail = log_path.read_text(errors="replace")[-600:]
            raise NodeNotReady(f"{node.engine} ended with status {node.process.returncode}: {tail}")
        ask_node("eth_chainId")

    again = Retrying(
        retry=retry_if_exception_type((NodeUnreachable, RpcRefused)),
        wait=wait_fixed(0.05),
        stop=stop_after_delay(_READY_WITHIN_S),
    )
    try:
        again(ask)
    except RetryError as late:
        node.kill()
        raise NodeNotReady(
            f"{node.engine} did not answer within {_READY_WITHIN_S:.0f} s; its log is {log_path}"
        ) from late


def _lock(path: Path) -> int:
    try:
        return lock_file(path, _FREE_WITHIN_S)
    except BlockingIOError as taken:
        raise NodeNotReady(f"{path.parent} is in use by another node") from taken


def _end_with_parent(number: int) -> None:
    """Run in the child before its program: ask the kernel for signal *number* when the parent ends."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number)


_STOP_SIGNAL: Mapping[EmbeddedEngine, int] = {"anvil": signal.SIGINT, "ganache": signal.SIGTERM}
_END_WITH_PARENT = {
    engine: partial(_end_with_parent, number) for engine, number in _STOP_SIGNAL.items()
}
