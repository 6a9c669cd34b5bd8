"""An API over real stores: a world's log in gateway.db, and what a chain would say of it in oracle.db."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from fastapi import FastAPI
from sqlalchemy import Engine
from sqlmodel import Session
from starlette.applications import Starlette
from support_world import DEVICES, World

from counterfoil.api.access import auth
from counterfoil.api.access.auth import Role
from counterfoil.api.run import create_app
from counterfoil.api.settings import ApiSettings
from counterfoil.api.store.tables import ApiProposal
from counterfoil.chain.address import Address
from counterfoil.gateway.record.identity import on_chain_id
from counterfoil.oracle.ledger.business_calendar import BusinessDay
from counterfoil.oracle.ledger.credit_line import LineRow, LineSweep, LoanPayment, LoanRow
from counterfoil.oracle.ledger.deposit_token import Payout
from counterfoil.oracle.ledger.device_registry import DeviceRow, RegistryKeyRow
from counterfoil.oracle.ledger.project_share import ShareHolding, ShareProject
from counterfoil.oracle.ledger.receivables import ClaimFunding, ClaimRow, PartRow
from counterfoil.oracle.ledger.record_anchor import AnchoredHeadRow
from counterfoil.oracle.ledger.revenue_split import (
    Balance,
    Credit,
    DistributedRow,
    PoolEnd,
    PoolRow,
    PoolShare,
    TermsRow,
)
from counterfoil.oracle.ledger.warehouse_receipts import GoodsPrice, PledgeRow, WarehouseReceiptRow
from counterfoil.oracle.store.directory_tables import KnownDevice, KnownParticipant, KnownProject
from counterfoil.oracle.store.revenue_tables import Distribution, MatchException

ACCOUNTS = {
    name: Address(sha256(name.encode()).digest()[:20])
    for name in ("lakeside", "harbour", "supplier", "maker", "site", "investor", "platform", "tax")
}
POOL = Address(b"\x91" * 20)
"""A pool of investors in `lakeside-vending`."""
PLACES = (
    ("BSQ Mall x1364", "Brunswick Sq Mall"),
    ("BSQ Mall x1366", "Brunswick Sq Mall"),
    ("Library x1380", "EB Public Library"),
    ("Earle Asphalt x1371", "Earle Asphalt"),
    ("GuttenPlans x1367", "GuttenPlans"),
)
SHARES = (
    (2, "supplier", 430),
    (3, "platform", 10),
    (5, "site", 100),
    (5, "maker", 80),
    (5, "investor", 140),
    (1, "tax", 60),
)


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


@dataclass
class Site:
    """One installation: its folder, its world, its app and tokens by party."""

    folder: Path
    world: World
    settings: ApiSettings
    app: FastAPI
    oracle: Engine
    tokens: dict[str, str] = field(default_factory=dict)

    def headers(self, party: str) -> dict[str, str]:
        """A request's headers for *party*."""
        return {"Authorization": f"Bearer {self.tokens[party]}"}


def build(folder: Path, days: int = 45, stored_tail: int = 0, first_ms: int | None = None) -> Site:
    """A site where "lakeside" runs four machines and "harbour" runs the fifth.

    The last *stored_tail* sales are in the log, and under no head yet.
    """
    world = World(devices=DEVICES)
    world.sell(days=days, **({} if first_ms is None else {"first_ms": first_ms}))
    if stored_tail:
        last = max(r.record.time_ms for r in world.records)
        for number in range(stored_tail):
            body = world.records[number].record.body
            world.add(DEVICES[number % 2], body, last + 600_000 * (number + 1))
    world.store(f"sqlite:///{folder}/gateway.db").engine.dispose()
    settings = ApiSettings(
        gateway_url=f"sqlite:///{folder}/gateway.db",
        oracle_url=f"sqlite:///{folder}/oracle.db",
        certificates=export_certificates(world, folder / "certificates"),
    )
    app = create_app(settings)
    oracle = app.state.parts.oracle
    with Session(oracle) as session:
        session.add_all(_known())
        session.add_all(_projected(world))
        session.add_all(_pool())
        session.add_all(_registered(world))
        session.add_all(_assets())
        session.commit()
    site = Site(folder, world, settings, app, oracle)
    for party, role in (
        ("lakeside", Role.OPERATOR),
        ("harbour", Role.OPERATOR),
        ("auditor", Role.AUDITOR),
        ("admin", Role.ADMIN),
        ("bank", Role.BANK),
        ("regulator", Role.REGULATOR),
        ("site", Role.SITE),
        ("investor", Role.INVESTOR),
        ("supplier", Role.SUPPLIER),
    ):
        _, site.tokens[party] = auth.create_token(
            engine=oracle, role=role, party=party, name=party.title(), days=30
        )
    return site


