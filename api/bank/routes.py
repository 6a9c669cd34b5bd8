"""The bank's files: statements as camt.053, their entries, and payouts as pain.001."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from counterfoil.api.bank.reads import BankReads
from counterfoil.api.http import problems
from counterfoil.api.http.context import PartsDep, PrincipalDep, SightDep
from counterfoil.api.http.paging import Cursor, Limit, Page, read_cursor, write_cursor
from counterfoil.api.http.wide import Wide
from counterfoil.api.instructions.request import ask
from counterfoil.api.instructions.routes import IdempotencyKey, InstructionOut, instruction_out
from counterfoil.fault import FILE_TOO_LARGE
from counterfoil.gateway.formats.iso20022.messages import MAX_BYTES
from counterfoil.oracle.instructions.request import (
    ConfirmMint,
    ImportCamt053,
    MakePayoutFile,
    RegisterBankAccount,
    RegisterPayeeAccount,
    ResolveBankLine,
)

router = APIRouter(responses=problems.RESPONSES)
Number = Annotated[int, Path(ge=1, le=2**53)]
Account = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9./-]{1,34}$", examples=["DE89370400440532013000"])
]
Bic = Annotated[
    str,
    Field(pattern=r"^([A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?)?$", examples=["COBADEFFXXX"]),
]
Name = Annotated[str, Field(min_length=1, max_length=140, examples=["Lakeside Vending"])]
Outcome = Annotated[
    str | None,
    Query(pattern="^(minted|paid|waiting|set_aside|noted|resolved)$", examples=["set_aside"]),
]
_XML = {"application/xml": {"schema": {"type": "string", "examples": ["<Document>…</Document>"]}}}
_TOO_LARGE: dict[int | str, dict[str, Any]] = {
    413: problems.RESPONSES[422] | {"description": "The document is too large."}
}


class BankAccountIn(BaseModel):
    """A bank account, and the project or the participant (one of them is given) whose money comes in on it."""

    account: Account
    currency: str = Field(pattern="^[A-Z]{3}$", examples=["USD"])
    name: Name
    bic: Bic = ""
    project: str = Field(default="", max_length=64, examples=["lakeside-vending"])
    holder: str = Field(default="", max_length=64, examples=["lakeside"])
    pays_out: bool = False


class StatementOut(BaseModel):
    """A statement that was taken in; `finding` is the code of what is wrong with its balances."""

    id: int
    account: str
    identification: str = Field(examples=["2022-08-31/1"])
    currency: str
    opening_minor: Wide | None
    closing_minor: Wide | None
    finding: str = Field(examples=["bank.statement_gap"])
    detail: str
    taken_ms: int


class LineOut(BaseModel):
    """An entry of a statement and what became of it; a debit's amount is negative."""

    id: int
    statement_id: int
    reference: str
    amount_minor: Wide
    currency: str
    booked: int = Field(examples=[20220831])
    outcome: str = Field(examples=["set_aside"])
    reason: str = Field(examples=["bank.debit_unknown"])
    detail: str
    entry_hash: str


class NoteIn(BaseModel):
    """What a person did about an entry that was set aside."""

    note: str = Field(min_length=1, max_length=200, examples=["the bank's fee, booked by hand"])


class PayeeIn(BaseModel):
    """A bank account to be paid to; the instruction's result has the commitment to withdraw with."""

    account: Account
    name: Name
    bic: Bic = ""
    salt: str = Field(default="", pattern="^([0-9a-f]{32,64})?$", examples=["5c" * 16])


class PayoutFileIn(BaseModel):
    """Which account to pay from, and on which date; without one, today's."""

    account: Account
    execution_date: int | None = Field(default=None, ge=19700101, le=99991231, examples=[20220901])


class PayoutFileOut(BaseModel):
    """A payment file; its document is read at `/document`."""

    id: int
    message: str = Field(examples=["CF-5fbdb231-1-12"])
    account: str
    currency: str
    execution_date: int = Field(examples=[20220901])
    payouts: int
    total_minor: Wide
    document_hash: str
    made_ms: int


async def xml_body(request: Request) -> str:
    """Return the request's body as text; 413 when it is larger than a statement may be."""
    taken = bytearray()
    async for piece in request.stream():
        taken += piece
        if len(taken) > MAX_BYTES:
            raise problems.ApiProblem(413, FILE_TOO_LARGE, f"more than {MAX_BYTES} bytes")
    try:
        text = bytes(taken).decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise problems.malformed(f"not UTF-8 at byte {wrong.start}") from wrong
    if not text.strip():
        raise problems.malformed("no document")
    return text


@router.post(
    "/v1/statements/camt053",
    status_code=202,
    summary="Upload a camt.053 statement",
    tags=["statements"],
    responses=_TOO_LARGE,
    openapi_extra={"requestBody": {"required": True, "content": _XML}},
)
def upload_camt053(
    parts: PartsDep,
    principal: PrincipalDep,
    key: IdempotencyKey,
    text: Annotated[str, Depends(xml_body)],
) -> InstructionOut:
    """Credits mint once, debits confirm payouts, the rest is kept with its reasons (docs/formats/camt053.md)."""
    request = ImportCamt053(text, source="upload")
    return instruction_out(ask(engine=parts.oracle, principal=principal, key=key, request=request))


