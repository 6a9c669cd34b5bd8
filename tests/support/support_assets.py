"""A consortium with an asset side for tests: core enterprise, suppliers, banks, warehouse, committee, on a real chain.

Money is in minor units of USD; the first business date is TODAY.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from support_chain import FAR_FUTURE_S, ROLES, ChainWorld, on_chain_id, prepared_node, signer_of

from counterfoil.chain.abi.enums import Motion
from counterfoil.chain.client import ChainClient
from counterfoil.chain.consortium import Consortium
from counterfoil.chain.deployment import deploy
from counterfoil.chain.deployment_file import Deployment
from counterfoil.chain.keys.signer import LocalSigner
from counterfoil.chain.nodes.embedded import EmbeddedNode
from counterfoil.chain.transaction import transact_all
from counterfoil.oracle.rules.business_date import days_between

TODAY = 20260105
PARTIES = (
    "core",
    "tier1",
    "tier2",
    "tier3",
    "tier4",
    "factory",
    "resin",
    "lender",
    "buyer",
    "warehouse",
    "member2",
    "member3",
)
"""Participants by name; their accounts follow those of the consortium's roles."""
_FIRST_ZONE_S = 14 * 3_600
"""Where a day begins first: UTC+14."""
UNLIMITED = 2**256 - 1


def reach(client: ChainClient, date: int) -> None:
    """Let chain time go on until *date* has begun in the first time zone."""
    begins = int(datetime.strptime(str(date), "%Y%m%d").replace(tzinfo=UTC).timestamp())
    short = begins - _FIRST_ZONE_S - client.latest().timestamp
    if short > 0:
        client.rpc("evm_increaseTime", short + 60)
        client.rpc("evm_mine")


@dataclass
class AssetWorld(ChainWorld):
    """The chain with its asset side: every party is an active participant, and may pay every ledger."""

    entries: int = 0
    invoices: int = 0

    def signer(self, role: str) -> LocalSigner:
        """The key of a role or a party."""
        if role in ROLES:
            return signer_of(self.node, role)
        return LocalSigner(self.node.account(len(ROLES) + PARTIES.index(role)))

    def at(self, party: str) -> str:
        """The account of a role or a party."""
        return self.signer(party).address

    def view(self, contract: str, function: str, *arguments: Any) -> Any:
        """What the contract says now."""
        return self.client.call(contract, function, *arguments)

    def unpaid(self, part: int) -> int:
        """What is still owed on a part."""
        seen = self.view("Receivables", "part", part)
        return int(seen["amount"]) - int(seen["redeemed"])

    @property
    def token(self) -> str:
        return self.client.address_of("DepositToken")

    def give(self, party: str, amount: int) -> None:
        """The bank mints *amount* to *party*."""
        self.entries += 1
        entry = on_chain_id(f"entry {self.entries}")
        self.send("bank", "DepositToken", "mint", self.at(party), amount, entry)

    def advance(self, date: int) -> None:
        """Make *date* the business date: by the committee's votes where it is far ahead."""
        reach(self.client, date)
        today = self.view("BusinessCalendar", "today")
        if not today or days_between(today, date) <= 31:
            self.send("oracle", "BusinessCalendar", "advance", date)
            return
        target = self.client.address_of("BusinessCalendar")
        data = self.client.encode("BusinessCalendar", "jump", today, date)
        for member in ("committee", "member2"):
            self.send(member, "Committee", "vote", target, data, on_chain_id("far"))

    def claim_terms(
        self, kind: int, obligor: str, creditor: str, face: int, due: int, **others: Any
    ) -> dict[str, Any]:
        """Terms of a claim over an invoice of its own."""
        self.invoices += 1
        terms = {
            "kind": kind,
            "obligor": self.at(obligor),
            "creditor": self.at(creditor),
            "token": self.token,
            "face": face,
            "issueDate": TODAY,
            "dueDate": due,
            "defaultDays": 30,
            "invoice": on_chain_id(f"invoice {self.invoices}"),
            "document": on_chain_id("papers"),
            "tag": bytes(32),
        }
        return terms | others

    def owe(
        self, obligor: str, creditor: str, face: int, due: int, kind: int = 1, **others: Any
    ) -> tuple[int, int]:
        """A claim that *obligor* confirmed by registering it, and its first part."""
        terms = self.claim_terms(kind, obligor, creditor, face, due, **others)
        self.send(obligor, "Receivables", "registerBatch", [terms])
        root = self.view("Receivables", "claimCount")
        return root, self.view("Receivables", "claim", root)["whole"]

    def line_terms(self, limit: int, **others: Any) -> dict[str, Any]:
        """A year's line of *limit* from "lender" to "factory" at 10.8 %, A/360."""
        return {
            "borrower": self.at("factory"),
            "lender": self.at("lender"),
            "token": self.token,
            "limit": limit,
            "validFrom": TODAY,
            "validUntil": TODAY + 10_000,
            "ratePpm": 108_000,
            "penaltyPpm": 50_000,
            "costsPpm": 500_000,
            "lastDue": 20991231,
            "convention": 0,
            "graceDays": 3,
            "defaultDays": 60,
            "order": [0, 1, 2, 3],
            "purpose": on_chain_id("resin"),
        } | others

    def motion(self, line: int, motion: Motion) -> tuple[str, bytes]:
        """What the committee votes on about a line as it is now."""
        moves = self.view("CreditLine", "line", line)["moves"]
        data = self.client.encode("CreditLine", "carry", line, motion, moves)
        return self.client.address_of("CreditLine"), data

    def open_line(self, limit: int, **others: Any) -> int:
        """An active line whose supplier "resin" is allowed."""
        self.send("factory", "CreditLine", "applyFor", self.line_terms(limit, **others))
        line: int = self.view("CreditLine", "lineCount")
        for member in ("committee", "member2"):
            motion = self.motion(line, Motion.APPROVE)
            self.send(member, "Committee", "vote", *motion, on_chain_id("memo"))
        self.send("lender", "CreditLine", "activate", line)
        self.send("lender", "CreditLine", "allowSupplier", line, self.at("resin"), True)
        return line

    def draw(
        self,
        line: int,
        amount: int,
        instalments: Sequence[tuple[int, int]],
        plan: int = 0,
        collateral: int = 0,
    ) -> int:
        """A loan that pays an order of "factory" at "resin"."""
        order, _ = self.owe(obligor="factory", creditor="resin", face=amount, due=20261231, kind=2)
        parts = [{"date": date, "principal": principal} for date, principal in instalments]
        arguments = (line, order, amount, plan, parts, collateral)
        self.send("factory", "CreditLine", "draw", *arguments)
        loan: int = self.view("CreditLine", "loanCount")
        return loan


