"""A small house for the oracle: a chain, a log that grows, settled payments, and the oracle in or out of this process.

Money is in minor units of USD; the sales are those of ``support_world``.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import cbor2
import support_killed
from eth_account import Account
from pydantic import SecretStr
from sqlalchemy import Engine, func
from sqlmodel import Session, col, select
from support_chain import ROLES, ChainWorld
from support_instructions import stored
from support_process import Process
from support_waiting import PATIENCE_S
from support_world import DAY_MS, DEVICES, FIRST_MS, World, der

from counterfoil.chain.address import Address
from counterfoil.chain.client import ChainClient
from counterfoil.chain.tables import CursorRow, TransactionRow
from counterfoil.gateway.certificate.enrolment import prove_possession
from counterfoil.gateway.record.bodies import Sale
from counterfoil.gateway.record.identity import DeviceId, PublicKey, on_chain_id
from counterfoil.gateway.record.sale_line import SaleLine
from counterfoil.gateway.store.gateway_store import GatewayStore, open_store
from counterfoil.gateway.store.rows import NewRecord
from counterfoil.oracle.ledger.record_anchor import AnchoredHeadRow
from counterfoil.oracle.ledger.revenue_split import Credit, DistributedRow, PoolEnd
from counterfoil.oracle.registrar import NewDevice, Registrar
from counterfoil.oracle.revenue.sale_reader import DISTRIBUTED
from counterfoil.oracle.rules.investor_pool import PoolList
from counterfoil.oracle.rules.matching import CASH, cash_reference
from counterfoil.oracle.rules.split_terms import investors_of
from counterfoil.oracle.run.composition import OracleParts, compose
from counterfoil.oracle.run.loop import step_all
from counterfoil.oracle.settings import OracleSettings
from counterfoil.oracle.store.bank_tables import StatementEntryRow
from counterfoil.oracle.store.database import open_database
from counterfoil.oracle.store.directory_tables import KnownProject
from counterfoil.oracle.store.head_tables import Progress
from counterfoil.oracle.store.instruction_table import Instruction
from counterfoil.oracle.store.revenue_tables import Distribution, SaleFact, SettlementRow
from counterfoil.oracle.store.table import OracleTable

PROJECT = "lakeside"
FIRST_DATE = 20220829
PARTIES = ("refunds", "tax", "operator", "platform", "lender", "supplier", "site", "a", "b")
ACCOUNTS = {party: Account.from_key(sha256(party.encode()).digest()).address for party in PARTIES}
_PASSPHRASE = "only a test's"
_CERTIFIED_UNTIL = 4_000_000_000


def terms() -> dict[str, Any]:
    """A waterfall with every kind of tier."""
    at = ACCOUNTS
    return {
        "effective_from": FIRST_DATE,
        "period": "day",
        "refund": at["refunds"],
        "tax": at["tax"],
        "residual": at["operator"],
        "fee": {"account": at["platform"], "basis_points": 100},
        "sweep": {"account": at["lender"], "basis_points": 1_200, "cap": 0},
        "goods": [{"code": "", "supplier": at["supplier"], "unit_cost": 35}],
        "allocations": [
            {"account": at["site"], "basis": "net_basis_points", "value": 1_000, "minimum": 40},
            {"account": None, "basis": "net_basis_points", "value": 1_433},
        ],
        "investors": [{"account": at["a"], "weight": 2}, {"account": at["b"], "weight": 1}],
    }


def pool_account(client: ChainClient) -> Address:
    """The account of the investors' pool in these terms."""
    found = PoolList.of(investors_of(terms()))
    return found.account(client.address_of("RevenueSplit"), on_chain_id(PROJECT))


