"""The page of open exceptions, and the operator's decision on each."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import RedirectResponse, Response

from counterfoil.api.access import auth
from counterfoil.api.access.roles import may
from counterfoil.api.exceptions.reads import ExceptionReads
from counterfoil.api.http.paging import RowNumber
from counterfoil.api.instructions.request import ask
from counterfoil.api.pages.reader import ROWS, Reader, page_router
from counterfoil.oracle.instructions.request import ResolveException

router = page_router()
_RESOLVE = "POST /exceptions/{number}"


@router.get("/exceptions")
def show_exceptions(request: Request, after: RowNumber = 0, asked: RowNumber = 0) -> Response:
    """The open exceptions that the reader may see."""
    reader = Reader(request)
    who = reader.who
    if who is None:
        return reader.to_login()
    found = ExceptionReads(reader.parts.reads).exceptions(reader.sight, "open", after, ROWS)
    currency = {p.project: p.currency for p in reader.parts.directory.projects()}
    return reader.page(
        "exceptions.html",
        page="exceptions",
        rows=[(row, currency.get(row.project, "CNY")) for row in found],
        older=f"/exceptions?after={found[-1].id}" if len(found) == ROWS else None,
        asked=asked,
        date_of=lambda day: date(day // 10_000, day // 100 % 100, day % 100),
        may_resolve=lambda row: may(_RESOLVE, who.role) and row.project in reader.sight.run,
    )


@router.post("/exceptions/{number}")
def resolve_exception(
    request: Request,
    number: int,
    csrf: Annotated[str, Form()] = "",
    resolution: Annotated[str, Form(pattern="^(accepted|excluded)$")] = "",
    note: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Leave the operator's decision as an instruction."""
    reader = Reader(request)
    if reader.who is None:
        return reader.to_login()
    if not auth.same_secret(reader.who.csrf, csrf):
        return reader.stale()
    row = ExceptionReads(reader.parts.reads).exception(reader.sight, number)
    if row is None or row.project not in reader.sight.run:
        return reader.not_found()
    decided = ResolveException(number, resolution, note)
    asked = ask(
        engine=reader.parts.oracle,
        principal=reader.who,
        key=f"page-exception-{number}",
        request=decided,
    )
    return RedirectResponse(f"/exceptions?asked={asked.id}", 303)