def _known() -> Iterator[object]:
    for party, account in ACCOUNTS.items():
        name = {
            "lakeside": "Lakeside Vending",
            "supplier": "Goods supplier",
            "site": "Site rent",
            "maker": "Manufacturer",
            "investor": "Investors",
            "platform": "Platform fee",
            "tax": "Tax office",
            "harbour": "Harbour Snacks",
        }[party]
        yield KnownParticipant(account=account, party=party, name=name)
    for number, device in enumerate(DEVICES):
        label, place = PLACES[number]
        mine = number < 4
        project = "lakeside-vending" if mine else "harbour-snacks"
        owner = ACCOUNTS["lakeside" if mine else "harbour"]
        name = _hex(on_chain_id(device))
        yield KnownDevice(device=device, device_hash=name, label=label, location=place)
        yield DeviceRow(
            device_hash=name,
            owner=owner,
            operator=owner,
            project_hash=_hex(on_chain_id(project)),
            status="active",
            epoch=1,
        )
    for project, party in (("lakeside-vending", "lakeside"), ("harbour-snacks", "harbour")):
        name = _hex(on_chain_id(project))
        yield KnownProject(
            project=project,
            project_hash=name,
            name=project.title(),
            operator=party,
            currency="USD",
            tax_basis_points=600,
        )
        yield TermsRow(
            project_hash=name, version=1, effective_from=20220801, terms_hash=_hex(bytes(32))
        )


def _registered(world: World) -> Iterator[object]:
    for device in DEVICES:
        key = world.key_fact(device)
        yield RegistryKeyRow(
            device_hash=_hex(on_chain_id(device)),
            epoch=1,
            x=_hex(key.x),
            y=_hex(key.y),
            certificate_hash=_hex(key.certificate_hash),
            until_sequence=str(key.until_sequence),
            registered_block=7,
        )


