"""Child processes: started in order, watched, started again when they die, stopped in reverse.

The rules that this module keeps:

- A child is ended by its own process id, and by nothing else.
- A child ends when this process ends, for whatever reason (Linux: ``PR_SET_PDEATHSIG``).
- A child that dies is started again after a pause that doubles from 0.5 s to 30 s. After a minute of
  life the pause is 0.5 s again.
- A log that has grown too long becomes ``NAME.log.1``, which replaces the one before, and begins anew.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tenacity import RetryError, Retrying, retry_if_not_result, stop_after_delay, wait_fixed

from counterfoil.fault import Code
from counterfoil.logs import get_logger

log = get_logger("up")

_PR_SET_PDEATHSIG = 1
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_FORGIVEN_AFTER_S = 60.0
_STOP_GRACE_S = 45.0
"""More than the chain's process gives its engine: else a stopped engine would outlive it."""
_LONGEST_LOG = 20_000_000


class ChildFailed(Exception):
    """A child did not become ready; carries the end of what it logged."""

    code = Code("house.child_failed")
    to_do = "Read the end of the child's log in the detail; then start again."

    def __init__(self, name: str, why: str, log_path: Path) -> None:
        self.name = name
        self.log_path = log_path
        tail = "\n".join(log_path.read_text(errors="replace").splitlines()[-12:])
        super().__init__(f"{name} {why}; the end of {log_path}:\n{tail}")


@dataclass
class Child:
    """One process: its command, its environment, its log, and the check that it is ready."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    log_path: Path
    is_ready: Callable[[], bool]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause_s: float = _FIRST_PAUSE_S
    start_again_at: float = 0.0
    restarts: int = 0

    def start(self) -> None:
        """Start the process with its output appended to its log."""
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("ab") as out:
            self.process = subprocess.Popen(
                self.argv,
                env={**_without_secrets(os.environ), **self.env},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509
                start_new_session=True,
            )
        self.started_at = time.monotonic()

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def wait_ready(self, timeout_s: float) -> None:
        """Return once the process is ready.

        Raises:
            ChildFailed: it ended first, or was not ready in time.
        """

        def look() -> bool:
            if not self.is_running:
                code = self.process.returncode if self.process else None
                raise ChildFailed(self.name, f"ended with status {code}", self.log_path)
            return self.is_ready()

        again = Retrying(
            retry=retry_if_not_result(bool), wait=wait_fixed(0.05), stop=stop_after_delay(timeout_s)
        )
        try:
            again(look)
        except RetryError:
            why = f"was not ready within {timeout_s:.0f} s"
            raise ChildFailed(self.name, why, self.log_path) from None

    def stop(self) -> None:
        """End the process: SIGTERM, and SIGKILL after 45 s."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(_STOP_GRACE_S)
        except subprocess.TimeoutExpired:
            log.warning("child_killed", child=self.name, pid=self.process.pid)
            self.process.kill()
            self.process.wait()


@dataclass
class Supervisor:
    """The children, in the order in which they were started."""

    children: list[Child] = field(default_factory=list)
    longest_log: int = _LONGEST_LOG
    """In bytes."""

    def start(self, *children: Child, timeout_s: float = 60.0) -> None:
        """Start *children* at once, wait until all are ready, and watch them from then on."""
        for child in children:
            child.start()
            self.children.append(child)
        for child in children:
            child.wait_ready(timeout_s)
            pid = child.process.pid if child.process else None
            log.info("child_ready", child=child.name, pid=pid)

    def watch_once(self) -> None:
        """Start each dead child again once its pause is over; put long logs aside.

        By hand: no child's pause may keep the others waiting.
        """
        now = time.monotonic()
        for child in self.children:
            _keep_short(child.log_path, self.longest_log)
            if child.is_running:
                if now - child.started_at > _FORGIVEN_AFTER_S:
                    child.pause_s = _FIRST_PAUSE_S
                continue
            if child.start_again_at == 0.0:
                child.start_again_at = now + child.pause_s
                child.pause_s = min(child.pause_s * 2, _LONGEST_PAUSE_S)
                status = child.process.returncode if child.process else None
                log.warning("child_died", child=child.name, status=status)
            elif now >= child.start_again_at:
                child.start_again_at = 0.0
                child.restarts += 1
                child.start()

    def stop(self) -> None:
        """End every child, the last started first."""
        for child in reversed(self.children):
            child.stop()
        self.children.clear()


def _keep_short(path: Path, longest: int) -> None:
    """Put aside a log of more than *longest* bytes; its process writes on in the emptied file."""
    if not path.exists() or path.stat().st_size <= longest:
        return
    fresh = path.with_name(f"{path.name}.new")
    shutil.copyfile(path, fresh)
    os.truncate(path, 0)
    fresh.replace(path.with_name(f"{path.name}.1"))


def _without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for a child: what only this process needs to know stays here."""
    return {
        name: value
        for name, value in environment.items()
        if not (name.startswith("COUNTERFOIL_") and name.endswith(("_PASSPHRASE", "_TOKEN")))
    }


def _end_with_parent() -> None:
    """In the child, before it runs: ask the kernel for SIGTERM when the parent ends."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
