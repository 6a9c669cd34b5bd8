"""Machines: their owners, the ends of their chains, their keys, and bundles for an auditor."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from counterfoil.api.access.sight import Machine, Sight
from counterfoil.api.audit.making.collection import NothingToBundleError
from counterfoil.api.http import problems
from counterfoil.api.http.context import ApiParts, PartsDep, SightDep
from counterfoil.api.http.paging import Cursor, Limit, Page, page_of, read_cursor, write_cursor
from counterfoil.api.http.wide import Wide
from counterfoil.api.records.bundles import are_in_order, bundle_name, bundle_of
from counterfoil.api.records.sales import SalesReads, Tip
from counterfoil.chain.errors import ChainError
from counterfoil.chain.hexadecimal import to_hex
from counterfoil.gateway.record.identity import device_hash
from counterfoil.oracle.ledger.device_registry import RegistryKeyRow

router = APIRouter(tags=["devices"], responses=problems.RESPONSES)

Name = Annotated[str, Path(max_length=120, examples=["urn:dev:os:32473-vj300320611"])]


class DeviceOut(BaseModel):
    """A registered machine; `complete_to` is the newest number of its unbroken chain."""

    device: str = Field(examples=["urn:dev:os:32473-vj300320611"])
    device_hash: str
    label: str
    location: str
    kind: str
    project: str
    owner: str
    operator: str
    status: str = Field(examples=["active"])
    epoch: int
    complete_to: int | None
    last_record_ms: int | None


class KeyOut(BaseModel):
    """A signing key of one epoch, as registered on chain; `until_sequence` is decimal text.

    The numbers behind it, up to `disputed_until` (decimal text) where that is stated, were repudiated after they were
    anchored.
    """

    epoch: int
    x: str
    y: str
    certificate_hash: str
    from_sequence: Wide
    until_sequence: str
    disputed_until: str | None
    revoked_at: Wide | None
    reason: int | None


def _out(machine: Machine, tip: Tip | None) -> DeviceOut:
    return DeviceOut(
        device=machine.device,
        device_hash=to_hex(device_hash(machine.device)),
        label=machine.label,
        location=machine.location,
        kind=machine.kind,
        project=machine.project,
        owner=machine.owner,
        operator=machine.operator,
        status=machine.status,
        epoch=machine.epoch,
        complete_to=None if tip is None else tip.sequence,
        last_record_ms=None if tip is None else tip.time_ms,
    )


def _key_out(row: RegistryKeyRow) -> KeyOut:
    return KeyOut.model_validate(row, from_attributes=True)


def _machine(parts: ApiParts, sight: Sight, device: str) -> Machine:
    if device not in sight.devices:
        raise problems.not_found("device")
    return next(m for m in parts.directory.machines() if m.device == device)


@router.get("/v1/devices", summary="Machines")
def list_devices(
    parts: PartsDep, sight: SightDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[DeviceOut]:
    """The asker's machines, by name."""
    after = read_cursor(cursor, "devices", "")
    mine = [m for m in parts.directory.machines() if m.device in sight.devices and m.device > after]
    mine.sort(key=lambda machine: machine.device)
    tips = SalesReads(parts.gateway).tips([m.device for m in mine[:limit]])
    more = write_cursor("devices", mine[limit - 1].device) if len(mine) > limit else None
    return Page(items=[_out(m, tips.get(m.device)) for m in mine[:limit]], next=more)


@router.get("/v1/devices/{device}", summary="One machine")
def get_device(parts: PartsDep, sight: SightDep, device: Name) -> DeviceOut:
    """A machine by its name."""
    machine = _machine(parts, sight, device)
    return _out(machine, SalesReads(parts.gateway).tips([machine.device]).get(machine.device))


@router.get("/v1/devices/{device}/keys", summary="Its signing keys")
def list_keys(
    parts: PartsDep, sight: SightDep, device: Name, cursor: Cursor = None, limit: Limit = 50
) -> Page[KeyOut]:
    """The machine's keys, epoch by epoch, as the registry on chain has them."""
    machine = _machine(parts, sight, device)
    rows = parts.directory.registry_keys(to_hex(device_hash(machine.device)))
    return page_of(
        rows,
        name="keys",
        place=lambda row: f"{row.epoch:010}",
        cursor=cursor,
        limit=limit,
        show=_key_out,
    )


@router.get(
    "/v1/devices/{device}/bundle",
    summary="An auditor's bundle",
    response_class=Response,
    responses={200: {"content": {"application/vnd.counterfoil.bundle+cbor": {}}}},
)
def get_bundle(
    parts: PartsDep,
    sight: SightDep,
    device: Name,
    first: Annotated[date, Query(description="First day (UTC).", examples=["2022-08-01"])],
    last: Annotated[date, Query(description="Last day (UTC), included.", examples=["2022-08-31"])],
) -> Response:
    """One file that proves the machine's records of these days; see docs/formats/bundle.md.

    409 `bundle.nothing_to_show` while no anchored head covers a record; 503 when the chain's node does not
    respond. Distributions are in it only for those who run the project or may see everything.
    """
    machine = _machine(parts, sight, device)
    if not are_in_order(first, last):
        raise problems.malformed("the days do not lie in order")
    try:
        data = bundle_of(
            parts, sight, machine=machine, first=first, last=last, client=parts.client()
        )
    except NothingToBundleError as error:
        raise problems.conflict(error.code, str(error)) from error
    except ChainError as error:
        raise problems.ApiProblem(503, error.code, str(error)) from error
    return Response(
        data,
        media_type="application/vnd.counterfoil.bundle+cbor",
        headers={
            "Content-Disposition": f'attachment; filename="{bundle_name(machine, first, last)}"'
        },
    )
