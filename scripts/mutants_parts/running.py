"""Runs collected tests in forked children: one with its lines written down, or some with a change in force.

Every module is imported and every test collected once, in the parent, which itself runs none. A change is a function's
code, put in its place in the child alone, so nothing is written into the sources, no child pays for imports, and one
that hangs is ended.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SLOW_S = 1.5
"""A test that takes more processor time while its lines are written down is cut off, and not run with a change."""
HANGS_S = 5.0
"""Processor time that a test may take beyond ten times its own, before a change counts as noticed by it."""
_QUIET = ("-q", "-s", "--no-header", "--tb=no", "-p", "no:cacheprovider", "-W", "ignore")
_HANGS_WALL_S = 300.0
_PASSED, _FAILED, _COULD_NOT = 0, 1, 99


@dataclass
class Reach:
    """What one test reaches of each module, by the lines, and its seconds of processor time."""

    lines: dict[str, list[int]] = field(default_factory=dict)
    seconds: float = 0.0
    failed: bool = False
    slow: bool = False


class Tests:
    """Collected tests by their names; each run is in a process of its own."""

    def __init__(self, items: Iterable[pytest.Item], config: pytest.Config) -> None:
        self._items = {item.nodeid: item for item in items}
        self._reports = _Reports()
        config.pluginmanager.register(self._reports)

    def in_file(self, path: str) -> list[str]:
        """The tests of a file, by its path in the repository."""
        return [name for name in self._items if name.split("::")[0] == path]

    def reach_of(self, name: str, modules: dict[str, ModuleType]) -> Reach:
        """Run one test and return what it reaches."""
        recorder = _Recorder({str(module.__file__): path for path, module in modules.items()})

        def run(told: Path) -> int:
            signal.signal(signal.SIGVTALRM, _out_of_time)
            signal.setitimer(signal.ITIMER_VIRTUAL, SLOW_S)
            began = time.process_time()
            sys.settrace(recorder.trace)
            try:
                failed = not self._passes(name, None)
            finally:
                sys.settrace(None)
            reach = Reach(recorder.found(), time.process_time() - began, failed)
            told.write_text(json.dumps(vars(reach)))
            return _PASSED

        status, said = _child(run)
        if status in (-signal.SIGVTALRM, _FAILED):
            return Reach(slow=True)
        return Reach(**json.loads(said)) if status == _PASSED else Reach(failed=True)

    def notices(
        self,
        module: ModuleType,
        function: str,
        code: CodeType,
        tests: Sequence[tuple[str, float]],
    ) -> str:
        """Return the first of *tests*, each with its seconds, that fails with this *code*; "" when none does."""
        target = _function(module, function)

        def run(told: Path) -> int:
            target.__code__ = code
            following = [name for name, _ in tests[1:]]
            for (name, seconds), after in zip(tests, [*following, None], strict=True):
                told.write_text(name)
                _limit(HANGS_S + 10 * seconds)
                if not self._passes(name, after):
                    return _FAILED
            return _PASSED

        status, said = _child(run)
        if status == _COULD_NOT:
            raise RuntimeError(f"{module.__name__}.{function} could not be changed")
        return "" if status == _PASSED else said

    def _passes(self, name: str, after: str | None) -> bool:
        item, following = self._items[name], self._items[after] if after else None
        self._reports.failed = False
        item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
        return not self._reports.failed


class _Reports:
    """A plugin of pytest's: whether a part of a test failed."""

    failed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed = self.failed or report.failed


class _Loop:
    """A plugin of pytest's: in place of running the collected tests, does *work* with them."""

    def __init__(self, work: Callable[[Tests], int]) -> None:
        self._work = work
        self.status: int | None = None

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if not session.testsfailed:
            self.status = self._work(Tests(session.items, session.config))
        return True


class _Recorder:
    """Writes down which lines of *modules* (by their files) run."""

    def __init__(self, modules: dict[str, str]) -> None:
        self._modules = modules
        self._lines: dict[str, set[int]] = {path: set() for path in modules.values()}

    def trace(self, frame: FrameType, event: str, _: Any) -> Any:
        path = self._modules.get(frame.f_code.co_filename)
        if path is None:
            return None
        lines = self._lines[path]

        def line(inner: FrameType, event: str, _: Any) -> Any:
            if event == "line":
                lines.add(inner.f_lineno)
            return line

        return line

    def found(self) -> dict[str, list[int]]:
        return {path: sorted(lines) for path, lines in self._lines.items() if lines}


def with_tests(files: Sequence[str], work: Callable[[Tests], int]) -> int | None:
    """Collect the tests of *files* and return what *work* makes of them; None where they can't be collected."""
    folder = tempfile.mkdtemp(prefix="counterfoil-mutants-")
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = f"{folder}/hypothesis"
    loop = _Loop(work)
    try:
        pytest.main([*_QUIET, f"--basetemp={folder}/t", *files], plugins=[loop])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return loop.status


def module_name(path: str) -> str:
    """The module that the file *path* of the repository is."""
    return "counterfoil." + path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def load(paths: Sequence[str]) -> dict[str, ModuleType]:
    """Import the modules into this process."""
    return {path: importlib.import_module(module_name(path)) for path in paths}


def _out_of_time(*_: object) -> None:
    os._exit(_FAILED)


def _limit(seconds: float) -> None:
    """Let this process, and none that it starts, take so much more processor time before it is ended."""
    signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)


def _function(module: ModuleType, name: str) -> FunctionType:
    """The function by its qualified name, out of what it is wrapped in."""
    found: Any = module
    for part in name.split("."):
        found = vars(found)[part]
    while not isinstance(found, FunctionType):
        if isinstance(found, property):
            found = found.fget
        elif isinstance(found, functools.cached_property):
            found = found.func
        else:
            found = getattr(found, "__func__", None) or found.__wrapped__
    while hasattr(found, "__wrapped__"):
        found = found.__wrapped__
    return found


def _child(run: Callable[[Path], int]) -> tuple[int, str]:
    """Run *run* in a process of its own; return its status and what it wrote. One that hangs has failed."""
    with tempfile.NamedTemporaryFile("r", prefix="counterfoil-mutants-") as told:
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            os.setpgid(0, 0)
            silence = os.open(os.devnull, os.O_RDWR)
            for number in (0, 1, 2):
                os.dup2(silence, number)
            try:
                status = run(Path(told.name))
            except BaseException:  # the parent says so, whatever it was
                status = _COULD_NOT
            os._exit(status)
        status = _wait(child)
        return status, told.read()


def _wait(child: int) -> int:
    until, pause = time.monotonic() + _HANGS_WALL_S, 0.002
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(pause)
        pause = min(pause * 1.2, 0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return _FAILED
