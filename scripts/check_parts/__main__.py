"""Formats what changed, then runs the linters, the type checker, the import rules and the tests near the change."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import grimp
from near import ONE_STEP, NearTest, near_tests, read_imports

ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / ".venv" / "bin"
PASSED, FAILED, COULD_NOT_TELL = 0, 1, 2
NOTHING_COLLECTED = 5
STATUS = """
exit status: 0 all that ran passed (what was left out is named); 1 something failed; 2 it could not be told.
left to scripts/test: integration, browser and slow tests, and what is farther from the change than one module.
left to .ci/run: the rebuild of the contracts, coverage, gas and the demo.
"""


@dataclass(frozen=True)
class Outcome:
    """What one step said, and how long it took."""

    name: str
    status: int
    said: str
    seconds: float


def step(name: str, *command: str, **environment: str) -> Outcome:
    """Run one command of the environment's and keep what it says."""
    started = time.monotonic()
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Outcome(
        name, status=done.returncode, said=done.stdout, seconds=time.monotonic() - started
    )


def git(*words: str) -> list[str]:
    """The names that git gives, one a NUL."""
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in done.stdout.strip("\n").split("\0") if name]


def changed_files() -> list[str]:
    """What differs from the fork off main, committed or not, and what git does not know yet."""
    try:
        (base,) = git("merge-base", "main", "HEAD")
    except subprocess.CalledProcessError:  # a checkout without a branch main
        base = "HEAD"
    return sorted(
        {*git("diff", "--name-only", "-z", base), *git("ls-files", "-zo", "--exclude-standard")}
    )


def run_tests(near: list[NearTest], seconds: float) -> tuple[Outcome, list[str]]:
    """Run the files of *near* in their order; also the lines that say what was left out."""
    with tempfile.TemporaryDirectory(prefix="counterfoil-check-") as folder:
        left = Path(folder) / "left"
        left.touch()
        known = filter(None, [os.environ.get("PYTHONPATH")])
        outcome = step(
            "tests near the change",
            "python",
            "-m",
            "pytest",
            "-q",
            "-p",
            "budget",
            "-m",
            "not slow",
            *(one.path for one in near),
            PYTHONPATH=os.pathsep.join([str(Path(__file__).parent), *known]),
            COUNTERFOIL_CHECK_SECONDS=str(seconds),
            COUNTERFOIL_CHECK_LEFT=str(left),
        )
        lines = [line.split(" ", 1) for line in left.read_text().splitlines()]
    if outcome.status == NOTHING_COLLECTED:
        outcome = Outcome(outcome.name, status=PASSED, said=outcome.said, seconds=outcome.seconds)
    return outcome, [f"{count} of {Path(path).relative_to(ROOT)}" for count, path in lines]


def show(outcome: Outcome) -> None:
    """One line of a step that passed; all that it said where it failed."""
    verdict = "passed" if outcome.status == PASSED else "FAILED"
    print(f"{verdict}  {outcome.name} ({outcome.seconds:.0f} s)", flush=True)
    if outcome.status != PASSED:
        print(outcome.said, flush=True)


def show_tests(near: list[NearTest], outcome: Outcome, left: list[str]) -> None:
    """How many files were near, what the tests said, and what was left out with the command that runs it."""
    direct = sum(one.steps < ONE_STEP for one in near)
    show(outcome)
    summary = outcome.said.strip().rpartition("\n")[2].strip("= ")
    print(f"        {direct} files import the change, {len(near) - direct} by one step: {summary}")
    if left:
        print("left out, for want of time:", *left, sep="\n        ")
        print("run it:  scripts/test", *(one.rpartition(" ")[2] for one in left))


def checked(files: list[str], near: list[NearTest], wanted: argparse.Namespace) -> bool:
    """Run every step, show what each says as it ends, and return whether all passed."""
    python = [name for name in files if name.endswith(".py") and (ROOT / name).exists()]
    outcomes = []
    if python:
        only = ("--check", "--diff") if wanted.no_write else ()
        outcomes.append(step("format", "ruff", "format", *only, "--", *python))
    outcomes.append(step("lint", "ruff", "check", "."))
    for outcome in outcomes:
        show(outcome)
    if not wanted.no_write and python and "reformatted" in outcomes[0].said:
        print("        " + outcomes[0].said.strip())
    with ThreadPoolExecutor(2) as pool:  # a processor for the types, one for the tests
        rules = pool.submit(
            lambda: [
                step("import rules", "lint-imports"),
                step("the house's picture", "python", "scripts/house_parts", "--check"),
                step("types", "mypy"),
            ]
        )
        tests = pool.submit(run_tests, near, wanted.seconds) if near else None
        for outcome in rules.result():
            outcomes.append(outcome)
            show(outcome)
        if tests is not None:
            outcome, left = tests.result()
            outcomes.append(outcome)
            show_tests(near, outcome, left)
    return all(outcome.status == PASSED for outcome in outcomes)


def main() -> int:
    """Return the exit status that ``--help`` names."""
    parser = argparse.ArgumentParser(
        prog="scripts/check",
        description=__doc__,
        epilog=STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="*", help="as if these had changed, and no others")
    parser.add_argument("--seconds", type=float, default=35, help="for the tests (default: 35)")
    parser.add_argument("--no-write", action="store_true", help="show what format would change")
    parser.add_argument("--list", action="store_true", help="name the tests that are near, and end")
    wanted = parser.parse_args()
    started = time.monotonic()
    files = wanted.files or changed_files()
    absent = [name for name in wanted.files if not (ROOT / name).exists()]
    if absent:
        print("check: no such file:", *absent, file=sys.stderr)
        return COULD_NOT_TELL
    graph = grimp.build_graph("counterfoil", cache_dir=None)

    def importers(module: str) -> set[str]:
        return graph.find_modules_that_directly_import(module) if module in graph.modules else set()

    tests = {
        **read_imports(ROOT, "tests/unit/**/test_*.py"),
        **read_imports(ROOT, "tests/property/**/test_*.py"),
    }
    near = near_tests(files, tests, read_imports(ROOT, "tests/support/*.py"), importers)
    if wanted.list:
        print(*(f"{one.steps} {one.path}" for one in near), sep="\n")
        return PASSED
    print(f"check: {len(files)} files changed")
    passed = checked(files, near, wanted)
    print(f"check: {'passed' if passed else 'FAILED'} in {time.monotonic() - started:.0f} s")
    return PASSED if passed else FAILED


if __name__ == "__main__":
    sys.exit(main())
