"""``counterfoil audit`` as an auditor runs it: exit 0 for true, 1 for changed, 2 for not to be told."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import pytest
from support_api import build, export_certificates
from support_chain import ENGINES, ChainWorld, deployed_world
from support_network import NETWORK_ENGINES, network_world, running_network
from support_oracle import ACCOUNTS, OracleHouse, pool_account
from support_second_verifier import held_against_the_second_verifier, second_verifier  # noqa: F401
from support_world import DAY_MS, DEVICES, FIRST_MS, World
from typer import Typer
from typer.testing import CliRunner, Result

from counterfoil.api.audit.commands import audit as audit_commands
from counterfoil.api.audit.node_check import check_on_chain
from counterfoil.api.audit.verification.bundle_format import decode, encode
from counterfoil.api.audit.verification.report import Report
from counterfoil.api.commands import api as api_commands
from counterfoil.chain.deployment_file import Deployment
from counterfoil.chain.nodes.embedded import start_node
from counterfoil.gateway.record.bodies import Status

pytestmark = pytest.mark.integration


@dataclass
class Installation:
    """Where the commands of one installation read."""

    folder: Path
    world: World
    rpc_url: str = ""

    @property
    def root(self) -> Path:
        return self.folder / "certificates" / "root.pem"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Stores without a chain."""
    built = build(tmp_path_factory.mktemp("audit"), days=4)
    return Installation(built.folder, built.world)


@contextmanager
def running_chain(engine: str, folder: Path) -> Iterator[ChainWorld]:
    """An embedded chain, or four banks' network."""
    if engine in ("anvil", "ganache"):
        with deployed_world(engine, folder) as world:
            yield world
    else:
        with running_network(folder, engine) as network:
            yield network_world(network, "harbour", folder)


@pytest.fixture(scope="module", params=[*ENGINES, *NETWORK_ENGINES])
def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """Three days sold, anchored and shared out on a chain; an investor took its share after the first.

    On the fourth the machines say twice that they are idle.
    """
    folder = tmp_path_factory.mktemp("house")
    now_ms = time.time_ns() // 1_000_000
    world = World(devices=DEVICES[:2], certified_ms=now_ms - 60_000)
    with running_chain(request.param, folder) as chain:
        oracle = OracleHouse(chain, folder, world=world)
        parts = oracle.parts()
        for day in range(3):
            oracle.sell_a_day()
            oracle.run_until_quiet(parts)
            if day == 0:
                pool = pool_account(chain.client)
                chain.send("operator", "RevenueSplit", "takePool", pool, ACCOUNTS["a"])
        for number in range(2):
            for device in world.devices:
                world.add(device, Status("idle"), FIRST_MS + 3 * DAY_MS + number)
        oracle.keep()
        oracle.run_until_quiet(parts)
        export_certificates(world, folder / "certificates")
        yield Installation(folder, world, chain.node.rpc_url)


def run(
    site: Installation, *arguments: object, more: dict[str, str | None] | None = None
) -> Result:
    app = Typer()
    api_commands.register(app)
    audit_commands.register(app)
    env = {
        "COUNTERFOIL_API_GATEWAY_URL": f"sqlite:///{site.folder}/gateway.db",
        "COUNTERFOIL_API_ORACLE_URL": f"sqlite:///{site.folder}/oracle.db",
        "COUNTERFOIL_API_CERTIFICATES": str(site.folder / "certificates"),
    }
    if site.rpc_url:
        env |= {
            "COUNTERFOIL_API_TILES": str(site.folder / "tiles"),
            "COUNTERFOIL_API_DEPLOYMENT": str(site.folder / "deployment.json"),
            "COUNTERFOIL_API_RPC_URLS": json.dumps([site.rpc_url]),
            "COUNTERFOIL_AUDIT_DEPLOYMENT": str(site.folder / "deployment.json"),
        }
    env |= more or {}
    return CliRunner().invoke(app, [str(a) for a in arguments], env=env)


PERIOD = ("--from", "2022-08-30", "--to", "2022-08-31")


@pytest.fixture(scope="module")
def bundle(house: Installation) -> Path:
    out = house.folder / "machine.bundle"
    made = run(house, "audit", "bundle", "--device", DEVICES[0], *PERIOD, "-o", out, "--json")
    assert made.exit_code == 0, made.stderr
    said = json.loads(made.stdout)
    assert said["bytes"] == out.stat().st_size
    assert (said["records"], said["distributions"], said["blocks"]) == (10, 3, 9)
    return out


