"""``counterfoil day``: close a business date through the running oracle, and show what came of it."""

from __future__ import annotations

import getpass
import json
import time
from typing import Annotated, Any, NoReturn

import typer
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from counterfoil.oracle.day_close.clock import CLOSE_DAY
from counterfoil.oracle.instructions import ask
from counterfoil.oracle.store import open_database
from counterfoil.oracle.store.day_tables import DayClose
from counterfoil.oracle.store.tables import Instruction

day_app = typer.Typer(
    help="The business day: move the date, sweep revenue into loans, mark what falls due, compare the books.",
    no_args_is_help=True,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Database = Annotated[
    str,
    typer.Option(
        "--database", envvar="COUNTERFOIL_ORACLE_DATABASE_URL", help="The oracle's database."
    ),
]
_DEFAULT = "sqlite:///oracle.db"
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
        typer.Option("--far", help="Meant, though it is more than a month after the last date."),
    ] = False,
    wait_s: Annotated[
        int, typer.Option("--wait", help="Seconds to wait for the running oracle.", min=0)
    ] = 600,
    database: Database = _DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Close a business date: the running oracle does it, this waits and shows the report.

    A date that is closed already is shown again; one whose books differed is attempted again.
    Exit status: 0 when all books agree, 1 when they differ, 2 when it could not be closed or did not end in time.
    """
    engine = open_database(database, migrate=False)
    deadline = time.monotonic() + wait_s
    with Session(engine) as session:
        key = f"day:{date or 'today'}:{time.time_ns()}"
        payload = {"date": date, "far": far}
        number = ask(session, key, getpass.getuser(), CLOSE_DAY, payload).id
        session.commit()
    while (asked := _instruction(engine, number)).status == "pending":
        _wait(deadline, f"the oracle did not take instruction {number} in time: is it running?")
    if asked.status == "failed" or asked.result is None:
        _fail(asked.error_code or "oracle.error", asked.error_detail or "")
    while (day := _day(engine, asked.result["date"])) is None or day.status == "open":
        phase = day.phase if day is not None else "asked"
        _wait(deadline, f"{asked.result['date']} is still under way, in phase {phase}")
    _show(day, as_json)


@day_app.command("show")
def show(
    date: Annotated[
        int | None, typer.Argument(help="YYYYMMDD. [default: the newest]", metavar="DATE")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="List all days, without their reports.")
    ] = False,
    database: Database = _DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Show a day's report, or list the days."""
    engine = open_database(database, migrate=False)
    if every:
        _list(engine, as_json)
        return
    day = _day(engine, date)
    if day is None:
        _fail("oracle.unknown_name", f"no day {date or ''}".strip() + " was closed here")
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
        _fail(day.error_code or "oracle.error", day.error_detail or "")
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
        if line["state"] == "frozen":
            typer.echo(f"  line {line['line']} is frozen: {line['reason']}")
    for pledge in report.get("top_ups_expired", []):
        typer.echo(f"  pledge {pledge}: its call for more was not met in time")
    for name, value in report.get("figures", {}).items():
        typer.echo(f"  {name}: {value}")
    for d in report.get("differences", []):
        typer.echo(
            f"  DIFFERS {d['code']} {d['subject']}: expected {d['expected']}, found {d['found']} ({d['detail']})"
        )
    raise typer.Exit(_EXIT[day.status])


def _instruction(engine: Engine, number: int | None) -> Instruction:
    with Session(engine.execution_options(reads_only=True)) as session:
        row = session.get_one(Instruction, number)
        session.expunge(row)
        return row


def _day(engine: Engine, date: int | None) -> DayClose | None:
    with Session(engine.execution_options(reads_only=True)) as session:
        query = select(DayClose).order_by(col(DayClose.date).desc())
        row = session.exec(query if date is None else query.where(DayClose.date == date)).first()
        session.expunge_all()
        return row


def _wait(deadline: float, why: str) -> None:
    if time.monotonic() > deadline:
        _fail("oracle.not_in_time", why)
    time.sleep(0.1)


def _fail(code: str, detail: str) -> NoReturn:
    typer.echo(json.dumps({"code": code, "detail": detail}), err=True)
    raise typer.Exit(2)
