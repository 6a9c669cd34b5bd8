"""``counterfoil day``: close a business date through the running oracle, and show what came of it."""

from __future__ import annotations

import json
import time
from typing import Annotated, Any

import typer
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from counterfoil.chain.abi.enums import LineState
from counterfoil.fault import Code
from counterfoil.oracle.commands.instruction_reply import (
    DEFAULT_DATABASE,
    AsJson,
    Database,
    WaitSeconds,
    fail,
    result_of,
    the_oracles,
    wait_for,
)
from counterfoil.oracle.errors import OracleError, UnknownName
from counterfoil.oracle.instructions.request import CloseDay
from counterfoil.oracle.store.day_tables import DayClose
from counterfoil.printable import printable

day_app = typer.Typer(
    help="The business day: move the date, sweep revenue into loans, mark what falls due, compare the books.",
    no_args_is_help=True,
)

_EXIT = {"closed": 0, "differs": 1, "failed": 2, "open": 2}


def register(app: typer.Typer) -> None:
    """Add ``day`` to *app*."""
    app.add_typer(day_app, name="day")


@day_app.command("close")
def close(
    date: Annotated[
        int | None,
        typer.Option(help="YYYYMMDD. [default: today in the oracle's time zone]"),
    ] = None,
    far: Annotated[
        bool,
        typer.Option(
            "--far",
            help="Meant, though it is over a month after the last date: the committee has voted.",
        ),
    ] = False,
    wait_s: WaitSeconds = 600,
    database: Database = DEFAULT_DATABASE,
    as_json: AsJson = False,
) -> None:
    """Close a business date: the running oracle does it, this waits and shows the report.

    A date that is closed already is shown again; one whose books differed is attempted again.
    Exit status: 0 when all books agree, 1 when they differ, 2 when it could not be closed or did not end in time.
    """
    engine = the_oracles(database)
    key = f"day:{date or 'today'}:{time.time_ns()}"
    asked = result_of(engine, key, request=CloseDay(date, far), wait_s=wait_s)["date"]

    def ended() -> DayClose | None:
        day = _day(engine, asked)
        return day if day is not None and day.status != "open" else None

    day = wait_for(ended, wait_s, f"{asked} is still under way: see counterfoil day show {asked}")
    _show(day, as_json)


@day_app.command("show")
def show(
    date: Annotated[
        int | None, typer.Argument(help="YYYYMMDD. [default: the newest]", metavar="DATE")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="List all days, without their reports.")
    ] = False,
    database: Database = DEFAULT_DATABASE,
    as_json: AsJson = False,
) -> None:
    """Show a day's report, or list the days."""
    engine = the_oracles(database)
    if every:
        _list(engine, as_json)
        return
    day = _day(engine, date)
    if day is None:
        fail(UnknownName.code, f"no day {date or ''}".strip() + " was closed here")
    _show(day, as_json)


def _list(engine: Engine, as_json: bool) -> None:
    with Session(engine.execution_options(reads_only=True)) as session:
        rows = session.exec(select(DayClose).order_by(col(DayClose.date))).all()
        found = [_summary(row) for row in rows]
    if as_json:
        typer.echo(json.dumps(found))
        return
    for day in found:
        typer.echo(f"{day['date']}  {day['status']:<8} {day['differences']} differences")


def _summary(row: DayClose) -> dict[str, Any]:
    report = row.report or {}
    return {
        "date": row.date,
        "status": row.status,
        "attempt": row.attempt,
        "phase": row.phase,
        "differences": len(report.get("differences", [])),
        "error_code": row.error_code,
    }


def _show(day: DayClose, as_json: bool) -> None:
    if day.status == "failed":
        fail(Code(day.error_code or OracleError.code), day.error_detail or "")
    if as_json:
        typer.echo(json.dumps(day.report or _summary(day)))
        raise typer.Exit(_EXIT[day.status])
    typer.echo(f"{day.date}: {day.status} (attempt {day.attempt}, phase {day.phase})")
    report = day.report or {}
    for kind, count in report.get("transactions", {}).items():
        typer.echo(f"  {kind}: {count}")
    for loan in report.get("loans", []):
        typer.echo(
            f"  loan {loan['loan']} of line {loan['line']}: {loan['state']}, principal {loan['owed_principal']},"
            f" interest {loan['owed_interest']}, due {loan['owed_due']}, missed {loan['owed_missed']}"
        )
    for claim in report.get("claims", []):
        typer.echo(f"  claim {claim['root']}: {claim['before']} → {claim['state']}")
    for line in report.get("lines", []):
        if line["state"] == LineState.FROZEN.wire_name:
            typer.echo(f"  line {line['line']} is frozen: {printable(line['reason'])}")
    for pledge in report.get("top_ups_expired", []):
        typer.echo(f"  pledge {pledge}: its call for more was not met in time")
    for name, value in report.get("figures", {}).items():
        typer.echo(f"  {name}: {printable(value)}")
    for d in report.get("differences", []):
        line = f"{d['subject']}: expected {d['expected']}, found {d['found']} ({d['detail']})"
        typer.echo(f"  DIFFERS {d['code']} {printable(line)}")
    raise typer.Exit(_EXIT[day.status])


def _day(engine: Engine, date: int | None) -> DayClose | None:
    with Session(engine.execution_options(reads_only=True)) as session:
        query = select(DayClose).order_by(col(DayClose.date).desc())
        row = session.exec(query if date is None else query.where(DayClose.date == date)).first()
        session.expunge_all()
        return row
