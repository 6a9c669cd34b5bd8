"""One of everything for two parties who have nothing in common, and the files of one bank: for the table of roles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlmodel import Session
from support_api import ACCOUNTS, Site
from support_world import DEVICES

from counterfoil.api.store.tables import ApiProposal
from counterfoil.chain.address import Address
from counterfoil.gateway.record.identity import on_chain_id
from counterfoil.gateway.store.gateway_store import open_store
from counterfoil.gateway.store.tables import RefusedRecord
from counterfoil.oracle.ledger.credit_line import LineRow, LineSweep, LoanPayment, LoanRow
from counterfoil.oracle.ledger.deposit_token import Payout
from counterfoil.oracle.ledger.project_share import ShareHolding, ShareProject
from counterfoil.oracle.ledger.receivables import ClaimFunding, ClaimRow, PartRow
from counterfoil.oracle.ledger.revenue_split import Balance, PoolRow, PoolShare
from counterfoil.oracle.ledger.settlement import DiscountRow
from counterfoil.oracle.ledger.warehouse_receipts import PledgeRow, WarehouseReceiptRow
from counterfoil.oracle.store.alarm_table import AlarmRow
from counterfoil.oracle.store.bank_tables import (
    BankAccount,
    BankLine,
    BankStatement,
    PayoutFile,
    StatementEntryRow,
)
from counterfoil.oracle.store.day_tables import DayClose
from counterfoil.oracle.store.directory_tables import KnownParticipant
from counterfoil.oracle.store.instruction_table import Instruction

NOTHING = "0x" + "00" * 32
DAY = 20220831


@dataclass(frozen=True)
class Party:
    """One of the two, and the names of what is its own: *number* is that of its claim, line, loan, receipt …"""

    name: str
    project: str
    device: str
    label: str
    number: int

    @property
    def account(self) -> Address:
        """Its account."""
        return ACCOUNTS[self.name]

    def digest(self, of: str) -> str:
        """A 32-byte name of its own."""
        return "0x" + sha256(f"{of} of {self.name}".encode()).hexdigest()

    @property
    def pool(self) -> Address:
        """A pool of investors in its project, of which it has the only share."""
        return Address(sha256(f"pool of {self.name}".encode()).digest()[:20])


PARTIES = (
    Party("lakeside", "lakeside-vending", DEVICES[0], "BSQ Mall x1364", 7_000_001),
    Party("harbour", "harbour-snacks", DEVICES[4], "GuttenPlans x1367", 7_000_002),
)


def plant(site: Site, token: Address, bank: Address) -> None:
    """Give each of the two its own of everything, and the token's bank its files."""
    with Session(site.oracle) as session:
        for party in PARTIES:
            session.add_all(_owned(party, token))
        session.add_all(_files())
        session.add(KnownParticipant(party="bank", account=bank, name="The token's bank"))
        rival = Address(sha256(b"rival").digest()[:20])
        session.add(KnownParticipant(party="rival", account=rival, name="Another bank"))
        session.commit()
    gateway = open_store(site.settings.gateway_url)
    with Session(gateway.engine) as session:
        for party in PARTIES:
            session.add(
                RefusedRecord(
                    device=party.device,
                    raw=party.device.encode(),
                    code="gap",
                    detail="a number is missing",
                    received_ms=2,
                    peer="tls",
                )
            )
        session.commit()
    gateway.engine.dispose()


