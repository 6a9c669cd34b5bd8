"""Starts and stops the embedded chains, anvil and ganache, and keeps their state in a folder.

Nothing is lost after :meth:`EmbeddedNode.stop`, nor when the process that started the node is killed: the kernel then
asks the node to end. When the node itself is killed, anvil restarts from its last dump, at most five seconds old, or
from nothing before the first dump; ganache writes each block to its database. The event feed and the sender treat lost
blocks as a reorganisation.

While anvil runs, it has the states of the last ten minutes. A dump has the newest state alone: with all of them, it
would have hundreds of megabytes within the hour.

Accounts come from a random mnemonic in the state folder (mode 0600); there are no well-known keys.
"""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from eth_account import Account
from eth_account.hdaccount.mnemonic import Mnemonic
from eth_account.signers.local import LocalAccount
from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

import counterfoil.chain.recursion_limit  # noqa: F401  # eth_account brings py_ecc
from counterfoil.chain.client import ChainClient
from counterfoil.chain.errors import NodeNotReady, NodeUnreachable, RpcRefused
from counterfoil.chain.nodes.embedded_programs import (
    anvil_command,
    ganache_command,
    history_options,
)
from counterfoil.chain.nodes.folder_lock import lock_file
from counterfoil.chain.nodes.ports import free_ports

EmbeddedEngine = Literal["anvil", "ganache"]

_STATES = "states"
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

    def account(self, index: int) -> LocalAccount:
        """The funded account number *index*, from 0 to 31."""
        Account.enable_unaudited_hdwallet_features()
        return Account.from_mnemonic(self.mnemonic, account_path=f"m/44'/60'/0'/0/{index}")  # type: ignore[no-any-return]

    def stop(self) -> None:
        """End the node; it writes its state first."""
        if self.process.poll() is None:
            self.process.send_signal(_STOP_SIGNAL[self.engine])
            try:
                self.process.wait(_STOP_GRACE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def kill(self) -> None:
        """End the node as a power cut would."""
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
) -> EmbeddedNode:
    """Start an embedded chain over *state_dir*. Returns it once it is ready.

    *hardfork* is anvil's name for the EVM's rules; from ``osaka`` on there is a precompile for P-256.
    With *keeps_history*, every block costs anvil a copy of the whole state. Without it, anvil has the newest block's
    state alone and writes it only when it is stopped.
    On Linux, the node ends with the calling process, and with the calling thread: call from a thread that lives on.

    Raises:
        NodeMissing: the program is not installed.
        NodeNotReady: the node ended or did not answer in time, or another node uses this folder.
    """
    state_dir.mkdir(parents=True, exist_ok=True)
    mnemonic = keep_mnemonic(state_dir / "mnemonic")
    port = port or free_ports(1)[0]
    command = anvil_command if engine == "anvil" else ganache_command
    argv = command(state_dir, port, chain_id, block_time_s, mnemonic)
    if engine == "anvil":
        argv += ["--hardfork", hardfork]
        argv += (
            history_options(state_dir / _STATES, block_time_s)
            if keeps_history
            else ["--prune-history"]
        )
    log_path = state_dir / f"{engine}.log"
    lock = _lock(state_dir / "lock")
    try:
        shutil.rmtree(state_dir / _STATES, ignore_errors=True)  # a killed node leaves them
        with log_path.open("ab") as log:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(lock,),
                preexec_fn=_END_WITH_PARENT[engine] if sys.platform == "linux" else None,  # noqa: PLW1509
            )
    finally:
        os.close(lock)
    node = EmbeddedNode(
        engine,
        rpc_url=f"http://127.0.0.1:{port}",
        chain_id=chain_id,
        state_dir=state_dir,
        process=process,
        mnemonic=mnemonic,
    )
    _wait_ready(node, log_path)
    return node


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


def _wait_ready(node: EmbeddedNode, log_path: Path) -> None:
    client = ChainClient(node.rpc_url, timeout_s=5)

    def ask() -> None:
        if node.process.poll() is not None:
            tail = log_path.read_text(errors="replace")[-600:]
            raise NodeNotReady(f"{node.engine} ended with status {node.process.returncode}: {tail}")
        client.chain_id()

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
