"""The pages' routes: who may see them, in which language, and what goes into each template.

Rules kept here:

* A page needs a session; without one it leads to the login. Forms carry the session's CSRF token.
* Only what the reader may see is looked up; the rest is not found.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from counterfoil.api.access import auth
from counterfoil.api.access.auth import Principal
from counterfoil.api.access.sight import Sight
from counterfoil.api.heads.anchoring import anchors as anchors_of
from counterfoil.api.http.context import COOKIE, Parts, parts_of
from counterfoil.api.instructions.request import ask
from counterfoil.api.pages import today
from counterfoil.api.pages.language import LANGUAGES, Speech, choose
from counterfoil.api.records.reads import RecordReads
from counterfoil.api.records.sales import SalesReads, Stored, day_of
from counterfoil.gateway.record.bodies import Body, Sale
from counterfoil.oracle.instructions.request import ResolveException

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).resolve().parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_LANGUAGE = "counterfoil_language"
_PAGE = 50
_HOURS_SAID = 72  # a longer silence is said in days
_MAX_MS = 253_402_300_800_000


class Reader:
    """One request's reader: language, session, and what may be seen.

    With *known* False the databases are not asked who it is: something failed already.
    """

    def __init__(self, request: Request, known: bool = True) -> None:
        self.parts: Parts = parts_of(request)
        language = choose(
            request.cookies.get(_LANGUAGE), request.headers.get("accept-language", "")
        )
        self.speech = Speech(language, ZoneInfo(self.parts.settings.time_zone))
        cookie = request.cookies.get(COOKIE) if known else None
        self.who: Principal | None = auth.by_cookie(self.parts.reads, cookie) if cookie else None
        self.here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        self._sight: Sight | None = None

    @property
    def sight(self) -> Sight:
        """What the reader may see."""
        if self._sight is None:
            assert self.who is not None  # noqa: S101  # routes look at `who` first
            self._sight = self.parts.ledger.sight(self.who)
        return self._sight

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """The page made of *template*."""
        frame: dict[str, Any] = {"s": self.speech, "who": self.who, "here": self.here, "page": ""}
        if self.who is not None:
            frame["health"] = self.parts.health()
            frame["open_exceptions"] = self.parts.ledger.open_exceptions(self.sight.projects)
        return HTMLResponse(_TEMPLATES.get_template(template).render(frame | values), status)

    def to_login(self) -> Response:
        """To the login, and back here afterwards."""
        return RedirectResponse(f"/login?to={quote(self.here)}", 303)

    def not_found(self) -> Response:
        """The page that says so."""
        title = {"title": "notice.not_found", "text": "notice.not_found_text"}
        return self.page("notice.html", 404, **title)

    def stale(self) -> Response:
        """The form's CSRF token is not the session's."""
        return self.page("notice.html", 403, title="notice.stale", text="notice.stale_text")

    def sales(self, shown: list[Stored] | tuple[Stored, ...], opened: set[int]) -> dict[str, Any]:
        """What the table of sales needs; *opened* are the places shown with their counterfoil."""
        zone = self.speech.zone
        return {
            "sales": shown,
            "foils": {
                stored.log_index: {"head": self.parts.ledger.covering(stored.log_index)}
                for stored in shown
                if stored.log_index in opened
            },
            "labels": {m.device: m.label for m in self.parts.ledger.machines()},
            "goods_of": goods_of,
            "slot_of": slot_of,
            "day_of": lambda time_ms: day_of(time_ms, zone),
            "with_dates": False,
        }


def goods_of(body: Body) -> str:
    """What was sold, in one line."""
    if not isinstance(body, Sale):
        return ""
    parts = [
        line.commodity if line.quantity == 1 else f"{line.quantity} × {line.commodity}"
        for line in body.lines
    ]
    return ", ".join(parts)


def slot_of(body: Body) -> str:
    """The slots that goods were taken out of."""
    if not isinstance(body, Sale):
        return ""
    return ", ".join(line.slot for line in body.lines if line.slot)


_FAILURES = {404: "not_found", 405: "not_found", 422: "not_found", 409: "conflict"}


def failure(request: Request, status: int) -> Response | None:
    """A page that says what went wrong, for a browser; None where a program asks."""
    for_people = "text/html" in request.headers.get("accept", "")
    if not for_people or request.url.path.startswith(("/v1/", "/static/")):
        return None
    key = _FAILURES.get(status, "failed")
    shown = {"title": f"notice.{key}", "text": f"notice.{key}_text"}
    return Reader(request, known=status < 500).page("notice.html", status, **shown)


@router.get("/")
def show_today(
    request: Request,
    span: today.Range = "day",
    date: Annotated[date | None, Query()] = None,
    open: Annotated[int, Query(ge=-1)] = -1,  # noqa: A002  # the address's own word
) -> Response:
    """The operator's page: takings, their split, the machines, the latest sales."""
    reader = Reader(request)
    if reader.who is None:
        return reader.to_login()
    s = reader.speech
    view = today.look(reader.parts, reader.sight, s.zone, span, date)
    first, last = view.first, view.last
    if span == "day":
        period = s.day(first)
    elif span == "week":
        period = s.t("title.range", first=s.day(first, "short"), last=s.day(last))
    else:
        period = s.day(first, "year")
    now = view.is_now and span == "day"
    heading, period = (s.t("title.today"), period) if now else (period, "")
    later = last + timedelta(days=1)
    return reader.page(
        "today.html",
        page="today",
        view=view,
        period=period,
        heading=heading,
        change=_change(s, view),
        since=_since(s, view),
        quiet=lambda row: _quiet(s, row.quiet_hours),
        earlier=f"/?span={span}&date={first - timedelta(days=1)}",
        later=None if view.is_now else f"/?span={span}&date={later}",
        seconds=lambda day: int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()),
        **reader.sales(view.latest, {open}),
    )


