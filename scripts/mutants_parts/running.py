"""Runs tests in a forked child: one file with the lines written down that it reaches, or some with a change in force.

Every module is imported once, in the parent. A change is a function's code, put in its place in the child alone, so
nothing is written into the sources, no child pays for imports, and one that hangs can be ended.
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
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SLOW_S = 1.5
"""A test that takes more processor time while its lines are written down is cut off, and not run with a change."""
CUT_OFF = "cut off: it is slow"
_QUIET = ("-q", "-x", "--no-header", "--tb=no", "-p", "no:cacheprovider", "-W", "ignore")
_PASSED, _FAILED = 0, 1
_COULD_NOT = 99


@dataclass
class Reach:
    """What a file of tests reaches of each module, by the lines, its seconds, and its slow tests."""

    lines: dict[str, list[int]] = field(default_factory=dict)
    seconds: float = 0.0
    slow: list[str] = field(default_factory=list)
    status: int = 0


class _Recorder:
    """A plugin of pytest's: writes down which lines of *modules* (by their files) run, and which tests are slow."""

    def __init__(self, modules: dict[str, str]) -> None:
        self._modules = modules
        self._lines: dict[str, set[int]] = {path: set() for path in modules.values()}
        self.found = Reach()

    def _trace(self, frame: FrameType, event: str, _: Any) -> Any:
        path = self._modules.get(frame.f_code.co_filename)
        if path is None:
            return None
        lines = self._lines[path]

        def line(inner: FrameType, event: str, _: Any) -> Any:
            if event == "line":
                lines.add(inner.f_lineno)
            return line

        return line

    def pytest_sessionstart(self) -> None:
        signal.signal(signal.SIGVTALRM, _cut_off)
        sys.settrace(self._trace)

    def pytest_runtest_setup(self) -> None:
        signal.setitimer(signal.ITIMER_VIRTUAL, SLOW_S)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self.found.seconds += report.duration
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            if report.skipped and CUT_OFF in report.longreprtext:
                self.found.slow.append(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        sys.settrace(None)
        self.found.lines = {path: sorted(lines) for path, lines in self._lines.items() if lines}


def _cut_off(*_: object) -> None:
    pytest.skip(CUT_OFF)


def module_name(path: str) -> str:
    """The module that the file *path* of the repository is."""
    return "counterfoil." + path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def load(paths: Sequence[str]) -> dict[str, ModuleType]:
    """Import the modules, and what tests stand on, into this process."""
    sys.path.insert(0, str(ROOT / "tests" / "support"))
    for name in ("hypothesis", "pytest_asyncio", "xdist", "support_world", "support_blocks"):
        importlib.import_module(name)
    return {path: importlib.import_module(module_name(path)) for path in paths}


def reach_of(test: str, modules: dict[str, ModuleType]) -> Reach:
    """Run one file of tests and return what it reaches."""
    files = {str(module.__file__): path for path, module in modules.items()}
    with tempfile.NamedTemporaryFile("r", suffix=".json") as told:

        def run() -> int:
            recorder = _Recorder(files)
            status = _pytest([test], recorder)
            recorder.found.status = status
            Path(told.name).write_text(json.dumps(vars(recorder.found)))
            return status

        _child(run, limit_s=600)
        said = told.read()
    return Reach(**json.loads(said)) if said else Reach(status=_COULD_NOT)


def survives(
    module: ModuleType,
    function: str,
    code: CodeType,
    tests: Sequence[str],
    slow: Sequence[str],
    limit_s: float,
) -> bool:
    """Whether all *tests* pass although *function* has another *code*."""
    target = _function(module, function)

    def run() -> int:
        target.__code__ = code
        return _pytest([*tests, *(f"--deselect={name}" for name in slow)])

    status = _child(run, limit_s)
    if status == _COULD_NOT:
        raise RuntimeError(f"{module.__name__}.{function} could not be changed")
    return status == _PASSED


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


def _pytest(args: Sequence[str], *plugins: object) -> int:
    folder = tempfile.mkdtemp(prefix="counterfoil-mutants-")
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = f"{folder}/hypothesis"
    try:
        return int(pytest.main([*_QUIET, f"--basetemp={folder}/t", *args], plugins=list(plugins)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _child(run: Callable[[], int], limit_s: float) -> int:
    """Run *run* in a process of its own and return its status; one that takes too long has failed."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        silence = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(silence, number)
        try:
            status = run()
        except BaseException:  # the parent says so, whatever it was
            status = _COULD_NOT
        os._exit(status)
    until = time.monotonic() + limit_s
    pause = 0.005
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(pause)
        pause = min(pause * 1.2, 0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return _FAILED
