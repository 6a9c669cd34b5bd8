"""What is installed from the wheel runs: it holds every file of the product, and needs no checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from support_bundles import bundle_from_the_start, one_machine
from support_waiting import PATIENCE_S
from support_world import PINNED

from counterfoil.api.audit.verification.bundle_format import encode

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
SITE = Path(pytest.__file__).parents[1]
"""Where the locked packages are: nothing is fetched."""
FOLDERS = ("api", "chain", "gateway", "oracle")


def ran(*words: object, folder: Path, status: int = 0) -> str:
    """What a command printed, with the environment of nobody's checkout."""
    path = os.environ["PATH"]
    done = subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env={"PATH": path, "HOME": str(folder), "COLUMNS": "120"},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling", reason="hatchling builds the wheel: scripts/setup dev")
    folder = tmp_path_factory.mktemp("wheel")
    words = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder)
    ran(*words, folder=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel, and the locked packages beside it."""
    uv = Path(sys.executable).with_name("uv")
    if not uv.exists():
        pytest.skip("no uv beside this Python to install a wheel without a registry: scripts/setup")
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, with_pip=False, symlinks=True)
    (packages,) = home.glob("lib/python*/site-packages")
    words = (uv, "pip", "install", "--offline", "--no-deps", "--python", home / "bin/python", wheel)
    ran(*words, folder=home)
    # A folder that is named here is searched, and its own .pth files are not: the checkout's link is not followed.
    (packages / "locked.pth").write_text(f"{SITE}\n")
    return home


def is_left_out(path: Path) -> bool:
    """Tests of the Go sources, which stand beside them, and what Python keeps."""
    return path.name.endswith("_test.go") or not {"testdata", "__pycache__"}.isdisjoint(path.parts)


def product() -> Iterator[str]:
    """Each file of the product, as it is named in the wheel."""
    own = [path for path in (ROOT / "src/counterfoil").iterdir() if not path.is_symlink()]
    for top in (*own, *(ROOT / name for name in FOLDERS)):
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            if path.is_file() and not is_left_out(path):
                start = ROOT / "src" if top in own else ROOT
                name = path.relative_to(start).as_posix()
                yield name if top in own else f"counterfoil/{name}"


def test_the_wheel_holds_every_file_of_the_product(wheel: Path) -> None:
    expected = set(product())
    assert len(expected) > 500
    with ZipFile(wheel) as found:
        assert expected - set(found.namelist()) == set()


def test_the_command_runs_from_the_wheel_alone(installed: Path) -> None:
    command = installed / "bin/counterfoil"
    shown = ran(command, "--help", folder=installed)
    for name in ("audit", "up", "inspect", "network"):
        assert name in shown
    where = ran(
        installed / "bin/python",
        "-c",
        "import counterfoil.api as api; print(api.__file__)",
        folder=installed,
    )
    assert Path(where.strip()).is_relative_to(installed)


@pytest.mark.parametrize(("language", "valid"), [("en", "valid"), ("zh", "有效")])
def test_a_bundle_is_verified_by_what_the_wheel_installed(
    language: str, valid: str, installed: Path, tmp_path: Path
) -> None:
    world = one_machine(days=2)
    data = encode(bundle_from_the_start(world, days=1))
    (tmp_path / "machine.bundle").write_bytes(data)
    (tmp_path / "root.pem").write_bytes(world.root.public_bytes(Encoding.PEM))
    words = (installed / "bin/counterfoil", "audit", "verify", "machine.bundle")
    more = ("--root-ca", "root.pem", "--deployment-hash", PINNED.hex(), "--language", language)
    said = json.loads(ran(*words, *more, "--html", "page.html", "--json", folder=tmp_path))
    assert said["verdict"] == "valid"
    assert valid in said["verdict_text"]
    assert valid in (tmp_path / "page.html").read_text()