def _owned(party: Party, token: Address) -> Iterator[object]:
    me, n = party.account, party.number
    other = Address(sha256(f"partner of {party.name}".encode()).digest()[:20])
    block: dict[str, Any] = {"block_number": 3_000}
    at = {"transaction_hash": NOTHING, **block}
    paid = {"transaction_hash": party.digest("funding"), "log_index": 1, "date": DAY}
    yield AlarmRow(code="record.equivocation", detail="two", device=party.device, raised_ms=1)
    yield Payout(id=n, holder=me, amount_minor=5, payout_account=NOTHING, **block)
    yield ClaimRow(
        root=n,
        kind="order",
        state="confirmed",
        obligor=me,
        creditor=other,
        token=token,
        face_minor=1_000,
        issue_date=20220801,
        due_date=20221001,
        default_days=30,
        invoice=NOTHING,
        document=NOTHING,
        tag=NOTHING,
        **at,
    )
    yield PartRow(
        part=n,
        root=n,
        parent=0,
        holder=me,
        amount_minor=500,
        offered_to=other,
        offer_recourse=True,
        offer_expires=2_000_000_000,
        **at,
    )
    yield ClaimFunding(root=n, payer=me, amount_minor=1, redeemed_minor=n, **paid)
    yield DiscountRow(
        part=n,
        amount_minor=500,
        rate_ppm=1,
        from_date=DAY,
        to_date=20221001,
        price_minor=n,
        rest="0",
        transaction_hash=NOTHING,
    )
    yield LineRow(
        line=n,
        state="active",
        borrower=me,
        lender=other,
        token=token,
        limit_minor=1_000,
        valid_from=20220801,
        valid_until=20230801,
        rate_ppm=108_000,
        penalty_ppm=0,
        convention="A/360",
        grace_days=3,
        default_days=90,
        repayment_order=["costs", "penalty", "interest", "principal"],
        purpose=NOTHING,
        votes=[],
        suppliers=[],
        **block,
    )
    yield LineSweep(line=n, amount_minor=n, returned_minor=0, **paid)
    yield LoanRow(
        loan=n, line=n, state="current", plan="bullet", instalments=[[20221001, 5]], **block
    )
    debts = {"costs_minor": 1, "penalty_minor": 1, "interest_minor": 1, "principal_minor": n}
    yield LoanPayment(loan=n, payer=me, **debts, **paid)
    yield WarehouseReceiptRow(
        receipt=n,
        state="verified",
        warehouse=other,
        holder=me,
        quantity=5,
        goods=NOTHING,
        **block,
    )
    yield PledgeRow(pledge=n, loan=n, pledgee=other, ltv_basis_points=7_000, **block)
    project = "0x" + on_chain_id(party.project).hex()
    if party.name != "lakeside":  # lakeside's shares are there already
        yield ShareProject(
            project_hash=project, token=token, issuer=me, account=other, cap=60, supply=30
        )
    yield ShareHolding(project_hash=project, holder=me, shares=10)
    yield PoolRow(
        account=party.pool, project_hash=project, investors=1, weights=1, is_complete=False
    )
    yield PoolShare(pool=party.pool, account=me, place=0, weight=1, before=0, taken_minor=0)
    yield Balance(account=party.pool, credited_minor=n, withdrawn_minor=0)
    for kind in ("deal", "quote"):
        yield ApiProposal(
            digest=party.digest(kind),
            kind=kind,
            terms=_terms(kind, party, other, token),
            parties=[me],
            signatures={},
            deadline=2_000_000_000,
            created_ms=n,
        )
    yield Instruction(
        id=n,
        idempotency_key=f"api:{party.name}:planted",
        party=party.name,
        kind="sign_digest",
        payload={},
        status="done",
        result={"signature": party.digest("signature")},
        created_ms=1,
        finished_ms=2,
    )
    yield StatementEntryRow(
        entry_hash=party.digest("entry"),
        statement="2022-08-31/1",
        reference=f"E2E of {party.name}",
        project=party.project,
        business_date=DAY,
        amount_minor=5,
        currency="USD",
        transaction_id=n,
    )


def _terms(kind: str, party: Party, other: Address, token: Address) -> dict[str, Any]:
    """What the contract takes as a deal's or a quote's terms."""
    ends = {"nonce": party.number, "deadline": 2_000_000_000}
    if kind == "deal":
        leg = {"asset": 4, "from": party.account, "to": other, "id": NOTHING}
        return {"legs": [{**leg, "amount": 1, "supply": 0, "recourse": False}], **ends}
    sides = {"seller": other, "buyer": party.account, "token": token}
    price = {"unpaid": 1, "mostPrice": 1, "ratePpm": 1, "convention": 0, "recourse": False}
    return {"part": party.number, **sides, **price, **ends}


FILES = 7_000_009
"""The number of what the bank has."""


def _files() -> Iterator[object]:
    yield BankAccount(
        account="BANKS-ACCOUNT", currency="USD", name="Bank", project="lakeside-vending"
    )
    yield BankStatement(
        id=FILES,
        account="BANKS-ACCOUNT",
        identification="S-1",
        currency="USD",
        document_hash="x",
        taken_ms=1,
    )
    yield BankLine(
        id=FILES,
        statement_id=FILES,
        position=0,
        reference="BANKS-REFERENCE",
        amount_minor=5,
        currency="USD",
        booked=DAY,
        outcome="waiting",
    )
    yield PayoutFile(
        id=FILES,
        message="CF-BANKS",
        account="BANKS-ACCOUNT",
        currency="USD",
        execution_date=DAY,
        payouts=1,
        total_minor=7,
        document=b"<Document>BANKS-ACCOUNT</Document>",
        document_hash="x",
        made_ms=1,
    )
    yield DayClose(
        date=DAY,
        status="differs",
        phase="done",
        asked_by="t",
        started_ms=1,
        report={"differences": [{"code": "day.bank_line_set_aside", "is": "BANKS-REFERENCE"}]},
    )
