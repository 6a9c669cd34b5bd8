"""Balances and withdrawals."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from counterfoil.api.cash.reads import CashReads
from counterfoil.api.http import problems
from counterfoil.api.http.context import PartsDep, SightDep
from counterfoil.api.http.paging import Cursor, Limit, Page, page_of, read_cursor, write_cursor
from counterfoil.api.http.wide import Wide
from counterfoil.api.projects.reads import ProjectReads

router = APIRouter(responses=problems.RESPONSES)


class BalanceOut(BaseModel):
    """What an account was credited by the split, has taken, and can take now."""

    account: str
    name: str
    credited_minor: Wide
    withdrawn_minor: Wide
    claimable_minor: Wide


class WithdrawalOut(BaseModel):
    """A withdrawal from the bank's token; `payment` is the bank's reference once it has paid."""

    id: int
    holder: str
    amount_minor: Wide
    payout_account: str
    payment: str | None
    block_number: int


@router.get("/v1/balances", summary="Balances", tags=["balances"])
def list_balances(
    parts: PartsDep, sight: SightDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[BalanceOut]:
    """The asker's own balance; everybody's for those who may see everything."""
    names = parts.directory.names()
    rows = [
        BalanceOut(
            account=row.account,
            name=names.get(row.account, ""),
            credited_minor=row.credited_minor,
            withdrawn_minor=row.withdrawn_minor,
            claimable_minor=row.credited_minor - row.withdrawn_minor,
        )
        for row in ProjectReads(parts.reads).balances(sight)
    ]
    return page_of(
        rows,
        name="balances",
        place=lambda row: row.account,
        cursor=cursor,
        limit=limit,
        show=lambda row: row,
    )


@router.get("/v1/withdrawals", summary="Withdrawals", tags=["withdrawals"])
def list_withdrawals(
    parts: PartsDep, sight: SightDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[WithdrawalOut]:
    """The asker's own withdrawals to the bank, the newest first."""
    below = int(read_cursor(cursor, "withdrawals", "0")) or None
    found = CashReads(parts.reads).payouts(sight, below, limit + 1)
    more = write_cursor("withdrawals", str(found[limit - 1].id)) if len(found) > limit else None
    items = [WithdrawalOut.model_validate(row, from_attributes=True) for row in found[:limit]]
    return Page(items=items, next=more)
