"""Starts a node's process with the live peers, waits until it serves the chain, and stops it by its process id.

Rules that this module keeps:

- A folder has one running node: the node and its child processes hold a lock on the folder.
- A node waits for the peers that it was given, even if they are down. So it is started with the peers that accept
  connections now. When other peers are the live ones while it still waits, it is started again with these.
- A node outlives the command that started it; ``stop`` ends the process that the folder's lock names.
- The processes' temporary files lie in the folder and are deleted when the node has stopped or starts again.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from counterfoil.chain.nodes.folder_lock import lock_file
from counterfoil.chain.nodes.network.errors import (
    NODE_ENDED,
    NOT_READY,
    NOT_STOPPED,
    RUNNING,
    NetworkError,
)
from counterfoil.chain.nodes.network.folder import Member, MemberFolder
from counterfoil.chain.nodes.network.rpc import listens

if TYPE_CHECKING:
    from counterfoil.chain.nodes.network.engines.engine import Engine

READY_WITHIN_S = 180.0
_REPICK_AFTER_S = 8.0
_STOP_WITHIN_S = 60.0
_FREE_WITHIN_S = 10.0
_POLL_S = 0.1
"""No retry library runs the loops here: each turn tends several nodes and may start one of them again."""


def live_peers(folder: MemberFolder) -> list[Member]:
    """The other members whose nodes accept connections now."""
    return [m for m in folder.others if listens(m.host, m.peer_port)]


class NodeProcess:
    """A member's node, started and watched by this process."""

    def __init__(
        self, engine: Engine, folder: MemberFolder, peers: Sequence[Member] | None = None
    ) -> None:
        """*peers* None: the live ones, chosen again while the node waits. Otherwise exactly these."""
        self.engine = engine
        self.folder = folder
        self._fixed = peers
        self._peers: list[Member] = []
        self._named: list[Member] = []
        self.process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        members = [m.name for m in folder.network.members]
        # The nodes restart at different times: a node that restarts accepts no connections.
        self._patience_s = _REPICK_AFTER_S + 4 * members.index(folder.name)

    def start(self) -> None:
        """Start the process with the live peers, or with all when none is alive.

        Raises:
            NetworkError: a node runs over this folder.
        """
        folder = self.folder
        self._peers = list(self._fixed) if self._fixed is not None else live_peers(folder)
        self._named = self._peers or ([] if self._fixed is not None else folder.others)
        folder.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = _lock(folder)
        try:
            argv = self.engine.command(folder, self._named)
            _empty(folder.scratch)
            folder.scratch.mkdir(mode=0o700)
            with (folder.path / "node.log").open("ab") as log:
                self.process = subprocess.Popen(
                    argv,
                    env=os.environ | {"TMPDIR": str(folder.scratch)},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    pass_fds=(lock,),
                    start_new_session=True,
                )
            os.ftruncate(lock, 0)
            os.pwrite(lock, str(self.process.pid).encode(), 0)
        finally:
            os.close(lock)
        self._started_at = time.monotonic()

    def check_ready(self) -> bool:
        """Whether the node serves the chain. A node that waits for peers that are down is started again.

        Raises:
            NetworkError: the process ended.
        """
        assert self.process is not None  # noqa: S101  # start() comes first
        if self.process.poll() is not None:
            tail = (self.folder.path / "node.log").read_text(errors="replace")[-600:]
            raise NetworkError(
                NODE_ENDED,
                f"{self.folder.name}'s node ended with status {self.process.returncode}; "
                f"its logs are in {self.folder.data / 'logs'}: {tail}",
            )
        if self.engine.is_ready(self.folder):
            return True
        if self._fixed is None and time.monotonic() - self._started_at > self._patience_s:
            alive = live_peers(self.folder)
            if alive and {m.name for m in alive} != {m.name for m in self._named}:
                stop(self.folder)
                self.process.wait()
                self.start()
            else:
                self._started_at = time.monotonic()
        return False


def start_all(
    engine: Engine,
    folders: Sequence[MemberFolder],
    timeout_s: float = READY_WITHIN_S,
    peers: Callable[[MemberFolder], Sequence[Member]] | None = None,
) -> float:
    """Start the nodes of *folders* at once. Returns the seconds until all of them serve the chain.

    Raises:
        NetworkError: a node ran already, ended, or was not ready in time. The nodes are left running.
    """
    began = time.monotonic()
    nodes = [NodeProcess(engine, f, None if peers is None else peers(f)) for f in folders]
    for node in nodes:
        node.start()
    waiting = list(nodes)
    while waiting:
        waiting = [node for node in waiting if not node.check_ready()]
        if waiting and time.monotonic() - began > timeout_s:
            names = ", ".join(node.folder.name for node in waiting)
            raise NetworkError(
                NOT_READY,
                f"{names} did not come to serve the chain within {timeout_s:.0f} s; it runs on: "
                "counterfoil network status says what it waits for",
            )
        time.sleep(_POLL_S)
    return time.monotonic() - began


def run(engine: Engine, folder: MemberFolder, stopped: Callable[[], bool]) -> int:
    """Run the node in the foreground until *stopped*. Returns its exit status."""
    node = NodeProcess(engine, folder)
    node.start()
    assert node.process is not None  # noqa: S101
    is_ready = False
    while not stopped():
        if not is_ready:
            is_ready = node.check_ready()
        if node.process.poll() is not None:
            return node.process.returncode
        time.sleep(_POLL_S if not is_ready else 0.5)
    stop(folder)
    return node.process.wait()


def running_pid(folder: MemberFolder) -> int | None:
    """The id of the process that runs over *folder*; None where none runs."""
    path = _lock_path(folder)
    if not path.exists():
        return None
    with path.open("rb") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            text = held.read().strip()
            return int(text) if text.isdigit() else None
    return None


def stop(folder: MemberFolder, number: int = signal.SIGTERM) -> bool:
    """End the node of *folder*, and return once it has ended. Returns whether one ran.

    Raises:
        NetworkError: it did not end, not even by SIGKILL.
    """
    pid = running_pid(folder)
    if pid is None:
        return False
    with suppress(ProcessLookupError):
        os.kill(pid, number)
    deadline = time.monotonic() + _STOP_WITHIN_S
    while running_pid(folder) is not None:
        if time.monotonic() > deadline:
            if number == signal.SIGKILL:
                raise NetworkError(NOT_STOPPED, f"{folder.name}'s process {pid} does not end")
            return stop(folder, signal.SIGKILL)
        _reap(pid)
        time.sleep(0.05)
    _reap(pid)
    _empty(folder.scratch)
    return True


def stop_all(folders: Sequence[MemberFolder]) -> None:
    """End the nodes of *folders*, all at once."""
    for folder in folders:
        pid = running_pid(folder)
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
    for folder in folders:
        stop(folder)


def _reap(pid: int) -> None:
    """Collect the exit status of a child of this process."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _empty(scratch: Path) -> None:
    shutil.rmtree(scratch, ignore_errors=True)


def _lock_path(folder: MemberFolder) -> Path:
    return folder.path / "node.lock"


def _lock(folder: MemberFolder) -> int:
    try:
        return lock_file(_lock_path(folder), _FREE_WITHIN_S)
    except BlockingIOError as taken:
        raise NetworkError(RUNNING, f"{folder.name}'s node runs already") from taken