def test_own_node_alone_does_not_tell_whose_the_contracts_are(
    house: Installation, bundle: Path
) -> None:
    """The node confirms any contracts that are on its chain, a forger's as well."""
    trusted = ("--root-ca", house.root, "--rpc", house.rpc_url, "--json")
    nothing: dict[str, str | None] = {"COUNTERFOIL_AUDIT_DEPLOYMENT": None}
    result = run(house, "audit", "verify", bundle, *trusted, more=nothing)
    said = json.loads(result.stdout)
    assert (result.exit_code, said["verdict"]) == (2, "unverifiable")
    found = [(f["code"], s["number"]) for s in said["steps"] for f in s["findings"]]
    assert found == [("bundle.deployment_unknown", 12)]
    asked = run(house, "audit", "deployment", house.folder / "deployment.json", "--json")
    pinned = ("--deployment-hash", json.loads(asked.stdout)["hash"])
    result = run(house, "audit", "verify", bundle, *trusted, *pinned, more=nothing)
    assert (result.exit_code, json.loads(result.stdout)["verdict"]) == (0, "valid")


def test_true_bundle_verifies_with_root_and_deployment_alone(
    house: Installation, bundle: Path
) -> None:
    result = run(house, "audit", "verify", bundle, "--root-ca", house.root, "--json")
    said = json.loads(result.stdout)
    assert (result.exit_code, said["verdict"]) == (0, "valid")
    assert [step["passed"] for step in said["steps"]] == [True] * 13
    assert said["steps"][12]["checked"] == (
        "3 distributions made again to the minor unit, 2 of the period; takes of pools made again: 1; "
        "shared out of these records: 6 sales of 12.09 USD, 0 refunds "
        "(and 6 records of other machines, not here); in no distribution here: 0 sales, 0 refunds"
    )
    assert "; the device was in lakeside since block " in said["steps"][11]["checked"]
    assert said["skipped"][0].startswith("14.")


def test_report_says_the_same_in_the_terminal_and_as_json_in_both_languages(
    house: Installation, bundle: Path
) -> None:
    for language, title, last in (("en", "What was asked", "30"), ("zh", "查询内容", "31")):
        asked = ("--device", DEVICES[0], "--from", "2022-08-30", "--to", f"2022-08-{last}")
        options = ("--root-ca", house.root, "--language", language, *asked)
        shown = run(house, "audit", "verify", bundle, *options)
        said = json.loads(run(house, "audit", "verify", bundle, *options, "--json").stdout)
        assert shown.exit_code == (1 if last == "30" else 0)
        assert said["verdict"] == ("invalid" if last == "30" else "valid")
        lines = shown.stdout.splitlines()
        assert lines[0] == title
        assert said["verdict"] in lines[-1]
        rows = [*said["asked"], *said["sure"], *said["figures_text"]]
        colon = ": " if language == "en" else "："
        texts = {f"  {row['name']}{colon}{row['value']}" for row in rows if row["key"] != "program"}
        assert texts <= set(lines)
        assert {f"– {line}" for line in said["not_looked_at"]} <= set(lines)
        assert f"  {said['verdict_text']}" in lines
        sales = next(one for one in said["figures"] if one["key"] == "sales")
        assert (sales["sums"], sales["minor_units"]) == ("12.09 USD", {"USD": 1_209})
    unknown = run(house, "audit", "verify", bundle, "--root-ca", house.root, "--language", "fr")
    assert unknown.exit_code == 2


def test_own_node_and_own_deployment_file_are_asked_too(house: Installation, bundle: Path) -> None:
    own = ("--rpc", house.rpc_url, "--deployment", house.folder / "deployment.json")
    result = run(house, "audit", "verify", bundle, "--root-ca", house.root, *own, "--json")
    said = json.loads(result.stdout)
    assert (result.exit_code, said["verdict"], said["skipped"]) == (0, "valid", [])
    assert said["steps"][13]["checked"].startswith("blocks (9), heads (3) and keys (1)")


