"""The asset tables against the contracts' own views, on a real chain, after every single step, in either store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine
from sqlmodel import Session, col, select
from support_assets import TODAY, AssetWorld, asset_world
from support_chain import on_chain_id

from counterfoil.api.claims.terms import contract_terms
from counterfoil.chain.abi import enums
from counterfoil.chain.address import Address
from counterfoil.chain.events import EventFeed
from counterfoil.chain.tables import DeadLetterRow, EventRow
from counterfoil.chain.tables import metadata as chain_metadata
from counterfoil.oracle import store
from counterfoil.oracle.day.ledger_book import read_ledger
from counterfoil.oracle.ledger import credit_line as credit
from counterfoil.oracle.ledger import project_share as shares
from counterfoil.oracle.ledger import receivables as claims
from counterfoil.oracle.ledger import settlement as deals
from counterfoil.oracle.ledger import warehouse_receipts as receipts
from counterfoil.oracle.ledger.business_calendar import today
from counterfoil.oracle.ledger.credit_line import LineRow, LineSweep, LoanPayment, LoanRow
from counterfoil.oracle.ledger.participant_registry import ParticipantRow
from counterfoil.oracle.ledger.project_share import ShareHolding, ShareProject, claimable_minor
from counterfoil.oracle.ledger.projection import CONTRACTS, LedgerProjection
from counterfoil.oracle.ledger.receivables import (
    ClaimBalance,
    ClaimFunding,
    ClaimRow,
    PartRow,
    paid_on,
)
from counterfoil.oracle.ledger.settlement import DealRow, DiscountRow
from counterfoil.oracle.ledger.warehouse_receipts import GoodsPrice, PledgeRow, WarehouseReceiptRow
from counterfoil.oracle.store import database
from counterfoil.oracle.store.database import open_database
from counterfoil.oracle.store.table import OracleTable, metadata

pytestmark = pytest.mark.integration

RECEIPT_STATES = (
    "none",
    "issued",
    "verified",
    "pledged",
    "partial_release",
    "delivered",
    "foreclosed",
    "split",
    "surrendered",
)
PROJECT = on_chain_id("lakeside")


class Watched:
    """A world whose tables are held against the contracts' views after each step."""

    def __init__(self, world: AssetWorld, engine: Engine, *beside: Watched) -> None:
        """*beside* are others of the same world, over stores of their own, compared at the same steps."""
        self.world = world
        self.beside = beside
        self.views: dict[str, Any] = {}
        self.engine = engine
        self.feed = EventFeed(
            name="ledger",
            engine=engine,
            client=world.client,
            contracts=CONTRACTS,
            projection=LedgerProjection(),
            first_block=world.deployment.first_block,
        )

    def do(self, party: str, contract: str, function: str, *arguments: Any) -> None:
        """Transact, take the events in, and compare everything."""
        self.world.send(party, contract, function, *arguments)
        self.check(f"{contract}.{function}")

    def check(self, after: str) -> None:
        said: dict[str, Any] = {}
        for one in (self, *self.beside):
            one.views = said
            one._compare(after)

    def view(self, contract: str, function: str, *arguments: Any) -> Any:
        """What the contract says now, asked for once in a check."""
        name = repr((contract, function, arguments))
        if name not in self.views:
            self.views[name] = self.world.view(contract, function, *arguments)
        return self.views[name]

    def _compare(self, after: str) -> None:
        self.feed.poll()
        with Session(self.engine) as session:
            assert session.exec(select(DeadLetterRow)).all() == [], after
            for compare in (
                self._claims,
                self._parts,
                self._lines,
                self._loans,
                self._receipts,
                self._shares,
            ):
                compare(session, after)

    def _claims(self, session: Session, after: str) -> None:
        view = self.view
        assert today(session) == view("BusinessCalendar", "today")
        for root in range(1, view("Receivables", "claimCount") + 1):
            said, row = view("Receivables", "claim", root), session.get_one(ClaimRow, root)
            state = enums.ClaimState(said["state"])
            assert state.wire_name == row.state, (after, root)
            if state is enums.ClaimState.DRAFT:
                continue
            assert (
                said["disputed"],
                said["deliveredOn"] != 0,
                said["redeemed"],
                enums.ClaimKind(said["kind"]).wire_name,
                said["obligor"],
                said["token"],
                said["face"],
                said["dueDate"],
                said["defaultDays"],
            ) == (
                row.disputed,
                row.delivery is not None,
                row.redeemed_minor,
                row.kind,
                row.obligor,
                row.token,
                row.face_minor,
                row.due_date,
                row.default_days,
            ), (after, root)
            if state is not enums.ClaimState.CANCELLED:
                # The chain has the hash of the terms: it answers for these alone.
                view("Receivables", "confirmationDigest", root, contract_terms(row), 1)
            parts = range(1, view("Receivables", "partCount") + 1)
            held = {n: view("Receivables", "part", n) for n in parts}
            live = [n for n, part in held.items() if part["live"] and part["root"] == root]
            query = select(PartRow.part).where(PartRow.root == root, PartRow.live)
            assert live == sorted(session.exec(query)), (after, root)
        for balance in session.exec(select(ClaimBalance)):
            claimable = view("Receivables", "claimable", balance.token, balance.account)
            assert claimable == balance.credited_minor - balance.withdrawn_minor, (after, balance)

    def _parts(self, session: Session, after: str) -> None:
        view = self.view
        for number in range(1, view("Receivables", "partCount") + 1):
            said, row = view("Receivables", "part", number), session.get_one(PartRow, number)
            nobody = "0x" + "0" * 40
            received = session.get(PartRow, row.received)
            assert (
                said["root"],
                said["endorsed"],
                said["holder"],
                said["amount"],
                said["redeemed"],
                said["credited"],
                said["recourse"],
                said["demanded"],
                said["live"],
                said["pledgee"],
            ) == (
                row.root,
                received.parent if received else 0,
                row.holder,
                row.amount_minor,
                paid_on(row, session.get_one(ClaimRow, row.root)),
                row.credited_minor,
                row.recourse,
                row.demanded and row.live,
                row.live,
                row.pledgee or nobody,
            ), (after, number)
            offer = view("Receivables", "offerOf", number)
            shown = (row.offered_to or nobody, row.offer_recourse or False, row.offer_expires or 0)
            assert (offer["to"], offer["recourse"], offer["expires"]) == shown, (after, number)

    def _lines(self, session: Session, after: str) -> None:
        view = self.view
        for number in range(1, view("CreditLine", "lineCount") + 1):
            said, row = view("CreditLine", "line", number), session.get_one(LineRow, number)
            t = said["terms"]
            assert (
                enums.LineState(said["state"]).wire_name,
                said["principal"],
                t["borrower"],
                t["lender"],
                t["token"],
                t["limit"],
                t["validFrom"],
                t["validUntil"],
                t["ratePpm"],
                t["penaltyPpm"],
                t["costsPpm"],
                t["lastDue"],
                enums.Convention(t["convention"]).wire_name,
                t["graceDays"],
                t["defaultDays"],
                [enums.Debt(debt).wire_name for debt in t["order"]],
                "0x" + t["purpose"].hex(),
            ) == (
                row.state,
                row.principal_minor,
                row.borrower,
                row.lender,
                row.token,
                row.limit_minor,
                row.valid_from,
                row.valid_until,
                row.rate_ppm,
                row.penalty_ppm,
                row.costs_ppm,
                row.last_due,
                row.convention,
                row.grace_days,
                row.default_days,
                row.repayment_order,
                row.purpose,
            ), (after, number)
            resin = self.world.at("resin")
            assert view("CreditLine", "isAllowed", number, resin) == (resin in row.suppliers)
            ended = ("repaid", "recovered")
            query = select(LoanRow).where(LoanRow.line == number)
            still = [loan.loan for loan in session.exec(query) if loan.state not in ended]
            assert said["loans"] == sorted(still), (after, number)

    def _loans(self, session: Session, after: str) -> None:
        view = self.view
        for number in range(1, view("CreditLine", "loanCount") + 1):
            said, row = view("CreditLine", "loan", number), session.get_one(LoanRow, number)
            assert (
                enums.LoanState(said["state"]).wire_name,
                enums.Plan(said["plan"]).wire_name,
                said["line"],
                said["orderRoot"],
                said["collateral"],
                said["drawn"],
                said["repaid"],
                said["writtenOff"],
                said["costs"],
                said["costsPaid"],
                said["interestPaid"],
                said["penaltyPaid"],
            ) == (
                row.state,
                row.plan,
                row.line,
                row.order_root,
                row.collateral,
                row.drawn_minor,
                row.repaid_minor,
                row.written_off_minor,
                row.costs_minor,
                row.costs_paid_minor,
                row.interest_paid_minor,
                row.penalty_paid_minor,
            ), (after, number)
            plan = view("CreditLine", "instalmentsOf", number)
            assert [[i["date"], i["principal"]] for i in plan] == row.instalments
            query = select(LoanPayment).where(LoanPayment.loan == number)
            assert sum(p.principal_minor for p in session.exec(query)) == said["repaid"]

    def _receipts(self, session: Session, after: str) -> None:
        view = self.view
        for number in range(1, view("WarehouseReceipts", "receiptCount") + 1):
            said = view("WarehouseReceipts", "receipt", number)
            row = session.get_one(WarehouseReceiptRow, number)
            assert (
                RECEIPT_STATES[said["state"]],
                said["warehouse"],
                said["holder"],
                said["parent"],
                said["pledge"],
                said["quantity"],
                "0x" + said["goods"].hex(),
            ) == (
                row.state,
                row.warehouse,
                row.holder,
                row.parent,
                row.pledge,
                row.quantity,
                row.goods,
            ), (after, number)
        for number in range(1, view("WarehouseReceipts", "pledgeCount") + 1):
            said = view("WarehouseReceipts", "pledgeOf", number)
            entry = session.get_one(PledgeRow, number)
            assert (
                said["loan"],
                said["pledgee"],
                said["ltvBasisPoints"],
                said["callDate"],
                said["open"],
            ) == (
                entry.loan,
                entry.pledgee,
                entry.ltv_basis_points,
                entry.call_date,
                entry.is_open,
            ), (after, number)
            held = ("pledged", "partial_release")
            query = select(WarehouseReceiptRow).where(WarehouseReceiptRow.pledge == number)
            members = [r.receipt for r in session.exec(query) if r.state in held]
            assert sorted(said["receipts"]) == sorted(members), (after, number)
        for price in session.exec(select(GoodsPrice)):
            posted = view("WarehouseReceipts", "priceOf", bytes.fromhex(price.goods[2:]))
            assert posted == (price.price_minor, price.date), after

    def _shares(self, session: Session, after: str) -> None:
        view = self.view
        for row in session.exec(select(ShareProject)):
            name = bytes.fromhex(row.project_hash[2:])
            said = view("ProjectShare", "projectOf", name)
            assert (
                said["token"],
                said["issuer"],
                said["cap"],
                said["issues"],
                said["supply"],
                said["redemptionPrice"],
                said["perShare"],
                said["carried"],
                said["received"],
                said["paid"],
                view("ProjectShare", "accountOf", name),
            ) == (
                row.token,
                row.issuer,
                row.cap,
                row.issues,
                row.supply,
                row.redemption_price_minor,
                row.per_share,
                row.carried,
                row.received_minor,
                row.paid_minor,
                row.account,
            ), after
            holdings = select(ShareHolding).where(ShareHolding.project_hash == row.project_hash)
            for held in session.exec(holdings):
                assert (
                    view("ProjectShare", "balanceOf", name, held.holder),
                    view("ProjectShare", "earned", name, held.holder),
                    view("ProjectShare", "claimable", name, held.holder),
                ) == (
                    held.shares,
                    held.earned + held.shares * (row.per_share - held.seen),
                    claimable_minor(row, held),
                ), (after, held.holder)

    def seen(self) -> set[tuple[str, str]]:
        with Session(self.engine) as session:
            rows = session.exec(select(EventRow.contract, EventRow.name).distinct())
            return set(rows.all())

    def rows(self) -> dict[str, list[str]]:
        """Every projected row of every table."""
        tables = [t for t in OracleTable.__subclasses__() if (t.__doc__ or "")[:10] == "Projected:"]
        with Session(self.engine) as session:
            return {
                table.__name__: sorted(
                    repr(sorted(row.model_dump(exclude={"id"}).items()))
                    for row in session.exec(select(table))
                )
                for table in tables
            }


