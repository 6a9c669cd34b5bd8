"""The asset side beside ``support_oracle``'s house: companies with money, claims between them, a line of credit.

Everybody is a funded account of the node, certified, and lets the ledgers take tokens. Amounts in minor units of USD.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from sqlmodel import Session
from support_chain import ROLES
from support_oracle import OracleHouse

from counterfoil.chain.keys.signer import LocalSigner
from counterfoil.chain.transaction import transact
from counterfoil.oracle.registrar import Registrar
from counterfoil.oracle.store.bank_tables import StatementEntryRow

COMPANIES = ("core", "factory", "resin", "funder")
RECEIVABLE, PAYABLE, ORDER = range(3)
BULLET = 0
_UNTIL = 4_000_000_000
_MUCH = 2**128 - 1


@dataclass
class CreditHouse:
    """*house* with companies that trade on it; ids are the contracts', counted from 1."""

    house: OracleHouse
    claims: int = 0
    lines: int = 0
    loans: int = 0
    deposits: int = field(default=0)

    def __post_init__(self) -> None:
        chain = self.house.chain
        registrar = Registrar(
            self.house.engine,
            chain.client,
            registrar=chain.signer("registrar"),
            supervisor=chain.signer("supervisor"),
        )
        registrar.admit({c: (self.account(c), c, ("operator", "bank")) for c in COMPANIES}, _UNTIL)
        for company in COMPANIES:
            for ledger in ("Receivables", "CreditLine", "Settlement"):
                at = chain.client.address_of(ledger)
                self.send(company, "DepositToken", "approve", at, _MUCH)

    def signer(self, company: str) -> LocalSigner:
        number = len(ROLES) + COMPANIES.index(company)
        return LocalSigner(self.house.chain.node.account(number))

    def account(self, company: str) -> str:
        return self.signer(company).address

    def send(self, company: str, contract: str, function: str, *arguments: Any) -> Any:
        """Transact as *company*, or as a role, and answer the receipt."""
        if company not in COMPANIES:
            return self.house.chain.send(company, contract, function, *arguments)
        client = self.house.chain.client
        data = client.encode(contract, function, *arguments)
        return transact(
            client, signer=self.signer(company), to=client.address_of(contract), data=data
        )

    def call(self, contract: str, function: str, *arguments: Any) -> Any:
        return self.house.chain.client.call(contract, function, *arguments)

    def deposit(self, company: str, amount: int) -> None:
        """*company* pays *amount* in at the bank, whose statement shows it."""
        self.deposits += 1
        reference = f"deposit {self.deposits}"
        entry = sha256(reference.encode()).digest()
        with Session(self.house.engine) as session:
            session.add(
                StatementEntryRow(
                    entry_hash="0x" + entry.hex(),
                    statement="s-2",
                    reference=reference,
                    project="",
                    business_date=20220801,
                    amount_minor=amount,
                    currency="USD",
                    transaction_id=0,
                )
            )
            session.commit()
        self.send("bank", "DepositToken", "mint", self.account(company), amount, entry)

    # ---- claims

    def owe(self, kind: int, obligor: str, creditor: str, face: int, due: int) -> int:
        """A confirmed claim, registered by the obligor itself; its number."""
        self.claims += 1
        terms = self.claim_terms(kind, obligor, creditor, face, due)
        self.send(obligor, "Receivables", "registerBatch", [terms])
        return self.claims

    def claim_terms(
        self, kind: int, obligor: str, creditor: str, face: int, due: int
    ) -> Mapping[str, Any]:
        return {
            "kind": kind,
            "obligor": self.account(obligor),
            "creditor": self.account(creditor),
            "token": self.house.chain.client.address_of("DepositToken"),
            "face": face,
            "issueDate": 20220801,
            "dueDate": due,
            "defaultDays": 30,
            "invoice": sha256(f"invoice {self.claims}".encode()).digest(),
            "document": sha256(b"papers").digest(),
            "tag": bytes(32),
        }

    # ---- credit

    def open_line(self, limit: int, valid_from: int, valid_until: int) -> int:
        """An active line of the lender for the factory, which may buy of the resin maker; its number."""
        self.lines += 1
        terms = {
            "borrower": self.account("factory"),
            "lender": self.account("funder"),
            "token": self.house.chain.client.address_of("DepositToken"),
            "limit": limit,
            "validFrom": valid_from,
            "validUntil": valid_until,
            "ratePpm": 108_000,
            "penaltyPpm": 50_000,
            "costsPpm": 500_000,
            "lastDue": 20991231,
            "convention": 0,
            "graceDays": 3,
            "defaultDays": 90,
            "order": [0, 1, 2, 3],
            "purpose": sha256(b"resin").digest(),
        }
        self.send("factory", "CreditLine", "applyFor", terms)
        client = self.house.chain.client
        moves = client.call("CreditLine", "line", self.lines)["moves"]
        motion = client.encode("CreditLine", "carry", self.lines, 0, moves)
        about = client.address_of("CreditLine")
        self.send("committee", "Committee", "vote", about, motion, sha256(b"memo").digest())
        self.send("funder", "CreditLine", "activate", self.lines)
        self.send("funder", "CreditLine", "allowSupplier", self.lines, self.account("resin"), True)
        return self.lines

    def draw(
        self, line: int, amount: int, instalments: list[tuple[int, int]], collateral: int = 0
    ) -> int:
        """A loan for an order of *amount* from the resin maker, principal by date as given; its number."""
        self.loans += 1
        plan = BULLET if len(instalments) == 1 else 3
        order = self.owe(kind=ORDER, obligor="factory", creditor="resin", face=amount, due=20991231)
        parts = [{"date": date, "principal": principal} for date, principal in instalments]
        arguments = (line, order, amount, plan, parts, collateral)
        self.send("factory", "CreditLine", "draw", *arguments)
        return self.loans

    def line_account(self, line: int) -> str:
        account: str = self.call("CreditLine", "accountOf", line)
        return account