def consortium_of(world: AssetWorld) -> Consortium:
    """Every role by its own account; two of the committee's three members approve a line."""
    at = {role: world.at(role) for role in ROLES if role not in ("admin", "operator")}
    return Consortium(
        **at,
        signers=[at["oracle"]],
        currency="USD",
        members=[world.at("member2"), world.at("member3")],
        credit_votes=2,
        warehouses=[world.at("warehouse")],
    )


@contextmanager
def asset_world(
    folder: Path, block_time_s: float = 0.1, today: int = TODAY
) -> Iterator[AssetWorld]:
    """A running node with every contract, the parties admitted and their allowances given, on the date *today*."""
    with prepared_node(
        name="assets", engine="anvil", folder=folder, prepare=_prepare, block_time_s=block_time_s
    ) as node:
        world = AssetWorld.made_in(folder, node)
        world.advance(today)
        yield world


EVERY_PART = 2**128 - 1


def _prepare(node: EmbeddedNode, folder: Path) -> None:
    """Deploy, admit everybody, and let the ledgers take the parties' deposit tokens."""
    client, path = ChainClient(node.rpc_url), folder / "deployment.json"
    bare = AssetWorld(node, client, deployment=Deployment(0), path=path)
    deploy(client, admin=bare.signer("admin"), consortium=consortium_of(bare), path=path)
    world = AssetWorld.made_in(folder, node)
    admit(world, {party: world.at(party) for party in (*PARTIES, "operator")})
    for party in PARTIES:
        approve = [
            (world.token, client.encode("DepositToken", "approve", at, UNLIMITED))
            for at in map(client.address_of, ("Receivables", "CreditLine", "Settlement"))
        ]
        transact_all(client, world.signer(party), approve)


def admit(world: AssetWorld, accounts: Mapping[str, str]) -> None:
    """Make each account an active participant."""
    client, registry = world.client, world.client.address_of("ParticipantRegistry")
    calls: list[tuple[str, bytes]] = []
    for party, account in accounts.items():
        profile = on_chain_id(party)
        calls.append(
            (registry, client.encode("ParticipantRegistry", "admit", account, EVERY_PART, profile))
        )
    transact_all(client, world.signer("registrar"), calls)
    certify = [
        (
            registry,
            client.encode("ParticipantRegistry", "certify", account, FAR_FUTURE_S, on_chain_id(p)),
        )
        for p, account in accounts.items()
    ]
    transact_all(client, world.signer("registrar"), certify)
