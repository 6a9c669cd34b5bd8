"""Bundles and distributions in which something is false, made with a house's own folder and keys: none is valid."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from support_api import export_certificates
from support_chain import ChainWorld, deployed_world
from support_oracle import ACCOUNTS, FIRST_DATE, PROJECT, OracleHouse
from support_second_verifier import held_against_the_second_verifier, second_verifier  # noqa: F401
from support_world import DAY_MS, DEVICES, FIRST_MS, World
from typer import Typer
from typer.testing import CliRunner

from counterfoil.api.audit.commands.audit import register
from counterfoil.api.audit.making.chain_facts import prove_blocks
from counterfoil.api.audit.making.collection import KnownFacts, collect
from counterfoil.api.audit.making.known_facts import known_facts
from counterfoil.api.audit.verification.bundle import Bundle
from counterfoil.api.audit.verification.bundle_format import encode
from counterfoil.gateway.record.bodies import Status
from counterfoil.gateway.record.identity import DeviceId, device_hash, on_chain_id
from counterfoil.oracle.registrar import Registrar
from counterfoil.oracle.rules.facts import Facts, distribution_argument, names_of
from counterfoil.oracle.store.directory_tables import KnownProject

pytestmark = pytest.mark.integration

MINE, ALONE = DEVICES[:2]
"""Of the project, and of none."""
EVIL = "evil"


@dataclass
class Forger:
    """A house with all its keys but the machines'."""

    house: OracleHouse
    chain: ChainWorld
    folder: Path

    def known(self, device: DeviceId, first: int = 0, until: int = 3) -> KnownFacts:
        """What an honest maker of a bundle knows, for these days."""
        return known_facts(
            engine=self.house.engine,
            device=device,
            first_ms=FIRST_MS + first * DAY_MS,
            until_ms=FIRST_MS + until * DAY_MS,
            certificates=self.folder / "certificates",
            client=self.chain.client,
        )

    def made(self, facts: KnownFacts) -> Bundle:
        return collect(self.house.store.engine, None, facts)

    def proved(self, bundle: Bundle) -> Bundle:
        """The bundle with the blocks of what it states now."""
        return replace(bundle, blocks=tuple(prove_blocks(self.chain.client, bundle.on_chain())))

    def verified(self, bundle: Bundle, *, is_node_asked: bool = True) -> dict[str, Any]:
        """The command's report."""
        file = self.folder / "forged.bundle"
        file.write_bytes(encode(bundle))
        own = ["--deployment", str(self.chain.path)]
        own += ["--rpc", self.chain.node.rpc_url] if is_node_asked else []
        root = str(self.folder / "certificates" / "root.pem")
        return self._run("verify", str(file), "--root-ca", root, *own)

    def sweep_arguments(self, facts: Path) -> list[str]:
        return [
            "sweep",
            "--rpc",
            self.chain.node.rpc_url,
            "--log",
            str(self.folder / "tiles"),
            "--deployment",
            str(self.chain.path),
            "--facts",
            str(facts),
            "--processes",
            "1",
            "--project",
            PROJECT,
        ]

    def swept(self, facts: Path) -> dict[str, Any]:
        return self._run(*self.sweep_arguments(facts))

    def printed(self, *arguments: str) -> str:
        """What the command prints for people."""
        app = Typer()
        register(app)
        return CliRunner().invoke(app, ["audit", *arguments]).stdout

    def _run(self, *arguments: str) -> dict[str, Any]:
        app = Typer()
        register(app)
        result = CliRunner().invoke(app, ["audit", *arguments, "--json"])
        said: dict[str, Any] = json.loads(result.stdout)
        assert result.exit_code == {"valid": 0, "invalid": 1, "unverifiable": 2}[said["verdict"]]
        return said


@pytest.fixture(scope="module")
def forger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forger]:
    """Three days sold and shared out, a head each; on the fourth all machines say twice that they are idle."""
    folder = tmp_path_factory.mktemp("forger")
    with deployed_world("anvil", folder) as chain:
        now_ms = chain.client.latest().timestamp * 1_000
        world = World(devices=(MINE, ALONE), certified_ms=now_ms - 60_000)
        house = OracleHouse(chain, folder, world=world, alone=frozenset((ALONE,)))
        parts = house.parts()
        for _ in range(3):
            house.sell_a_day()
            house.run_until_quiet(parts)
        for number in range(2):
            for device in world.devices:
                world.add(device, Status("idle"), FIRST_MS + 3 * DAY_MS + number)
        house.keep()
        house.run_until_quiet(parts)
        export_certificates(world, folder / "certificates")
        yield Forger(house, chain, folder)


