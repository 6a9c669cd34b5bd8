"""Every invoice of a file as a claim on an embedded chain, from its registration to what is left of it.

Rules that this module keeps:

- The creditors register in batches. The obligor confirms in batches, and pays each claim what the file says was paid.
  Every transaction goes through a durable lane, so that a run over the same folder goes on where it stopped.
- The report is read back from the chain, claim by claim, and compared with the rows.
- Names stay off the chain: a claim carries salted commitments. The vendors share a few accounts, each vendor always
  the same one: an account for each would measure the registry, not the claims.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Engine
from sqlmodel import Session, select

from counterfoil.chain.abi.enums import ClaimKind, ClaimState
from counterfoil.chain.client import ChainClient
from counterfoil.chain.consortium import ACCOUNT_ROLES, Consortium
from counterfoil.chain.deployment import deploy
from counterfoil.chain.deployment_file import Deployment
from counterfoil.chain.errors import RpcRefused
from counterfoil.chain.keys.signer import LocalSigner
from counterfoil.chain.nodes.embedded import EmbeddedNode, start_node
from counterfoil.chain.sender import Sender
from counterfoil.chain.tables import TransactionRow
from counterfoil.chain.transaction_queue import FAILED, enqueue
from counterfoil.fault import Code
from counterfoil.gateway.formats.invoices_csv import Invoice, InvoiceFile
from counterfoil.invoices.report import InvoiceReport
from counterfoil.oracle.registrar import bits_of
from counterfoil.oracle.store.database import open_database

CREDITORS = 8
REGISTER_BATCH, CONFIRM_BATCH, FUND_BATCH = 40, 200, 100
_OBLIGOR = len(ACCOUNT_ROLES)
_DEFAULT_DAYS = 30
_BLOCK_GAS = 4_000_000_000
_STALL_S = 300.0
_REGISTER_GAS, _FUND_GAS, _GAS_MORE = 200_000, 100_000, 200_000
"""The most gas of a claim registered, of a payment, and of a transaction besides."""
_FOREVER = 4_000_000_000

Say = Callable[[str], None]
Call = tuple[LocalSigner, str, str, bytes, int | None]
"""Signer, business key, contract's address, call data, and the most gas that it needs."""


class RunFailed(Exception):
    """A transaction of the run was refused."""

    code = Code("invoice.run_refused")
    to_do = (
        "Read the contract's code in the detail; run the command again once it is put right: "
        "what is done stays done."
    )


def run_invoices(file: InvoiceFile, folder: Path, say: Say) -> InvoiceReport:
    """Run *file* over a chain in *folder*, and return the report.

    Raises:
        EditionDiffers: *folder* holds another edition of the ledger; nothing in it was touched.
    """
    # Thousands of transactions succeed: only warnings are worth a line.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    if (folder / "deployment.json").exists():
        Deployment.read(folder / "deployment.json")
    node = start_node("anvil", folder / "node", block_time_s=0.5, keeps_history=False)
    try:
        return _Run(node, folder, file, say).all()
    finally:
        node.stop()


