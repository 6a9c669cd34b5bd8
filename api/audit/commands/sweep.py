"""``counterfoil audit sweep``: verify everything again, against the auditor's own node."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from counterfoil.api.audit.faults import PIECE_NO_POWER_OF_TWO
from counterfoil.api.audit.sweep.book import StateOfAnother
from counterfoil.api.audit.sweep.deposit_check import read_statements
from counterfoil.api.audit.sweep.log_sweep import WorkerLost
from counterfoil.api.audit.sweep.piece import PIECE
from counterfoil.api.audit.sweep.run import Swept, sweep
from counterfoil.chain.client import ChainClient, Finality
from counterfoil.chain.deployment_file import Deployment
from counterfoil.chain.errors import ChainError, EditionDiffers
from counterfoil.fault import FILE_UNREADABLE, Code
from counterfoil.gateway.formats.errors import FormatError
from counterfoil.gateway.logfiles.source import LogUnreachable
from counterfoil.oracle.errors import InputMalformed
from counterfoil.oracle.rules.facts import Facts, decode_facts
from counterfoil.printable import printable

_EXIT = {"valid": 0, "invalid": 1, "unverifiable": 2}
_SHOWN = 200
_COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeRemainingColumn(),
)


def sweep_command(
    rpc: Annotated[str, typer.Option("--rpc", help="Your own node of the chain.")],
    log: Annotated[
        str, typer.Option("--log", help="The log's tiles: a folder, or the gateway's URL.")
    ],
    deployment: Annotated[
        Path, typer.Option(help="Your deployment file: where the contracts are.")
    ],
    state: Annotated[
        Path | None, typer.Option(help="Keep the progress here; after an interruption, go on.")
    ] = None,
    facts: Annotated[
        Path | None, typer.Option(help="Folder with distributions' facts (*.cbor), by any name.")
    ] = None,
    project: Annotated[
        list[str] | None, typer.Option(help="A project's name; may be said more than once.")
    ] = None,
    ca: Annotated[str, typer.Option(help="PEM: who signs the log server's certificate.")] = "",
    processes: Annotated[
        int, typer.Option(min=0, help="Processes that verify; 0 for as many as processors.")
    ] = 0,
    piece: Annotated[
        int, typer.Option(min=1, help="Records verified and kept at a time: a power of two.")
    ] = PIECE,
    signatures_at_least: Annotated[
        int, typer.Option(min=1, help="Oracle nodes that must have signed each head.")
    ] = 1,
    statements: Annotated[
        Path | None,
        typer.Option(help="Folder with the bank's camt.053 statements; each mint must be in one."),
    ] = None,
    depth: Annotated[int, typer.Option(min=0, help="Blocks that must lie above what counts.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Verify every record, head, split and balance again from the raw records and your own node.

    Exit status: 0 all is true and complete, 1 something is wrong or missing, 2 it could not be told.
    """
    if piece & (piece - 1):
        _fail(PIECE_NO_POWER_OF_TWO, f"{piece} is no power of two")
    try:
        known = Deployment.read(deployment)
        kept = _facts(facts)
        stated = read_statements(statements) if statements is not None else None
    except EditionDiffers as error:
        _fail(error.code, str(error))
    except (OSError, ValueError, TypeError, InputMalformed, FormatError) as error:
        _fail(FILE_UNREADABLE, str(error))
    client = ChainClient(rpc, known.addresses, Finality(depth), timeout_s=60)
    try:
        with Bars(*_COLUMNS, console=Console(stderr=True), transient=True) as bars:
            tasks = {name: bars.add_task(name, total=None) for name in ("events", "records")}
            done = sweep(
                client,
                known.first_block,
                log,
                ca=ca,
                state=state,
                facts=kept,
                projects=tuple(project or ()),
                processes=processes or None,
                piece=piece,
                signatures_at_least=signatures_at_least,
                statements=stated,
                progress=lambda name, at, of: bars.update(tasks[name], completed=at, total=of),
            )
    except (ChainError, LogUnreachable, StateOfAnother, WorkerLost) as error:
        _fail(error.code, str(error))
    if as_json:
        typer.echo(json.dumps(done.as_json()))
    else:
        _print(done)
    raise typer.Exit(_EXIT[done.verdict])