def assign(chain: ChainWorld, device: DeviceId, project: str) -> None:
    name = device_hash(device)
    known = chain.client.call("DeviceRegistry", "device", name)
    to = bytes(on_chain_id(project)) if project else bytes(32)
    chain.send("registrar", "DeviceRegistry", "assign", name, known["owner"], known["operator"], to)


def codes(said: dict[str, Any]) -> set[str]:
    return {finding["code"] for step in said["steps"] for finding in step["findings"]}


def test_true_bundles_of_both_kinds_are_valid(forger: Forger) -> None:
    said = forger.verified(forger.made(forger.known(MINE)))
    assert (said["verdict"], codes(said)) == ("valid", set())
    alone = forger.verified(forger.made(forger.known(ALONE)))
    assert (alone["verdict"], codes(alone)) == ("valid", set())
    assert "; the device was in no project since block" in alone["steps"][11]["checked"]
    assert "in no distribution here: 9 sales" in alone["steps"][12]["checked"]


def test_an_older_head_as_the_last_one_is_not_valid(forger: Forger) -> None:
    """Sales of the last day are gone, with all distributions or with those that the older head covers."""
    facts = forger.known(MINE)
    sizes = sorted(d.head_size for d in facts.distributions)
    older = [head for head in facts.heads if head.size <= sizes[1]]
    kept = [d for d in facts.distributions if d.head_size <= sizes[1]]
    without = replace(facts, terms=(), distributions=(), takes=(), pools=())
    for money in (without, replace(facts, distributions=kept)):
        bundle = forger.made(replace(money, heads=older))
        assert len(bundle.records) == 6
        said = forger.verified(bundle)
        assert said["verdict"] != "valid"
        assert "bundle.end_open" in codes(said)
        (named,) = [f for f in said["steps"][13]["findings"] if f["code"] == "bundle.end_open"]
        assert "later heads, up to" in named["detail"]
        offline = forger.verified(bundle, is_node_asked=False)
        assert offline["verdict"] != "valid"
        assert "bundle.end_open" in codes(offline)


def test_a_period_that_ends_after_the_last_head_is_not_valid(forger: Forger) -> None:
    until = forger.chain.client.latest().timestamp * 1_000 + DAY_MS
    facts = forger.known(MINE)
    scope = facts.scope._replace(until_ms=until)
    said = forger.verified(forger.made(replace(facts, scope=scope)))
    assert said["verdict"] == "unverifiable"
    assert "bundle.head_too_early" in codes(said)


def test_distributions_that_are_left_out_are_named(forger: Forger) -> None:
    whole = forger.made(forger.known(MINE))
    fewer = forger.proved(replace(whole, distributions=whole.distributions[:-1]))
    said = forger.verified(fewer)
    assert (said["verdict"], codes(said)) == (
        "invalid",
        {"split.left_out", "split.sales_not_shown"},
    )
    offline = forger.verified(fewer, is_node_asked=False)
    assert "split.sales_not_shown" in codes(offline)
    assert offline["verdict"] != "valid"


def test_another_projects_distributions_are_not_a_machines(forger: Forger) -> None:
    """Of a machine that is in none, and with its assignments kept back."""
    theirs = forger.known(MINE)
    alone = forger.known(ALONE)
    facts = replace(
        alone,
        scope=alone.scope._replace(project=theirs.scope.project),
        terms=theirs.terms,
        distributions=theirs.distributions,
        takes=theirs.takes,
        pools=theirs.pools,
    )
    said = forger.verified(forger.made(facts))
    assert said["verdict"] == "invalid"
    assert "proposal.project_differs" in codes(said)
    kept_back = forger.verified(forger.made(replace(facts, assignments=())))
    assert kept_back["verdict"] == "invalid"
    assert "bundle.assignment_mismatch" in codes(kept_back)


