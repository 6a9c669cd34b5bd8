"""The replay itself, step by step."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict

from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from counterfoil.chain.abi.enums import Tier
from counterfoil.chain.anchored_heads import newest_head
from counterfoil.chain.client import ChainClient
from counterfoil.gateway.device.device import Device
from counterfoil.gateway.log.merkle import hash_leaf, inclusion_proof, verify_inclusion
from counterfoil.gateway.logfiles.tiles import TileReader, read_folder
from counterfoil.gateway.record.bodies import Sale
from counterfoil.gateway.record.identity import Digest
from counterfoil.gateway.store.gateway_store import GatewayStore, open_store
from counterfoil.oracle.instructions.request import (
    CloseMatching,
    CreditEntry,
    ImportSettlement,
    ImportStatement,
)
from counterfoil.oracle.ledger.revenue_split import (
    Credit,
    DistributedRow,
    PoolRow,
    PoolShare,
    paid_and_ends,
)
from counterfoil.oracle.registrar import Registrar
from counterfoil.oracle.rules.investor_pool import earned
from counterfoil.oracle.store.database import open_database
from counterfoil.oracle.store.directory_tables import KnownProject
from counterfoil.replay import fleet
from counterfoil.replay import made_up_parties as parties
from counterfoil.replay import money_side as money
from counterfoil.replay.asset_report import kept_report
from counterfoil.replay.asset_side import Assets
from counterfoil.replay.bundle_audit import audit
from counterfoil.replay.report import ReplayReport
from counterfoil.replay.script import PlannedMachine, ReplayPlan, bank_entries, settlement_csv
from counterfoil.up.data_folder import House
from counterfoil.up.process_tree import Tree

_TIERS = ("refunds", "tax", "goods", "fee", "loan sweep", "share", "residual")
_CERTIFIED_S = 365 * 86_400
_ON_CHAIN_SAMPLE = 10
_ASSETS = "assets.json"

Say = Callable[[str], None]


def new_report(plan: ReplayPlan) -> ReplayReport:
    """The report of *plan* before anything is done."""
    report = ReplayReport(plan.source, plan.currency, plan.notes)
    report.input_gross_minor, report.set_aside_minor = plan.gross_minor, plan.set_aside_minor
    return report


def run(
    tree: Tree, plan: ReplayPlan, say: Say, report: ReplayReport, with_assets: bool = False
) -> None:
    """Carry out *plan* over a started process tree; *with_assets*, a claim and a loan too.

    *report* is filled as it goes: after a failure it says what was done, with the money as far as it came.
    """
    house = tree.house
    engine = open_database(house.oracle_database)
    accounts: dict[str, str] = {
        party: house.party(i).address for i, party in enumerate(parties.PARTIES)
    }

    def step(text: str) -> None:
        report.steps.append(text)
        say(text)

    report.page = house.api_url
    try:
        _carry_out(tree, plan, step, report=report, accounts=accounts, with_assets=with_assets)
    except Exception:
        with suppress(Exception):  # the failure itself is what is told
            _count_money(report, engine, accounts, plan)
        raise


def _carry_out(
    tree: Tree,
    plan: ReplayPlan,
    say: Say,
    report: ReplayReport,
    accounts: dict[str, str],
    with_assets: bool,
) -> None:
    house, client = tree.house, tree.client
    engine = open_database(house.oracle_database)
    store = open_store(house.gateway_database)
    say("participants, project and terms")
    registrar = _set_up(house, client, engine, plan, accounts)
    assets = _assets(report, house, client, engine, plan) if with_assets else None
    if assets is not None:
        say("a bank statement (camt.053) and the first business day")
        assets.prepare(registrar, client.latest().timestamp + _CERTIFIED_S)
        report.assets = assets.report
    if report.assets is not None:
        accounts["lender"] = report.assets.account
    registrar.set_terms(parties.PROJECT, parties.terms(accounts, plan.first_date))
    say(f"{len(plan.machines)} machines are enrolled and registered")
    devices = fleet.enrol(house, plan.machines, client, registrar, accounts, parties.PROJECT)
    wait_keys = len(devices)
    money.wait_for(
        "the machines' keys at the gateway", lambda: len(store.device_keys()) >= wait_keys, 60
    )

    _send_records(report, house, engine, store, plan.machines, devices, say)
    if assets is not None:
        say(
            "a claim is registered, split, passed on and discounted; a loan is granted on the takings"
        )
        assets.begin()
    say("the settlement file, the bank's statement")
    _pay(house, engine, plan)
    say("matching, distributing")
    money.instruct(engine, CloseMatching(parties.PROJECT, plan.last_date))
    if plan.withheld_minor:
        report.exceptions = money.resolve_all(engine)
        _pay_late(engine, plan)
    started = time.monotonic()
    money.wait_distributed(engine, lambda _: None)
    report.seconds["distributing"] = time.monotonic() - started
    if assets is not None:
        say("the due date: revenue repays the loan, the claim is settled, the day is closed")
        assets.mature()
        (house.folder / _ASSETS).write_text(json.dumps(assets.report.to_json()))
    report.withdrawn_minor = money.withdraw(client, house.party(0))

    _check(report, house, store, client, engine, accounts, plan, say)


def _send_records(
    report: ReplayReport,
    house: House,
    engine: Engine,
    store: GatewayStore,
    machines: Sequence[PlannedMachine],
    devices: Sequence[Device],
    say: Say,
) -> None:
    """Let the machines sign and send, and wait until all records are anchored."""
    say("the machines sign")
    started = time.monotonic()
    total = fleet.sign_all(machines, devices, lambda _: None)
    report.seconds["signing"] = time.monotonic() - started
    say(f"{total:,} records are sent over MQTT with TLS")
    sent = fleet.send_all(house, devices, store.size)
    report.seconds["sending"] = sent.seconds
    report.records = {"sent": total, "stored": store.size(), "refused": store.refused_count()}
    say("waiting for the anchor over all of them")
    heads = money.wait_anchored(engine, total)
    report.records |= {"anchored": total, "heads": heads}


def _check(
    report: ReplayReport,
    house: House,
    store: GatewayStore,
    client: ChainClient,
    engine: Engine,
    accounts: dict[str, str],
    plan: ReplayPlan,
    say: Say,
) -> None:
    """Check the proofs and an auditor's bundle, and take the totals into the report."""
    say("every record's inclusion proof is checked")
    report.records["proofs checked"] = check_proofs(house, store, client)
    _count_money(report, engine, accounts, plan)
    report.gas = {
        kind: {"transactions": number, "gas": gas}
        for kind, (number, gas) in sorted(money.gas_by_kind(engine).items())
    }
    say("an auditor's bundle, verified alone; then one byte of it is changed")
    report.audit = audit(house, plan)


