"""The reader of a page, and the frame around every page. Each noun's page uses both.

Rules kept here:

* A page needs a session; without one it redirects to the login. Forms carry the session's CSRF token.
* Only what the reader may see is looked up; everything else is not found.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import func
from sqlmodel import Session, select

from counterfoil.alarm import Alarm
from counterfoil.api.access import auth
from counterfoil.api.access.auth import Principal, Role
from counterfoil.api.access.roles import may, rule_of, whose
from counterfoil.api.access.sight import Sight
from counterfoil.api.access.unmatched import seen_exceptions
from counterfoil.api.access.whose import Whose
from counterfoil.api.heads.reads import HeadReads
from counterfoil.api.http import problems
from counterfoil.api.http.context import COOKIE, ApiParts, operation_of, parts_of
from counterfoil.api.pages.language import Speech, choose
from counterfoil.api.records.repudiated import Repudiated
from counterfoil.api.records.sales import Stored, day_of
from counterfoil.gateway.record.bodies import Body, Sale
from counterfoil.oracle.store.revenue_tables import MatchException
from counterfoil.printable import printable


def _reached(request: Request) -> None:
    """Raise 404 where the table of roles has no row for the page, or gives the reader nothing by it."""
    operation = operation_of(request)
    rule = rule_of(operation)
    if rule is not None and all(rule.of(role) is not Whose.NONE for role in Role):
        return
    cookie = request.cookies.get(COOKIE)
    who = auth.by_cookie(parts_of(request).reads, cookie) if cookie else None
    if rule is None or (who is not None and not may(operation, who.role)):
        raise problems.not_found("page")


def page_router() -> APIRouter:
    """Return a router for pages: HTML, left out of the API's description, and shown as the table of roles says."""
    return APIRouter(
        include_in_schema=False,
        default_response_class=HTMLResponse,
        dependencies=[Depends(_reached)],
    )


def _shown(value: object) -> object:
    """Return *value* as a page shows it: of a text, what would act on the page instead is escaped."""
    return printable(value, keep="\n\t") if type(value) is str else value


_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).resolve().parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    finalize=_shown,
    trim_blocks=True,
    lstrip_blocks=True,
)
LANGUAGE_COOKIE = "counterfoil_language"
_WITHIN_S = 0.5
"""How long a page waits for a new look at the house."""
ROWS = 50
"""Rows on a page of a list."""


class Reader:
    """One request's reader: language, session, and what may be seen.

    With *known* False the databases are not asked who the reader is, for pages about a failure.
    """

    def __init__(self, request: Request, known: bool = True) -> None:
        self.parts: ApiParts = parts_of(request)
        language = choose(
            request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language", "")
        )
        self.speech = Speech(language, ZoneInfo(self.parts.settings.time_zone))
        cookie = request.cookies.get(COOKIE) if known else None
        self.who: Principal | None = auth.by_cookie(self.parts.reads, cookie) if cookie else None
        self.here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        self._operation = operation_of(request)
        self._sights: dict[Whose, Sight] = {}

    @property
    def sight(self) -> Sight:
        """What the reader may see by this page."""
        return self._sight(self._operation)

    def _sight(self, operation: str) -> Sight:
        assert self.who is not None  # noqa: S101  # routes look at `who` first
        reach = whose(operation, self.who.role)
        if reach not in self._sights:
            self._sights[reach] = self.parts.sight(self.who, reach)
        return self._sights[reach]

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """Return the page made of *template*."""
        frame: dict[str, Any] = {"s": self.speech, "who": self.who, "here": self.here, "page": ""}
        if self.who is not None:
            frame["health"] = self.parts.health()
            frame["alarms"], frame["now"] = self._alarms(), datetime.now(UTC)
            frame["open_exceptions"] = self._open_exceptions()
        return HTMLResponse(_TEMPLATES.get_template(template).render(frame | values), status)

    def _alarms(self) -> dict[str, list[Alarm]]:
        """What must be seen to now, by code; what belongs to parties only for who sees everything."""
        found: dict[str, list[Alarm]] = {}
        assert self.who is not None  # noqa: S101  # pages ask for the sake of who reads
        sees_all = whose("GET /v1/alarms", self.who.role) is Whose.ALL
        for alarm in self.parts.house.alarms(_WITHIN_S):
            is_shown = sees_all or not alarm.private
            found.setdefault(alarm.code, []).append(
                alarm if is_shown else Alarm(alarm.code, "", alarm.part)
            )
        return found

    def _open_exceptions(self) -> int:
        """How many exceptions that the reader may see wait for a person."""
        query = select(func.count()).where(
            seen_exceptions(self._sight("GET /exceptions")), MatchException.status == "open"
        )
        with Session(self.parts.reads) as session:
            return session.exec(query).one()

    def to_login(self) -> Response:
        """Redirect to the login, and back here afterwards."""
        return RedirectResponse(f"/login?to={quote(self.here)}", 303)

    def not_found(self) -> Response:
        """Return the page *not found*."""
        title = {"title": "notice.not_found", "text": "notice.not_found_text"}
        return self.page("notice.html", 404, **title)

    def stale(self) -> Response:
        """Return the page for a form whose CSRF token is not the session's."""
        return self.page("notice.html", 403, title="notice.stale", text="notice.stale_text")

    def sales(self, shown: list[Stored] | tuple[Stored, ...], opened: set[int]) -> dict[str, Any]:
        """Return the values of the table of sales; *opened* are the log indices shown with their counterfoil."""
        zone = self.speech.zone
        return {
            "sales": shown,
            "foils": {
                stored.log_index: {"head": HeadReads(self.parts.reads).covering(stored.log_index)}
                for stored in shown
                if stored.log_index in opened
            },
            "labels": {m.device: m.label for m in self.parts.directory.machines()},
            "goods_of": goods_of,
            "slot_of": slot_of,
            "is_disputed": Repudiated(self.parts.reads).has,
            "day_of": lambda time_ms: day_of(time_ms, zone),
            "with_dates": False,
        }


def goods_of(body: Body) -> str:
    """Return the goods sold, in one line."""
    if not isinstance(body, Sale):
        return ""
    parts = [
        line.commodity if line.quantity == 1 else f"{line.quantity} × {line.commodity}"
        for line in body.lines
    ]
    return ", ".join(parts)


def slot_of(body: Body) -> str:
    """Return the slots from which the goods were taken."""
    if not isinstance(body, Sale):
        return ""
    return ", ".join(line.slot for line in body.lines if line.slot)
