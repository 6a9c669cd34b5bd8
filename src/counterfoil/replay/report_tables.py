"""A replay's report as tables for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from counterfoil.replay.asset_report import FACE, AssetReport
from counterfoil.replay.report import ReplayReport


def show(report: ReplayReport, console: Console) -> None:
    """Print the report for a person."""
    console.print(f"\n[bold]{report.source}[/bold]")
    if report.failed is not None:
        _show_cut_off(report.steps, report.failed, console)
    for note in report.notes:
        console.print(f"  {note}", highlight=False)
    table = Table(title="Records", title_justify="left", show_header=False)
    for name, number in report.records.items():
        table.add_row(name, f"{number:,}")
    console.print(table)
    machines = Table("machine", title=f"Gross by machine, {report.currency}", title_justify="left")
    machines.add_column("gross", justify="right")
    for label, amount in report.gross_by_machine.items():
        machines.add_row(label, money_text(amount))
    machines.add_row("all, as the input says", money_text(report.input_gross_minor), style="bold")
    console.print(machines)
    paid = Table(
        "recipient", "tier", title=f"Paid by recipient, {report.currency}", title_justify="left"
    )
    paid.add_column("amount", justify="right")
    for line in report.paid:
        paid.add_row(line["recipient"], line["tier"], money_text(line["amount_minor"]))
    paid.add_row("carried", "", money_text(report.carried_minor))
    paid.add_row("received", "", money_text(report.received_minor), style="bold")
    console.print(paid)
    if report.exceptions:
        listed = ", ".join(f"{count} {code}" for code, count in report.exceptions.items())
        console.print(f"exceptions resolved by a person: {listed}")
    if report.set_aside_minor:
        console.print(f"rows set aside, by reason above: {money_text(report.set_aside_minor)}")
    if report.assets is not None:
        show_assets(report.assets, report.currency, console)
    gas = Table("transactions", title="Gas", title_justify="left")
    for column in ("number", "gas", "gas each"):
        gas.add_column(column, justify="right")
    for kind, used in report.gas.items():
        each = used["gas"] // max(1, used["transactions"])
        gas.add_row(kind, f"{used['transactions']:,}", f"{used['gas']:,}", f"{each:,}")
    console.print(gas)
    console.print(f"operator withdrew {money_text(report.withdrawn_minor)} {report.currency}")
    _show_audit(report.audit, console)
    took = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in report.seconds.items())
    console.print(f"took: {took}")
    verdict = "[green]every record and every cent is accounted for[/green]"
    console.print(
        verdict if report.adds_up else "[red]something is not accounted for; see above[/red]"
    )


def _show_cut_off(steps: Sequence[str], failed: Mapping[str, str], console: Console) -> None:
    console.print("[red]It was cut off. What was begun, in order:[/red]")
    for step in steps:
        console.print(f"  {step}", highlight=False, markup=False)
    console.print(
        f"{failed['code']}: {failed['detail']}", style="red", highlight=False, markup=False
    )


def _show_audit(audit: Mapping[str, Any], console: Console) -> None:
    if audit.get("verified"):
        console.print(
            f"audit bundle {audit['bundle']} ({audit['bytes']:,} bytes): [green]verified[/green]"
        )
        console.print(
            "one byte of a sale changed: "
            + ("[green]named[/green]" if audit["tampering_named"] else "[red]MISSED[/red]")
        )
        for line in audit["named"]:
            console.print(f"  {line.strip()}", highlight=False)
    elif audit:
        console.print(f"[red]audit failed[/red] {audit.get('detail', '')}")
    else:
        console.print("no audit: it was cut off before")


def show_assets(assets: AssetReport, currency: str, console: Console) -> None:
    """Print the claim and the loan as two small tables."""
    claim = Table(
        "holder", "how", title=f"A claim of {money_text(FACE)} {currency}", title_justify="left"
    )
    for column in ("face", "received", "at"):
        claim.add_column(column, justify="right" if column != "at" else "left")
    for line in assets.claim:
        amounts = (money_text(line["face_minor"]), money_text(line["received_minor"]))
        claim.add_row(line["holder"], line["how"], *amounts, line["at"])
    paid = money_text(assets.claim_paid_minor)
    claim.add_row("paid by Great Lakes Retail", "", "", paid, "maturity", style="bold")
    console.print(claim)
    loan = Table(
        title=f"A loan on the takings, {currency}", title_justify="left", show_header=False
    )
    loan.add_column()
    loan.add_column(justify="right")
    for name, amount in assets.loan.items():
        loan.add_row(name, money_text(amount))
    console.print(loan)
    days = ", ".join(f"{day['date']} {day['status']}" for day in assets.days)
    console.print(f"business days: {days}", highlight=False)


def money_text(minor: int) -> str:
    """Two decimals, thousands apart."""
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100:,}.{abs(minor) % 100:02}"
