"""Records as the machines signed them, and what proves each."""

from __future__ import annotations

from typing import Annotated, Any

import cbor2
from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from counterfoil.api.access.sight import Sight
from counterfoil.api.heads.anchoring import ProofState, anchors
from counterfoil.api.heads.reads import HeadReads
from counterfoil.api.http import problems
from counterfoil.api.http.context import ApiParts, PartsDep, SightDep
from counterfoil.api.http.paging import Cursor, Limit, Page, read_cursor, write_cursor
from counterfoil.api.http.wide import Plain
from counterfoil.api.records.reads import RecordReads
from counterfoil.api.records.repudiated import Repudiated
from counterfoil.api.records.sales import Stored
from counterfoil.chain.hexadecimal import from_hex
from counterfoil.gateway.errors import NOT_ANCHORED, KeyUnknownError
from counterfoil.gateway.log.merkle import hash_leaf
from counterfoil.gateway.record.bodies import Kind

router = APIRouter(tags=["records"], responses=problems.RESPONSES)

Index = Annotated[int, Path(ge=0, le=2**53, description="The record's place in the log, from 0.")]


class RecordOut(BaseModel):
    """A record's fields; ``raw`` and ``evidence`` give the bytes that prove them.

    `disputed`: the committee has repudiated it after it was anchored.
    """

    log_index: int = Field(examples=[48211])
    device: str = Field(examples=["urn:dev:os:32473-vj300320611"])
    epoch: int = Field(examples=[1])
    sequence: int = Field(examples=[9709])
    stream: str = Field(examples=["sales"])
    kind: str = Field(examples=["sale"])
    time_ms: int = Field(examples=[1661875980000])
    clock: str = Field(examples=["synchronised"])
    received_ms: int
    payload_digest: str
    previous_digest: str
    key_id: str
    body: Plain
    counters: Plain
    proof: ProofState
    disputed: bool


class ProofOut(BaseModel):
    """An RFC 9162 inclusion proof of the record under an anchored head; hashes are hex."""

    log_index: int
    leaf_hash: str
    head_size: int
    root: str
    path: list[str]
    block_number: int
    block_hash: str
    transaction_hash: str
    final: bool


