"""What a person must look at: the oracle's alarms, and the records that the gateway refused."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, Field

from counterfoil.api.exceptions.reads import ExceptionReads
from counterfoil.api.exceptions.routes import Number
from counterfoil.api.http import problems
from counterfoil.api.http.context import PartsDep, SightDep
from counterfoil.api.http.paging import Cursor, Limit, Page, read_cursor, write_cursor
from counterfoil.api.records.reads import RecordReads, RefusedRow

router = APIRouter(responses=problems.RESPONSES)


class AlarmOut(BaseModel):
    """An alarm about a machine, or about the whole installation when `device` is null."""

    id: int = Field(examples=[3])
    code: str = Field(examples=["record.equivocation"])
    detail: str = Field(examples=["a second payload under epoch 1, number 9709"])
    device: str | None = Field(examples=["urn:dev:os:32473-vj300320611"])
    raised_ms: int = Field(examples=[1661875980000])


class RefusedOut(BaseModel):
    """A refused record, kept with the reason; `/raw` returns its bytes."""

    id: int = Field(examples=[12])
    device: str | None = Field(examples=["urn:dev:os:32473-vj300320611"])
    epoch: int | None = Field(examples=[1])
    sequence: int | None = Field(examples=[9711])
    code: str = Field(examples=["head.gossip_differs"])
    detail: str = Field(examples=["number 9710 is missing"])
    received_ms: int = Field(examples=[1661875981000])


def _out(row: RefusedRow) -> RefusedOut:
    return RefusedOut.model_validate(row, from_attributes=True)


@router.get("/v1/alarms", summary="Alarms", tags=["alarms"])
def list_alarms(
    parts: PartsDep, sight: SightDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[AlarmOut]:
    """Alarms about the asker's machines, the oldest first; all for those who may see everything."""
    after = int(read_cursor(cursor, "alarms", "0"))
    devices = None if sight.everything else sight.devices
    found = ExceptionReads(parts.reads).alarms(devices, after, limit + 1)
    more = write_cursor("alarms", str(found[limit - 1].id)) if len(found) > limit else None
    items = [AlarmOut.model_validate(row, from_attributes=True) for row in found[:limit]]
    return Page(items=items, next=more)


@router.get("/v1/refused-records", summary="Refused records", tags=["records"])
def list_refused(
    parts: PartsDep, sight: SightDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[RefusedOut]:
    """Records of the asker's machines that were refused, and why; the oldest first."""
    after = int(read_cursor(cursor, "refused-records", "0"))
    devices = None if sight.everything else sight.devices
    found = RecordReads(parts.gateway).refused(devices, after, limit + 1)
    more = write_cursor("refused-records", str(found[limit - 1].id)) if len(found) > limit else None
    return Page(items=[_out(row) for row in found[:limit]], next=more)


@router.get(
    "/v1/refused-records/{number}/raw",
    summary="A refused record's bytes",
    tags=["records"],
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
def get_refused_raw(parts: PartsDep, sight: SightDep, number: Number) -> Response:
    """The bytes as they came, whatever they are."""
    row = RecordReads(parts.gateway).refused_at(number)
    if row is None or not (sight.everything or row.device in sight.devices):
        raise problems.not_found("refused record")
    return Response(row.raw, media_type="application/octet-stream")