def _facts(folder: Path | None) -> dict[bytes, Facts]:
    """Return the facts below *folder*, by their SHA-256."""
    found: dict[bytes, Facts] = {}
    for path in sorted(folder.glob("*.cbor")) if folder is not None else ():
        data = path.read_bytes()
        found[sha256(data).digest()] = decode_facts(data)
    if folder is not None and not folder.is_dir():
        raise OSError(f"{folder} is no folder")
    return found


def _print(done: Swept) -> None:
    console = Console(soft_wrap=True, highlight=False)
    lines = (
        f"{done.records:,} records of {done.machines:,} machines: signed, numbered without a gap, under the heads",
        f"{done.heads:,} heads on chain {done.chain_id}: root, state and figures follow from the records",
        f"{done.gossiped_heads:,} heads that machines were shown: beginnings of this log",
        f"{done.distributions:,} splits recomputed to the minor unit, {done.distributions_proved:,} proved by the log",
        f"balances and supply reconciled as of block {done.block:,}",
    )
    for number, line in enumerate(lines, start=1):
        console.print(f"{number}. checked: {line}", markup=False)
    for quorum in done.quorums:
        if quorum.heads:
            console.print(
                f"   {quorum.heads:,} of the heads signed by {quorum.threshold} or more of "
                f"{', '.join(map(printable, quorum.signers))}, the quorum since block {quorum.block:,}"
            )
    _print_not_shared_out(console, done)
    deposits = f"{done.deposits:,} mints of {done.deposits_minor:,} minor units in all"
    if done.deposits_compared:
        console.print(f"   {deposits}: each against the bank's statements that were given")
    else:
        console.print(f"   {deposits}: not compared with the bank's statements (--statements)")
    if done.records_before:
        console.print(f"   {done.records_before:,} of the records were verified by an earlier run")
    if done.findings:
        console.print(f"but ({len(done.findings):,} findings):")
    for finding in done.findings[:_SHOWN]:
        style = "yellow" if finding.unverifiable else "red"
        console.print(
            f"   {finding.code}: {printable(finding.where)}: {printable(finding.detail)}",
            markup=False,
            style=style,
        )
    if len(done.findings) > _SHOWN:
        console.print(f"   and {len(done.findings) - _SHOWN:,} more (--json has all)")
    if done.records_per_s:
        console.print(f"{done.records_per_s:,} records/s")
    console.print(done.verdict, style="bold green" if done.verdict == "valid" else "bold red")


def _print_not_shared_out(console: Console, done: Swept) -> None:
    rows = done.not_shared_out
    if not rows:
        console.print("   every anchored sale and refund was shared out")
        return
    sales, refunds = sum(row.sales for row in rows), sum(row.refunds for row in rows)
    console.print(f"   anchored and not shared out: {sales:,} sales and {refunds:,} refunds")
    for row in rows[:_SHOWN]:
        taken_back = f", {row.repudiated:,} of them repudiated" if row.repudiated else ""
        console.print(
            f"      {row.business_date} {row.project or 'no project'}: {row.sales:,} sales, {row.refunds:,} refunds, "
            f"{row.amount_minor:,} minor units in all, from record {row.first_record:,} on{taken_back}",
            markup=False,
        )
    if len(rows) > _SHOWN:
        console.print(f"      and {len(rows) - _SHOWN:,} more days (--json has all)")


def _fail(code: Code, detail: str) -> NoReturn:
    typer.echo(json.dumps({"code": code, "detail": detail}), err=True)
    raise typer.Exit(2)