@pytest.fixture
def watched(tmp_path: Path, oracle_url: str) -> Iterator[Watched]:
    with asset_world(tmp_path) as world:
        engine = open_database(oracle_url)
        yield Watched(world, engine)
        engine.dispose()


@pytest.fixture
def watched_in_each(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Watched]:
    """In SQLite, and beside it in PostgreSQL where that is installed."""
    engines = [open_database(f"sqlite:///{tmp_path / 'oracle.db'}")]
    with suppress(pytest.skip.Exception):
        engines.append(open_database(request.getfixturevalue("running_postgres").new_database()))
    with asset_world(tmp_path) as world:
        first, *others = engines
        yield Watched(world, first, *(Watched(world, other) for other in others))
    for engine in engines:
        engine.dispose()


def test_every_event_leads_to_what_the_contracts_say(watched_in_each: Watched) -> None:
    watched = watched_in_each
    world = watched.world
    for party in ("core", "tier1", "tier2", "lender", "buyer", "factory", "resin"):
        world.give(party, 10_000_000)
    _claims(watched)
    _recourse(watched)
    _credit(watched)
    _receipts(watched)
    _shares(watched)
    _set_off(watched)
    handled = {
        name for module in (claims, credit, receipts, shares, deals) for name in module.HANDLERS
    }
    for one in (watched, *watched.beside):
        assert handled - one.seen() == set()
        with Session(one.engine) as session:
            for table in (ClaimFunding, LineSweep, LoanPayment, DealRow, DiscountRow):
                assert session.exec(select(table)).first() is not None, table
        kept = one.rows()
        assert sum(map(len, kept.values())) > 60
        assert one.feed.rebuild() > 0
        assert one.rows() == kept


