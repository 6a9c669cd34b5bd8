"""``counterfoil inspect FILE…``: exit 0 all valid, 1 some invalid, 2 some that it cannot tell."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from counterfoil.fault import FILE_EMPTY, FILE_TOO_LARGE, FILE_UNREADABLE
from counterfoil.gateway.formats.inspection.file_findings import inspect_file
from counterfoil.gateway.formats.inspection.finding import Finding, Verdict, plain
from counterfoil.printable import printable, printable_json

_UNREADABLE = (FILE_EMPTY, FILE_UNREADABLE, FILE_TOO_LARGE)


def register(app: typer.Typer) -> None:
    """Add ``inspect`` to *app*."""
    app.command("inspect")(inspect)


def inspect(
    files: Annotated[
        list[Path], typer.Argument(help="Files of any format known here, gzip or not.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say what each file is and whether it is true, as far as the file alone can tell."""
    now = datetime.now(UTC)
    found = [(str(path), finding) for path in files for finding in inspect_file(path, now)]
    for file, finding in found:
        if finding.reason.startswith(_UNREADABLE):
            code, _, detail = finding.reason.partition(": ")
            named = detail if file in detail else f"{file}: {detail}"
            typer.echo(json.dumps({"code": code, "detail": named}), err=True)
    if as_json:
        items = [finding.to_json(file) for file, finding in found]
        typer.echo(printable_json(items[0] if len(items) == 1 else items))
    else:
        for file, finding in found:
            _print(file, finding)
    raise typer.Exit(exit_status([finding.verdict for _, finding in found]))


def exit_status(verdicts: list[Verdict]) -> int:
    """Return 1 when something is invalid, else 2 when something cannot be told, else 0."""
    if Verdict.INVALID in verdicts:
        return 1
    return 2 if Verdict.UNVERIFIABLE in verdicts else 0


def _print(file: str, finding: Finding) -> None:
    reason = printable(finding.reason)
    typer.echo(f"{printable(file)}: {finding.format}: {finding.verdict.value}: {reason}")
    for key, value in plain(finding.summary).items():
        shown = printable_json(value)
        typer.echo(f"  {printable(key)}: {shown if len(shown) <= 200 else shown[:199] + '…'}")
