"""Two routes for each operation: carried out with a key kept here, or returned to be signed elsewhere.

Rules kept here:

* The role is checked first, by the table of roles, then the asker's account, then the contracts: what they would
  refuse now is refused here with their code, and no instruction is left.
* The same idempotency key and request return the same instruction again, whatever has changed since.
* A write's whole path stands in its entry of the table. Its unsigned twin has the same path with ``UNSIGNED`` at the
  end: search for it without.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from inspect import Parameter, Signature
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path
from pydantic import BaseModel, Field

from counterfoil.api.access.auth import Principal
from counterfoil.api.access.roles import UNSIGNED, may
from counterfoil.api.access.sight import Sight
from counterfoil.api.http import problems
from counterfoil.api.http.chain_calls import UnsignedOut, client_of, offer, refusable
from counterfoil.api.http.context import ApiParts, PartsDep, PrincipalDep, SightDep
from counterfoil.api.http.faults import ACCOUNT_MISSING
from counterfoil.api.http.paging import Page
from counterfoil.api.instructions.operation import Call, Operation
from counterfoil.api.instructions.request import ask_completed
from counterfoil.api.instructions.routes import IdempotencyKey, InstructionOut, instruction_out
from counterfoil.api.nouns import OPERATIONS
from counterfoil.chain.hexadecimal import HEX_32_BYTES, to_hex
from counterfoil.oracle.instructions.request import Kind, Transact

router = APIRouter(responses=problems.RESPONSES)

_VARIABLE = re.compile(r"{(\w+)}")
_KEYS: Mapping[str, Any] = {
    "project": Annotated[str, Path(max_length=64, examples=["lakeside-vending"])],
    "deal": Annotated[str, Path(pattern=HEX_32_BYTES, examples=[to_hex(b"\xd3" * 32)])],
    "quote": Annotated[str, Path(pattern=HEX_32_BYTES, examples=[to_hex(b"\xd4" * 32)])],
}
_NUMBER = Annotated[int, Path(ge=1, le=2**53, examples=[17])]


class OperationOut(BaseModel):
    """A write: POST its body to `path`, or to `path` + `/unsigned` for a transaction to sign."""

    name: str = Field(examples=["fund_claim"])
    path: str = Field(examples=["/v1/receivables/{root}/fund"])
    summary: str = Field(examples=["Pay towards a claim"])
    contract: str = Field(examples=["Receivables"])
    function: str = Field(examples=["fund"])
    body: dict[str, Any] | None = Field(description="JSON Schema.", examples=[{"type": "object"}])


@router.get("/v1/operations", summary="The writes that the asker may try", tags=["operations"])
def list_operations(principal: PrincipalDep) -> Page[OperationOut]:
    """By name. Whether a contract allows one depends on its state."""
    items = [
        OperationOut(
            name=one.name,
            path=one.path,
            summary=one.says,
            contract=one.contract,
            function=one.function,
            body=None if one.body is None else one.body.model_json_schema(),
        )
        for one in OPERATIONS.values()
        if may(f"POST {one.path}", principal.role)
    ]
    return Page(items=items)


def _call(
    parts: ApiParts,
    sight: Sight,
    key: Any,
    body: Any,
) -> Call[Any]:
    if not sight.account:
        raise problems.conflict(ACCOUNT_MISSING, "this party has no account on the ledger")
    client = client_of(parts)
    return Call(parts, client, sight.account, key, body)


def _encoded(operation: Operation[Any], call: Call[Any]) -> bytes:
    with refusable():
        arguments = operation.arguments(call)
        return call.client.encode(operation.contract, operation.function, *arguments)


def _unsigned(operation: Operation[Any], variable: str) -> Callable[..., UnsignedOut]:
    def endpoint(parts: ApiParts, sight: Sight, **given: Any) -> UnsignedOut:
        call = _call(parts, sight, key=given.get(variable), body=given.get("body"))
        target = call.client.address_of(operation.contract)
        data = _encoded(operation, call)
        return UnsignedOut(
            transaction=offer(call.client, sender=call.account, target=target, data=data)
        )

    return endpoint


def _direct(operation: Operation[Any], variable: str) -> Callable[..., InstructionOut]:
    def endpoint(
        parts: ApiParts, principal: Principal, sight: Sight, idempotency_key: str, **given: Any
    ) -> InstructionOut:
        body = given.get("body")
        call = _call(parts, sight, key=given.get(variable), body=body)
        told = None if body is None else body.model_dump(mode="json")
        asked = {
            "operation": operation.name,
            "key": call.key,
            "body": told,
            "account": call.account,
        }

        def completed() -> Transact:
            data = _encoded(operation, call)
            target = call.client.address_of(operation.contract)
            with refusable():
                call.client.estimate_gas(call.account, target, data)
            return Transact(
                account=call.account,
                contract=operation.contract,
                function=operation.function,
                data=data,
                operation=operation.name,
                key=call.key,
                body=told,
            )

        wanted = (Kind.TRANSACT, asked)
        row = ask_completed(
            engine=parts.oracle,
            principal=principal,
            key=idempotency_key,
            asked=wanted,
            completed=completed,
        )
        return instruction_out(row)

    return endpoint


def _signed_as(
    endpoint: Callable[..., Any], operation: Operation[Any], variable: str, *more: tuple[str, Any]
) -> Callable[..., Any]:
    """Return *endpoint* with the parameters that FastAPI reads."""
    wanted: list[tuple[str, Any]] = [
        ("parts", PartsDep),
        ("sight", SightDep),
        *more,
    ]
    if variable:
        wanted.append((variable, _KEYS.get(variable, _NUMBER)))
    if operation.body is not None:
        wanted.append(("body", Annotated[operation.body, Body()]))
    endpoint.__signature__ = Signature(  # type: ignore[attr-defined]
        [Parameter(name, Parameter.KEYWORD_ONLY, annotation=of) for name, of in wanted]
    )
    return endpoint


def _add(operation: Operation[Any]) -> None:
    found = _VARIABLE.search(operation.path)
    variable = found.group(1) if found else ""
    tag = operation.path.split("/")[2]
    router.add_api_route(
        operation.path,
        _signed_as(
            _direct(operation, variable),
            operation,
            variable,
            ("principal", PrincipalDep),
            ("idempotency_key", IdempotencyKey),
        ),
        methods=["POST"],
        status_code=202,
        response_model=InstructionOut,
        name=operation.name,
        operation_id=operation.name,
        summary=operation.says,
        description="Carried out with the party's key where that is kept here; see the instruction.",
        tags=[tag],
    )
    router.add_api_route(
        operation.path + UNSIGNED,
        _signed_as(_unsigned(operation, variable), operation, variable),
        methods=["POST"],
        response_model=UnsignedOut,
        name=operation.name + "_unsigned",
        operation_id=operation.name + "_unsigned",
        summary=operation.says + ": a transaction to sign",
        description="Sign it where the key is, and send it to `/v1/transactions`.",
        tags=[tag],
    )


for _operation in OPERATIONS.values():
    _add(_operation)
