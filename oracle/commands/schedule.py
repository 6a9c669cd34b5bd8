"""``counterfoil schedule TERMS``: a loan's events by the ACTUS standard. Exit 2 when terms are refused."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from counterfoil.fault import Code
from counterfoil.given_file import GivenFileError, read_text_file
from counterfoil.oracle.rules.schedule.cases import ScheduleCase, read_cases
from counterfoil.oracle.rules.schedule.errors import InputMalformed, ScheduleError
from counterfoil.oracle.rules.schedule.schedule_events import ScheduleEvent
from counterfoil.printable import printable, printable_json


def register(app: typer.Typer) -> None:
    """Add ``schedule`` to *app*."""
    app.command("schedule")(schedule)


def schedule(
    terms: Annotated[
        Path,
        typer.Argument(help="JSON: bare ACTUS terms, a case, or many; - reads standard input."),
    ],
    case: Annotated[
        list[str] | None, typer.Option("--case", help="Of a file of many, only this one.")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", help="Up to and with this date; else what the case says.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Print the events of a loan: PAM, LAM, NAM or ANN, its terms named as in the ACTUS dictionary.

    A case has terms, dataObserved, eventsObserved and to. A file of many cases gives an object of lists by name; a case
    that is refused is named on standard error, the others are printed, and the exit status is 2.
    """
    try:
        cases, is_many = read_cases(_text(terms))
        cases = _chosen(cases, case or [])
    except ScheduleError as refused:
        _say(refused.code, str(refused))
        raise typer.Exit(2) from refused
    found: dict[str, list[ScheduleEvent]] = {}
    for one in cases:
        try:
            found[one.name] = one.events(to)
        except ScheduleError as refused:
            _say(refused.code, f"{one.name}: {refused}" if is_many else str(refused))
    _print(found, is_many, as_json)
    raise typer.Exit(0 if len(found) == len(cases) else 2)


def _text(path: Path) -> str:
    try:
        return sys.stdin.read() if str(path) == "-" else read_text_file(path)
    except GivenFileError as failure:
        _say(failure.code, str(failure))
        raise typer.Exit(2) from failure


def _chosen(cases: list[ScheduleCase], names: list[str]) -> list[ScheduleCase]:
    known = {one.name for one in cases}
    if len(known) != len(cases):
        raise InputMalformed("two contracts have the same name")
    for name in names:
        if name not in known:
            raise InputMalformed(f"no case {name!r} in the file: it has {', '.join(sorted(known))}")
    return [one for one in cases if one.name in names or not names]


def _print(found: dict[str, list[ScheduleEvent]], is_many: bool, as_json: bool) -> None:
    from counterfoil.oracle.commands.schedule_table import many_to_json, to_json, to_table

    if as_json:
        if is_many:
            typer.echo(many_to_json(found))
        for events in found.values() if not is_many else ():
            typer.echo(to_json(events))
        return
    from rich.console import Console

    console = Console()
    for name, events in found.items():
        shown = printable(name)
        console.print(to_table(shown, events) if events else f"{shown}: no events")


def _say(code: Code, detail: str) -> None:
    typer.echo(printable_json({"code": code, "detail": detail}), err=True)
