"""The time from a process's start until it is ready: the command, the process tree, and the README's first commands.

The cold start sets up a fresh clone from nothing.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from counterfoil.up.data_folder import open_house
from counterfoil.up.process_tree import Tree

REPOSITORY = Path(__file__).resolve().parents[2]
_RUNS = 5


def measure(folder: Path, say: Callable[[str], None]) -> dict[str, object]:
    """Seconds, and CPU seconds where one process does it all."""
    say("startup: the command")
    python = [sys.executable, "-c", "pass"]
    listing = [sys.executable, "-m", "counterfoil", "--help"]
    found: dict[str, object] = {
        "python_cpu_s": _cpu_s(python),
        "list_of_commands_cpu_s": _cpu_s(listing),
        "inspect_help_cpu_s": _cpu_s([sys.executable, "-m", "counterfoil", "inspect", "--help"]),
        "gateway_help_cpu_s": _cpu_s([sys.executable, "-m", "counterfoil", "gateway", "--help"]),
    }
    say("startup: set-up that has nothing to do")
    found["demo_setup_warm_s"] = _wall_s([str(REPOSITORY / "scripts" / "setup"), "run"])
    found["test_setup_warm_s"] = _wall_s([str(REPOSITORY / "scripts" / "setup"), "dev"])
    for name in ("tree_first_start_s", "tree_later_start_s"):
        say(f"startup: {name}")
        began = time.monotonic()
        with Tree(open_house(folder / "startup")):
            found[name] = round(time.monotonic() - began, 2)
    return found


def measure_cold(folder: Path, say: Callable[[str], None]) -> dict[str, object]:
    """Seconds to set up a fresh clone with an empty home, so without caches, and to set it up again."""
    clone = folder / "cold" / "clone"
    home = folder / "cold" / "home"
    home.mkdir(parents=True)
    subprocess.run(["git", "clone", "--quiet", str(REPOSITORY), str(clone)], check=True)
    environment = {"HOME": str(home), "PATH": "/usr/local/bin:/usr/bin:/bin"}
    found: dict[str, object] = {}
    for name in ("demo_setup_cold_s", "demo_setup_again_s"):
        say(f"startup: {name}")
        began = time.monotonic()
        subprocess.run(
            [str(clone / "scripts" / "setup"), "run"],
            check=True,
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        found[name] = round(time.monotonic() - began, 2)
    shutil.rmtree(folder / "cold")
    return found


def _cpu_s(command: Sequence[str]) -> float:
    spent = []
    for _ in range(_RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return round(median(spent), 3)


def _wall_s(command: Sequence[str]) -> float:
    began = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return round(time.monotonic() - began, 2)