@router.get("/v1/bank-statements", summary="Statements that were taken in", tags=["statements"])
def list_bank_statements(
    parts: PartsDep, sight: SightDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[StatementOut]:
    """The oldest first; none for another bank than the token's."""
    after = int(read_cursor(cursor, "bank-statements", "0"))
    found = BankReads(parts.reads).statements(sight, after, limit + 1)
    return _page(found, name="bank-statements", limit=limit, model=StatementOut)


@router.get("/v1/bank-lines", summary="Entries of statements", tags=["statements"])
def list_bank_lines(
    parts: PartsDep,
    sight: SightDep,
    statement: Annotated[int | None, Query(ge=1, le=2**53, examples=[1])] = None,
    outcome: Outcome = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[LineOut]:
    """By number. An entry that is `set_aside` waits for a person, one that is `waiting` for a second account.

    None for another bank than the token's.
    """
    after = int(read_cursor(cursor, "bank-lines", "0"))
    found = BankReads(parts.reads).lines(sight, statement, outcome, after, limit=limit + 1)
    return _page(found, name="bank-lines", limit=limit, model=LineOut)


@router.post(
    "/v1/bank-lines/{number}/resolution",
    status_code=202,
    summary="Resolve an entry",
    tags=["statements"],
)
def resolve_bank_line(
    parts: PartsDep,
    principal: PrincipalDep,
    sight: SightDep,
    number: Number,
    note: NoteIn,
    key: IdempotencyKey,
) -> InstructionOut:
    """Record what a person did about an entry that was set aside."""
    if BankReads(parts.reads).line(sight, number) is None:
        raise problems.not_found("entry")
    request = ResolveBankLine(number, note.note)
    return instruction_out(ask(engine=parts.oracle, principal=principal, key=key, request=request))


@router.post(
    "/v1/bank-lines/{number}/confirmation",
    status_code=202,
    summary="Confirm a mint",
    tags=["statements"],
)
def confirm_mint(
    parts: PartsDep, principal: PrincipalDep, sight: SightDep, number: Number, key: IdempotencyKey
) -> InstructionOut:
    """A second account says that an entry that is `waiting` is to be minted: one that the oracle's settings name.

    A bank's second account sees the entry where COUNTERFOIL_API_BANK_ACCOUNTS names it.
    """
    if BankReads(parts.reads).line(sight, number) is None:
        raise problems.not_found("entry")
    request = ConfirmMint(number)
    return instruction_out(ask(engine=parts.oracle, principal=principal, key=key, request=request))


@router.get("/v1/bank-accounts", summary="Bank accounts", tags=["statements"])
def list_bank_accounts(parts: PartsDep, sight: SightDep) -> Page[BankAccountIn]:
    """The known accounts, by account number; none for another bank than the token's."""
    rows = BankReads(parts.reads).accounts(sight)
    return Page(items=[BankAccountIn.model_validate(row, from_attributes=True) for row in rows])


@router.post(
    "/v1/bank-accounts", status_code=202, summary="Note a bank account", tags=["statements"]
)
def note_bank_account(
    parts: PartsDep, principal: PrincipalDep, account: BankAccountIn, key: IdempotencyKey
) -> InstructionOut:
    """State whose money comes in on it."""
    request = RegisterBankAccount(**account.model_dump())
    return instruction_out(ask(engine=parts.oracle, principal=principal, key=key, request=request))


@router.post(
    "/v1/payout-accounts", status_code=202, summary="Note where to be paid", tags=["withdrawals"]
)
def note_payee(
    parts: PartsDep, principal: PrincipalDep, payee: PayeeIn, key: IdempotencyKey
) -> InstructionOut:
    """The bank account stays off the chain; a withdrawal names it by the commitment in the result."""
    request = RegisterPayeeAccount(**payee.model_dump())
    return instruction_out(ask(engine=parts.oracle, principal=principal, key=key, request=request))


@router.get("/v1/payout-files", summary="Payment files", tags=["withdrawals"])
def list_payout_files(
    parts: PartsDep, sight: SightDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[PayoutFileOut]:
    """The oldest first; none for another bank than the token's."""
    after = int(read_cursor(cursor, "payout-files", "0"))
    found = BankReads(parts.reads).files(sight, after, limit + 1)
    return _page(found, name="payout-files", limit=limit, model=PayoutFileOut)


@router.post(
    "/v1/payout-files", status_code=202, summary="Make a payment file", tags=["withdrawals"]
)
def make_payout_file(
    parts: PartsDep, principal: PrincipalDep, wanted: PayoutFileIn, key: IdempotencyKey
) -> InstructionOut:
    """All withdrawals that can be paid now, each in one file at most (docs/formats/pain001.md)."""
    request = MakePayoutFile(wanted.account, wanted.execution_date)
    return instruction_out(ask(engine=parts.oracle, principal=principal, key=key, request=request))


@router.get(
    "/v1/payout-files/{number}/document",
    summary="A payment file's document",
    tags=["withdrawals"],
    response_class=Response,
    responses={200: {"content": {"application/xml": {"schema": {"type": "string"}}}}},
)
def payout_document(parts: PartsDep, sight: SightDep, number: Number) -> Response:
    """The pain.001 document, byte for byte as it was made."""
    row = BankReads(parts.reads).file(sight, number)
    if row is None:
        raise problems.not_found("payment file")
    named = {"Content-Disposition": f'attachment; filename="{row.message}.xml"'}
    return Response(row.document, media_type="application/xml", headers=named)


def _page(found: Any, name: str, limit: int, model: Any) -> Page[Any]:
    more = write_cursor(name, str(found[limit - 1].id)) if len(found) > limit else None
    items = [model.model_validate(row, from_attributes=True) for row in found[:limit]]
    return Page(items=items, next=more)