def _set_off(watched: Watched) -> None:
    """What was paid on an obligor's own registration is set off in its creditor's."""
    world, do = watched.world, watched.do
    due = int(world.view("BusinessCalendar", "today"))
    less = world.claim_terms(kind=1, obligor="core", creditor="tier1", face=7, due=due)
    do("core", "Receivables", "registerBatch", [less])
    do("core", "Receivables", "fund", world.view("Receivables", "claimCount"), 5)
    do("tier1", "Receivables", "registerBatch", [less | {"kind": 0, "face": 900}])


def _claims(watched: Watched) -> None:
    world, do = watched.world, watched.do
    due = 20260301
    terms = world.claim_terms(kind=0, obligor="core", creditor="tier1", face=1_000_001, due=due)
    do("tier1", "Receivables", "draft", terms)
    do("tier1", "Receivables", "register", 1, terms)
    do("core", "Receivables", "confirm", [1])
    do("tier1", "Receivables", "split", 1, [400_000, 600_001])
    far = 4_000_000_000
    do("tier1", "Receivables", "offer", 2, world.at("tier2"), True, far)
    do("tier2", "Receivables", "endOffer", 2)
    do("tier1", "Receivables", "offer", 2, world.at("tier2"), True, far)
    do("tier2", "Receivables", "accept", 2, True, 400_000, far)
    do("tier2", "Receivables", "split", 4, [100_000, 300_000])
    do("tier2", "Receivables", "offer", 5, world.at("tier3"), False, far)
    do("tier3", "Receivables", "accept", 5, False, 100_000, far)
    do("core", "Receivables", "dispute", 1, 0, on_chain_id("late"))
    do("supervisor", "Receivables", "resolveDispute", 1, on_chain_id("settled"))
    do("tier2", "Receivables", "pledge", 6, world.at("lender"))
    do("core", "Receivables", "fund", 1, 333_333)
    do("lender", "Receivables", "collect", [1, 2, 6, 7, 5])
    do("lender", "Receivables", "take", 6, 50_000)
    do("lender", "Receivables", "release", 6)
    do("tier1", "Receivables", "pledge", 3, world.at("buyer"))
    _deals(watched, due)
    world.advance(due)
    do("core", "Receivables", "fund", 1, 666_668)
    do("buyer", "Receivables", "release", 3)
    held = list(range(1, world.view("Receivables", "partCount") + 1))
    do("core", "Receivables", "collectAndWithdraw", held, world.token, world.at("tier1"))
    do("tier2", "Receivables", "withdraw", world.token, world.at("tier2"))
    drafted = world.claim_terms(kind=0, obligor="core", creditor="tier1", face=10, due=20260401)
    do("tier1", "Receivables", "registerBatch", [drafted])
    do("tier1", "Receivables", "cancel", world.view("Receivables", "claimCount"), drafted)
    order = world.claim_terms(kind=2, obligor="core", creditor="tier1", face=10, due=20260401)
    do("core", "Receivables", "registerBatch", [order])
    root = world.view("Receivables", "claimCount")
    do("core", "Receivables", "deliver", root, on_chain_id("note"))


