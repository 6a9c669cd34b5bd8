"""``counterfoil audit`` as an auditor runs it: exit 0 for true, 1 for changed, 2 for not to be told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support_api import Site, build
from support_world import DEVICES
from typer import Typer
from typer.testing import CliRunner, Result

from counterfoil.api.commands import register

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return build(tmp_path_factory.mktemp("audit"), days=4)


def run(site: Site, *arguments: object) -> Result:
    app = Typer()
    register(app)
    env = {
        "COUNTERFOIL_API_GATEWAY_URL": site.settings.gateway_url,
        "COUNTERFOIL_API_ORACLE_URL": site.settings.oracle_url,
        "COUNTERFOIL_API_CERTIFICATES": str(site.folder / "certificates"),
    }
    return CliRunner().invoke(app, [str(a) for a in arguments], env=env)


@pytest.fixture(scope="module")
def bundle(site: Site) -> Path:
    out = site.folder / "machine.bundle"
    made = run(
        site,
        *("audit", "bundle", "--device", DEVICES[0], "--from", "2022-08-29", "--to", "2022-08-30"),
        *("-o", out, "--json"),
    )
    assert made.exit_code == 0, made.stderr
    said = json.loads(made.stdout)
    assert said["bytes"] == out.stat().st_size
    assert (said["records"], said["distributions"]) == (9, 2)
    return out


def test_true_bundle_verifies_with_the_root_alone(site: Site, bundle: Path) -> None:
    root = site.folder / "certificates" / "root.pem"
    result = run(site, "audit", "verify", bundle, "--root-ca", root, "--json")
    said = json.loads(result.stdout)
    assert (result.exit_code, said["verdict"]) == (0, "valid")
    assert [step["passed"] for step in said["steps"]] == [True] * 11
    assert said["skipped"][0].startswith("12.")


def test_changed_sale_is_named(site: Site, bundle: Path) -> None:
    data = bytearray(bundle.read_bytes())
    reference = next(
        s.record.body.payment_reference  # type: ignore[union-attr]
        for s in site.world.records[4:]
        if s.record.device == DEVICES[0] and s.record.body.payment_reference  # type: ignore[union-attr]
    )
    data[data.index(reference.encode()) + 4] ^= 1
    changed = bundle.with_suffix(".changed")
    changed.write_bytes(data)
    root = site.folder / "certificates" / "root.pem"
    result = run(site, "audit", "verify", changed, "--root-ca", root)
    assert result.exit_code == 1
    assert "record_refused: records[" in result.stdout
    assert "signature_invalid" in result.stdout
    assert result.stdout.rstrip().endswith("invalid")


def test_what_cannot_be_read_or_made_exits_2(site: Site, bundle: Path) -> None:
    root = site.folder / "certificates" / "root.pem"
    absent = run(site, "audit", "verify", site.folder / "absent", "--root-ca", root)
    assert (absent.exit_code, json.loads(absent.stderr)["code"]) == (2, "file_unreadable")
    nobody = run(
        site,
        *("audit", "bundle", "--device", "urn:dev:os:nobody", "--from", "2022-08-29"),
        *("--to", "2022-08-30", "-o", site.folder / "none"),
    )
    assert (nobody.exit_code, json.loads(nobody.stderr)["code"]) == (2, "nothing_to_bundle")


def test_tokens_are_made_listed_and_revoked(site: Site) -> None:
    made = run(
        site,
        *("api", "token", "create", "--role", "auditor", "--party", "eyes", "--json"),
        "--login-link",
    )
    said = json.loads(made.stdout)
    assert said["token"].startswith("cf_")
    assert "/login/" in said["login"]
    listed = json.loads(run(site, "api", "token", "list", "--json").stdout)
    assert said["id"] in {row["id"] for row in listed}
    assert said["token"] not in json.dumps(listed)
    assert run(site, "api", "token", "revoke", said["id"]).exit_code == 0
    assert run(site, "api", "token", "revoke", "nothing").exit_code == 1