def _set_up(
    house: House, client: ChainClient, engine: Engine, plan: ReplayPlan, accounts: dict[str, str]
) -> Registrar:
    registrar = Registrar(
        engine, client, registrar=house.role("registrar"), supervisor=house.role("supervisor")
    )
    until = client.latest().timestamp + _CERTIFIED_S
    known = client.call("ParticipantRegistry", "participant", accounts["operator"])
    if known["certifiedUntil"] < client.latest().timestamp:
        registrar.admit(
            {
                party: (accounts[party], name, parts)
                for party, (name, parts) in parties.PARTIES.items()
            },
            until,
        )
    registrar.open_project(
        KnownProject(
            project=parties.PROJECT,
            project_hash="",
            name=parties.PROJECT_NAME,
            operator=accounts["operator"],
            currency=plan.currency,
        )
    )
    tell_nodes(house.other_oracle_databases, engine)
    return registrar


def tell_nodes(databases: Sequence[str], engine: Engine) -> None:
    """Copy the projects to the oracle's other nodes, as each bank would enter them at its own node."""
    with Session(engine.execution_options(reads_only=True)) as session:
        known = [row.model_dump() for row in session.exec(select(KnownProject))]
    for url in databases:
        other = open_database(url, migrate=False)
        with Session(other) as session:
            for row in known:
                session.merge(KnownProject(**row))
            session.commit()
        other.dispose()