def _deals(watched: Watched, due: int) -> None:
    """Part 6 is sold at a discount; a deal passes the part on to its own holder's account and is not undone."""
    world, do = watched.world, watched.do
    quote = {
        "part": 6,
        "seller": world.at("tier2"),
        "buyer": world.at("buyer"),
        "token": world.token,
        "unpaid": world.unpaid(6),
        "mostPrice": world.unpaid(6),
        "ratePpm": 60_000,
        "convention": 1,
        "recourse": True,
        "nonce": 1,
        "deadline": 4_000_000_000,
    }
    digest = world.view("Settlement", "quoteDigest", quote)
    do("tier2", "Settlement", "discount", quote, 1, world.signer("buyer").sign_digest(digest))
    part = world.view("Receivables", "partCount")
    leg = {
        "asset": 0,
        "from": world.at("buyer"),
        "to": world.at("buyer"),
        "id": part.to_bytes(32, "big"),
        "amount": world.unpaid(part),
        "supply": 0,
        "recourse": False,
    }
    deal = {"legs": [leg], "nonce": 1, "deadline": 4_000_000_000}
    do("buyer", "Settlement", "settle", deal, [])
    do("lender", "Settlement", "revoke", on_chain_id("a deal"))


def _recourse(watched: Watched) -> None:
    world, do = watched.world, watched.do
    due, far = 20260310, 4_000_000_000
    root, part = world.owe("core", "tier1", 900, due)
    do("tier1", "Receivables", "offer", part, world.at("tier2"), True, far)
    do("tier2", "Receivables", "accept", part, True, 900, far)
    held = world.view("Receivables", "partCount")
    do("tier2", "Receivables", "offer", held, world.at("buyer"), True, far)
    do("buyer", "Receivables", "accept", held, True, 900, far)
    held = world.view("Receivables", "partCount")
    world.advance(20260311)
    do("resin", "Receivables", "poke", root)
    do("core", "Receivables", "fund", root, 100)
    do("buyer", "Receivables", "demandRecourse", held)
    do("tier2", "Receivables", "payRecourse", held)
    back = world.view("Receivables", "partCount")
    do("tier2", "Receivables", "demandRecourse", back)
    do("tier1", "Receivables", "payRecourse", back)
    do("buyer", "Receivables", "withdraw", world.token, world.at("buyer"))
    world.advance(20260425)
    do("resin", "Receivables", "poke", root)


