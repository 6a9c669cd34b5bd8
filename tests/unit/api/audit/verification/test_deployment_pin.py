"""Whose contracts a file speaks of is told by what the auditor has from elsewhere, and never by the file."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from support_blocks import ADDRESSES
from support_bundles import bundle_from_the_start, one_machine
from support_world import PINNED, World
from typer import Typer
from typer.testing import CliRunner, Result

from counterfoil.api.audit.commands import audit as audit_commands
from counterfoil.api.audit.verification.bundle import Bundle
from counterfoil.api.audit.verification.bundle_format import encode
from counterfoil.api.audit.verification.deployment_pin import CONTRACTS, deployment_hash
from counterfoil.api.audit.verification.steps import verify
from counterfoil.chain.deployment_file import Deployment


@pytest.fixture(scope="module")
def world() -> World:
    return one_machine(days=2)


@pytest.fixture(scope="module")
def bundle(world: World) -> Bundle:
    return bundle_from_the_start(world, days=1)


def codes(bundle: Bundle, world: World, **own: object) -> list[str]:
    return [f.code for f in verify(encode(bundle), world.root, **own).findings]  # type: ignore[arg-type]


def deployment(folder: Path, chain_id: int = 31_337, **moved: str) -> Path:
    addresses = {**{name: str(ADDRESSES[name]) for name in CONTRACTS}, **moved}
    contracts = {n: {"address": a, "code_hash": "0x", "block": 1} for n, a in addresses.items()}
    file = folder / "deployment.json"
    Deployment(chain_id, contracts).write(file)
    return file


def run(*arguments: object, env: dict[str, str] | None = None) -> Result:
    app = Typer()
    audit_commands.register(app)
    return CliRunner().invoke(app, [str(a) for a in arguments], env=env)


def test_the_hash_is_of_the_chain_and_the_three_contracts() -> None:
    lines = ["counterfoil deployment v1", "31337", *(str(ADDRESSES[n]).lower() for n in CONTRACTS)]
    assert sha256("".join(line + "\n" for line in lines).encode()).digest() == PINNED
    assert deployment_hash(1, ADDRESSES) != PINNED


def test_without_a_deployment_from_elsewhere_it_cannot_be_told(
    bundle: Bundle, world: World
) -> None:
    report = verify(encode(bundle), world.root)
    assert [f.code for f in report.findings] == ["bundle.deployment_unknown"]
    assert report.verdict == "unverifiable"
    assert PINNED.hex() in report.steps[11].checked
    assert all(step.passed for step in report.steps if step.number != 12), "all else is said"
    newest = report.steps[10].checked
    assert "the newest is block" in newest
    assert "0x" in newest


def test_file_and_hash_pin_it(bundle: Bundle, world: World) -> None:
    assert codes(bundle, world, addresses=ADDRESSES) == []
    assert codes(bundle, world, deployment_hash=PINNED) == []


@pytest.mark.parametrize("name", CONTRACTS)
def test_each_contract_and_the_chain_are_the_pinned_ones(
    name: str, bundle: Bundle, world: World
) -> None:
    other = {**ADDRESSES, name: "0x" + "9" * 40}
    assert "bundle.address_mismatch" in codes(bundle, world, addresses=other)
    for pinned in (deployment_hash(31_337, other), deployment_hash(31_338, ADDRESSES)):
        assert codes(bundle, world, deployment_hash=pinned) == ["bundle.address_mismatch"]


def test_a_bundle_without_a_chain_is_no_other_deployments(bundle: Bundle, world: World) -> None:
    empty = dict.fromkeys(("record_anchor", "device_registry", "revenue_split"), "")
    bare = replace(
        bundle,
        scope=bundle.scope._replace(chain_id=0, **empty),
        blocks=(),
        terms=(),
        distributions=(),
        pools=(),
        takes=(),
    )
    for own in ({}, {"deployment_hash": PINNED}, {"addresses": ADDRESSES}):
        assert codes(bare, world, **own) == ["bundle.block_missing"]


def test_blocks_without_a_contract_are_not_told_apart_either(bundle: Bundle, world: World) -> None:
    """A file with blocks names a deployment, be it one of no contract: whose it is must be said."""
    empty = dict.fromkeys(("record_anchor", "device_registry", "revenue_split"), "")
    bare = replace(bundle, scope=bundle.scope._replace(**empty))
    assert "bundle.deployment_unknown" in codes(bare, world)
    assert "bundle.address_mismatch" in codes(bare, world, deployment_hash=PINNED)


def test_the_command_pins_by_file_by_hash_and_once_for_all(
    bundle: Bundle, world: World, tmp_path: Path
) -> None:
    data, root = tmp_path / "x.bundle", tmp_path / "root.pem"
    data.write_bytes(encode(bundle))
    root.write_bytes(world.root.public_bytes(serialization.Encoding.PEM))
    mine = deployment(tmp_path)
    said = json.loads(run("audit", "deployment", mine, "--json").stdout)
    assert said["hash"] == PINNED.hex()
    assert said["RecordAnchor"] == str(ADDRESSES["RecordAnchor"])
    verify_ = ("audit", "verify", data)
    for arguments, env, status in (
        (("--root-ca", root), {}, 2),
        (("--root-ca", root, "--deployment", mine), {}, 0),
        (("--root-ca", root, "--deployment-hash", said["hash"]), {}, 0),
        (("--root-ca", root, "--deployment-hash", "0x" + said["hash"]), {}, 0),
        (("--root-ca", root, "--deployment-hash", "1" * 64), {}, 1),
        (("--root-ca", root, "--deployment", mine, "--deployment-hash", said["hash"]), {}, 0),
        (
            (),
            {
                "COUNTERFOIL_AUDIT_ROOT_CA": str(root),
                "COUNTERFOIL_AUDIT_DEPLOYMENT_HASH": said["hash"],
            },
            0,
        ),
    ):
        assert run(*verify_, *arguments, env=env).exit_code == status, (arguments, env)
    other = deployment(tmp_path, chain_id=1)
    pinned = ("--root-ca", root, "--deployment", other)
    assert run(*verify_, *pinned).exit_code == 1
    refused = run(*verify_, *pinned, "--deployment-hash", said["hash"])
    assert (refused.exit_code, json.loads(refused.stderr)["code"]) == (2, "bundle.address_mismatch")
    malformed = run(*verify_, "--root-ca", root, "--deployment-hash", "12")
    assert (malformed.exit_code, json.loads(malformed.stderr)["code"]) == (2, "file.unreadable")
