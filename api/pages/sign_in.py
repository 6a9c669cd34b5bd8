"""The pages' sign-in, sign-out and language: the routes that set a reader's cookies.

Rules kept here:

* A token or a one-time code opens a session. Signing out needs the session's CSRF token.
* Nobody is led to another site.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Form, Request
from fastapi.responses import RedirectResponse, Response

from counterfoil.api.access import auth
from counterfoil.api.http.context import COOKIE, parts_of
from counterfoil.api.pages.language import LANGUAGES
from counterfoil.api.pages.reader import LANGUAGE_COOKIE, Reader, page_router

router = page_router()


@router.get("/login")
def show_login(request: Request, to: str = "/", refused: bool = False) -> Response:
    """The form in which a token opens a session."""
    return Reader(request).page("login.html", to=_local(to), code="", refused=refused)


@router.get("/login/{code}")
def show_login_link(request: Request, code: str) -> Response:
    """A one-time link. It shows a button, so that previews do not use the code up."""
    return Reader(request).page("login.html", to="/", code=code, refused=False)


@router.post("/login")
def login(
    request: Request, secret: Annotated[str, Form()] = "", to: Annotated[str, Form()] = "/"
) -> Response:
    """Open a session with a token or a one-time code."""
    parts = parts_of(request)
    cookie = auth.open_session(parts.oracle, secret.strip(), parts.settings.session_hours)
    if cookie is None:
        return Reader(request).page("login.html", 401, to=_local(to), code="", refused=True)
    response = RedirectResponse(_local(to), 303)
    response.set_cookie(
        COOKIE,
        cookie,
        max_age=parts.settings.session_hours * 3600,
        httponly=True,
        samesite="strict",
        secure=parts.settings.secure_cookies,
    )
    return response


@router.post("/logout")
def logout(request: Request, csrf: Annotated[str, Form()] = "") -> Response:
    """End the session."""
    reader = Reader(request)
    if reader.who is not None and not auth.same_secret(reader.who.csrf, csrf):
        return reader.stale()
    auth.close_session(reader.parts.oracle, request.cookies.get(COOKIE, ""))
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE)
    return response


@router.get("/language/{language}")
def set_language(language: str, to: str = "/") -> Response:
    """Remember the language and redirect to where the reader was."""
    response = RedirectResponse(_local(to), 303)
    if language in LANGUAGES:
        response.set_cookie(
            LANGUAGE_COOKIE, language, max_age=31_536_000, samesite="lax", httponly=True
        )
    return response


def _local(to: str) -> str:
    """Return *to* if it is a path of this site, else the first page."""
    try:
        parts = urlsplit(to)
    except ValueError:
        return "/"
    local = not parts.scheme and not parts.netloc and to.startswith("/") and "\\" not in to
    return to if local and not to.startswith("//") else "/"