def _credit(watched: Watched) -> None:
    world, do = watched.world, watched.do
    terms = world.line_terms(1_000_000)
    do("factory", "CreditLine", "applyFor", terms)
    for member in ("committee", "member3"):
        motion = world.motion(1, enums.Motion.APPROVE)
        do(member, "Committee", "vote", *motion, on_chain_id(f"memo of {member}"))
    do("lender", "CreditLine", "activate", 1)
    do("lender", "CreditLine", "allowSupplier", 1, world.at("tier4"), True)
    do("lender", "CreditLine", "allowSupplier", 1, world.at("resin"), True)
    do("lender", "CreditLine", "allowSupplier", 1, world.at("tier4"), False)
    root, part = world.owe("core", "factory", 50_000, 20260801)
    do("factory", "Receivables", "pledge", part, world.client.address_of("CreditLine"))
    months = [(date, 100_000) for date in (20260525, 20260625, 20260725)]
    first = world.draw(1, 300_000, months, plan=1)
    watched.check("draw")
    second = world.draw(1, 40_000, [(20260901, 40_000)], collateral=part)
    watched.check("draw with a claim")
    do("factory", "CreditLine", "repay", first, 50_000)
    world.advance(20260526)
    do("resin", "CreditLine", "poke", first)
    do("core", "Receivables", "fund", root, 20_000)
    do("resin", "CreditLine", "collect", second)
    do("core", "Receivables", "fund", root, 30_000)
    do("resin", "CreditLine", "collect", second)
    third = world.draw(1, 5_000, [(20260601, 5_000)], plan=4)
    account = world.view("CreditLine", "accountOf", 1)
    world.send("factory", "DepositToken", "transfer", account, 1_000)
    do("resin", "CreditLine", "sweep", 1)
    world.advance(20260801)
    do("resin", "CreditLine", "poke", first)
    do("lender", "CreditLine", "stateCosts", first, 700, on_chain_id("lawyer"))
    do("factory", "CreditLine", "disputeCosts", first, on_chain_id("too much"))
    do("supervisor", "CreditLine", "decideCosts", first, 650, on_chain_id("most of it"))
    for member in ("committee", "member2"):
        motion = world.motion(1, enums.Motion.LIFT_FREEZE)
        do(member, "Committee", "vote", *motion, on_chain_id("lifted"))
    do("lender", "CreditLine", "freeze", 1, on_chain_id("again"))
    world.advance(20261201)
    do("lender", "CreditLine", "writeOff", third)
    do("factory", "CreditLine", "repay", third, 10_000)
    do("factory", "CreditLine", "repay", first, 1_000_000)
    do("factory", "CreditLine", "close", 1)


