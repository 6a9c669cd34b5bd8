"""Shares in projects: who holds them, and what they have earned."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from counterfoil.api.access.sight import Sight
from counterfoil.api.http import problems
from counterfoil.api.http.context import ApiParts, PartsDep, ProjectName, SightDep
from counterfoil.api.http.paging import Cursor, Limit, Page, page_of
from counterfoil.api.http.wide import Wide
from counterfoil.api.shares.reads import ShareReads
from counterfoil.chain.hexadecimal import to_hex
from counterfoil.gateway.record.identity import on_chain_id
from counterfoil.oracle.ledger.project_share import ShareProject, claimable_minor

router = APIRouter(tags=["shares"], responses=problems.RESPONSES)


class ShareProjectOut(BaseModel):
    """A project's shares, at most `cap`; its split pays its investors to `account`.

    `per_share` is what one share has earned since the beginning and `carried` what does not divide, both in parts of
    2^-96 of a minor unit. Holders consent to new shares beside the `supply` that there are.
    """

    project: str = Field(description="Empty where its name is not known here.")
    project_hash: str
    token: str
    issuer: str = Field(examples=["0x90F79bf6EB2c4f870365E785982E1f101E93b906"])
    account: str
    cap: Wide = Field(examples=[20_000])
    supply: Wide = Field(examples=[10_000])
    issues: int = Field(examples=[1], description="How often shares were issued.")
    per_share: Wide = Field(examples=[950_737_950_171_172_051_122_527_404_032])
    carried: Wide = Field(examples=[0])
    received_minor: Wide = Field(examples=[120_007])
    paid_minor: Wide = Field(examples=[84_000])
    redemption_price_minor: Wide = Field(examples=[0])


class HoldingOut(BaseModel):
    """An account's shares; `claimable_minor` is what they have earned and it has not withdrawn."""

    holder: str
    shares: Wide = Field(examples=[1_000])
    claimable_minor: Wide


def _open(parts: ApiParts, sight: Sight) -> list[ShareProject]:
    """Return the projects whose shares the reader issues or holds."""
    me = sight.account
    return [
        row
        for row in ShareReads(parts.reads).share_projects()
        if sight.everything
        or row.issuer == me
        or any(h.holder == me for h in ShareReads(parts.reads).holdings(row.project_hash))
    ]


def _names(parts: ApiParts) -> dict[str, str]:
    return {p.project_hash: p.project for p in parts.directory.projects()}


@router.get("/v1/shares", summary="Projects with shares")
def list_shares(
    parts: PartsDep, sight: SightDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[ShareProjectOut]:
    """Projects whose shares the asker issues or holds."""
    names = _names(parts)
    return page_of(
        rows=_open(parts, sight),
        name="shares",
        place=lambda row: row.project_hash,
        cursor=cursor,
        limit=limit,
        show=lambda row: ShareProjectOut(
            **row.model_dump(), project=names.get(row.project_hash, "")
        ),
    )


@router.get("/v1/shares/{project}/holdings", summary="Who holds a project's shares")
def list_holdings(
    parts: PartsDep,
    sight: SightDep,
    project: ProjectName,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[HoldingOut]:
    """The issuer sees all, others their own."""
    wanted = to_hex(on_chain_id(project))
    row = next((r for r in _open(parts, sight) if r.project_hash == wanted), None)
    if row is None:
        raise problems.not_found("project with shares")
    me = sight.account
    everyones = sight.everything or row.issuer == me

    return page_of(
        rows=[
            h
            for h in ShareReads(parts.reads).holdings(row.project_hash)
            if everyones or h.holder == me
        ],
        name="holdings",
        place=lambda held: held.holder,
        cursor=cursor,
        limit=limit,
        show=lambda held: HoldingOut(
            holder=held.holder, shares=held.shares, claimable_minor=claimable_minor(row, held)
        ),
    )