def test_a_machine_assigned_for_a_moment_takes_no_sale_along(
    forger: Forger, tmp_path: Path
) -> None:
    """The registrar gives it to another project for one block; the quorum shares two of its older sales out there: one
    under its own date, one under another.
    """
    chain, client = forger.chain, forger.chain.client
    records = forger.house.world.records
    first, second = [n for n, r in enumerate(records) if r.record.device == ALONE][:2]
    snapshot = client.rpc("evm_snapshot")
    try:
        open_evil(forger)
        assign(chain, ALONE, EVIL)
        assign(chain, ALONE, "")
        for number, (record, date, period) in enumerate(
            ((first, FIRST_DATE, FIRST_DATE), (second, FIRST_DATE + 1, FIRST_DATE + 2))
        ):
            amount = records[record].record.body.amount_minor  # type: ignore[union-attr]
            facts = Facts(EVIL, date, ((record, False, amount),), (("Oreo Mini", 1),))
            (tmp_path / f"{number}.cbor").write_bytes(facts.encode())
            share_out(forger, facts, period)
        said = forger.swept(tmp_path)
    finally:
        client.rpc("evm_revert", snapshot)
    assert said["verdict"] == "invalid"
    assert {f["code"] for f in said["findings"]} == {"split.facts_mismatch"}
    details = [f["detail"] for f in said["findings"]]
    assert details == [
        f"of {ALONE} 1, from record {first} on: it was not in the project at their date, nor at their head",
        f"they are of {dated(1)}, and the period is {dated(2)} to {dated(2)}",
        f"of {ALONE} 1, from record {second} on: it was not in the project at their date, nor at their head",
        f"1 not of {dated(1)}, from record {second} on, which is of {dated(0)}",
    ]


def dated(day: int) -> str:
    date = str(FIRST_DATE + day)
    return f"{date[:4]}-{date[4:6]}-{date[6:]}"


def test_what_was_anchored_and_never_shared_out_is_listed(forger: Forger, tmp_path: Path) -> None:
    said = forger.swept(tmp_path)
    assert (said["verdict"], said["findings"]) == ("valid", [])
    rows = said["not_shared_out"]
    assert [(r["project"], r["business_date"], r["sales"], r["refunds"]) for r in rows] == [
        ("", FIRST_DATE + day, 3, 0) for day in range(3)
    ]
    printed = forger.printed(*forger.sweep_arguments(tmp_path))
    assert "anchored and not shared out: 9 sales and 0 refunds" in printed
    assert f"{dated(0)} no project: 3 sales, 0 refunds, sales less refunds " in printed
    assert [row["currency"] for row in rows] == ["USD"] * 3
    sold = [r.record for r in forger.house.world.records if r.record.device == ALONE][:9]
    assert sum(r["amount_minor"] for r in rows) == sum(one.body.amount_minor for one in sold)  # type: ignore[union-attr]


def open_evil(forger: Forger) -> None:
    """A project of the forger's own, all of whose revenue is the operator's."""
    house = forger.house
    operator = ACCOUNTS["operator"]
    registrar = Registrar(
        house.engine,
        forger.chain.client,
        registrar=forger.chain.signer("registrar"),
        supervisor=forger.chain.signer("supervisor"),
    )
    registrar.open_project(
        KnownProject(project=EVIL, project_hash="", name=EVIL, operator=operator, currency="USD")
    )
    accounts = dict.fromkeys(("residual", "refund", "tax"), operator)
    goods = [{"code": "", "supplier": operator, "unit_cost": 1}]
    tiers: dict[str, list[Any]] = {"goods": goods, "allocations": [], "investors": []}
    own = {"effective_from": FIRST_DATE, "period": "day", **accounts, **tiers}
    registrar.set_terms(EVIL, own)


def share_out(forger: Forger, facts: Facts, period: int) -> None:
    """The bank mints what the *facts* come to, and the quorum distributes it in *period*."""
    chain, client = forger.chain, forger.chain.client
    digest, batch = names_of(facts.encode())
    account = client.call("DepositToken", "collectionOf", on_chain_id(EVIL))
    chain.send("bank", "DepositToken", "mint", account, facts.gross_minor, batch)
    size = client.call("RecordAnchor", "latestHead")["size"]
    argument = distribution_argument(facts, batch, 0, head=size, facts_hash=digest)
    argument |= {"periodStart": period, "periodEnd": period}
    split = client.address_of("RevenueSplit")
    data = client.encode("RevenueSplit", "distribute", argument)
    until = client.latest().timestamp + 3_600
    call = client.call("OracleQuorum", "callDigest", split, data, batch, until)
    signed = [chain.signer("oracle").sign_digest(call)]
    chain.send("oracle", "OracleQuorum", "execute", split, data, batch, until, signed)
