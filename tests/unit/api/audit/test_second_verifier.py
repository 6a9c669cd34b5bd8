"""The second verifier, written from the formats' pages in another language, as somebody runs it by itself.

All files of ``verification/`` and of the forgers go through both verifiers (``support_second_verifier``).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from base64 import b64decode
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import support_second_verifier as support
from cryptography.hazmat.primitives import serialization
from support_blocks import ADDRESSES
from support_bundles import bundle_from_the_start, one_machine
from support_second_verifier import PROGRAM, node
from support_world import DEVICES, PINNED, World, verify

from counterfoil.api.audit.verification.bundle import Bundle
from counterfoil.api.audit.verification.bundle_format import encode
from counterfoil.chain.deployment_file import Deployment

CODE = re.compile(
    r'"((?:block|bundle|certificate|checkpoint|head|proof|proposal|record|split)\.[a-z_]+)"'
)


@pytest.fixture(scope="module")
def world() -> World:
    return one_machine()


@pytest.fixture(scope="module")
def bundle(world: World) -> Bundle:
    return bundle_from_the_start(world, days=2)


@pytest.fixture
def folder(world: World, bundle: Bundle, tmp_path: Path) -> Path:
    (tmp_path / "x.bundle").write_bytes(encode(bundle))
    (tmp_path / "root.pem").write_bytes(world.root.public_bytes(serialization.Encoding.PEM))
    return tmp_path


def run(folder: Path, *more: object) -> tuple[int, dict[str, Any]]:
    """The exit status, and the answer, empty where there is none."""
    command = [node(), PROGRAM, folder / "x.bundle", "--root-ca", folder / "root.pem", *more]
    said = subprocess.run([str(one) for one in command], capture_output=True, text=True)
    return said.returncode, json.loads(said.stdout) if said.stdout else {}


def codes(answer: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in answer["findings"]]


def test_it_takes_what_the_command_takes_and_answers_by_its_exit_status(
    folder: Path, bundle: Bundle, world: World
) -> None:
    pin = ("--deployment-hash", PINNED.hex())
    assert run(folder, *pin) == (0, {"verdict": "valid", "findings": []})
    unknown = {"code": "bundle.deployment_unknown", "where": "scope"}
    assert run(folder) == (2, {"verdict": "unverifiable", "findings": [unknown]})
    serial = world.certificates[DEVICES[0]].serial_number
    crl = folder / "crl.der"
    crl.write_bytes(world.revocation_list((serial, world.issuing.not_valid_before_utc)))
    status, answer = run(folder, *pin, "--crl", crl)
    assert (status, codes(answer)) == (1, ["certificate.revoked"])
    (folder / "x.bundle").write_bytes(encode(replace(bundle, records=bundle.records[:-1])))
    status, answer = run(folder, *pin)
    assert (status, answer["verdict"]) == (1, "invalid")
    assert run(folder, "--deployment-hash", "12") == (2, {}), "no hash, no answer"


def test_it_reads_a_deployment_file(folder: Path) -> None:
    contracts = {
        n: {"address": str(a), "code_hash": "0x", "block": 1} for n, a in ADDRESSES.items()
    }
    file = folder / "deployment.json"
    for chain_id, status in ((31_337, 0), (1, 1)):
        Deployment(chain_id, contracts).write(file)
        assert run(folder, "--deployment", file)[0] == status


def test_witnesses_are_asked_for_by_their_keys(folder: Path) -> None:
    key = "bank.example/w1+27fa95c8+BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    pin = ("--deployment-hash", PINNED.hex())
    assert run(folder, *pin, "--witness", key) == (2, {}), "a key whose id is not its own"
    own = key.replace("27fa95c8", witness_id(key))
    status, answer = run(folder, *pin, "--witness", own)
    assert (status, codes(answer)) == (2, ["checkpoint.cosignatures_too_few"])
    assert run(folder, *pin, "--witness", own, "--witnesses-at-least", 0)[0] == 0


def witness_id(key: str) -> str:
    name, _, encoded = key.split("+")
    return sha256(name.encode() + b"\n" + b64decode(encoded)).hexdigest()[:8]


def test_every_code_that_it_finds_is_in_the_format_and_no_other() -> None:
    """The page's table of codes and the program that was written from it name the same."""
    page = (PROGRAM.parents[2] / "docs" / "formats" / "bundle.md").read_text()
    table = page[page.index("## What is found") : page.index("## The deployment")]
    listed = set(re.findall(r"`([a-z]+\.[a-z_]+)`", table))
    named = {
        code for file in PROGRAM.parent.glob("*.mjs") for code in CODE.findall(file.read_text())
    }
    assert named == listed


def test_a_difference_between_the_two_fails_the_test_in_which_it_shows(
    bundle: Bundle, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one is asked without the deployment's hash, and can't tell what the first one can."""
    honest = support.asked_of

    def asked_of(**given: Any) -> dict[str, Any]:
        return honest(**given) | {"deployment_hash": ""}

    monkeypatch.setattr(support, "asked_of", asked_of)
    second = support.SecondVerifier()
    module = sys.modules[__name__]
    with (
        pytest.raises(AssertionError, match="unverifiable"),
        support.every_file_judged_twice(module, second, monkeypatch),
    ):
        assert verify(encode(bundle), world.root).verdict == "valid"
    second.close()


def test_it_shares_nothing_with_the_product() -> None:
    """Node's own modules and its own files are all that it imports."""
    for file in PROGRAM.parent.glob("*.mjs"):
        for imported in re.findall(r'from "([^"]+)"', file.read_text()):
            assert imported.startswith(("node:", "./")), (file.name, imported)