@dataclass
class OracleHouse:
    """Everything that an oracle needs, on *chain* and in *folder*; its own database elsewhere by *oracle_url*."""

    chain: ChainWorld
    folder: Path
    oracle_url: str = ""
    world: World = field(default_factory=lambda: World(devices=DEVICES[:2]))
    alone: frozenset[DeviceId] = frozenset()
    """Machines that are registered in no project."""
    day: int = 0
    takings: Counter[int] = field(default_factory=Counter)
    """Signed and settled, by business date."""

    def __post_init__(self) -> None:
        self.store: GatewayStore = open_store(self._url("gateway"))
        self.engine: Engine = open_database(self._url("oracle"))
        self.reads: Engine = self.engine.execution_options(reads_only=True)
        self._stored = 0
        for role in ("oracle", "bank"):
            key = self.chain.node.account(ROLES.index(role)).key
            kept = Account.encrypt(key, _PASSPHRASE, kdf="pbkdf2", iterations=1_000)
            (self.folder / f"{role}.json").write_text(str(kept).replace("'", '"'))
        self._set_up()

    def _url(self, name: str) -> str:
        if name == "oracle" and self.oracle_url:
            return self.oracle_url
        return f"sqlite:///{self.folder / name}.db"

    def _set_up(self) -> None:
        chain = self.chain
        self._registrar = Registrar(
            self.engine,
            chain.client,
            registrar=chain.signer("registrar"),
            supervisor=chain.signer("supervisor"),
        )
        people = {party: (account, party, ()) for party, account in ACCOUNTS.items()}
        self._registrar.admit(people, _CERTIFIED_UNTIL)
        operator = ACCOUNTS["operator"]
        self._registrar.open_project(
            KnownProject(
                project=PROJECT, project_hash="", name=PROJECT, operator=operator, currency="USD"
            )
        )
        self._registrar.set_terms(PROJECT, terms())
        self.register(*self.world.devices)

    # ---- what happens in it

    def register(self, *devices: DeviceId) -> None:
        """The registrar registers these machines' keys, and all but those *alone* run in the project."""
        client = self.chain.client
        operator = ACCOUNTS["operator"]
        registry = bytes.fromhex(client.address_of("DeviceRegistry")[2:])
        self._registrar.register(
            [
                NewDevice(
                    device,
                    key=PublicKey.of(key := self.world.keys[device]),
                    certificate_hash=sha256(der(self.world.certificates[device])).digest(),
                    possession=prove_possession(
                        record_key=key,
                        chain_id=client.chain_id(),
                        registry=registry,
                        device=device,
                        epoch=1,
                        nonce=bytes(32),
                    ),
                    owner=operator,
                    operator=operator,
                    project="" if device in self.alone else PROJECT,
                    label=device,
                )
                for device in devices
            ]
        )

    def sell_a_day(self, is_settled: bool = True) -> None:
        """Each machine sells by card and for cash on the next day; it is settled and on the bank's statement."""
        day, date, rows = self.day, FIRST_DATE + self.day, []
        assert day < 3, "August ends"
        self.day += 1
        for n, device in enumerate(self.world.devices):
            for number in range(3):
                amount = 150 + 50 * number + 7 * n + day
                is_cash = number == 2
                reference = None if is_cash else f"pay-{day}-{n}-{number}"
                sale = Sale(
                    amount_minor=amount,
                    currency="USD",
                    payment_method="cash" if is_cash else "card",
                    payment_reference=reference,
                    lines=(SaleLine("Oreo Mini", 1, amount),),
                )
                at = FIRST_MS + day * DAY_MS + 1_000 * number
                self.world.add(device, sale, at)
                counted = reference or cash_reference(device, date)
                rows.append((counted, amount, date))
        self.keep()
        if is_settled:
            self.settle(rows)

    def keep(self) -> None:
        """Bring the gateway's store up to the log."""
        new = self.world.records[self._stored :]
        with self.store.appending() as connection:
            self.store.append(connection, [NewRecord(s, s.record.time_ms + 250) for s in new], [])
        self._stored += len(new)

    def settle(self, rows: list[tuple[str, int, int]]) -> None:
        """The provider settles *rows* (reference, amount, business date), and the bank books their sum."""
        lines = "".join(f"{r},card,{d},{a // 100}.{a % 100:02},USD,\n" for r, a, d in rows)
        text = "reference,method,business_date,amount,currency,device\n" + lines
        self.instruct("import_settlement", {"project": PROJECT, "text": text, "source": "f.csv"})
        self.book(sum(amount for _, amount, _ in rows), rows[0][0])
        for _, amount, date in rows:
            self.takings[date] += amount

    def book(self, amount: int, reference: str) -> None:
        """One credit entry on the bank's statement."""
        entry = {"statement": "s-1", "reference": reference, "project": PROJECT, "currency": "USD"}
        entry |= {"business_date": FIRST_DATE, "amount_minor": amount}  # type: ignore[dict-item]
        self.instruct("import_statement", {"entries": [entry]})

    def instruct(self, kind: str, payload: dict[str, Any]) -> int:
        """Leave an instruction as it is stored, whatever it says; return its number."""
        key = sha256(repr((kind, payload)).encode()).hexdigest()
        with Session(self.engine) as session:
            known = session.exec(select(Instruction).where(Instruction.idempotency_key == key))
            row = known.first() or stored(key, kind, payload)
            session.add(row)
            session.commit()
            return row.id or 0

    def answer(self, number: int) -> Instruction:
        with Session(self.engine) as session:
            found = session.get_one(Instruction, number)
            session.expunge(found)
            return found

    # ---- the oracle

    def crash_at(self, point: str) -> int:
        """Run the oracle's process until it dies at *point*; its exit status."""
        found = os.environ | {
            "COUNTERFOIL_ORACLE_DATABASE_URL": self._url("oracle"),
            "COUNTERFOIL_ORACLE_GATEWAY_DATABASE_URL": self._url("gateway"),
            "COUNTERFOIL_ORACLE_RPC_URL": self.chain.node.rpc_url,
            "COUNTERFOIL_ORACLE_DEPLOYMENT": str(self.chain.path),
            "COUNTERFOIL_ORACLE_TILES": str(self.folder / "tiles"),
            "COUNTERFOIL_ORACLE_KEYSTORE": str(self.folder / "oracle.json"),
            "COUNTERFOIL_ORACLE_PASSPHRASE": _PASSPHRASE,
            "COUNTERFOIL_ORACLE_BANK_KEYSTORE": str(self.folder / "bank.json"),
            "COUNTERFOIL_ORACLE_BANK_PASSPHRASE": _PASSPHRASE,
            "COUNTERFOIL_ORACLE_BATCH_MS": "50",
        }
        log = self.folder / "oracle.log"
        return Process([point], found, log, main=support_killed.oracle).status_within(PATIENCE_S)

    def parts(self, **settings: Any) -> OracleParts:
        """The oracle's parts, in this process; *settings* are those that are not the usual ones."""
        return compose(
            OracleSettings(
                database_url=self._url("oracle"),
                gateway_database_url=self._url("gateway"),
                rpc_url=self.chain.node.rpc_url,
                deployment=self.chain.path,
                tiles=self.folder / "tiles",
                keystore=self.folder / "oracle.json",
                passphrase=SecretStr(_PASSPHRASE),
                bank_keystore=self.folder / "bank.json",
                bank_passphrase=SecretStr(_PASSPHRASE),
                batch_ms=50,
                **settings,
            )
        )

    def run_until_quiet(self, parts: OracleParts) -> None:
        """Turn after turn until all that can be anchored and distributed is, and nothing is on its way."""
        for _ in range(600):
            step_all(parts)
            if self.is_quiet():
                return
            time.sleep(0.05)
        raise AssertionError(f"the oracle did not come to rest: {self.open_work()}")

    def is_quiet(self) -> bool:
        return not any(self.open_work().values())

    def open_work(self) -> dict[str, int]:
        """What is still to be done, by kind; all read at one moment, or what moves on would be seen nowhere."""
        with Session(self.reads) as session:
            moving = col(TransactionRow.status).in_(("pending", "submitted", "mined"))
            anchored = session.exec(select(func.max(AnchoredHeadRow.size))).one() or 0
            sent = set(session.exec(select(Distribution.batch)))
            seen = set(session.exec(select(DistributedRow.batch)))
            facts = session.get(Progress, "facts")
            newest = session.exec(select(func.max(TransactionRow.block_number))).one() or 0
            read = session.exec(select(func.min(CursorRow.block_number))).one() or 0
            return {
                "blocks": max(0, newest - read),
                "transactions": session.exec(
                    select(func.count()).select_from(TransactionRow).where(moving)
                ).one(),
                "records": self.store.size() - anchored,
                "unread": self.store.size() - (0 if facts is None else facts.log_index),
                "unmatched": self._settled_and_waiting(session),
                "distributions": len(sent ^ seen),
                "matched": _count_facts(session, "matched"),
                "instructions": session.exec(
                    select(func.count())
                    .select_from(Instruction)
                    .where(Instruction.status == "pending")
                ).one(),
            }

    def _settled_and_waiting(self, session: Session) -> int:
        """Sales that wait though their payment is here: the next run of the matching decides on them."""
        paid = select(SettlementRow.reference).where(SettlementRow.status == "waiting")
        there = set(session.exec(paid))
        waiting = session.exec(select(SaleFact).where(SaleFact.status == "waiting"))
        named = (
            cash_reference(f.device, f.business_date) if f.method == CASH else f.reference
            for f in waiting
        )
        return sum(reference in there for reference in named)

    def count_facts(self, status: str) -> int:
        with Session(self.reads) as session:
            return _count_facts(session, status)

    def distributed_by_date(self) -> dict[int, int]:
        """What was distributed, by the facts' own dates."""
        with Session(self.reads) as session:
            query = (
                select(SaleFact.business_date, func.sum(SaleFact.amount_minor))
                .where(SaleFact.status == DISTRIBUTED)
                .group_by(col(SaleFact.business_date))
            )
            return {date: int(total) for date, total in session.exec(query)}

    def on_chain(self, contract: str, name: str) -> list[dict[str, Any]]:
        """The values of *contract*'s events called *name*, in the chain's order."""
        client = self.chain.client
        events = client.events([contract], 0, client.latest().number)
        return [dict(event.values) for event in events if event.name == name]

    def projected(self) -> dict[str, list[str]]:
        """Every row of every table whose docstring says that it is made of chain events alone."""
        tables = [t for t in OracleTable.__subclasses__() if (t.__doc__ or "")[:10] == "Projected:"]
        assert len(tables) >= 9
        with Session(self.reads) as session:
            return {
                table.__name__: sorted(
                    repr(sorted(row.model_dump(exclude=_numbered(table)).items()))
                    for row in session.exec(select(table))
                )
                for table in tables
            }


