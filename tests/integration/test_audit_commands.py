"""``counterfoil audit`` as an auditor runs it: exit 0 for true, 1 for changed, 2 for not to be told."""

from __future__ import annotations

import json
import re
from hashlib import sha256
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


def test_bundle_without_a_store_says_so_and_makes_none(site: Site, tmp_path: Path) -> None:
    app = Typer()
    register(app)
    arguments = ["audit", "bundle", "--device", DEVICES[0], "--from", "2022-08-29"]
    arguments += ["--to", "2022-08-30", "-o", str(tmp_path / "out")]
    for gateway, oracle in (("absent", "oracle"), ("gateway", "absent"), ("gateway", "gateway")):
        env = {
            "COUNTERFOIL_API_GATEWAY_URL": f"sqlite:///{site.folder}/{gateway}.db",
            "COUNTERFOIL_API_ORACLE_URL": f"sqlite:///{site.folder}/{oracle}.db",
        }
        result = CliRunner().invoke(app, arguments, env=env)
        assert result.exit_code == 2, (gateway, oracle)
        assert json.loads(result.stderr)["code"] == "store_unreadable", (gateway, oracle)
    assert not (site.folder / "absent.db").exists()
    assert not (tmp_path / "out").exists()


def test_file_that_can_not_be_written_is_named(site: Site, tmp_path: Path) -> None:
    result = run(
        site,
        *("audit", "bundle", "--device", DEVICES[0], "--from", "2022-08-29"),
        *("--to", "2022-08-30", "-o", tmp_path / "no" / "folder"),
    )
    assert (result.exit_code, json.loads(result.stderr)["code"]) == (2, "file_unwritable")


@pytest.mark.parametrize("kept", [0, 1, 200, -1])
def test_cut_file_is_invalid_and_claims_nothing_more(
    site: Site, bundle: Path, kept: int, tmp_path: Path
) -> None:
    cut = tmp_path / "cut"
    cut.write_bytes(bundle.read_bytes()[:kept])
    root = site.folder / "certificates" / "root.pem"
    result = run(site, "audit", "verify", cut, "--root-ca", root, "--json")
    said = json.loads(result.stdout)
    assert (result.exit_code, said["verdict"]) == (1, "invalid")
    assert [step["number"] for step in said["steps"]] == [1]
    assert said["steps"][0]["findings"][0]["code"] == "bundle_malformed"
    assert said["skipped"] == ["what comes after: nothing more could be read out of the file"]


def test_report_for_people_says_the_same_and_loads_nothing(
    site: Site, bundle: Path, tmp_path: Path
) -> None:
    root = site.folder / "certificates" / "root.pem"
    data = bytearray(bundle.read_bytes())
    changed = tmp_path / "<b>changed.bundle"
    data[data.rindex(b"Oreo Mini") + 3] ^= 1
    changed.write_bytes(data)
    for file, verdict, status in ((bundle, "valid", 0), (changed, "invalid", 1)):
        page = tmp_path / f"{verdict}.html"
        result = run(site, "audit", "verify", file, "--root-ca", root, "--html", page)
        assert result.exit_code == status
        text = page.read_text()
        assert f'<h1 class="{verdict}">{verdict}</h1>' in text
        assert sha256(file.read_bytes()).hexdigest() in text
        assert ("record_refused" in text) == (status == 1)
        assert "<b>changed" not in text
        assert not re.search(r"<script|<link|<img|\b(?:src|href)=|url\(|http://|https://", text)
