"""Orders: claims that are owed once their goods are delivered. Writes are those of claims, and the delivery."""

from __future__ import annotations

from fastapi import APIRouter

from counterfoil.api.claims.routes import ClaimOut, State, list_claims
from counterfoil.api.http import problems
from counterfoil.api.http.context import PartsDep, SightDep
from counterfoil.api.http.paging import Cursor, Limit, Page
from counterfoil.chain.abi.enums import ClaimKind

router = APIRouter(tags=["orders"], responses=problems.RESPONSES)


@router.get("/v1/orders", summary="Orders")
def list_orders(
    parts: PartsDep, sight: SightDep, state: State = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[ClaimOut]:
    """Orders that the asker placed, took, or holds a part of. A single order is read at `/receivables/{root}`."""
    return list_claims(
        parts,
        sight,
        name="orders",
        kinds=(ClaimKind.ORDER.wire_name,),
        state=state,
        cursor=cursor,
        limit=limit,
    )
