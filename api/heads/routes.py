"""Anchored heads of the log, and the proofs that each continues the one before."""

from __future__ import annotations

from typing import Annotated

import cbor2
from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel

from counterfoil.api.heads.reads import HeadReads
from counterfoil.api.http import problems
from counterfoil.api.http.context import ApiParts, PartsDep, PrincipalDep
from counterfoil.api.http.faults import HEAD_NOT_EARLIER
from counterfoil.api.http.paging import Cursor, Limit, Page, read_cursor, write_cursor
from counterfoil.chain.hexadecimal import NO_BYTES, from_hex
from counterfoil.oracle.ledger.record_anchor import AnchoredHeadRow

router = APIRouter(tags=["heads"], responses=problems.RESPONSES)

Size = Annotated[int, Path(ge=1, le=2**53, description="Number of records under the head.")]


class HeadOut(BaseModel):
    """An anchored head; hashes are hex. `figures` is the SHA-256 of its batch's figures.

    `annex` is the hash of what else the oracle commits to with it, zero where there is nothing. With `previous_size`,
    the size of the head before, these are the fields that the contract keeps a hash of.
    """

    size: int
    previous_size: int
    root: str
    state: str
    figures: str
    annex: str
    block_number: int
    block_hash: str
    transaction_hash: str
    final: bool


class ConsistencyOut(BaseModel):
    """An RFC 9162 consistency proof between two anchored heads."""

    first_size: int
    second_size: int
    first_root: str
    second_root: str
    proof: list[str]


def head_out(head: AnchoredHeadRow, final_number: int) -> HeadOut:
    """Return *head* for JSON."""
    return HeadOut(
        size=head.size,
        previous_size=head.previous_size,
        root=from_hex(head.root).hex(),
        state=from_hex(head.state).hex(),
        figures=from_hex(head.figures or NO_BYTES).hex(),
        annex=from_hex(head.annex).hex(),
        block_number=head.block_number,
        block_hash=head.block_hash,
        transaction_hash=head.transaction_hash,
        final=head.block_number <= final_number,
    )


def _head(parts: ApiParts, size: int) -> AnchoredHeadRow:
    head = HeadReads(parts.reads).head(size)
    if head is None:
        raise problems.not_found("anchored head")
    return head


@router.get("/v1/heads", summary="Anchored heads, the newest first")
def list_heads(
    parts: PartsDep, _: PrincipalDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[HeadOut]:
    """For everybody with a token: heads name no device and no amount."""
    below = int(read_cursor(cursor, "heads", "0")) or None
    found = HeadReads(parts.reads).heads(below, limit + 1)
    final = parts.final_number()
    more = write_cursor("heads", str(found[limit - 1].size)) if len(found) > limit else None
    return Page(items=[head_out(head, final) for head in found[:limit]], next=more)


@router.get("/v1/heads/latest", summary="The newest anchored head")
def latest_head(parts: PartsDep, _: PrincipalDep) -> HeadOut:
    """404 where none is anchored yet."""
    head = HeadReads(parts.reads).newest()
    if head is None:
        raise problems.not_found("anchored head")
    return head_out(head, parts.final_number())


@router.get("/v1/heads/{size}", summary="One anchored head")
def get_head(parts: PartsDep, _: PrincipalDep, size: Size) -> HeadOut:
    """The anchored head of exactly this size."""
    return head_out(_head(parts, size), parts.final_number())


@router.get(
    "/v1/heads/{size}/raw",
    summary="One anchored head as bytes",
    response_class=Response,
    responses={200: {"content": {"application/cbor": {}}}},
)
def get_head_raw(parts: PartsDep, _: PrincipalDep, size: Size) -> Response:
    """Deterministic CBOR `[size, root, state, block number]`."""
    head = _head(parts, size)
    root, state = (from_hex(value) for value in (head.root, head.state))
    body = cbor2.dumps([head.size, root, state, head.block_number])
    return Response(body, media_type="application/cbor")


@router.get("/v1/heads/{size}/consistency", summary="Consistency with an earlier head")
def get_consistency(
    parts: PartsDep,
    _: PrincipalDep,
    size: Size,
    first: Annotated[int, Query(ge=1, le=2**53, description="Size of the earlier anchored head.")],
) -> ConsistencyOut:
    """Proves that the log of `first` records is the beginning of the log of `size`."""
    second, earlier = _head(parts, size), _head(parts, first)
    if first > size:
        raise problems.conflict(HEAD_NOT_EARLIER, "the first head is the larger one")
    proof = parts.hashes.consistency_proof(first, size)
    return ConsistencyOut(
        first_size=first,
        second_size=size,
        first_root=from_hex(earlier.root).hex(),
        second_root=from_hex(second.root).hex(),
        proof=[node.hex() for node in proof],
    )
