"""Builds the engine's programs from the Go module beside this package, once for all networks of this user.

Rules that this module keeps:

- The sources are the modules that ``go.sum`` names, checked by the go command, with the lines of
  :mod:`.source_changes`; nothing else is downloaded.
- A build is whole or absent: programs are built in a folder that is renamed at the end.
- Another ``go.sum`` or another source is another build, in a folder of its own. Tests of the Go sources don't count.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from fnmatch import fnmatch
from hashlib import sha256
from pathlib import Path

from counterfoil.chain.nodes.network.engines.source_changes import apply_changes
from counterfoil.chain.nodes.network.errors import (
    BUILD_FAILED,
    COMPILER_MISSING,
    GO_MISSING,
    GO_TOO_OLD,
    NOT_INSTALLED,
    NetworkError,
)
from counterfoil.chain.nodes.ports import cache_home

VM_ID = "srEXiWaHuhNyGwPUi444Tu47ZEDwxTWrbQiuD7FmgSAQ6X7Dy"
"""The id of subnet-evm: the node finds the chain's program by it."""

NODE, PLUGIN, TOOL = "avalanchego", f"plugins/{VM_ID}", "consortium"
_PACKAGES = {
    PLUGIN: "./cmd/plugin",
    NODE: "github.com/ava-labs/avalanchego/main",
    TOOL: "./cmd/consortium",
}
SOURCE = Path(__file__).resolve().parents[2] / "avalanche"
_TESTS = ("*_test.go", "testdata")
_LEAST_GO = (1, 25)
_BUILD_WITHIN_S = 3_600


def home() -> Path:
    """The folder of all builds: ``$COUNTERFOIL_NETWORK_HOME``, or in the user's cache."""
    named = os.environ.get("COUNTERFOIL_NETWORK_HOME")
    if named:
        return Path(named)
    return cache_home() / "network"


def build_folder() -> Path:
    """The folder of this version's build, whether it exists or not."""
    digest = sha256()
    for path in sorted(SOURCE.rglob("*")):
        if path.is_file() and not _is_of_a_test(path.relative_to(SOURCE)):
            digest.update(str(path.relative_to(SOURCE)).encode() + b"\0")
            digest.update(sha256(path.read_bytes()).digest())
    return home() / digest.hexdigest()[:16]


def _is_of_a_test(path: Path) -> bool:
    return any(fnmatch(part, pattern) for part in path.parts for pattern in _TESTS)


def is_installed() -> bool:
    """Whether this version's programs are built."""
    return all((build_folder() / name).exists() for name in _PACKAGES)


def program(name: str) -> Path:
    """The path of one program.

    Raises:
        NetworkError: it is not built yet.
    """
    path = build_folder() / name
    if not path.exists():
        raise NetworkError(
            NOT_INSTALLED,
            "the network's programs are not built here: counterfoil network install",
        )
    return path


def install(progress: Callable[[str], None] = lambda _: None) -> Path:
    """Build the programs unless they are built. Returns their folder.

    Raises:
        NetworkError: go or a C compiler is missing or too old, or the build failed; the message says how to mend it.
    """
    if is_installed():
        return build_folder()
    go = go_command()
    _require_compiler(go)
    final = build_folder()
    final.parent.mkdir(parents=True, exist_ok=True)
    with (final.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two installs at the same time build once
        if is_installed():
            return final
        fresh = final.with_name(f"{final.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        source = fresh / "source"
        shutil.copytree(SOURCE, source, ignore=shutil.ignore_patterns(*_TESTS))
        progress("fetching the modules that go.sum names")
        _run([go, "mod", "download"], source)
        apply_changes(source, lambda module: _folder_of(go, module, source))
        for i, (name, package) in enumerate(_PACKAGES.items(), 1):
            progress(f"building {name.split('/', 1)[0]} ({i} of {len(_PACKAGES)})")
            out = str(fresh / name)
            _run([go, "build", "-trimpath", "-ldflags=-s -w", "-o", out, package], source)
        shutil.rmtree(source)
        fresh.rename(final)
    return final


def go_command() -> str:
    """The go command for the build.

    Raises:
        NetworkError: it is missing or too old; the message says how to mend that.
    """
    found = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    wanted = ".".join(str(part) for part in _LEAST_GO)
    if found is None:
        raise NetworkError(
            GO_MISSING,
            f"go is not on PATH, and {wanted} or newer is needed: "
            "apt-get install golang-go, or put a newer one's bin folder on PATH",
        )
    said = subprocess.run([found, "version"], capture_output=True, text=True, check=False).stdout
    number = re.search(r"go(\d+)\.(\d+)", said)
    if number is None or (int(number[1]), int(number[2])) < _LEAST_GO:
        raise NetworkError(
            GO_TOO_OLD,
            f"{found} is {said.strip() or 'no go command'}, and {wanted} or newer is needed: "
            "put a newer one's bin folder first on PATH",
        )
    return found


def _require_compiler(go: str) -> None:
    asked = subprocess.run([go, "env", "CC"], capture_output=True, text=True, check=False).stdout
    compiler = (asked.split() or ["gcc"])[0]
    if shutil.which(compiler) is None:
        raise NetworkError(
            COMPILER_MISSING,
            f"the C compiler {compiler} is not on PATH: apt-get install gcc libc6-dev",
        )


def _folder_of(go: str, module: str, source: Path) -> Path:
    """The folder where the go command keeps *module*."""
    return Path(_run([go, "list", "-m", "-f", "{{.Dir}}", module], source).strip())


def go_environment() -> dict[str, str]:
    """The go command's environment for builds and tests: it uses what ``go.sum`` names, and nothing else."""
    # Portable curve arithmetic: the build may be moved to an older processor of the same kind.
    env = os.environ | {"CGO_ENABLED": "1", "CGO_CFLAGS": "-O2 -D__BLST_PORTABLE__"}
    return env | {"GOFLAGS": "-mod=readonly", "GOWORK": "off"}


def _run(argv: list[str], folder: Path) -> str:
    done = subprocess.run(
        argv,
        cwd=folder,
        env=go_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_BUILD_WITHIN_S,
        check=False,
    )
    if done.returncode != 0:
        tail = "\n".join(done.stderr.splitlines()[-12:])
        raise NetworkError(
            BUILD_FAILED,
            f"{' '.join(argv[1:3])} failed; check the network or the mirror that GOPROXY is set to, then run "
            f"counterfoil network install again:\n{tail}",
        )
    return done.stdout