def _count_facts(session: Session, status: str) -> int:
    query = select(func.count()).select_from(SaleFact).where(SaleFact.status == status)
    return session.exec(query).one()


def check_books(house: OracleHouse) -> None:
    """Every record is under a head, every entry minted and every sale distributed: each once, all to the minor unit."""
    world, client = house.world, house.chain.client
    heads = house.on_chain("RecordAnchor", "HeadAnchored")
    sizes = [head["size"] for head in heads]
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == len(world.records) == house.store.size()
    assert heads[-1]["root"] == world.tree.root(), "the log itself, each record in its place"
    assert heads[-1]["state"] == world.state.root()
    sold = sum(house.takings.values())
    deposits = house.on_chain("DepositToken", "Deposited")
    assert sum(d["amount"] for d in deposits) == sold
    distributed = house.on_chain("RevenueSplit", "Distributed")
    assert sum(d["gross"] for d in distributed) == sold
    with Session(house.engine) as session:
        entries = session.exec(select(StatementEntryRow.entry_hash)).all()
        rows = session.exec(select(Distribution)).all()
    assert sorted("0x" + d["entry"].hex() for d in deposits) == sorted(entries)
    assert sorted("0x" + d["batch"].hex() for d in distributed) == sorted(r.batch for r in rows)
    counted = [entry[0] for row in rows for entry in cbor2.loads(row.facts)[3]]
    assert sorted(counted) == list(range(len(world.records))), "each sale in one batch"
    assert house.distributed_by_date() == dict(house.takings)
    token = client.address_of("DepositToken")
    claimable = [
        client.call("RevenueSplit", "claimable", token, account) for account in ACCOUNTS.values()
    ]
    pool = client.call("RevenueSplit", "claimable", token, pool_account(client))
    assert sum(claimable) + pool == sold


def _numbered(table: type[OracleTable]) -> set[str]:
    """The column that only numbers the rows."""
    return {"id"} if table in (Credit, PoolEnd) else set()