def _change(s: Speech, view: today.Today) -> str:
    when = s.t(f"change.when.{view.span}", weekday=s.weekday(view.first))
    if view.before <= 0:
        return s.t("change.none", when=when)
    percent = (view.takings - view.before) * 100 // view.before
    key = "up" if percent > 0 else "down" if percent < 0 else "same"
    return s.t(f"change.{key}", percent=abs(percent), when=when)


def _quiet(s: Speech, hours: int) -> str:
    if hours < _HOURS_SAID:
        return s.t("state.quiet", hours=s.count(hours))
    return s.t("state.quiet_days", days=s.count(hours // 24))


def _since(s: Speech, view: today.Today) -> str:
    if view.split is None or not view.split.effective_from:
        return "–"
    text = str(view.split.effective_from)
    return s.day(date(int(text[:4]), int(text[4:6]), int(text[6:])), "short")


@router.get("/sales")
def show_sales(request: Request, before: str = "") -> Response:
    """All sales, the newest first."""
    reader = Reader(request)
    if reader.who is None:
        return reader.to_login()
    time_ms, _, index = before.partition("-")
    place = (int(time_ms), int(index)) if time_ms.isdigit() and index.isdigit() else None
    shown = SalesReads(reader.parts.gateway).sales(reader.sight.devices, 0, _MAX_MS, _PAGE, place)
    last = shown[-1] if len(shown) == _PAGE else None
    older = last and f"/sales?before={last.signed.record.time_ms}-{last.log_index}"
    values = reader.sales(shown, set()) | {"with_dates": True}
    anchors = anchors_of(reader.parts)
    return reader.page("sales.html", page="sales", older=older, anchors=anchors, **values)


@router.get("/sales/{log_index}")
def show_sale(request: Request, log_index: int, closed: bool = False) -> Response:
    """One sale with its counterfoil."""
    reader = Reader(request)
    if reader.who is None:
        return reader.to_login()
    stored = _sale(reader, log_index)
    if stored is None:
        return reader.not_found()
    values = reader.sales([stored], set() if closed else {log_index}) | {"with_dates": True}
    anchors = anchors_of(reader.parts)
    return reader.page("sales.html", page="sales", older=None, anchors=anchors, **values)


@router.get("/parts/sales/{log_index}")
def show_row(
    request: Request,
    log_index: int,
    open: bool = True,  # noqa: A002  # the address's own word
    dates: bool = False,
) -> Response:
    """One sale's rows alone, for a page that is open already."""
    reader = Reader(request)
    stored = _sale(reader, log_index) if reader.who is not None else None
    if stored is None:
        return reader.not_found()
    values = reader.sales([stored], {log_index} if open else set()) | {"with_dates": dates}
    return reader.page(
        "sale.html",
        stored=stored,
        foil=values["foils"].get(log_index),
        anchors=anchors_of(reader.parts),
        **values,
    )


def _sale(reader: Reader, log_index: int) -> Stored | None:
    stored = RecordReads(reader.parts.gateway).at(log_index)
    if stored is None or stored.signed.record.device not in reader.sight.devices:
        return None
    return stored if stored.signed.record.kind.name in ("SALE", "REFUND") else None


@router.get("/parts/health")
def show_health(request: Request) -> Response:
    """The chain's health alone."""
    reader = Reader(request)
    if reader.who is None:
        return Response(status_code=401)
    return reader.page("health.html")


@router.get("/exceptions")
def show_exceptions(request: Request, after: int = 0, asked: int = 0) -> Response:
    """What waits for a person."""
    reader = Reader(request)
    if reader.who is None:
        return reader.to_login()
    found = reader.parts.ledger.exceptions(reader.sight.projects, "open", after, _PAGE)
    currency = {p.project: p.currency for p in reader.parts.ledger.projects()}
    return reader.page(
        "exceptions.html",
        page="exceptions",
        rows=[(row, currency.get(row.project, "CNY")) for row in found],
        older=f"/exceptions?after={found[-1].id}" if len(found) == _PAGE else None,
        asked=asked,
        date_of=lambda day: date(day // 10_000, day // 100 % 100, day % 100),
        may_resolve=reader.who.may("resolve_exception"),
    )


@router.post("/exceptions/{number}")
def resolve_exception(
    request: Request,
    number: int,
    csrf: Annotated[str, Form()] = "",
    resolution: Annotated[str, Form(pattern="^(accepted|excluded)$")] = "",
    note: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """The operator's decision, as an instruction."""
    reader = Reader(request)
    if reader.who is None:
        return reader.to_login()
    if not auth.same_secret(reader.who.csrf, csrf):
        return reader.stale()
    row = reader.parts.ledger.exception(number)
    seen = row is not None and row.project in reader.sight.projects
    if not seen or not reader.who.may("resolve_exception"):
        return reader.not_found()
    decided = ResolveException(number, resolution, note)
    asked = ask(reader.parts.oracle, reader.who, f"page-exception-{number}", decided)
    return RedirectResponse(f"/exceptions?asked={asked.id}", 303)


@router.get("/login")
def show_login(request: Request, to: str = "/", refused: bool = False) -> Response:
    """Where a token opens a session."""
    return Reader(request).page("login.html", to=_local(to), code="", refused=refused)


@router.get("/login/{code}")
def show_login_link(request: Request, code: str) -> Response:
    """A one-time link: opening it shows a button, so that previews don't use it up."""
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
    answer = RedirectResponse(_local(to), 303)
    answer.set_cookie(
        COOKIE,
        cookie,
        max_age=parts.settings.session_hours * 3600,
        httponly=True,
        samesite="strict",
        secure=parts.settings.secure_cookies,
    )
    return answer


@router.post("/logout")
def logout(request: Request, csrf: Annotated[str, Form()] = "") -> Response:
    """End the session."""
    reader = Reader(request)
    if reader.who is not None and not auth.same_secret(reader.who.csrf, csrf):
        return reader.stale()
    auth.close_session(reader.parts.oracle, request.cookies.get(COOKIE, ""))
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE)
    return answer


@router.get("/language/{language}")
def set_language(language: str, to: str = "/") -> Response:
    """Remember the language, and back to where the reader was."""
    answer = RedirectResponse(_local(to), 303)
    if language in LANGUAGES:
        answer.set_cookie(_LANGUAGE, language, max_age=31_536_000, samesite="lax", httponly=True)
    return answer


@router.get("/docs")
def show_docs(request: Request) -> Response:
    """The API's description, by the vendored reader."""
    return Reader(request).page("docs.html", page="api")


def _local(to: str) -> str:
    """*to* if it is a path of this site, else the first page: nobody is led elsewhere."""
    parts = urlsplit(to)
    local = not parts.scheme and not parts.netloc and to.startswith("/") and "\\" not in to
    return to if local and not to.startswith("//") else "/"