def test_blocks_of_another_chain_are_named_by_the_auditors_node(
    house: Installation, bundle: Path, tmp_path: Path
) -> None:
    """A node of the same chain id whose blocks are others: the bundle proves itself, and is still not of this chain."""
    chain_id = decode(bundle.read_bytes())[0].scope.chain_id
    other = start_node("anvil", tmp_path / "other", chain_id=chain_id)
    try:
        own = ("--rpc", other.rpc_url)
        result = run(house, "audit", "verify", bundle, "--root-ca", house.root, *own, "--json")
    finally:
        other.stop()
    said = json.loads(result.stdout)
    assert (result.exit_code, said["verdict"]) == (1, "invalid")
    assert [step["passed"] for step in said["steps"]] == [True] * 13 + [False]
    named = [
        f["where"] for f in said["steps"][13]["findings"] if f["code"] == "bundle.chain_mismatch"
    ]
    assert sum(where.startswith("blocks[") for where in named) == 9


def test_each_head_is_compared_with_its_event_on_the_auditors_node(
    house: Installation, bundle: Path
) -> None:
    found = decode(bundle.read_bytes())[0]
    addresses = Deployment.read(house.folder / "deployment.json").addresses
    head = found.heads[0]
    for changed, words in (
        (head, None),
        (head._replace(root=head.state), "anchored with another root or state"),
        (head._replace(state=head.root), "anchored with another root or state"),
        (head._replace(block_number=head.block_number + 1), "anchored, but not in block"),
        (head._replace(block_number=2**62), "anchored, but not in block"),
        (head._replace(size=head.size + 1), "not anchored"),
    ):
        report = Report([], bundle=replace(found, heads=(changed,)))
        step = check_on_chain(report, house.rpc_url, addresses)
        said = [str(error) for error in step.findings if error.where.startswith("heads")]
        assert len(said) == (words is not None), said
        assert words is None or words in said[0]


def test_a_bundles_record_is_settled_by_its_own_proof_and_the_chains_head(
    house: Installation, bundle: Path
) -> None:
    index = decode(bundle.read_bytes())[0].records[1].log_index
    own = ("--rpc", house.rpc_url, "--deployment", house.folder / "deployment.json", "--json")
    result = run(house, "audit", "dispute", bundle, "--index", index, *own)
    said = json.loads(result.stdout)
    assert (result.exit_code, said["call"], said["place"]) == (0, "confirm", "in_log")
    assert said["size"] == decode(bundle.read_bytes())[0].heads[-1].size


def test_bundle_made_without_a_node_says_what_it_does_not_prove(
    site: Installation, tmp_path: Path
) -> None:
    out = tmp_path / "bare.bundle"
    made = run(site, "audit", "bundle", "--device", DEVICES[0], *PERIOD, "-o", out, "--json")
    assert json.loads(made.stdout)["blocks"] == 0
    result = run(site, "audit", "verify", out, "--root-ca", site.root, "--json")
    said = json.loads(result.stdout)
    assert (result.exit_code, said["verdict"]) == (2, "unverifiable")
    assert [f["code"] for step in said["steps"] for f in step["findings"]] == [
        "bundle.block_missing"
    ]


def test_changed_payout_and_unit_are_named(
    house: Installation, bundle: Path, tmp_path: Path
) -> None:
    found, _ = decode(bundle.read_bytes())
    row = found.distributions[1]
    credit, unit = row.credits[-1], row.units[0]
    changed = tmp_path / "changed.bundle"
    for fields, words in (
        ({"credits": [*row.credits[:-1], credit._replace(amount=credit.amount + 1)]}, "credited"),
        ({"units": [unit._replace(sold=unit.sold + 1)]}, "other units are stated"),
    ):
        rows = (found.distributions[0], row._replace(**fields), found.distributions[2])
        changed.write_bytes(encode(replace(found, distributions=rows)))
        result = run(house, "audit", "verify", changed, "--root-ca", house.root)
        assert result.exit_code == 1
        assert f"split.mismatch: distributions[1] ({row.period_start}): " in result.stdout
        assert words in result.stdout


def test_changed_sale_is_named(house: Installation, bundle: Path) -> None:
    data = bytearray(bundle.read_bytes())
    reference = next(
        s.record.body.payment_reference  # type: ignore[union-attr]
        for s in house.world.records[4:]
        if s.record.device == DEVICES[0] and s.record.body.payment_reference  # type: ignore[union-attr]
    )
    data[data.index(reference.encode()) + 4] ^= 1
    changed = bundle.with_suffix(".changed")
    changed.write_bytes(data)
    result = run(house, "audit", "verify", changed, "--root-ca", house.root)
    assert result.exit_code == 1
    assert "record.refused: records[" in result.stdout
    assert "record.signature_invalid" in result.stdout
    assert result.stdout.rstrip().endswith("invalid")