def _receipts(watched: Watched) -> None:
    world, do = watched.world, watched.do
    day = world.view("BusinessCalendar", "today")
    line = world.open_line(1_000_000, validUntil=20280101)
    loan = world.draw(line, 100_000, [(20270601, 100_000)])
    goods = on_chain_id("PP granulate, grade A")
    holder = world.at("factory")
    for slip in ("slip 1", "slip 2", "slip 3"):
        do("warehouse", "WarehouseReceipts", "issue", holder, goods, 1_000, on_chain_id(slip))
    do("supervisor", "WarehouseReceipts", "verify", 1, on_chain_id("seen"))
    do("supervisor", "WarehouseReceipts", "verify", 2, on_chain_id("seen"))
    do("supervisor", "WarehouseReceipts", "verify", 3, on_chain_id("seen"))
    do("oracle", "WarehouseReceipts", "postPrice", goods, 200, day)
    do("factory", "WarehouseReceipts", "split", 1, [600, 400])
    do("factory", "WarehouseReceipts", "pledge", loan, [4, 5], 7_000, 5)
    do("factory", "WarehouseReceipts", "split", 4, [350, 250])
    do("oracle", "WarehouseReceipts", "postPrice", goods, 120, day)
    do("resin", "WarehouseReceipts", "callTopUp", 1)
    do("factory", "WarehouseReceipts", "topUp", 1, 2)
    do("lender", "WarehouseReceipts", "release", 1, 5)
    do("factory", "WarehouseReceipts", "split", 2, [900, 100])
    do("factory", "WarehouseReceipts", "transfer", 5, world.at("resin"))
    do("resin", "WarehouseReceipts", "surrender", 5)
    do("warehouse", "WarehouseReceipts", "giveBack", 5, on_chain_id("tomorrow"))
    do("resin", "WarehouseReceipts", "surrender", 5)
    do("warehouse", "WarehouseReceipts", "deliver", 5, on_chain_id("handed out"))
    do("oracle", "WarehouseReceipts", "postPrice", goods, 50, day)
    do("resin", "WarehouseReceipts", "callTopUp", 1)
    world.advance(20261220)
    do("oracle", "WarehouseReceipts", "postPrice", goods, 50, 20261220)
    do("lender", "WarehouseReceipts", "foreclose", 1)
    do("factory", "WarehouseReceipts", "transfer", 3, world.at("resin"))


