"""Reads the positions of loans, claims, pledges and swept revenue: the ledger names them, the chain has figures."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from counterfoil.chain.abi.enums import ClaimState
from counterfoil.chain.client import ChainClient
from counterfoil.oracle.ledger.credit_line import LineRow, LoanRow
from counterfoil.oracle.ledger.receivables import ClaimRow, PartRow, waiting_parts
from counterfoil.oracle.ledger.warehouse_receipts import PledgeRow
from counterfoil.oracle.rules.day.closing_plan import (
    ENDED_LOANS,
    ClaimPosition,
    LineCash,
    LoanPosition,
    PledgePosition,
)

_MOVING_CLAIMS = tuple(
    state.wire_name
    for state in (
        ClaimState.CONFIRMED,
        ClaimState.MATURED,
        ClaimState.OVERDUE,
        ClaimState.RECOURSE,
    )
)


class LedgerPositions:
    """Reads one ledger and its chain; no database transaction is open while the node is asked."""

    def __init__(self, engine: Engine, client: ChainClient) -> None:
        self._engine = engine.execution_options(reads_only=True)
        self._client = client

    def today(self) -> int:
        """The business date, 0 before the first."""
        return int(self._client.call("BusinessCalendar", "today"))

    def cash(self) -> list[LineCash]:
        """The money that waits for each line's loans."""
        with Session(self._engine) as session:
            lines = list(session.exec(select(LineRow.line).order_by(col(LineRow.line))))
        token = self._client.address_of("DepositToken")
        accounts = self._client.call_all("CreditLine", "accountOf", [(n,) for n in lines])
        owed = self._client.call_all("RevenueSplit", "claimable", [(token, a) for a in accounts])
        held = self._client.call_all("DepositToken", "balanceOf", [(a,) for a in accounts])
        return [LineCash(*row) for row in zip(lines, owed, held, strict=True)]

    def loans(self) -> list[LoanPosition]:
        """Open loans, and ended ones whose collateral may still be held."""
        with Session(self._engine) as session:
            rows = session.exec(
                select(LoanRow.loan, LoanRow.state)
                .where(col(LoanRow.state).not_in(ENDED_LOANS) | (col(LoanRow.collateral) != 0))
                .order_by(col(LoanRow.loan))
            ).all()
        loans = self._client.call_all("CreditLine", "loan", [(number,) for number, _ in rows])
        secured = [loan["collateral"] for loan in loans if loan["collateral"]]
        parts = dict(
            zip(
                secured,
                self._client.call_all("Receivables", "part", [(n,) for n in secured]),
                strict=True,
            )
        )
        found: list[LoanPosition] = []
        for (number, state), loan in zip(rows, loans, strict=True):
            part = parts.get(loan["collateral"])
            retained = part["redeemed"] - part["credited"] if part else 0
            spent = part is not None and part["redeemed"] == part["amount"] and not retained
            found.append(
                LoanPosition(
                    loan=number,
                    state=state,
                    accrued_to=loan["accruedTo"],
                    collateral=loan["collateral"],
                    retained_minor=retained,
                    is_spent=spent,
                )
            )
        return found

    def claims(self, date: int) -> list[ClaimPosition]:
        """Claims that are due by *date* and not settled or cancelled."""
        with Session(self._engine) as session:
            rows = session.exec(
                select(ClaimRow)
                .where(col(ClaimRow.state).in_(_MOVING_CLAIMS), ClaimRow.due_date <= date)
                .order_by(col(ClaimRow.root))
            ).all()
            return [
                ClaimPosition(
                    row.root,
                    row.kind,
                    row.state,
                    is_delivered=row.delivery is not None,
                    due_date=row.due_date,
                    default_days=row.default_days,
                )
                for row in rows
            ]

    def paid_claims(self) -> list[int]:
        """The claims on whose parts payments wait for their holders."""
        with Session(self._engine) as session:
            return list(dict.fromkeys(claim.root for _, claim in waiting_parts(session)))

    def waiting_on(self, root: int) -> list[int]:
        """The parts of one claim on which payments wait for their holders."""
        with Session(self._engine) as session:
            return [part.part for part, _ in waiting_parts(session, PartRow.root == root)]

    def pledges(self) -> list[PledgePosition]:
        """Open pledges, and whether they cover what is owed today."""
        with Session(self._engine) as session:
            query = select(PledgeRow.pledge).where(col(PledgeRow.is_open))
            numbers = list(session.exec(query.order_by(col(PledgeRow.pledge))))
        asked = [(number,) for number in numbers]
        covers = self._client.call_all("WarehouseReceipts", "coverage", asked)
        pledges = self._client.call_all("WarehouseReceipts", "pledgeOf", asked)
        standing = self._client.call_all("WarehouseReceipts", "standing", asked)
        return [
            PledgePosition(
                pledge=number,
                covers=covered,
                call_date=pledge["callDate"],
                call_days=pledge["callDays"],
                is_priced=is_priced,
                is_called=is_called,
            )
            for number, (_, _, covered), pledge, (is_priced, is_called) in zip(
                numbers, covers, pledges, standing, strict=True
            )
        ]
