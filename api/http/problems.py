"""Errors as RFC 9457 problems, each with a stable ``code``.

Rules kept here:

* 422 is malformed input, 409 a broken business rule, 404 also what belongs to somebody else.
* ``code`` is declared once (``counterfoil.fault``); ``type`` is ``urn:counterfoil:problem:<code>``.
* An unexpected failure is logged, and its response says nothing about it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi_problem.error import Problem
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from counterfoil.api.http.faults import INTERNAL, ROLE_INSUFFICIENT, UNAUTHORISED
from counterfoil.fault import FILE_TOO_LARGE, Code
from counterfoil.gateway.errors import (
    METHOD_NOT_ALLOWED,
    REQUEST_MALFORMED,
    REQUEST_NOT_FOUND,
    REQUEST_REFUSED,
)
from counterfoil.logs import get_logger

log = get_logger("api")

MEDIA_TYPE = "application/problem+json"
_OF_HTTP = {
    401: UNAUTHORISED,
    403: ROLE_INSUFFICIENT,
    404: REQUEST_NOT_FOUND,
    405: METHOD_NOT_ALLOWED,
    413: FILE_TOO_LARGE,
    422: REQUEST_MALFORMED,
}
"""The codes of what the router itself refuses; any other status is ``REQUEST_REFUSED``."""


class ProblemBody(BaseModel):
    """An RFC 9457 problem; docs/errors.md lists the codes."""

    type: str = Field(examples=["urn:counterfoil:problem:request.not_found"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    code: str = Field(examples=["request.not_found"])
    detail: str = Field(default="", examples=["no such device"])


class ApiProblem(Problem):
    """A problem with its code; raise it anywhere below a route."""

    def __init__(
        self, status: int, code: Code, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(
            HTTPStatus(status).phrase,
            type_=f"urn:counterfoil:problem:{code}",
            detail=detail,
            status=status,
            headers=dict(headers or {}),
            code=code,
        )
        self.code = code


def not_found(what: str) -> ApiProblem:
    """Return 404: there is no such thing, or it is not this party's. The two look the same."""
    return ApiProblem(404, REQUEST_NOT_FOUND, f"no such {what}")


def malformed(detail: str) -> ApiProblem:
    """Return 422: the request can't be understood."""
    return ApiProblem(422, REQUEST_MALFORMED, detail)


def conflict(code: Code, detail: str) -> ApiProblem:
    """Return 409: a business rule does not allow it."""
    return ApiProblem(409, code, detail)


def forbidden(detail: str) -> ApiProblem:
    """Return 403: the role does not reach that far."""
    return ApiProblem(403, ROLE_INSUFFICIENT, detail)


def unauthorised(detail: str) -> ApiProblem:
    """Return 401: it is not known who asks."""
    return ApiProblem(
        status=401, code=UNAUTHORISED, detail=detail, headers={"WWW-Authenticate": "Bearer"}
    )


def response(problem: Problem) -> Response:
    """Return *problem* as a response."""
    return JSONResponse(
        problem.marshal(), problem.status, headers=problem.headers, media_type=MEDIA_TYPE
    )


def _nothing(_: Request, __: int) -> Response | None:
    return None


def install(app: FastAPI, page: Callable[[Request, int], Response | None] = _nothing) -> None:
    """Make every error of *app* a problem. *page* returns a page in its place for people, or None."""

    def on_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)  # noqa: S101  # registered for it alone
        return page(request, error.status) or response(error)

    def on_validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        shown = page(request, 422)
        if shown is not None:
            return shown
        found = ApiProblem(422, REQUEST_MALFORMED, "the request is not as the description says")
        body: dict[str, Any] = found.marshal() | {
            "errors": jsonable_encoder(
                [
                    {"loc": [str(part) for part in e["loc"]], "msg": e["msg"], "type": e["type"]}
                    for e in error.errors()
                ]
            )
        }
        return JSONResponse(body, 422, media_type=MEDIA_TYPE)

    def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101
        shown = page(request, error.status_code)
        if shown is not None:
            return shown
        code = _OF_HTTP.get(error.status_code, REQUEST_REFUSED)
        found = ApiProblem(
            status=error.status_code, code=code, detail=str(error.detail), headers=error.headers
        )
        return response(found)

    def on_failure(request: Request, error: Exception) -> Response:
        log.error("request_failed", path=request.url.path, exc_info=error)
        found = ApiProblem(500, INTERNAL, "an unexpected failure; it was logged")
        return page(request, 500) or response(found)

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(Exception, on_failure)


RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": ProblemBody, "description": text, "content": {MEDIA_TYPE: {}}}
    for status, text in (
        (401, "No valid token."),
        (403, "The role does not reach that far."),
        (404, "No such thing, or not yours."),
        (409, "A business rule does not allow it; `code` says which."),
        (413, "The body is larger than is read here."),
        (422, "The request is malformed."),
        (429, "A limit of this party's is used up; `Retry-After` says for how long."),
    )
}