def _shares(watched: Watched) -> None:
    world, do = watched.world, watched.do
    do("registrar", "ProjectShare", "openProject", PROJECT, world.token, world.at("factory"), 100)
    account = world.view("ProjectShare", "accountOf", PROJECT)
    world.send("core", "DepositToken", "transfer", account, 7)
    do("factory", "ProjectShare", "issue", PROJECT, world.at("lender"), 70)
    do("lender", "ProjectShare", "consent", PROJECT, world.at("buyer"), 30, 70, 2**63)
    do("factory", "ProjectShare", "increase", PROJECT, world.at("buyer"), 30, [world.at("lender")])
    world.send("core", "DepositToken", "transfer", account, 1_234)
    do("resin", "ProjectShare", "receiveIncome", PROJECT)
    do("lender", "ProjectShare", "transfer", PROJECT, world.at("buyer"), 20)
    world.send("core", "DepositToken", "transfer", account, 1_001)
    do("resin", "ProjectShare", "withdraw", PROJECT, world.at("lender"))
    spender = world.client.address_of("ProjectShare")
    world.send("factory", "DepositToken", "approve", spender, 10**12)
    do("factory", "ProjectShare", "offerRedemption", PROJECT, 15)
    do("buyer", "ProjectShare", "redeem", PROJECT, 10, 15, 4_000_000_000)
    do("buyer", "ProjectShare", "withdraw", PROJECT, world.at("buyer"))


def test_event_that_no_table_can_take_becomes_a_dead_letter_and_stops_nothing(
    watched: Watched,
) -> None:
    world = watched.world
    root, _ = world.owe("core", "tier1", 5, 20260301)
    watched.check("owed")
    with Session(watched.engine) as session:  # a ledger that has lost a row
        session.delete(session.get_one(ClaimRow, root))
        session.commit()
    world.give("core", 5)
    world.send("core", "Receivables", "fund", root, 2)
    other, _ = world.owe("core", "tier1", 5, 20260301)
    assert watched.feed.poll() > 0
    with Session(watched.engine) as session:
        dead = {letter.name for letter in session.exec(select(DeadLetterRow))}
        assert "ClaimFunded" in dead
        assert session.get_one(ClaimRow, other).state == "confirmed"
    assert watched.feed.rebuild() > 0
    watched.check("rebuilt")


def test_whatever_a_contract_takes_the_tables_take(watched: Watched) -> None:
    """The widest words that a participant can write: nothing becomes a dead letter."""
    world, do = watched.world, watched.do
    face, most, never = 2**80 - 1, 2**128 - 1, 2**64 - 1
    terms = world.claim_terms(
        kind=1, obligor="core", creditor="tier1", face=face, due=20260301, defaultDays=2**16 - 1
    )
    do("core", "Receivables", "registerBatch", [terms])
    do("tier1", "Receivables", "split", 1, [2**79, 2**79 - 1])
    do("tier1", "Receivables", "offer", 2, world.at("tier2"), True, never)
    do("tier2", "Receivables", "accept", 2, True, 2**79, never)
    limit = world.line_terms(most, graceDays=2**16 - 1, defaultDays=2**16 - 1)
    do("factory", "CreditLine", "applyFor", limit)
    goods = on_chain_id("resin")
    do("warehouse", "WarehouseReceipts", "issue", world.at("factory"), goods, most, goods)
    do(
        "oracle",
        "WarehouseReceipts",
        "postPrice",
        goods,
        most,
        world.view("BusinessCalendar", "today"),
    )
    world.send(
        "registrar",
        "ParticipantRegistry",
        "certify",
        world.at("core"),
        never,
        on_chain_id("for ever"),
    )
    watched.check("certified")
    with Session(watched.engine) as session:
        assert session.get_one(ParticipantRow, world.at("core")).certified_until == never
        assert session.get_one(ClaimRow, 1).face_minor == face
        assert session.exec(select(PartRow.part).where(PartRow.offer_expires == never)).all() == []
        by_amount = select(PartRow.part).order_by(col(PartRow.amount_minor))
        assert session.exec(by_amount).all()[:3] == [3, 2, 4]


