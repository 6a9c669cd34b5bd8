"""Settlement files of payment providers: the upload."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from counterfoil.api.http import problems
from counterfoil.api.http.context import PartsDep, PrincipalDep, SightDep
from counterfoil.api.instructions.request import ask
from counterfoil.api.instructions.routes import IdempotencyKey, InstructionOut, instruction_out
from counterfoil.oracle.instructions.request import ImportSettlement

router = APIRouter(tags=["statements"], responses=problems.RESPONSES)


class SettlementIn(BaseModel):
    """A payment provider's settlement file, as CSV text (docs/formats/settlement-file.md)."""

    project: str = Field(max_length=64, examples=["lakeside-vending"])
    source: str = Field(min_length=1, max_length=128, examples=["settlement-2022-08-31.csv"])
    text: str = Field(
        min_length=1,
        max_length=16 * 1024 * 1024,
        examples=["reference,method,business_date,amount,currency,device\n…"],
    )


@router.post("/v1/settlement-files", status_code=202, summary="Upload a settlement file")
def upload_settlement(
    parts: PartsDep,
    principal: PrincipalDep,
    sight: SightDep,
    settlement: SettlementIn,
    key: IdempotencyKey,
) -> InstructionOut:
    """Its rows are matched with signed sales; each reference counts once."""
    if settlement.project not in sight.run:
        raise problems.not_found("project")
    request = ImportSettlement(**settlement.model_dump())
    return instruction_out(ask(engine=parts.oracle, principal=principal, key=key, request=request))
