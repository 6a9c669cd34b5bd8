"""docs/auditing.md as an outside auditor follows it: every command, as printed, against a running house."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support_waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@dataclass
class Running:
    """A demo that serves, and what it printed for auditors."""

    folder: Path
    said: dict[str, str]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("demo")
    words = ["demo", "--days", "2", "--data", str(folder / "house")]
    said = folder / "said"
    with said.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "counterfoil", *words], stdout=out, stderr=subprocess.STDOUT
        )
    try:
        until = time.monotonic() + 4 * PATIENCE_S
        while "/login/" not in said.read_text() and time.monotonic() < until:
            assert process.poll() is None, said.read_text()
            time.sleep(0.5)
        _, _, block = said.read_text().partition("What an auditor needs")
        lines = (line.split(maxsplit=1) for line in block.splitlines()[1:] if line.strip())
        yield Running(folder / "house", {line[0]: line[1] for line in lines if len(line) == 2})
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def ran(words: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/bash", "-eu", "-c", words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE_S,
    )


def test_every_command_of_the_page_works_as_printed(demo: Running, tmp_path: Path) -> None:
    blocks = BLOCK.findall((ROOT / "docs" / "auditing.md").read_text())
    assert len(blocks) == 7
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    plain = {"PATH": path, "HOME": str(tmp_path)}
    database = {"COUNTERFOIL_API_ORACLE_URL": f"sqlite:///{demo.folder / 'oracle.db'}"}
    made = ran(
        'counterfoil api token create --role auditor --party auditor --name "An auditor"',
        tmp_path,
        plain | database,
    )
    given = {
        "TILES": demo.said["tiles"],
        "NODE": demo.said["node"],
        "API": demo.said["api"],
        "LOG_KEY": demo.said["log_key"],
        "COUNTERFOIL_TOKEN": re.findall(r"token: (\S+)", made.stdout)[0],
        "DEVICE": "urn:dev:os:32473-sim-001",
        "FIRST": "2026-01-01",
        "LAST": "2026-01-02",
    }
    desk = tmp_path / "desk"
    desk.mkdir()
    shutil.copy(demo.said["root"], desk / "root.pem")
    shutil.copy(demo.said["deployment"], desk / "deployment.json")
    said = []
    for block in blocks:
        done = ran(block, desk, plain | given)
        assert done.returncode == 0, (block, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        said.append(done.stdout)
    look, copied, _, one, every, record, witness = said
    assert demo.said["root_sha256"] in look
    assert f"hash: {demo.said['deployment_hash']}" in look
    assert demo.said["log_key"] in look
    assert "it is signed by the key given" in copied
    assert one.rstrip().endswith("valid")
    assert every.rstrip().endswith("valid")
    assert "facts_missing" not in every, "the API gave the facts of every distribution"
    assert record.startswith("record.tlog-proof: record 0 of ")
    assert witness.startswith("auditor.example/w1+")
    again = ran(blocks[1], desk, plain | given)
    assert (again.returncode, ", 0 of them new" in again.stdout) == (0, True)
