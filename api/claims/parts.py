"""Parts of claims: who holds them, where each came from, and at what price it was sold."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from counterfoil.api.claims.reads import ClaimReads, PartOfClaim
from counterfoil.api.claims.routes import Root, claim_of
from counterfoil.api.http import problems
from counterfoil.api.http.context import PartsDep, SightDep
from counterfoil.api.http.paging import Cursor, Limit, Page, numbered, page_of
from counterfoil.api.http.wide import Wide

router = APIRouter(tags=["parts"], responses=problems.RESPONSES)

PartNumber = Annotated[int, Path(ge=1, le=2**53, examples=[21])]


class PartOut(BaseModel):
    """A part of a claim; `depth` counts how often it was passed on, `received` is the part that its holder got.

    Of `amount_minor` the obligor has paid `redeemed_minor` since the part was made. Of that, `waiting_minor` waits to
    be withdrawn by its holder, or in a pledge for the pledgee.
    """

    part: int = Field(examples=[21])
    root: int = Field(examples=[17])
    parent: int = Field(examples=[19])
    received: int = Field(examples=[21])
    depth: int = Field(examples=[2])
    holder: str
    amount_minor: Wide
    redeemed_minor: Wide
    waiting_minor: Wide = Field(examples=[0])
    recourse: bool
    demanded: bool
    live: bool
    pledgee: str | None = Field(examples=[None])
    offered_to: str | None = Field(examples=[None])
    offer_recourse: bool | None = Field(examples=[None])
    offer_expires: int | None = Field(examples=[None])
    block_number: int
    transaction_hash: str


class DiscountOut(BaseModel):
    """What a part was sold for: (amount × (basis − rate × time)) ÷ basis, rounded down; `rest` is left of it."""

    part: int = Field(examples=[21])
    amount_minor: Wide
    rate_ppm: int = Field(examples=[60_000])
    from_date: int = Field(examples=[20260105])
    to_date: int = Field(examples=[20260705])
    price_minor: Wide = Field(examples=[7_250])
    rest: str = Field(examples=["184000000"])
    transaction_hash: str


def part_out(part: PartOfClaim) -> PartOut:
    """Return *part* for JSON."""
    paid = part.paid_minor
    told = part.row.model_dump() | {
        "redeemed_minor": paid,
        "waiting_minor": paid - part.row.credited_minor,
    }
    return PartOut.model_validate(told)


@router.get("/v1/parts", summary="Parts that are held")
def list_held(
    parts: PartsDep, sight: SightDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[PartOut]:
    """Live parts that the asker holds, or has received as a pledge, by number."""
    return numbered(
        name="parts",
        cursor=cursor,
        limit=limit,
        fetch=lambda after, most: ClaimReads(parts.reads).held(sight, after, most),
        place=lambda part: part.row.part,
        show=part_out,
    )


@router.get("/v1/receivables/{root}/parts", summary="A claim's parts")
def list_parts(
    parts: PartsDep, sight: SightDep, root: Root, cursor: Cursor = None, limit: Limit = 50
) -> Page[PartOut]:
    """The obligor sees all. Others see their own parts, those these came from, and those that came next."""
    rows = ClaimReads(parts.reads).parts(sight, claim_of(parts, sight, root))
    return page_of(
        rows,
        name="claim-parts",
        place=lambda part: f"{part.row.part:020}",
        cursor=cursor,
        limit=limit,
        show=part_out,
    )


@router.get("/v1/parts/{part}", summary="One part")
def get_part(parts: PartsDep, sight: SightDep, part: PartNumber) -> PartOut:
    """A part by its number."""
    found = ClaimReads(parts.reads).part(sight, part)
    if found is None:
        raise problems.not_found("part")
    return part_out(found)


@router.get("/v1/parts/{part}/provenance", summary="Where a part came from")
def get_provenance(parts: PartsDep, sight: SightDep, part: PartNumber) -> Page[PartOut]:
    """The part, the one that it came from, and so on to the claim's first part."""
    found = ClaimReads(parts.reads).part(sight, part)
    if found is None:
        raise problems.not_found("part")
    seen = {part.row.part: part for part in ClaimReads(parts.reads).parts(sight, found.claim)}
    line = [found]
    while line[-1].row.parent in seen:
        line.append(seen[line[-1].row.parent])
    return Page(items=[part_out(part) for part in line])


@router.get("/v1/parts/{part}/discount", summary="What a part was sold for")
def get_discount(parts: PartsDep, sight: SightDep, part: PartNumber) -> DiscountOut:
    """For the buyer, the seller, and those who may see everything."""
    sold = ClaimReads(parts.reads).part(sight, part)
    discount = ClaimReads(parts.reads).discount(part) if sold is not None else None
    if sold is None or discount is None:
        raise problems.not_found("discount")
    bought = ClaimReads(parts.reads).parts(sight, sold.claim)
    sides = {sold.row.holder} | {p.row.holder for p in bought if p.row.parent == part}
    if not sight.everything and sight.account not in sides:
        raise problems.not_found("discount")
    return DiscountOut.model_validate(discount, from_attributes=True)
