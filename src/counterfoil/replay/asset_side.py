"""The asset side of the demo: a claim that is split, passed on, discounted and settled; a loan that machines repay.

The claim: a retailer owes its wholesaler, who splits it, passes a part on to a factory and sells the rest to a bank
against payment. The loan: a bank lends the operator a tenth of its anchored takings, pays the wholesaler's order with
it, and is repaid out of the split's sweep by the day's closing; the operator pays the rest. Who they are is made up.

Rules that this module keeps:

- The money comes in by a bank statement (camt.053), and each date by closing a day, as in production.
- The report is read back from the chain. Each total is compared with its parts, to the minor unit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Engine, func
from sqlmodel import Session, select

from counterfoil.chain.abi.enums import Motion
from counterfoil.chain.address import Address
from counterfoil.chain.client import ChainClient
from counterfoil.chain.keys.signer import LocalSigner
from counterfoil.chain.transaction import send_all, unsigned
from counterfoil.oracle.instructions.inbox import ask
from counterfoil.oracle.instructions.request import (
    CloseDay,
    ImportCamt053,
    RegisterBankAccount,
    Request,
)
from counterfoil.oracle.registrar import Registrar
from counterfoil.oracle.store.day_tables import DayClose
from counterfoil.oracle.store.directory_tables import KnownParticipant
from counterfoil.oracle.store.revenue_tables import SaleFact
from counterfoil.replay import money_side as money
from counterfoil.replay.asset_report import ASSET_PARTIES, FACE, PASSED, AssetReport, claim_line
from counterfoil.replay.made_up_parties import PARTIES
from counterfoil.replay.opening_statement import opening_statement
from counterfoil.up.data_folder import House

RATE_PPM, DISCOUNT_PPM = 108_000, 60_000
_LENT_PARTS = 10
_DAYS = 30
_PAYABLE, _ORDER = 1, 2
_REVENUE_SHARE, _A_360 = 4, 0
_EVER, _ALL = 4_000_000_000, 2**255

Say = Callable[[str], None]
_Call = tuple[LocalSigner, str, str, Sequence[Any]]
"""Signer, contract, function, arguments."""


class Assets:
    """The demo's asset side over a running house, step by step."""

    def __init__(
        self,
        house: House,
        client: ChainClient,
        engine: Engine,
        first: int,
        last: int,
        takings_minor: int,
    ) -> None:
        """*takings_minor* is what will be sold from *first* to *last*: the loan on it needs its money before."""
        self._most_lent = takings_minor // _LENT_PARTS
        self._house, self._client, self._engine = house, client, engine
        # The day after the due date must have begun by the chain's own clock: fresh data's claim is of days before.
        begun = int(f"{datetime.fromtimestamp(client.now_s(), UTC):%Y%m%d}")
        self._today = min(last, _later(begun, -_DAYS - 1))
        self._due = _later(self._today, _DAYS)
        self._valid = (min(first, self._today), _later(self._today, 365))
        names = [*PARTIES, *ASSET_PARTIES]
        self._signers = {name: house.party(at) for at, name in enumerate(names)}
        self._token = client.address_of("DepositToken")
        self._loan_minor = 0
        # The first line's account is known before there is a line: the split's terms name it.
        key = (1).to_bytes(32, "big")
        credit = client.address_of("CreditLine")
        self.report = AssetReport(account=client.call("DepositToken", "supervisedOf", credit, key))

    @property
    def is_new(self) -> bool:
        """Whether this chain has no claim yet."""
        return int(self._client.call("Receivables", "claimCount")) == 0

    def at(self, name: str) -> str:
        """A party's account."""
        return self._signers[name].address

    def prepare(self, registrar: Registrar, until: int) -> None:
        """Admit the parties, and leave the statements and the first day's closing to the oracle, without waiting."""
        registrar.admit({p: (self.at(p), *ASSET_PARTIES[p]) for p in ASSET_PARTIES}, until)
        # The loan grows with the takings: the lender has it to lend, and the operator can pay it back with interest,
        # whatever the revenue's sweep has paid by then.
        lent = self._most_lent
        opening = [
            ("lender", 3 * FACE + lent),
            ("core", FACE),
            ("operator", FACE // 10 + lent + lent // 10),
        ]
        for name, amount in opening:
            number = f"DEMO-{name.upper()}"
            currency = self._house.currency
            self._leave(RegisterBankAccount(number, name, currency, holder=name))
            text = opening_statement(
                account=number, currency=currency, day=self._today, amount=amount
            )
            self._leave(ImportCamt053(text))
        self._leave(CloseDay(self._today, far=True))

    def begin(self) -> None:
        """Register the claim, split it and sell a part; grant the loan on the takings and draw it."""
        self._closed(self._today)
        opened = ("lender", "core", "operator")
        money.wait_for("the opening balances", lambda: all(map(self._held, opened)), 60)
        with Session(self._engine.execution_options(reads_only=True)) as session:
            asked = select(func.sum(SaleFact.amount_minor)).where(SaleFact.is_refund == False)  # noqa: E712
            takings = int(session.exec(asked).one() or 0)
        self._loan_minor = takings // _LENT_PARTS
        s = self._signers
        ledgers = [self._client.address_of(c) for c in ("Receivables", "CreditLine", "Settlement")]
        allow: list[_Call] = [
            (s[name], "DepositToken", "approve", (ledger, _ALL))
            for name, ledger in zip(("core", "operator", "lender"), ledgers, strict=True)
        ]
        allow.append((s["lender"], "DepositToken", "approve", (ledgers[1], _ALL)))
        self._together(
            [
                *allow,
                (
                    s["core"],
                    "Receivables",
                    "registerBatch",
                    ([self._claim(_PAYABLE, "core", FACE)],),
                ),
            ]
        )
        part = self._client.call("Receivables", "claim", 1)["whole"]
        order = self._claim(_ORDER, "operator", self._loan_minor)
        evidence = sha256(f"takings {takings}".encode()).digest()
        self._together(
            [
                (s["supplier"], "Receivables", "split", (part, [FACE - PASSED, PASSED])),
                (s["operator"], "Receivables", "registerBatch", ([order],)),
                (s["operator"], "CreditLine", "applyFor", (self._line(evidence),)),
            ]
        )
        committee = self._house.role("committee")
        moves = self._client.call("CreditLine", "line", 1)["moves"]
        motion = self._client.encode("CreditLine", "carry", 1, Motion.APPROVE, moves)
        about = self._client.address_of("CreditLine")
        self._together([(committee, "Committee", "vote", (about, motion, evidence))])
        held = self._client.call_all("Receivables", "part", [(n,) for n in self._parts()])
        sold, passed = (
            number
            for number, part in zip(self._parts(), held, strict=True)
            if part["live"] and part["root"] == 1
        )
        quote = self._quote(sold)
        price, _ = self._client.call("Settlement", "priceOf", quote)
        signed = s["lender"].sign_digest(self._client.call("Settlement", "quoteDigest", quote))
        self._together(
            [
                (s["supplier"], "Receivables", "offer", (passed, self.at("factory"), True, _EVER)),
                (s["supplier"], "Settlement", "discount", (quote, price, signed)),
                (s["lender"], "CreditLine", "activate", (1,)),
                (s["lender"], "CreditLine", "allowSupplier", (1, self.at("supplier"), True)),
            ]
        )
        before = self._held("supplier")
        plan = [{"date": self._due, "principal": self._loan_minor}]
        self._together(
            [
                (s["factory"], "Receivables", "accept", (passed, True, PASSED, _EVER)),
                (
                    s["operator"],
                    "CreditLine",
                    "draw",
                    (1, 2, self._loan_minor, _REVENUE_SHARE, plan, 0),
                ),
            ]
        )
        paid = self._held("supplier") - before
        self.report.loan = {"drawn": self._loan_minor, "paid to the supplier": paid}
        self.report.claim = [
            claim_line(
                party="supplier",
                how="sold to the bank",
                face=FACE - PASSED,
                received=price,
                at="discount",
            ),
            claim_line(
                party="lender", how="bought for that", face=FACE - PASSED, received=0, at="maturity"
            ),
            claim_line(
                party="factory", how="passed on to it", face=PASSED, received=0, at="maturity"
            ),
        ]
        with Session(self._engine) as session:
            name = PARTIES["lender"][0]
            known = KnownParticipant(
                account=Address(self.report.account), party="loan-1", name=name
            )
            session.merge(known)
            session.commit()

    def mature(self) -> None:
        """Close the due date: sweep revenue into the loan, pay the claim, and pay the rest of the loan."""
        lender = self._held("lender")
        money.instruct(self._engine, CloseDay(self._due, far=True))
        self._closed(self._due)
        swept = self._held("lender") - lender
        owed = self._client.call("CreditLine", "owed", 1, self._due)
        left = sum(owed[kind] for kind in ("costs", "penalty", "interest", "principal"))
        s = self._signers
        core = self._held("core")
        calls: list[_Call] = [(s["core"], "Receivables", "fund", (1, FACE))]
        if left:
            calls.append((s["operator"], "CreditLine", "repay", (1, left)))
        self._together(calls)
        self.report.claim_paid_minor = core - self._held("core")
        self._together([(s["core"], "Receivables", "collect", (list(self._parts()),))])
        received = self._held("lender") - lender
        for line in self.report.claim:
            if line["at"] == "maturity":
                line["received_minor"] = self._client.call(
                    "Receivables", "claimable", self._token, self.at(line["party"])
                )
        self._together(
            [
                (s[name], "Receivables", "withdraw", (self._token, self.at(name)))
                for name in ("lender", "factory")
            ]
        )
        loan = self._client.call("CreditLine", "loan", 1)
        line = self._client.call("CreditLine", "line", 1)
        self.report.loan |= {
            "swept from revenue": swept,
            "paid by the operator": received - swept,
            "principal repaid": loan["repaid"],
            "interest": loan["interestPaid"],
            "lender received": received,
            "outstanding": line["principal"],
        }
        last = _later(self._due, 1)
        money.instruct(self._engine, CloseDay(last))
        self._closed(last)

    # ---- parts

    def _leave(self, request: Request) -> None:
        """Leave an instruction for the oracle, without waiting."""
        key = f"demo:{request.kind}:{sha256(repr(request).encode()).hexdigest()}"
        with Session(self._engine) as session:
            ask(session, key, party="demo", request=request)
            session.commit()

    def _closed(self, day: int) -> None:
        """Wait until the closing of *day* has ended, and report how."""

        def ended() -> DayClose | None:
            with Session(self._engine.execution_options(reads_only=True)) as session:
                row = session.get(DayClose, day)
                session.expunge_all()
            return row if row is not None and row.status != "open" else None

        money.wait_for(f"the closing of {day}", lambda: ended() is not None, 120)
        row = ended()
        differences = (row.report or {}).get("differences", []) if row is not None else []
        status = row.status if row is not None else "open"
        self.report.days.append({"date": day, "status": status, "differences": differences})

    def _parts(self) -> range:
        """Every part of a claim that there has been."""
        return range(1, int(self._client.call("Receivables", "partCount")) + 1)

    def _held(self, name: str) -> int:
        return int(self._client.call("DepositToken", "balanceOf", self.at(name)))

    def _together(self, calls: Sequence[_Call]) -> None:
        """Send calls that do not depend on each other, and wait once for all."""
        client = self._client
        nonces: dict[str, int] = {}
        raws: list[bytes] = []
        for signer, contract, function, arguments in calls:
            at = nonces.get(signer.address, client.nonce(signer.address, "pending"))
            data = client.encode(contract, function, *arguments)
            to = client.address_of(contract)
            raws.append(
                signer.sign_transaction(
                    unsigned(client, sender=signer.address, to=to, data=data, nonce=at)
                )
            )
            nonces[signer.address] = at + 1
        for receipt, (_, contract, function, _) in zip(send_all(client, raws), calls, strict=True):
            if int(receipt["status"], 16) != 1:
                raise RuntimeError(f"{contract}.{function} failed")

    def _claim(self, kind: int, obligor: str, face: int) -> dict[str, Any]:
        said = f"{self._house.passphrase} {obligor} {face} {self._today}"
        return {
            "kind": kind,
            "obligor": self.at(obligor),
            "creditor": self.at("supplier"),
            "token": self._token,
            "face": face,
            "issueDate": self._today,
            "dueDate": self._due,
            "defaultDays": _DAYS,
            "invoice": sha256(said.encode()).digest(),
            "document": sha256(b"papers" + said.encode()).digest(),
            "tag": bytes(32),
        }

    def _line(self, evidence: bytes) -> dict[str, Any]:
        return {
            "borrower": self.at("operator"),
            "lender": self.at("lender"),
            "token": self._token,
            "limit": self._loan_minor,
            "validFrom": self._valid[0],
            "validUntil": self._valid[1],
            "ratePpm": RATE_PPM,
            "penaltyPpm": RATE_PPM // 2,
            "costsPpm": RATE_PPM,
            "lastDue": 20991231,
            "convention": _A_360,
            "graceDays": 3,
            "defaultDays": 90,
            "order": [0, 1, 2, 3],
            "purpose": evidence,
        }

    def _quote(self, part: int) -> dict[str, Any]:
        return {
            "part": part,
            "seller": self.at("supplier"),
            "buyer": self.at("lender"),
            "token": self._token,
            "unpaid": FACE - PASSED,
            "mostPrice": FACE - PASSED,
            "ratePpm": DISCOUNT_PPM,
            "convention": _A_360,
            "recourse": False,
            "nonce": 1,
            "deadline": _EVER,
        }


def _later(day: int, days: int) -> int:
    then = date(day // 10_000, day // 100 % 100, day % 100) + timedelta(days=days)
    return then.year * 10_000 + then.month * 100 + then.day
