"""Parties by name or account, so that a claim or an offer can name them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from counterfoil.api.access.auth import now_ms
from counterfoil.api.access.parties import party_key
from counterfoil.api.http import problems
from counterfoil.api.http.context import PartsDep, PrincipalDep

router = APIRouter(tags=["parties"], responses=problems.RESPONSES)


class PartyOut(BaseModel):
    """A participant; `active` says whether it may take on business now."""

    party: str = Field(examples=["northfield"])
    account: str
    name: str = Field(examples=["Northfield Machines"])
    active: bool


@router.get("/v1/parties/{party}", summary="One party")
def get_party(
    parts: PartsDep,
    _: PrincipalDep,
    party: Annotated[str, Path(min_length=1, max_length=64, examples=["northfield"])],
) -> PartyOut:
    """The asker must know the name or the account: only those who may see everything get a list."""
    wanted = party_key(party)
    for known, entry in parts.directory.participants():
        if wanted in (party_key(known.party), known.account):
            certified = entry is not None and entry.certified_until > now_ms() // 1000
            return PartyOut(
                party=known.party,
                account=known.account,
                name=known.name,
                active=certified and entry is not None and not entry.frozen,
            )
    raise problems.not_found("party")
