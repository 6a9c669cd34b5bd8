"""``counterfoil invoices``: a file of invoices, run through the claims on a chain of its own."""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from counterfoil.chain.errors import ChainError
from counterfoil.gateway.formats.errors import FormatError
from counterfoil.gateway.formats.invoices_csv import read_invoices
from counterfoil.invoices.report import InvoiceReport
from counterfoil.invoices.run import RunFailed, run_invoices


def register(app: typer.Typer) -> None:
    """Add ``invoices`` to *app*."""
    app.command("invoices")(invoices)


def invoices(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="CSV of trade invoices (.gz too): docs/formats/invoices-csv.md."
        ),
    ],
    data: Annotated[
        Path | None,
        typer.Option(help="Keep the run here, and go on with it. [default: nothing is kept]"),
    ] = None,
    first: Annotated[
        int | None, typer.Option(help="Only the first N invoices of the file.", min=1)
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the report as one JSON document.")
    ] = False,
) -> None:
    """Register each invoice in batches, confirm it, settle it as the file says, and compare the totals.

    Exit status: 0 when the chain holds what the file says to the cent, 1 when not, 2 when it could not tell.
    """
    said = Console(stderr=True)
    began = time.monotonic()

    def say(step: str) -> None:
        said.print(f"[dim]{time.monotonic() - began:6.1f} s[/dim]  {step}", highlight=False)

    try:
        found = read_invoices(file)
        if first is not None:
            found = replace(found, invoices=found.invoices[:first])
        if data is not None:
            report = run_invoices(found, data, say)
        else:
            with tempfile.TemporaryDirectory(prefix="counterfoil-invoices-") as folder:
                report = run_invoices(found, Path(folder), say)
    except (FormatError, ChainError, RunFailed) as failure:
        typer.echo(json.dumps({"code": failure.code, "detail": str(failure)}), err=True)
        raise typer.Exit(2) from failure
    if as_json:
        typer.echo(json.dumps(report.to_json()))
    else:
        show(report, Console())
    raise typer.Exit(0 if report.adds_up else 1)


def show(report: InvoiceReport, console: Console) -> None:
    """Print the report for a person."""
    table = Table("invoices", title="The file, and what the chain holds", title_justify="left")
    for column in ("in the file", "on the chain"):
        table.add_column(column, justify="right")
    table.add_row("registered", f"{report.invoices:,}", f"{report.registered:,}")
    for name, number in report.file_standings.items():
        table.add_row(name.replace("_", " "), f"{number:,}", f"{report.standings[name]:,}")
    table.add_row("amount", _major(report.file_amount_minor), _major(report.registered_minor))
    table.add_row("settled", _major(report.file_settled_minor), _major(report.settled_minor))
    left = report.file_amount_minor - report.file_settled_minor
    table.add_row("outstanding", _major(left), _major(report.outstanding_minor))
    console.print(table)
    for reason, count in report.set_aside.items():
        console.print(f"{count} rows set aside: {reason}")
    for notice, count in report.notices.items():
        console.print(f"{count} invoices: {notice}")
    rates = ", ".join(f"{name} {rate:,.0f}" for name, rate in report.invoices_a_second.items())
    console.print(f"invoices a second: {rates}")
    console.print(f"{report.transactions:,} transactions, {report.gas:,} gas")
    verdict = "[green]the chain holds what the file says, to the cent[/green]"
    console.print(
        verdict if report.adds_up else f"[red]rows differ: {report.differing_rows[:20]}[/red]"
    )


def _major(minor: int) -> str:
    return f"{minor // 100:,}.{minor % 100:02}"
