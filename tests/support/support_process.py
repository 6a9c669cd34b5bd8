"""Commands as processes of their own, forked from one that has imported what they need.

To start Python and import half a dozen libraries takes two seconds of a processor, a hundred times over in a run of the
tests, and says nothing of what is tested. The processes are real: they can be killed, and share nothing. That the
command starts from nothing is tested where ``sys.executable`` is run.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.context import ForkServerContext
from pathlib import Path

_IMPORTED = (
    "counterfoil.oracle.run.quorum_node",
    "counterfoil.oracle.commands.oracle",
    "counterfoil.oracle.commands.day",
    "counterfoil.oracle.commands.bank",
    "counterfoil.api.commands.assets",
    "counterfoil.chain.nodes.network.commands.network",
)


class Process:
    """``counterfoil`` with *words*: what is used of ``subprocess.Popen``, output going to the end of two files.

    With *main* that function is run instead, and given the words.
    """

    def __init__(
        self,
        words: Sequence[str],
        env: Mapping[str, str],
        out: Path,
        errors: Path | None = None,
        main: Callable[..., int] | None = None,
    ) -> None:
        errors = errors or out
        for path in (out, errors):
            path.touch()
        arguments = (main, list(words), dict(env), str(out), str(errors))
        self._process = _context().Process(target=_run, args=arguments)
        self._process.start()
        self.args = ["counterfoil", *words]
        self.pid = self._process.pid or 0

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        found = self._process.exitcode
        if found is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return found

    def status_within(self, seconds: float) -> int:
        """The status with which it ends; killed, and TimeoutExpired, when it takes longer."""
        try:
            return self.wait(seconds)
        finally:
            self.kill()
            self.wait()

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run_command(
    words: Sequence[str], env: Mapping[str, str] | None = None, timeout_s: float = 240
) -> subprocess.CompletedProcess[str]:
    """``counterfoil`` with *words*, ended; killed when it takes too long."""
    with tempfile.TemporaryDirectory() as folder:
        out, errors = Path(folder) / "out", Path(folder) / "errors"
        process = Process(words, env=os.environ if env is None else env, out=out, errors=errors)
        status = process.status_within(timeout_s)
        return subprocess.CompletedProcess(
            process.args, status, out.read_text(), errors.read_text()
        )


def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_IMPORTED))
    return context


def _run(
    main: Callable[..., int] | None, words: list[str], env: dict[str, str], out: str, errors: str
) -> None:
    os.environ.clear()
    os.environ.update(env)
    for path, number in ((out, 1), (errors, 2)):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.argv = ["counterfoil", *words]
    from counterfoil.__main__ import main as command

    try:
        if main is None:
            command()
        else:
            sys.exit(main(*words))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