def test_what_an_obligor_registered_gives_way_to_its_creditors_word(watched: Watched) -> None:
    world, do = watched.world, watched.do
    terms = world.claim_terms(kind=0, obligor="core", creditor="tier1", face=900, due=20260301)
    less = world.claim_terms(kind=1, obligor="core", creditor="tier1", face=7, due=20260301)
    less["invoice"] = terms["invoice"]
    do("core", "Receivables", "registerBatch", [less])
    world.give("core", 5)
    do("core", "Receivables", "fund", 1, 5)
    another = world.claim_terms(kind=0, obligor="core", creditor="tier1", face=3, due=20260301)
    do("tier1", "Receivables", "registerBatch", [terms, another, terms])
    with Session(watched.engine) as session:
        states = [session.get_one(ClaimRow, root).state for root in (1, 2, 3)]
        assert states == ["cancelled", "registered", "registered"]
        assert session.get(ClaimRow, 4) is None
        assert session.get_one(PartRow, 1).live is False
        stated = session.get_one(ClaimRow, 2)
        assert (stated.redeemed_minor, stated.set_off_minor) == (5, 5)
        assert read_ledger(session, world.token, 0).waiting == 0
    do("core", "Receivables", "confirm", [2])
    world.give("core", 895)
    do("core", "Receivables", "fund", 2, 900)
    with Session(watched.engine) as session:
        assert read_ledger(session, world.token, 0).waiting == 895
    do("tier1", "Receivables", "collect", [2])
    with Session(watched.engine) as session:
        assert read_ledger(session, world.token, 0).waiting == 0


def test_an_account_that_nobody_admitted_is_frozen_too(watched: Watched) -> None:
    world, stranger = watched.world, Address("0x" + "5" * 40)
    world.send("supervisor", "ParticipantRegistry", "freeze", stranger, b"\1" * 32)
    watched.check("frozen")
    world.send("registrar", "ParticipantRegistry", "admit", stranger, 5, b"\2" * 32)
    watched.check("admitted")
    with Session(watched.engine) as session:
        row = session.get_one(ParticipantRow, stranger)
        assert (row.frozen, row.parts) == (True, "5")
    world.send("supervisor", "ParticipantRegistry", "unfreeze", stranger)
    watched.check("unfrozen")
    with Session(watched.engine) as session:
        assert session.get_one(ParticipantRow, stranger).frozen is False


def test_migrations_make_the_tables_that_the_code_declares(oracle_url: str) -> None:
    for module in Path(store.__file__).parent.glob("*_table*.py"):
        import_module(f"{store.__name__}.{module.stem}")
    engine = open_database(oracle_url)
    with engine.connect() as connection:
        options = {"version_table": "alembic_version_oracle", "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, [metadata, chain_metadata]) == []  # type: ignore[arg-type]
    engine.dispose()


def test_tables_from_before_the_assets_take_them_in_from_the_chains_beginning(
    watched: Watched,
) -> None:
    """An installation that had read past these contracts' events reads them when it is brought up to date."""
    world = watched.world
    root, _ = world.owe("core", "tier1", 5, 20260301)
    older = EventFeed(
        name="ledger",
        engine=watched.engine,
        client=world.client,
        contracts=(
            "ParticipantRegistry",
            "DeviceRegistry",
            "RecordAnchor",
            "DepositToken",
            "RevenueSplit",
        ),
        projection=LedgerProjection(),
        first_block=world.deployment.first_block,
    )
    before = older.poll()
    assert before > 0
    config = Config()
    folder = Path(database.__file__).resolve().parent / "migrations"
    config.set_main_option("script_location", str(folder))
    with watched.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0002")
        command.upgrade(config, "head")
    assert watched.feed.poll() > 0
    with Session(watched.engine) as session:
        assert session.get_one(ClaimRow, root).state == "confirmed"
        assert session.exec(select(DeadLetterRow)).all() == []
        assert today(session) == TODAY
