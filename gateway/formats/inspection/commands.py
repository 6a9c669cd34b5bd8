"""``counterfoil inspect FILE…``: exit 0 all valid, 1 some invalid, 2 some that it cannot tell."""

from __future__ import annotations

import json
from collections import Counter
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
    every: Annotated[
        bool, typer.Option("--all", help="Print each record of a bundle, also those that are true.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say what each file is and whether it is true, as far as the file alone can tell.

    Exit status: 0 all of it is true, 1 something is not, 2 it could not be told.
    """
    now = datetime.now(UTC)
    by_file = [(str(path), inspect_file(path, now)) for path in files]
    found = [(file, finding) for file, findings in by_file for finding in findings]
    for file, finding in found:
        if finding.reason.startswith(_UNREADABLE):
            code, _, detail = finding.reason.partition(": ")
            named = detail if file in detail else f"{file}: {detail}"
            typer.echo(json.dumps({"code": code, "detail": named}), err=True)
    if as_json:
        items = [finding.to_json(file) for file, finding in found]
        typer.echo(printable_json(items[0] if len(items) == 1 else items))
    else:
        for file, findings in by_file:
            for finding in findings if every else shortened(findings):
                _print(file, finding)
    raise typer.Exit(exit_status([finding.verdict for _, finding in found]))


def shortened(findings: list[Finding]) -> list[Finding]:
    """Return *findings*; of a bundle's true records one line in all, what they add up to."""
    if not findings or findings[0].format != "bundle":
        return findings
    bundle, *records = findings
    true = [one for one in records if one.verdict is not Verdict.INVALID]
    if len(true) > 1:
        times = [one.summary["time_ms"] for one in true]
        counted = Counter(str(one.summary["kind"]) for one in true)
        summary = {
            "records": len(true),
            "kinds": dict(sorted(counted.items())),
            "first_record_ms": min(times),
            "last_record_ms": max(times),
        }
        worst = max(true, key=lambda one: one.verdict is Verdict.UNVERIFIABLE)
        reason = f"{len(true)} of them: {worst.reason} (--all prints each)"
        true = [Finding("records", worst.verdict, reason=reason, summary=summary)]
    return [bundle, *true, *(one for one in records if one.verdict is Verdict.INVALID)]


def exit_status(verdicts: list[Verdict]) -> int:
    """Return 1 when something is invalid, else 2 when something cannot be told, else 0."""
    if Verdict.INVALID in verdicts:
        return 1
    return 2 if Verdict.UNVERIFIABLE in verdicts else 0


def _print(file: str, finding: Finding) -> None:
    reason = printable(finding.reason)
    typer.echo(f"{printable(file)}: {finding.format}: {finding.verdict.value}: {reason}")
    for key, value in plain(finding.summary).items():
        name, shown = _shown(key, value)
        typer.echo(f"  {printable(name)}: {shown if len(shown) <= 200 else shown[:199] + '…'}")


def _shown(key: str, value: object) -> tuple[str, str]:
    """A value's name and text; a time is shown as a date, UTC."""
    if key.endswith("_ms") and type(value) is int:
        try:
            at = datetime.fromtimestamp(value / 1000, UTC)
            return key.removesuffix("_ms"), f"{at:%Y-%m-%d %H:%M:%S}Z"
        except (OverflowError, OSError, ValueError):
            pass
    return key, printable_json(value)