def export_certificates(world: World, folder: Path) -> Path:
    """The certificates' folder, as an installation exports it."""
    folder.mkdir()
    pem = serialization.Encoding.PEM
    (folder / "authorities.pem").write_bytes(
        world.issuing.public_bytes(pem) + world.root.public_bytes(pem)
    )
    for number, certificate in enumerate(world.certificates.values()):
        (folder / f"device-{number}.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "root.pem").write_bytes(world.root.public_bytes(pem))
    (folder / "crl.pem").write_bytes(
        x509.load_der_x509_crl(world.revocation_list()).public_bytes(pem)
    )
    return folder


def _pool() -> Iterator[object]:
    """A pool of three that was paid 1,003, the first 101 of them in a run that ended."""
    name = _hex(on_chain_id("lakeside-vending"))
    yield PoolRow(account=POOL, project_hash=name, investors=3, weights=100, is_complete=True)
    yield Balance(account=POOL, credited_minor=1_003, withdrawn_minor=300)
    before = 0
    for place, (party, weight) in enumerate((("investor", 50), ("site", 30), ("maker", 20))):
        account, taken = ACCOUNTS[party], 300 if party == "investor" else 0
        yield PoolShare(
            pool=POOL,
            account=account,
            place=place,
            weight=weight,
            before=before,
            taken_minor=taken,
        )
        before += weight
    yield PoolEnd(pool=POOL, paid_minor=101)


def _projected(world: World) -> Iterator[object]:
    balances: dict[str, int] = {}
    for number, head in enumerate(world.heads):
        yield AnchoredHeadRow(
            size=head.size,
            number=number,
            root=_hex(head.root),
            state=_hex(head.state),
            block_number=head.block_number,
            block_hash=_hex(head.block_hash),
            transaction_hash=_hex(head.transaction_hash),
        )
    from counterfoil.gateway.record.utc_date import business_date
    from counterfoil.oracle.rules.facts import Facts

    for project, devices in (("lakeside-vending", DEVICES[:4]), ("harbour-snacks", DEVICES[4:])):
        operator = "lakeside" if project.startswith("lakeside") else "harbour"
        gross: dict[int, int] = {}
        for signed in world.records[: world.heads[-1].size]:
            if signed.record.device in devices:
                day = business_date(signed.record.time_ms)
                gross[day] = gross.get(day, 0) + signed.record.body.amount_minor  # type: ignore[union-attr]
        for number, (day, amount) in enumerate(sorted(gross.items())):
            batch = _hex(sha256(f"{project} {day}".encode()).digest())
            name = _hex(on_chain_id(project))
            facts = Facts(project, day, entries=((number, False, amount),), units=()).encode()
            yield Distribution(
                batch=batch,
                project=project,
                business_date=day,
                gross_minor=amount,
                refunds_minor=0,
                tax_minor=amount * 60 // 1000,
                units=[],
                head_size=world.heads[-1].size,
                facts_hash=_hex(sha256(facts).digest()),
                facts=facts,
                transaction_id=number,
            )
            yield DistributedRow(
                batch=batch,
                project_hash=name,
                version=1,
                gross_minor=amount,
                head_size=world.heads[-1].size,
                facts_hash=_hex(sha256(facts).digest()),
                block_number=2_000 + number,
                transaction_hash=_hex(sha256(batch.encode()).digest()),
            )
            left = amount
            for tier, party, share in SHARES:
                paid = amount * share // 1000
                left -= paid
                balances[ACCOUNTS[party]] = balances.get(ACCOUNTS[party], 0) + paid
                yield Credit(
                    batch=batch,
                    project_hash=name,
                    account=ACCOUNTS[party],
                    tier=tier,
                    amount_minor=paid,
                )
            balances[ACCOUNTS[operator]] = balances.get(ACCOUNTS[operator], 0) + left
            yield Credit(
                batch=batch,
                project_hash=name,
                account=ACCOUNTS[operator],
                tier=6,
                amount_minor=left,
            )
    for account, minor in balances.items():
        yield Balance(account=account, credited_minor=minor, withdrawn_minor=0)
    yield MatchException(
        project="lakeside-vending",
        log_index=3,
        business_date=20220829,
        amount_minor=200,
        code="sale.payment_missing",
        detail="no payment pay-0-0-2",
    )
    yield MatchException(
        project="harbour-snacks",
        log_index=4,
        business_date=20220829,
        amount_minor=300,
        code="sale.payment_missing",
        detail="no payment pay-0-0-4",
    )
    yield Payout(
        id=1,
        holder=ACCOUNTS["lakeside"],
        amount_minor=500,
        payout_account=_hex(bytes(32)),
        block_number=2_100,
    )


def _assets() -> Iterator[object]:
    """Two of everything on the asset side, all of lakeside's."""
    mine, theirs = ACCOUNTS["lakeside"], ACCOUNTS["harbour"]
    name, block = _hex(bytes(32)), {"block_number": 3_000}
    at = {"transaction_hash": name, **block}
    project = _hex(on_chain_id("lakeside-vending"))
    yield ShareProject(
        project_hash=project, token=theirs, issuer=mine, account=theirs, cap=60, supply=30
    )
    for n, kind in ((1, "payable"), (2, "order"), (3, "order")):
        yield BusinessDay(date=20220800 + n, **block)
        yield ClaimRow(
            root=n,
            kind=kind,
            state="confirmed",
            obligor=mine,
            creditor=theirs,
            token=theirs,
            face_minor=1_000,
            issue_date=20220801,
            due_date=20221001,
            default_days=30,
            invoice=name,
            document=name,
            tag=name,
            **at,
        )
        part = PartRow(part=n, root=1, parent=0, holder=mine, amount_minor=500, **at)
        part.offered_to, part.offer_recourse, part.offer_expires = theirs, True, 2_000_000_000
        yield part
        paid = {"transaction_hash": name, "log_index": n, "date": 20220801}
        yield ClaimFunding(root=1, payer=mine, amount_minor=1, redeemed_minor=n, **paid)
        yield LineRow(
            line=n,
            state="active",
            borrower=mine,
            lender=theirs,
            token=theirs,
            limit_minor=1_000,
            valid_from=20220801,
            valid_until=20230801,
            rate_ppm=108_000,
            penalty_ppm=0,
            convention="A/360",
            grace_days=3,
            default_days=90,
            repayment_order=["costs", "penalty", "interest", "principal"],
            purpose=name,
            votes=[],
            suppliers=[theirs],
            **block,
        )
        yield LineSweep(line=1, amount_minor=10 * n, returned_minor=0, **paid)
        yield LoanRow(
            loan=n, line=1, state="current", plan="bullet", instalments=[[20221001, 5]], **block
        )
        debts = {f"{d}_minor": 1 for d in ("costs", "penalty", "interest", "principal")}
        yield LoanPayment(loan=1, payer=mine, **debts, **paid)
        goods = _hex(on_chain_id(f"goods {n}"))
        yield WarehouseReceiptRow(
            receipt=n,
            state="verified",
            warehouse=theirs,
            holder=mine,
            quantity=5,
            goods=goods,
            **block,
        )
        yield PledgeRow(pledge=n, loan=1, pledgee=theirs, ltv_basis_points=7_000, **block)
        yield GoodsPrice(goods=goods, price_minor=n, date=20220801)
        holder = _hex(on_chain_id(f"holder {n}"))[:42]
        yield ShareHolding(project_hash=project, holder=holder, shares=10)
        for proposal in ("deal", "quote"):
            yield ApiProposal(
                digest=_hex(on_chain_id(f"{proposal} {n}")),
                kind=proposal,
                terms={"nonce": n},
                parties=[Address(mine)],
                signatures={},
                deadline=n,
                created_ms=n,
            )


@contextmanager
def served(app: Starlette) -> Iterator[str]:
    """Serve *app* on a free loopback port, and answer its address."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_level="error", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the server did not start")
        time.sleep(0.01)
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