class _Run:
    def __init__(self, node: EmbeddedNode, folder: Path, file: InvoiceFile, say: Say) -> None:
        self._say = say
        self._file = file
        signers = [LocalSigner(node.account(n)) for n in range(_OBLIGOR + 1 + CREDITORS)]
        self._roles = dict(zip(ACCOUNT_ROLES, signers, strict=False))
        self._obligor, self._creditors = signers[_OBLIGOR], signers[_OBLIGOR + 1 :]
        self._client = ChainClient(node.rpc_url)
        # A transaction that no longer fits into a block waits in anvil until another one is sent.
        self._client.rpc("evm_setBlockGasLimit", hex(_BLOCK_GAS))
        at = {role: signer.address for role, signer in self._roles.items()}
        consortium = Consortium(
            registrar=at["registrar"],
            oracle=at["oracle"],
            bank=at["bank"],
            supervisor=at["supervisor"],
            committee=at["committee"],
            guardian=at["guardian"],
            signers=[at["oracle"]],
            currency="USD",
        )
        say("contracts")
        deploy(
            self._client,
            admin=self._roles["admin"],
            consortium=consortium,
            path=folder / "deployment.json",
        )
        self._engine: Engine = open_database(f"sqlite:///{folder / 'invoices.db'}")
        self._salt = _salt(folder / "salt")
        self._senders: dict[str, Sender] = {}

    def all(self) -> InvoiceReport:
        """Take every invoice from its registration to its settlement, and return the report."""
        file = self._file
        report = InvoiceReport(
            rows=file.rows,
            invoices=len(file.invoices),
            set_aside=file.reasons,
            notices=file.notices,
            file_total_minor=file.file_total_minor,
            file_amount_minor=file.amount_minor,
            file_settled_minor=file.settled_minor,
            file_standings=file.standings,
        )
        self._set_up()
        self._timed(report, "register", self._registrations())
        roots = self._roots()
        self._timed(report, "confirm", self._confirmations(roots))
        self._timed(report, "settle", self._payments(roots))
        self._send(self._collections(roots))
        self._send(self._withdrawals())
        with self._still():
            self._read_back(report, roots)
        spent = sum(report.seconds.values())
        report.invoices_a_second = {
            name: round(len(file.invoices) / max(seconds, 1e-9), 1)
            for name, seconds in (report.seconds | {"all": spent}).items()
        }
        return report

    # ---- the steps

    def _set_up(self) -> None:
        """Admit the participants, give the obligor money and the claims their allowance, and set the first date."""
        token = self._client.address_of("DepositToken")
        claims = self._client.address_of("Receivables")
        people = [self._obligor, *self._creditors]
        registrar, bank = self._roles["registrar"], self._roles["bank"]
        calls = [
            self._call(
                registrar,
                f"admit:{n}",
                "ParticipantRegistry",
                "admit",
                p.address,
                bits_of(("supplier",)),
                _32(n),
            )
            for n, p in enumerate(people, start=1)
        ]
        self._send(calls)
        due = self._file.settled_minor
        calls = [
            self._call(
                registrar,
                f"certify:{n}",
                "ParticipantRegistry",
                "certify",
                p.address,
                _FOREVER,
                _32(n),
            )
            for n, p in enumerate(people, start=1)
        ]
        self._send(calls)
        if due:
            mint = (self._obligor.address, due, _32(1))
            self._send([self._call(bank, "mint", "DepositToken", "mint", *mint)])
        allow = (claims, 2**255)
        self._send([self._call(self._obligor, "allow", "DepositToken", "approve", *allow)])
        first = min((i.issue_date for i in self._file.invoices), default=20110101)
        oracle = self._roles["oracle"]
        self._send([self._call(oracle, "date", "BusinessCalendar", "advance", first)])
        self._token = token

    def _registrations(self) -> list[Call]:
        by_creditor: dict[int, list[Invoice]] = {}
        for invoice in self._file.invoices:
            by_creditor.setdefault(self._creditor(invoice), []).append(invoice)
        calls: list[Call] = []
        for number, invoices in sorted(by_creditor.items()):
            for batch in _pieces(invoices, REGISTER_BATCH):
                terms = [self._terms(invoice, number) for invoice in batch]
                key = f"register:{batch[0].row}"
                signer = self._creditors[number]
                call = self._call(signer, key, "Receivables", "registerBatch", terms)
                calls.append((*call[:4], _GAS_MORE + _REGISTER_GAS * len(batch)))
        return calls

    def _confirmations(self, roots: dict[int, int]) -> list[Call]:
        return [
            self._call(self._obligor, f"confirm:{batch[0]}", "Receivables", "confirm", batch)
            for batch in _pieces(sorted(roots.values()), CONFIRM_BATCH)
        ]

    def _payments(self, roots: dict[int, int]) -> list[Call]:
        paid = [invoice for invoice in self._file.invoices if invoice.settled_minor]
        calls: list[Call] = []
        for batch in _pieces(paid, FUND_BATCH):
            numbers = [roots[invoice.row] for invoice in batch]
            amounts = [invoice.settled_minor for invoice in batch]
            key = f"fund:{batch[0].row}"
            call = self._call(self._obligor, key, "Receivables", "fundBatch", numbers, amounts)
            calls.append((*call[:4], _GAS_MORE + _FUND_GAS * len(batch)))
        return calls

    def _collections(self, roots: dict[int, int]) -> list[Call]:
        """Credit the creditors with what was paid on their claims, each of which is held whole."""
        paid = [(roots[i.row],) for i in self._file.invoices if i.settled_minor]
        with self._still():
            claims = self._client.call_all("Receivables", "claim", paid)
        return [
            self._call(self._obligor, f"collect:{batch[0]}", "Receivables", "collect", batch)
            for batch in _pieces([claim["whole"] for claim in claims], CONFIRM_BATCH)
        ]

    def _withdrawals(self) -> list[Call]:
        asked = [(self._token, creditor.address) for creditor in self._creditors]
        with self._still():
            owed = self._client.call_all("Receivables", "claimable", asked)
        return [
            self._call(creditor, f"withdraw:{n}", "Receivables", "withdraw", *asked[n])
            for n, creditor in enumerate(self._creditors)
            if owed[n]
        ]

    def _roots(self) -> dict[int, int]:
        """The claims' numbers by their invoices' rows, as the chain's events have them."""
        with self._still():
            events = self._client.events(["Receivables"], 0, self._client.latest().number)
        by_invoice = {
            event.values["terms"]["invoice"]: event.values["root"]
            for event in events
            if event.name == "ClaimDrafted"
        }
        return {i.row: by_invoice[self._name(i)] for i in self._file.invoices}

    def _read_back(self, report: InvoiceReport, roots: dict[int, int]) -> None:
        """Compare each claim, as the chain holds it, with its row."""
        self._say("every claim is read back and compared with its row")
        invoices = self._file.invoices
        claims = self._client.call_all("Receivables", "claim", [(roots[i.row],) for i in invoices])
        standings: Counter[str] = Counter()
        for invoice, claim in zip(invoices, claims, strict=True):
            face, paid = claim["face"], claim["redeemed"]
            report.registered += 1
            report.registered_minor += face
            report.settled_minor += paid
            report.outstanding_minor += face - paid
            is_settled = claim["state"] == ClaimState.SETTLED
            standing = "paid" if is_settled else "part_paid" if paid else "open"
            standings[standing] += 1
            if (face, paid, standing) != (
                invoice.amount_minor,
                invoice.settled_minor,
                invoice.standing,
            ):
                report.differing_rows.append(invoice.row)
        report.standings = {name: standings[name] for name in ("paid", "part_paid", "open")}
        held = self._client.call_all(
            "DepositToken", "balanceOf", [(creditor.address,) for creditor in self._creditors]
        )
        report.withdrawn_minor = sum(held)
        with Session(self._engine) as session:
            used = session.exec(select(TransactionRow.gas_used)).all()
        report.transactions, report.gas = len(used), sum(gas or 0 for gas in used)

    # ---- parts

    @contextmanager
    def _still(self) -> Iterator[None]:
        """No block is made meanwhile: a node without history can be asked about the newest block only."""
        self._client.rpc("evm_setIntervalMining", 0)
        try:
            yield
        finally:
            self._client.rpc("evm_setIntervalMining", 1)

    def _creditor(self, invoice: Invoice) -> int:
        return sha256(invoice.vendor.encode()).digest()[0] % CREDITORS

    def _name(self, invoice: Invoice) -> bytes:
        """The invoice's name on chain: SHA-256 of salt, vendor, number (its row) and amount."""
        said = f"{invoice.vendor}\0{invoice.row}\0{invoice.amount_minor}"
        return sha256(self._salt + said.encode()).digest()

    def _terms(self, invoice: Invoice, creditor: int) -> dict[str, Any]:
        papers = f"{invoice.vendor}\0{invoice.description}\0{invoice.row}"
        return {
            "kind": ClaimKind.RECEIVABLE,
            "obligor": self._obligor.address,
            "creditor": self._creditors[creditor].address,
            "token": self._token,
            "face": invoice.amount_minor,
            "issueDate": invoice.issue_date,
            "dueDate": invoice.due_date,
            "defaultDays": _DEFAULT_DAYS,
            "invoice": self._name(invoice),
            "document": sha256(self._salt + papers.encode()).digest(),
            "tag": bytes(32),
        }

    def _call(
        self, signer: LocalSigner, key: str, contract: str, function: str, *arguments: Any
    ) -> Call:
        data = self._client.encode(contract, function, *arguments)
        return signer, key, self._client.address_of(contract), data, None

    def _timed(self, report: InvoiceReport, name: str, calls: Sequence[Call]) -> None:
        self._say(f"{name}: {len(calls):,} transactions")
        began = time.monotonic()
        self._send(calls)
        report.seconds[name] = round(time.monotonic() - began, 2)

    def _send(self, calls: Sequence[Call]) -> None:
        """Enqueue *calls* and return once all have taken effect. Raises RunFailed when one is refused."""
        with Session(self._engine) as session:
            for signer, key, to, data, gas in calls:
                enqueue(
                    session, signer=signer.address, key=f"invoices:{key}", to=to, data=data, gas=gas
                )
            session.commit()
        for signer in {signer.address: signer for signer, *_ in calls}.values():
            if signer.address not in self._senders:
                self._senders[signer.address] = Sender(
                    self._engine, self._client, signer, stall_s=_STALL_S
                )
        lanes = [self._senders[address] for address in {signer.address for signer, *_ in calls}]
        while lanes:
            lanes = [lane for lane in lanes if _goes_on(lane)]
            time.sleep(0.05)
        keys = {f"invoices:{key}" for _, key, *_ in calls}
        with Session(self._engine.execution_options(reads_only=True)) as session:
            refused = session.exec(select(TransactionRow).where(TransactionRow.status == FAILED))
            # Only these calls: what was refused before them has been said.
            failed = next((row for row in refused if row.idempotency_key in keys), None)
        if failed is not None:
            raise RunFailed(f"{failed.idempotency_key}: {failed.error_detail}")


def _goes_on(lane: Sender) -> bool:
    """Take a lane one step further; return whether it has more to do. A call that fails at a new block is repeated."""
    try:
        return lane.step()
    except RpcRefused:
        return True


def _salt(path: Path) -> bytes:
    """The run's secret, made once and kept beside its chain."""
    if not path.exists():
        path.write_bytes(secrets.token_bytes(32))
        path.chmod(0o600)
    return path.read_bytes()


def _pieces(items: Sequence[Any], most: int) -> list[list[Any]]:
    return [list(items[start : start + most]) for start in range(0, len(items), most)]


def _32(number: int) -> bytes:
    return number.to_bytes(32, "big")
