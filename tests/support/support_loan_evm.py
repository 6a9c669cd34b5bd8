"""A credit line on the shipped bytecode, in an EVM inside this process: one lender, one borrower, one supplier."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyrevm
from eth_utils import function_abi_to_4byte_selector, to_checksum_address
from support_evm import ADMIN, Evm, _function

from counterfoil.chain.abi.enums import ClaimKind, Plan, Role
from counterfoil.oracle.rules.loans.instalments import Instalment
from counterfoil.oracle.rules.loans.loan import LoanTerms

BORROWER, LENDER, SUPPLIER = (
    to_checksum_address("0x" + f"{n:040x}") for n in (0x2001, 0x2002, 0x2003)
)
_DECADE = 2**63
_LAST_SECOND = 253_402_300_799
"""Of the year 9999: old data and any date that a model chooses lie before it."""
_PLENTY = 10**36
_ROLES = (
    ("BusinessCalendar", Role.COMMITTEE, ("jump",)),
    ("CreditLine", Role.COMMITTEE, ("carry",)),
    ("CreditLine", Role.SUPERVISOR, ("decideCosts",)),
)


class LoanEvm(Evm):
    """The contracts that a loan needs, and the calls on them."""

    def __init__(self, today: int) -> None:
        super().__init__()
        self._evm.set_block_env(pyrevm.BlockEnv(timestamp=_LAST_SECOND))
        at = self.at
        self.deploy("BusinessCalendar", at["ConsortiumAccess"])
        self.deploy("ClaimTerms")
        self.deploy(
            "Receivables", at["ConsortiumAccess"], at["ParticipantRegistry"], at["BusinessCalendar"]
        )
        self.deploy("Instalments")
        self.deploy(
            "CreditLine",
            at["ConsortiumAccess"],
            at["ParticipantRegistry"],
            at["BusinessCalendar"],
            at["Receivables"],
        )
        for contract, role, functions in _ROLES:
            selectors = [function_abi_to_4byte_selector(_function(contract, f)) for f in functions]
            self.send("ConsortiumAccess", "setTargetFunctionRole", at[contract], selectors, role)
            self.send("ConsortiumAccess", "grantRole", role, ADMIN, 0)
        for ledger in ("Receivables", "CreditLine"):
            self.send("DepositToken", "addLedger", at[ledger])
        for account in (BORROWER, LENDER, SUPPLIER):
            self.send("ParticipantRegistry", "admit", account, 2**128 - 1, bytes(32))
            self.send("ParticipantRegistry", "certify", account, _DECADE, bytes(32))
        for number, account in enumerate((BORROWER, LENDER), start=1):
            self.send("DepositToken", "mint", account, _PLENTY, number.to_bytes(32, "big"))
            self.send("DepositToken", "approve", at["CreditLine"], _PLENTY, sender=account)
        self.orders = 0
        self.advance(today)

    def advance(self, date: int) -> None:
        """Make *date* the business date, however far ahead."""
        self.send("BusinessCalendar", "jump", self.ask("BusinessCalendar", "today"), date)

    def open_line(self, terms: LoanTerms, limit: int, valid: tuple[int, int]) -> int:
        """An active line of *terms*, whose supplier may be paid."""
        row = (
            BORROWER,
            LENDER,
            self.at["DepositToken"],
            limit,
            *valid,
            terms.rate_ppm,
            terms.penalty_ppm,
            terms.costs_ppm,
            99991231,
            int(terms.convention),
            terms.grace_days,
            terms.default_days,
            [int(d) for d in terms.order],
            bytes(32),
        )
        line: int = self.send("CreditLine", "applyFor", row, sender=BORROWER)
        self.send("CreditLine", "carry", line, 0, 1)
        self.send("CreditLine", "activate", line, sender=LENDER)
        self.send("CreditLine", "allowSupplier", line, SUPPLIER, True, sender=LENDER)
        return line

    def order(self, amount: int, today: int) -> int:
        """A purchase order that the borrower has confirmed."""
        self.orders += 1
        invoice = self.orders.to_bytes(32, "big")
        terms = (
            ClaimKind.ORDER,
            BORROWER,
            SUPPLIER,
            self.at["DepositToken"],
            amount,
            today,
            99991231,
            30,
            invoice,
            invoice,
            bytes(32),
        )
        root: int = self.send("Receivables", "draft", terms, sender=BORROWER)
        self.send("Receivables", "register", root, terms, sender=BORROWER)
        return root

    def draw(
        self, line: int, order: int, amount: int, plan: Plan, rows: Sequence[Instalment]
    ) -> int:
        """The borrower draws *amount* for *order*; the loan's id."""
        instalments = [(row.date, row.principal_minor) for row in rows]
        loan: int = self.send(
            "CreditLine", "draw", line, order, amount, int(plan), instalments, 0, sender=BORROWER
        )
        return loan

    def add_costs(self, loan: int, amount: int) -> None:
        """The lender states costs, the borrower disputes them, and the supervisor lets them stand."""
        self.send("CreditLine", "stateCosts", loan, amount, bytes(32), sender=LENDER)
        self.send("CreditLine", "disputeCosts", loan, bytes(32), sender=BORROWER)
        self.send("CreditLine", "decideCosts", loan, amount, bytes(32))

    def owed(self, loan: int, date: int) -> tuple[int, ...]:
        """(costs, penalty, interest, principal, due, missed) on *date*."""
        return tuple(self.ask("CreditLine", "owed", loan, date))

    def loan(self, loan: int) -> dict[str, Any]:
        """The loan's accounts by the names of the contract's struct."""
        components = _function("CreditLine", "loan")["outputs"][0]["components"]
        names = [component["name"] for component in components]
        return dict(zip(names, self.ask("CreditLine", "loan", loan), strict=True))

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What is sent inside is taken back."""
        before = self._evm.snapshot()
        try:
            yield
        finally:
            self._evm.revert(before)