def record_out(stored: Stored, state: ProofState, repudiated: Repudiated) -> RecordOut:
    """Return *stored* for JSON."""
    signed, record = stored.signed, stored.signed.record
    fields = record.body.__dataclass_fields__
    return RecordOut(
        log_index=stored.log_index,
        device=record.device,
        epoch=record.epoch,
        sequence=record.sequence,
        stream=record.stream,
        kind=record.kind.name.lower(),
        time_ms=record.time_ms,
        clock=record.clock.name.lower(),
        received_ms=stored.received_ms,
        payload_digest=signed.payload_digest.hex(),
        previous_digest=record.prev.hex(),
        key_id=signed.kid.hex(),
        body={
            name: _plain(getattr(record.body, name))
            for name in fields
            if name != "kind" and getattr(record.body, name) not in (None, ())
        },
        counters={
            "count": record.counters.count,
            "amount_minor": record.counters.amount_minor,
            "energy_register_wh": record.counters.energy_register_wh,
        },
        proof=state,
        disputed=repudiated.has(record),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [
            {n: getattr(line, n) for n in line.__dataclass_fields__ if getattr(line, n) is not None}
            for line in value
        ]
    return value


def visible(parts: ApiParts, sight: Sight, log_index: int) -> Stored:
    """Return the record at *log_index*; 404 when it is another party's."""
    stored = RecordReads(parts.gateway).at(log_index)
    if stored is None or not (sight.everything or stored.signed.record.device in sight.devices):
        raise problems.not_found("record")
    return stored


@router.get("/v1/records", summary="Records in the log's order")
def list_records(
    parts: PartsDep,
    sight: SightDep,
    device: Annotated[str | None, Query(max_length=120)] = None,
    kind: Annotated[str | None, Query(description="sale, refund, meter_interval, …")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[RecordOut]:
    """The asker's records, oldest first; `device` and `kind` narrow them."""
    after = int(read_cursor(cursor, "records", "-1"))
    number = None
    if kind is not None:
        if kind.upper() not in Kind.__members__:
            raise problems.malformed(f"no kind is called {kind[:40]!r}")
        number = int(Kind[kind.upper()])
    devices: set[Any] | frozenset[Any] | None = None if sight.everything else sight.devices
    if device is not None:
        if devices is not None and device not in devices:
            raise problems.not_found("device")
        devices = {device}
    found = RecordReads(parts.gateway).page(devices, number, after, limit + 1)
    known, repudiated = anchors(parts), Repudiated(parts.reads)
    items = [
        record_out(stored, known.state(stored.log_index), repudiated) for stored in found[:limit]
    ]
    more = write_cursor("records", str(items[-1].log_index)) if len(found) > limit else None
    return Page(items=items, next=more)


@router.get("/v1/records/{log_index}", summary="One record")
def get_record(parts: PartsDep, sight: SightDep, log_index: Index) -> RecordOut:
    """A record by its log index."""
    stored = visible(parts, sight, log_index)
    return record_out(stored, anchors(parts).state(log_index), Repudiated(parts.reads))


@router.get(
    "/v1/records/{log_index}/raw",
    summary="The signed bytes",
    response_class=Response,
    responses={200: {"content": {"application/cose": {}}}},
)
def get_raw(parts: PartsDep, sight: SightDep, log_index: Index) -> Response:
    """The record's COSE_Sign1, byte for byte as the machine sent it."""
    raw = visible(parts, sight, log_index).signed.raw
    return Response(raw, media_type='application/cose; cose-type="cose-sign1"')


@router.get("/v1/records/{log_index}/proof", summary="The inclusion proof")
def get_proof(
    parts: PartsDep,
    sight: SightDep,
    log_index: Index,
    size: Annotated[
        int | None, Query(ge=1, le=2**53, description="Size of the anchored head.")
    ] = None,
) -> ProofOut:
    """Proves the record under the anchored head of `size`, by default the first that covers it.

    409 `record.not_anchored` while no head covers it.
    """
    stored = visible(parts, sight, log_index)
    head = (
        HeadReads(parts.reads).covering(log_index)
        if size is None
        else HeadReads(parts.reads).head(size)
    )
    if head is None or head.size <= log_index:
        raise problems.conflict(NOT_ANCHORED, "no such anchored head covers the record yet")
    path = parts.hashes.inclusion_proof(log_index, head.size)
    return ProofOut(
        log_index=log_index,
        leaf_hash=hash_leaf(stored.signed.raw).hex(),
        head_size=head.size,
        root=from_hex(head.root).hex(),
        path=[node.hex() for node in path],
        block_number=head.block_number,
        block_hash=head.block_hash,
        transaction_hash=head.transaction_hash,
        final=head.block_number <= parts.final_number(),
    )


@router.get(
    "/v1/records/{log_index}/evidence",
    summary="All bytes that a verifier needs",
    response_class=Response,
    responses={200: {"content": {"application/cbor": {}}}},
)
def get_evidence(parts: PartsDep, sight: SightDep, log_index: Index) -> Response:
    """Deterministic CBOR `[record, previous record or null, x, y, log index, head size, [path], root]`.

    The head is the first anchored one that covers the record; size 0, an empty path and root
    while there is none. Believe nothing in it: verify it.
    """
    stored = visible(parts, sight, log_index)
    record = stored.signed.record
    previous = RecordReads(parts.gateway).before(stored)
    key = next(
        (k for k in RecordReads(parts.gateway).keys(record.device) if k.epoch == record.epoch), None
    )
    if key is None:
        raise problems.conflict(KeyUnknownError.code, "no key is registered for the record's epoch")
    head = HeadReads(parts.reads).covering(log_index)
    path = [] if head is None else parts.hashes.inclusion_proof(log_index, head.size)
    evidence = [
        stored.signed.raw,
        None if previous is None else previous.signed.raw,
        key.x,
        key.y,
        log_index,
        0 if head is None else head.size,
        list(path),
        b"" if head is None else from_hex(head.root),
    ]
    return Response(cbor2.dumps(evidence), media_type="application/cbor")
