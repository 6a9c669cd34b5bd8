"""``counterfoil audit deployment`` has no hash for a file that does not say where each contract is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from support_blocks import ADDRESSES
from support_world import PINNED, World
from typer import Typer
from typer.testing import CliRunner, Result

from counterfoil.api.audit.commands import audit as audit_commands
from counterfoil.api.audit.sweep.ledger_view import CONTRACTS as SWEPT
from counterfoil.api.audit.verification.deployment_pin import CONTRACTS
from counterfoil.chain.deployment_file import EDITION

WHOLE = {name: {"address": "0x" + "ab" * 20} for name in SWEPT} | {
    name: {"address": address} for name, address in ADDRESSES.items()
}


def run(*words: object) -> Result:
    app = Typer()
    audit_commands.register(app)
    return CliRunner().invoke(app, ["audit", *map(str, words)])


def written(folder: Path, contracts: dict[str, Any]) -> Path:
    file = folder / "deployment.json"
    file.write_text(json.dumps({"chain_id": 31_337, "edition": EDITION, "contracts": contracts}))
    return file


def test_a_whole_file_has_its_hash(tmp_path: Path) -> None:
    said = json.loads(run("deployment", written(tmp_path, WHOLE), "--json").stdout)
    assert said["hash"] == PINNED.hex()
    assert {name: said[name] for name in CONTRACTS} == {name: ADDRESSES[name] for name in CONTRACTS}


@pytest.mark.parametrize("name", CONTRACTS)
@pytest.mark.parametrize("address", [None, "", "nowhere", "0x" + "ab" * 19])
def test_a_file_that_lacks_a_contract_is_refused_by_each_command_that_takes_one(
    name: str, address: str | None, tmp_path: Path
) -> None:
    contracts = WHOLE | {name: {"address": address}}
    if address is None:
        del contracts[name]
    file = written(tmp_path, contracts)
    (tmp_path / "some.bundle").write_bytes(b"no bundle")
    root = tmp_path / "root.pem"
    root.write_bytes(World().root.public_bytes(Encoding.PEM))
    commands = (
        ("deployment", file),
        ("verify", tmp_path / "some.bundle", "--root-ca", root, "--deployment", file),
        ("sweep", "--rpc", "http://127.0.0.1:9", "--log", tmp_path, "--deployment", file),
    )
    for words in commands:
        for more in ((), ("--json",)):
            result = run(*words, *more)
            assert (result.exit_code, result.stdout) == (2, ""), words
            error = json.loads(result.stderr)
            assert error["code"] == "file.malformed", words
            assert error["detail"].startswith(f"{file}: it does not say where {name} is"), words
