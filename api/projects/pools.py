"""Pools of investors: who has which share, and what it can take."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from counterfoil.api.access.sight import Sight
from counterfoil.api.http import problems
from counterfoil.api.http.context import ApiParts, PartsDep, SightDep
from counterfoil.api.http.paging import Cursor, Limit, Page, page_of
from counterfoil.api.http.wide import Wide
from counterfoil.api.projects.pool_reads import PoolReads, SeenPool, SeenShare
from counterfoil.chain.hexadecimal import HEX_ADDRESS

router = APIRouter(tags=["projects"], responses=problems.RESPONSES)


class PoolOut(BaseModel):
    """A pool: what was ever paid to its account is its investors', each by its weight.

    Terms can name it when it is `complete`.
    """

    pool: str = Field(examples=["0x90f79bf6eb2c4f870365e785982e1f101e93b906"])
    project: str
    investors: int = Field(examples=[3])
    weights: Wide = Field(examples=[100])
    complete: bool
    paid_minor: Wide = Field(examples=[176_638])


class PoolShareOut(BaseModel):
    """An investor's share: earned less taken is what it can take now."""

    account: str
    name: str
    weight: Wide = Field(examples=[50])
    earned_minor: Wide = Field(examples=[88_319])
    taken_minor: Wide = Field(examples=[0])
    claimable_minor: Wide


def _out(pool: SeenPool) -> PoolOut:
    return PoolOut(
        pool=pool.pool,
        project=pool.project,
        investors=pool.investors,
        weights=pool.weights,
        complete=pool.is_complete,
        paid_minor=pool.paid_minor,
    )


def _pool(parts: ApiParts, sight: Sight, account: str) -> SeenPool:
    for pool in PoolReads(parts.reads).pools(sight, account):
        return pool
    raise problems.not_found("pool")


@router.get("/v1/pools", summary="Pools of investors")
def list_pools(
    parts: PartsDep, sight: SightDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[PoolOut]:
    """Pools of projects that the asker runs, and those in which it has a share."""
    return page_of(
        PoolReads(parts.reads).pools(sight, own_shares=True),
        name="pools",
        place=lambda pool: pool.pool,
        cursor=cursor,
        limit=limit,
        show=_out,
    )


@router.get("/v1/pools/{pool}/shares", summary="Its investors")
def list_pool_shares(
    parts: PartsDep,
    sight: SightDep,
    pool: Annotated[
        str, Path(pattern=HEX_ADDRESS, examples=["0x90f79bf6eb2c4f870365e785982e1f101e93b906"])
    ],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[PoolShareOut]:
    """In the list's order: all of them for those who run the project, the asker's own for others."""
    names = parts.directory.names()

    def show(row: tuple[int, SeenShare]) -> PoolShareOut:
        share = row[1]
        return PoolShareOut(
            account=share.account,
            name=names.get(share.account, ""),
            weight=share.weight,
            earned_minor=share.earned_minor,
            taken_minor=share.taken_minor,
            claimable_minor=share.earned_minor - share.taken_minor,
        )

    return page_of(
        list(enumerate(_pool(parts, sight, pool).shares)),
        name="pool-shares",
        place=lambda row: f"{row[0]:010}",
        cursor=cursor,
        limit=limit,
        show=show,
    )
