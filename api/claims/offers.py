"""Offers of parts: made by their holders, to be accepted, rejected or left to expire."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from counterfoil.api.claims.reads import ClaimReads, PartOfClaim
from counterfoil.api.http import problems
from counterfoil.api.http.context import PartsDep, SightDep
from counterfoil.api.http.paging import Cursor, Limit, Page, numbered
from counterfoil.api.http.wide import Wide

router = APIRouter(tags=["offers"], responses=problems.RESPONSES)


class OfferOut(BaseModel):
    """A part that its holder offers; with `recourse` that holder is liable for it. `expires` is chain time.

    `unpaid_minor` is what is still owed on it: it shrinks with each payment until the offer is accepted.
    """

    part: int = Field(examples=[21])
    root: int = Field(examples=[17])
    holder: str
    offered_to: str = Field(examples=["0x90F79bf6EB2c4f870365E785982E1f101E93b906"])
    amount_minor: Wide
    unpaid_minor: Wide = Field(examples=[400_000])
    recourse: bool
    expires: Wide = Field(examples=[1_793_404_800])


def _out(part: PartOfClaim) -> OfferOut:
    row = part.row
    return OfferOut(
        part=row.part,
        root=row.root,
        holder=row.holder,
        offered_to=row.offered_to or "",
        amount_minor=row.amount_minor,
        unpaid_minor=row.amount_minor - part.paid_minor,
        recourse=bool(row.offer_recourse),
        expires=row.offer_expires or 0,
    )


@router.get("/v1/offers", summary="Offers")
def list_offers(
    parts: PartsDep, sight: SightDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[OfferOut]:
    """Offers made by or to the asker, by part. An expired offer stays until someone ends it."""
    return numbered(
        name="offers",
        cursor=cursor,
        limit=limit,
        fetch=lambda after, most: ClaimReads(parts.reads).offers(sight, after, most),
        place=lambda part: part.row.part,
        show=_out,
    )
