"""The response of a door that refuses: a problem (RFC 9457) with a stable code."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import JSONResponse

from counterfoil.fault import Code


def problem(
    status: int,
    code: Code,
    detail: str,
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, object] | None = None,
) -> JSONResponse:
    """Return the response; *more* are further members of the problem."""
    body = {"type": "about:blank", "title": code, "status": status, "code": code, "detail": detail}
    return JSONResponse(
        {**body, **(more or {})}, status, headers, media_type="application/problem+json"
    )
