"""``counterfoil audit sweep``: verify everything again, against the auditor's own node."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from counterfoil import __version__
from counterfoil.api.audit.commands.outcome import AsJson, fail
from counterfoil.api.audit.commands.sweep_inputs import (
    InputRefused,
    read_deployment,
    read_facts,
    require_chain,
    require_log_place,
)
from counterfoil.api.audit.faults import PIECE_NO_POWER_OF_TWO
from counterfoil.api.audit.sweep.book import StateOfAnother, StateUnusable
from counterfoil.api.audit.sweep.deposit_check import (
    StatementRefused,
    StatementsMissing,
    read_statements,
)
from counterfoil.api.audit.sweep.log_cover import LogUnreadable
from counterfoil.api.audit.sweep.log_sweep import WorkerLost
from counterfoil.api.audit.sweep.piece import PIECE
from counterfoil.api.audit.sweep.run import ProjectUnknown, Swept, sweep
from counterfoil.api.audit.sweep.sweep_part import State
from counterfoil.api.audit.sweep.sweep_report import (
    MARKS,
    Asked,
    AskedFolder,
    SweepReport,
    report_of,
)
from counterfoil.api.audit.sweep.sweep_words import word
from counterfoil.api.audit.verification.deployment_pin import deployment_hash
from counterfoil.api.audit.verification.report_words import LANGUAGES
from counterfoil.chain.client import ChainClient, Finality
from counterfoil.chain.errors import ChainError
from counterfoil.gateway.logfiles.source import LogUnreachable
from counterfoil.printable import address_shown

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
        Path | None,
        typer.Option(
            help="Folder with distributions' facts (*.cbor), by any name; without the facts of all "
            "distributions, here or by --bundle, it can't be told what was shared out."
        ),
    ] = None,
    bundle: Annotated[
        list[Path] | None,
        typer.Option(help="A bundle, for the facts of distributions in it; repeat it."),
    ] = None,
    project: Annotated[
        list[str] | None,
        typer.Option(
            help="A project's name, to show it and to make facts again from the log; repeat it. "
            "All projects are swept, whatever is named."
        ),
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
    language: Annotated[str, typer.Option(help="The report's language: en or zh.")] = "en",
    as_json: AsJson = False,
) -> None:
    """Verify every record, head, split and balance again from the raw records and your own node.

    Exit status: 0 all that was checked is true and complete, 1 something is wrong, 2 it could not be told.
    """
    if language not in LANGUAGES:
        raise typer.BadParameter(f"{language} is none of {', '.join(LANGUAGES)}")
    if piece & (piece - 1):
        fail(PIECE_NO_POWER_OF_TWO, f"{piece} is no power of two", 2)
    began_s = time.time()
    try:
        require_log_place(log, ca)
        known = read_deployment(deployment)
        given = read_facts(facts, bundle or ())
        stated = read_statements(statements) if statements is not None else None
        client = ChainClient(rpc, known.addresses, Finality(depth), timeout_s=60)
        require_chain(client, known, deployment)
        with Bars(
            *_COLUMNS,
            console=Console(stderr=True),
            transient=True,
            disable=not sys.stderr.isatty(),
        ) as bars:
            tasks = {name: bars.add_task(name, total=None) for name in ("events", "records")}
            done = sweep(
                client,
                known.first_block,
                log,
                ca=ca,
                state=state,
                facts=given.by_hash,
                projects=tuple(project or ()),
                processes=processes or None,
                piece=piece,
                signatures_at_least=signatures_at_least,
                statements=None if stated is None else stated.credits,
                progress=lambda name, at, of: bars.update(tasks[name], completed=at, total=of),
            )
    except (
        ChainError,
        InputRefused,
        LogUnreachable,
        LogUnreadable,
        ProjectUnknown,
        StateOfAnother,
        StateUnusable,
        StatementRefused,
        StatementsMissing,
        WorkerLost,
    ) as error:
        fail(error.code, getattr(error, "detail", str(error)), 2)
    asked = Asked(
        deployment=deployment_hash(known.chain_id, known.addresses).hex(),
        deployment_file=str(deployment),
        node=address_shown(rpc),
        log=log,
        date_s=began_s,
        program=f"counterfoil {__version__}",
        depth=depth,
        state=str(state or ""),
        projects=project or (),
        facts=given.folder,
        bundles=given.bundles,
        statements=None
        if stated is None
        else AskedFolder(str(statements), stated.files, stated.passed_over),
    )
    report = report_of(done, asked, language)
    if as_json:
        typer.echo(json.dumps(_as_json(done, report)))
    else:
        _print(done, report)
    raise typer.Exit(_EXIT[done.verdict])


def _as_json(done: Swept, report: SweepReport) -> dict[str, Any]:
    asked: dict[str, list[str]] = {}
    for row in report.asked:
        asked.setdefault(row.key, []).append(row.value)
    return {
        **done.as_json(report.language),
        "verdict_text": report.verdict_text,
        "asked": asked,
        "asked_text": [row._asdict() for row in report.asked],
        "lines": [
            {
                "part": one.part,
                "state": one.state,
                "state_text": one.state_text,
                "text": one.text,
                "notes": one.notes,
            }
            for one in report.lines
        ],
        "not_looked_at": report.unseen,
    }


_COLOURS = {"valid": "green", "invalid": "red", "unverifiable": "yellow"}
_STATE_COLOURS = {State.HELD: "green", State.FAILED: "red", State.NOT_TOLD: "yellow"}


def _print(done: Swept, report: SweepReport) -> None:
    colour, language = _COLOURS[done.verdict], report.language
    typer.secho(word(language, "asked"), bold=True)
    for row in report.asked:
        typer.echo("  " + word(language, "row.line", name=row.name, value=row.value))
    typer.secho(word(language, "verdict"), bold=True)
    typer.secho(f"  {report.verdict_text}", fg=colour)
    typer.secho(word(language, "lines"), bold=True)
    for line in report.lines:
        mark = typer.style(MARKS[line.state], fg=_STATE_COLOURS[line.state])
        typer.echo(f"{mark} {line.said}")
        for finding in line.findings[:_SHOWN]:
            typer.secho(f"      {finding.text}", fg="yellow" if finding.unverifiable else "red")
        for said in line.notes[:_SHOWN]:
            typer.echo(f"      {said}")
        for all_ in (line.findings, line.notes):
            if len(all_) > _SHOWN:
                typer.echo("      " + word(language, "more", number=len(all_) - _SHOWN))
    typer.secho(word(language, "unseen"), bold=True)
    for text in report.unseen:
        typer.echo(f"– {text}")
    last = word(language, "last", name=report.verdict_name, verdict=done.verdict)
    typer.secho(last, fg=colour, bold=True)