def test_what_cannot_be_read_or_made_exits_2(house: Installation, bundle: Path) -> None:
    absent = run(house, "audit", "verify", house.folder / "absent", "--root-ca", house.root)
    assert (absent.exit_code, json.loads(absent.stderr)["code"]) == (2, "file.unreadable")
    nobody = run(
        house,
        "audit",
        "bundle",
        "--device",
        "urn:dev:os:nobody",
        "--from",
        "2022-08-29",
        "--to",
        "2022-08-30",
        "-o",
        house.folder / "none",
    )
    assert (nobody.exit_code, json.loads(nobody.stderr)["code"]) == (2, "bundle.nothing_to_show")


def test_tokens_are_made_listed_and_revoked(site: Installation) -> None:
    made = run(
        site,
        "api",
        "token",
        "create",
        "--role",
        "auditor",
        "--party",
        "eyes",
        "--json",
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


def test_bundle_without_a_store_says_so_and_makes_none(site: Installation, tmp_path: Path) -> None:
    app = Typer()
    api_commands.register(app)
    audit_commands.register(app)
    arguments = ["audit", "bundle", "--device", DEVICES[0], "--from", "2022-08-29"]
    arguments += ["--to", "2022-08-30", "-o", str(tmp_path / "out")]
    for gateway, oracle in (("absent", "oracle"), ("gateway", "absent"), ("gateway", "gateway")):
        env = {
            "COUNTERFOIL_API_GATEWAY_URL": f"sqlite:///{site.folder}/{gateway}.db",
            "COUNTERFOIL_API_ORACLE_URL": f"sqlite:///{site.folder}/{oracle}.db",
        }
        result = CliRunner().invoke(app, arguments, env=env)
        assert result.exit_code == 2, (gateway, oracle)
        assert json.loads(result.stderr)["code"] == "store.unreadable", (gateway, oracle)
    assert not (site.folder / "absent.db").exists()
    assert not (tmp_path / "out").exists()


def test_file_that_can_not_be_written_is_named(site: Installation, tmp_path: Path) -> None:
    result = run(
        site, "audit", "bundle", "--device", DEVICES[0], *PERIOD, "-o", tmp_path / "no" / "folder"
    )
    assert (result.exit_code, json.loads(result.stderr)["code"]) == (2, "file.unwritable")


def test_an_empty_file_is_refused(house: Installation, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    result = run(house, "audit", "verify", empty, "--root-ca", house.root, "--json")
    assert (result.exit_code, json.loads(result.stderr)["code"]) == (2, "file.empty")


@pytest.mark.parametrize("kept", [1, 200, -1])
def test_cut_file_is_invalid_and_claims_nothing_more(
    house: Installation, bundle: Path, kept: int, tmp_path: Path
) -> None:
    cut = tmp_path / "cut"
    cut.write_bytes(bundle.read_bytes()[:kept])
    result = run(house, "audit", "verify", cut, "--root-ca", house.root, "--json")
    said = json.loads(result.stdout)
    assert (result.exit_code, said["verdict"]) == (1, "invalid")
    assert [step["number"] for step in said["steps"]] == [1]
    assert said["steps"][0]["findings"][0]["code"] == "bundle.malformed"
    assert said["skipped"] == ["what comes after: nothing more could be read out of the file"]


def test_report_for_people_says_the_same_and_loads_nothing(
    house: Installation, bundle: Path, tmp_path: Path
) -> None:
    data = bytearray(bundle.read_bytes())
    changed = tmp_path / "<b>changed.bundle"
    data[data.index(b"Oreo Mini") + 3] ^= 1
    changed.write_bytes(data)
    for file, verdict, status in ((bundle, "valid", 0), (changed, "invalid", 1)):
        page = tmp_path / f"{verdict}.html"
        result = run(house, "audit", "verify", file, "--root-ca", house.root, "--html", page)
        assert result.exit_code == status
        text = page.read_text()
        look = "alone" if status == 0 else verdict
        assert f'class="conclusion {look}"><strong>{verdict}</strong>' in text
        assert sha256(file.read_bytes()).hexdigest() in text
        assert ("record.refused" in text) == (status == 1)
        assert text.count("by version 1 of the terms") == 2
        assert "<b>changed" not in text
        assert not re.search(r"<script|<link|<img|\b(?:src|href)=|url\(|http://|https://", text)