def _assets(
    report: ReplayReport, house: House, client: ChainClient, engine: Engine, plan: ReplayPlan
) -> Assets | None:
    """Return the asset side where it is still to be run; None, with the earlier run's report kept, where it has run."""
    assets = Assets(
        house,
        client,
        engine,
        first=plan.first_date,
        last=plan.last_date,
        takings_minor=plan.gross_minor,
    )
    kept = house.folder / _ASSETS
    if kept.exists():
        report.assets = kept_report(kept.read_text())
        return None
    if not plan.payments or not assets.is_new:
        report.notes.append(
            "no claim and no loan: there are no sales, or an earlier run was cut off in them"
        )
        return None
    return assets


def _pay(house: House, engine: Engine, plan: ReplayPlan) -> None:
    files = house.folder / "files"
    files.mkdir(exist_ok=True)
    text = settlement_csv(plan.payments, plan.currency)
    (files / "settlement.csv").write_text(text)
    entries = bank_entries(plan.payments, parties.PROJECT, plan.currency)
    (files / "statement.json").write_text(
        json.dumps([asdict(entry) for entry in entries], indent=1)
    )
    money.instruct(engine, ImportSettlement(parties.PROJECT, text, source="settlement.csv"))
    money.instruct(engine, ImportStatement(entries))


def _pay_late(engine: Engine, plan: ReplayPlan) -> None:
    """Bring the withheld payments to the bank."""
    entry = CreditEntry(
        statement="STMT-late",
        reference="LATE-PAYMENTS",
        project=parties.PROJECT,
        business_date=plan.last_date,
        amount_minor=plan.withheld_minor,
        currency=plan.currency,
    )
    money.instruct(engine, ImportStatement((entry,)))


def check_proofs(house: House, store: GatewayStore, client: ChainClient) -> int:
    """Check each record's inclusion under the newest head, some by the contract too; return how many."""
    head = newest_head(client)
    if head is None:
        return 0
    size, root = head["size"], Digest(head["root"])
    reader = TileReader(read_folder(house.tiles), size)
    checked = 0
    step = max(1, size // _ON_CHAIN_SAMPLE)
    for start in range(0, size, 5_000):
        for log_index, raw in store.records(start, min(5_000, size - start)):
            leaf = hash_leaf(raw)
            proof = inclusion_proof(log_index, size, reader.read)
            verify_inclusion(log_index, size, leaf_hash=leaf, proof=proof, root=root)
            if log_index % step == 0 and not client.call(
                "RecordAnchor", "verifyInclusion", leaf, log_index, head, proof
            ):
                raise RuntimeError(f"the contract does not confirm record {log_index}")
            checked += 1
    return checked


def _count_money(
    report: ReplayReport,
    engine: Engine,
    accounts: dict[str, str],
    plan: ReplayPlan,
) -> None:
    names = {account: parties.PARTIES[party][0] for party, account in accounts.items()}
    with Session(engine.execution_options(reads_only=True)) as session:
        rows = session.exec(
            select(Credit.account, Credit.tier, func.sum(Credit.amount_minor)).group_by(
                col(Credit.account), col(Credit.tier)
            )
        ).all()
        report.received_minor = int(
            session.exec(select(func.sum(DistributedRow.gross_minor))).one() or 0
        )
        pools = {pool.account: pool for pool in session.exec(select(PoolRow))}
        shares: list[tuple[str, int]] = []
        for share in session.exec(select(PoolShare)):
            place = (share.before, share.weight, pools[share.pool].weights)
            shares.append((share.account, earned(*paid_and_ends(session, share.pool), *place)))
    paid = [(account, tier, int(amount)) for account, tier, amount in rows if account not in pools]
    paid += [(account, int(Tier.ALLOCATION), amount) for account, amount in shares]
    report.paid = [
        {"recipient": names.get(account, account), "tier": _TIERS[tier], "amount_minor": amount}
        for account, tier, amount in sorted(paid, key=lambda row: (row[1], row[0]))
    ]
    report.credited_minor = sum(line["amount_minor"] for line in report.paid)
    report.carried_minor = sum(int(amount) for account, _, amount in rows if account in pools)
    report.carried_minor -= sum(amount for _, amount in shares)
    for machine in plan.machines:
        amount = sum(e.body.amount_minor for e in machine.events if isinstance(e.body, Sale))
        if machine.kind == "vending":
            report.gross_by_machine[machine.label] = amount
