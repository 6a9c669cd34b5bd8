"""The pages' routes: who may see them, in which language, and what goes into each template.

Rules kept here:

* A page needs a session; without one it redirects to the login. Forms carry the session's CSRF token.
* Only what the reader may see is looked up; everything else is not found.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from fastapi import Path, Query, Request
from fastapi.responses import Response

from counterfoil.api.heads.anchoring import anchors as anchors_of
from counterfoil.api.pages import today
from counterfoil.api.pages.language import Speech
from counterfoil.api.pages.reader import ROWS, Reader, page_router
from counterfoil.api.pages.span import Range
from counterfoil.api.records.reads import RecordReads
from counterfoil.api.records.sales import SalesReads, Stored

router = page_router()

_Index = Annotated[int, Path(ge=0, le=2**53)]
# The pages look a month back and a month ahead.
_Date = Annotated[date | None, Query(ge=date(1970, 2, 1), le=date(9999, 10, 31))]
_Place = Annotated[str, Query(pattern="^([0-9]{1,15}-[0-9]{1,15})?$")]
_HOURS_SAID = 72  # a longer silence is said in days
_MAX_MS = 253_402_300_800_000

_FAILURES = {404: "not_found", 405: "not_found", 422: "not_found", 409: "conflict"}


def failure(request: Request, status: int) -> Response | None:
    """Return a page that says what went wrong, for a browser; None for a program."""
    for_people = "text/html" in request.headers.get("accept", "")
    if not for_people or request.url.path.startswith(("/v1/", "/static/")):
        return None
    key = _FAILURES.get(status, "failed")
    shown = {"title": f"notice.{key}", "text": f"notice.{key}_text"}
    return Reader(request, known=status < 500).page("notice.html", status, **shown)


@router.get("/")
def show_today(
    request: Request,
    span: Range = "day",
    date: _Date = None,
    open: Annotated[int, Query(ge=-1, le=2**53)] = -1,  # noqa: A002  # the address's own word
) -> Response:
    """The operator's page: takings, their split, the machines, the latest sales."""
    reader = Reader(request)
    if reader.who is None:
        return reader.to_login()
    s = reader.speech
    view = today.look(reader.parts, reader.sight, s.zone, span=span, day=date)
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
def show_sales(request: Request, before: _Place = "") -> Response:
    """All sales, the newest first."""
    reader = Reader(request)
    if reader.who is None:
        return reader.to_login()
    time_ms, _, index = before.partition("-")
    place = (int(time_ms), int(index)) if before else None
    shown = SalesReads(reader.parts.gateway).sales(reader.sight.devices, 0, _MAX_MS, ROWS, place)
    last = shown[-1] if len(shown) == ROWS else None
    older = last and f"/sales?before={last.signed.record.time_ms}-{last.log_index}"
    values = reader.sales(shown, set()) | {"with_dates": True}
    anchors = anchors_of(reader.parts)
    return reader.page("sales.html", page="sales", older=older, anchors=anchors, **values)


@router.get("/sales/{log_index}")
def show_sale(request: Request, log_index: _Index, closed: bool = False) -> Response:
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
    log_index: _Index,
    open: bool = True,  # noqa: A002  # the address's own word
    dates: bool = False,
) -> Response:
    """One sale's rows alone, for a page that is already open."""
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


@router.get("/docs")
def show_docs(request: Request) -> Response:
    """The API's description, by the vendored reader."""
    return Reader(request).page("docs.html", page="api")
