"""Claims: receivables, payables and orders, what was paid towards them, and how their obligor confirms them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from counterfoil.api.access.auth import Role
from counterfoil.api.access.sight import Sight
from counterfoil.api.claims.reads import ClaimReads
from counterfoil.api.claims.terms import terms_of
from counterfoil.api.documents.opened import OpenedOut, opened
from counterfoil.api.http import problems, typed_data
from counterfoil.api.http.chain_calls import client_of, refusable
from counterfoil.api.http.context import ApiParts, PartsDep, PrincipalDep, SightDep
from counterfoil.api.http.paging import Cursor, Limit, Page, numbered, page_of
from counterfoil.api.http.typed_data import TypedDataOut
from counterfoil.api.http.wide import Wide
from counterfoil.api.instructions.operation import ChainTime
from counterfoil.chain.abi.enums import ClaimKind, ClaimStateName
from counterfoil.chain.hexadecimal import to_hex
from counterfoil.oracle.ledger.receivables import ClaimRow

router = APIRouter(tags=["receivables"], responses=problems.RESPONSES)
Root = Annotated[int, Path(ge=1, le=2**53, examples=[17])]
State = Annotated[
    ClaimStateName | None, Query(description="Only claims in this state.", examples=["confirmed"])
]


class ClaimOut(BaseModel):
    """A claim by its terms; `invoice` and `document` are commitments, opened for its parties by its own page.

    Of `redeemed_minor`, `set_off_minor` was paid on the invoice before, under another claim.

    `tag` is what the claim is known by beyond this ledger; zeros for none.
    """

    root: int = Field(examples=[17])
    kind: str = Field(examples=["payable"])
    state: str = Field(examples=["confirmed"])
    obligor: str
    creditor: str
    token: str
    face_minor: Wide
    redeemed_minor: Wide
    set_off_minor: Wide = Field(examples=[0])
    issue_date: int = Field(examples=[20260105])
    due_date: int = Field(examples=[20260705])
    default_days: int = Field(examples=[30])
    invoice: str
    document: str
    tag: str = Field(examples=[to_hex(bytes(32))])
    delivery: str | None = Field(examples=[to_hex(b"\x5c" * 32)])
    disputed: bool
    dispute_reason: str | None = Field(examples=[None])
    dispute_outcome: str | None = Field(examples=[None])
    block_number: int
    transaction_hash: str


class ClaimWholeOut(ClaimOut):
    """A claim with the fields behind its commitments (`invoice`, `document`, …), for its parties alone."""

    opened: dict[str, OpenedOut] = Field(examples=[{}])


class FundingOut(BaseModel):
    """What was paid towards a claim on a business date; `redeemed_minor` is all that had been paid by then."""

    date: int = Field(examples=[20260705])
    payer: str
    amount_minor: Wide
    redeemed_minor: Wide
    transaction_hash: str


def claim_of(parts: ApiParts, sight: Sight, root: int) -> ClaimRow:
    """Return the claim; 404 when the asker is no party of it."""
    found = ClaimReads(parts.reads).claim(sight, root)
    if found is None:
        raise problems.not_found("claim")
    return found


def list_claims(
    parts: ApiParts,
    sight: Sight,
    name: str,
    kinds: tuple[str, ...],
    state: str | None,
    cursor: str | None,
    limit: int,
) -> Page[ClaimOut]:
    """Return a page of claims of these *kinds*."""
    return numbered(
        name,
        cursor,
        limit,
        fetch=lambda after, most: ClaimReads(parts.reads).claims(sight, after, most, kinds, state),
        place=lambda row: row.root,
        show=lambda row: ClaimOut.model_validate(row, from_attributes=True),
    )


@router.get("/v1/receivables", summary="Claims")
def list_receivables(
    parts: PartsDep, sight: SightDep, state: State = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[ClaimOut]:
    """Claims of every kind that the asker owes, is owed, or holds or held a part of."""
    return list_claims(
        parts,
        sight,
        name="receivables",
        kinds=ClaimKind.wire_names(),
        state=state,
        cursor=cursor,
        limit=limit,
    )


@router.get("/v1/receivables/{root}", summary="One claim")
def get_receivable(
    parts: PartsDep, principal: PrincipalDep, sight: SightDep, root: Root
) -> ClaimWholeOut:
    """A claim. Its parties, and whoever decides a dispute about it, also see the fields behind its commitments."""
    row = claim_of(parts, sight, root)
    told = {"invoice": row.invoice, "document": row.document, "delivery": row.delivery}
    told |= {"dispute_reason": row.dispute_reason, "dispute_outcome": row.dispute_outcome}
    decides = row.disputed and principal.role == Role.SUPERVISOR
    return ClaimWholeOut(
        **ClaimOut.model_validate(row, from_attributes=True).model_dump(),
        opened=opened(
            parts, told, decides or ClaimReads(parts.reads).is_party(sight.account, root)
        ),
    )


@router.get("/v1/receivables/{root}/funding", summary="What was paid towards a claim")
def list_funding(
    parts: PartsDep, sight: SightDep, root: Root, cursor: Cursor = None, limit: Limit = 50
) -> Page[FundingOut]:
    """In the order of the payments."""
    claim_of(parts, sight, root)
    return page_of(
        rows=ClaimReads(parts.reads).fundings(root),
        name="funding",
        place=lambda row: f"{row.redeemed_minor:020}",
        cursor=cursor,
        limit=limit,
        show=lambda row: FundingOut.model_validate(row, from_attributes=True),
    )


@router.get("/v1/receivables/{root}/confirmation", summary="What the obligor signs")
def get_confirmation(
    parts: PartsDep, sight: SightDep, root: Root, deadline: ChainTime
) -> TypedDataOut:
    """The claim's terms as EIP-712 typed data, to be confirmed until chain time `deadline`.

    Bring the signature with a POST to the same path.
    """
    claim_of(parts, sight, root)
    client = client_of(parts)
    terms = terms_of(parts, root)
    with refusable():
        message = typed_data.confirmation(client, root, deadline, terms)
        digest = client.call("Receivables", "confirmationDigest", root, terms, deadline)
    return TypedDataOut(typed_data=message, digest=to_hex(digest))
