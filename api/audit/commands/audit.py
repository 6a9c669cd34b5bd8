"""``counterfoil audit``: make a bundle from this installation, verify one from anywhere."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from cryptography import x509
from rich.console import Console
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.exc import SQLAlchemyError

from counterfoil.api.access.ledger_reads import Ledger
from counterfoil.api.audit.commands.dispute import dispute_command, proof_command
from counterfoil.api.audit.commands.promise import answer_command, challenge_command, mark_command
from counterfoil.api.audit.commands.sweep import sweep_command
from counterfoil.api.audit.html_report import html_report
from counterfoil.api.audit.making.collection import NothingToBundleError, collect
from counterfoil.api.audit.making.known_facts import known_facts
from counterfoil.api.audit.node_check import check_on_chain
from counterfoil.api.audit.verification.bundle import encode
from counterfoil.api.audit.verification.steps import Report, Seers, verify
from counterfoil.api.settings import ApiSettings
from counterfoil.chain.client import ChainClient
from counterfoil.chain.deployment import Deployment
from counterfoil.chain.errors import ChainError
from counterfoil.gateway.errors import CheckpointError, GatewayError, IdentityError
from counterfoil.gateway.log.checkpoint import LogKey
from counterfoil.gateway.log.tlog_proof import known_witnesses
from counterfoil.gateway.record.identity import parse_device_id
from counterfoil.oracle.store.revenue_tables import Distribution

audit_app = typer.Typer(
    help="One file that proves a device's records; its verification.", no_args_is_help=True
)
_EXIT = {"valid": 0, "invalid": 1, "unverifiable": 2}
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def register(app: typer.Typer) -> None:
    """Add ``audit`` to *app*."""
    app.add_typer(audit_app, name="audit")


audit_app.command("sweep")(sweep_command)
audit_app.command("dispute")(dispute_command)
audit_app.command("challenge")(challenge_command)
audit_app.command("answer")(answer_command)
audit_app.command("mark")(mark_command)
audit_app.command("proof")(proof_command)


@audit_app.command("bundle")
def bundle_command(
    device: Annotated[str, typer.Option(help="The device's name, urn:dev:….")],
    first: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD (UTC).")],
    last: Annotated[str, typer.Option("--to", help="Last day, YYYY-MM-DD (UTC), included.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write.")],
    as_json: _Json = False,
) -> None:
    """Write the bundle of DEVICE for the days from FROM to TO.

    Made without a node (_RPC_URLS, _DEPLOYMENT) it has no blocks and no distributions, and is unverifiable.

    Settings: COUNTERFOIL_API_GATEWAY_URL, _ORACLE_URL, _TILES, _DEPLOYMENT, _RPC_URLS, _CERTIFICATES.
    """
    settings = ApiSettings()
    try:
        days = date.fromisoformat(first), date.fromisoformat(last)
        name = parse_device_id(device)
    except ValueError as error:
        _fail("date_malformed", str(error), 2)
    except IdentityError as error:
        _fail(error.code, error.detail, 2)
    if days[1] < days[0]:
        _fail("period_malformed", "the last day lies before the first", 2)
    try:
        facts = known_facts(
            Ledger(_opened(settings.oracle_url)),
            name,
            _midnight_ms(days[0]),
            _midnight_ms(days[1] + timedelta(days=1)),
            settings.certificates,
            _client(settings),
        )
        bundle = collect(_opened(settings.gateway_url), settings.tiles, facts)
    except (NothingToBundleError, ChainError, GatewayError) as error:
        _fail(error.code, str(error), 2)
    except (OSError, ValueError, SQLAlchemyError) as error:
        _fail("store_unreadable", str(error).splitlines()[0], 2)
    data = encode(bundle)
    _write(out, data)
    said = {"file": str(out), "bytes": len(data), "records": len(bundle.records)}
    said |= {"heads": len(bundle.heads), "distributions": len(bundle.distributions)}
    said |= {"blocks": len(bundle.blocks)}
    if as_json:
        typer.echo(json.dumps(said))
    else:
        typer.echo(", ".join(f"{name} {value}" for name, value in said.items()))


@audit_app.command("facts")
def facts_command(
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to write them to.")],
    as_json: _Json = False,
) -> None:
    """Write every distribution's facts, a file each, for an auditor's sweep (docs/formats/facts.md).

    Settings: COUNTERFOIL_API_ORACLE_URL.
    """
    try:
        with _opened(ApiSettings().oracle_url).connect() as connection:
            rows = connection.execute(select(Distribution.facts_hash, Distribution.facts)).all()  # type: ignore[call-overload]
        out.mkdir(parents=True, exist_ok=True)
    except (OSError, SQLAlchemyError) as error:
        _fail("store_unreadable", str(error).splitlines()[0], 2)
    for name, facts in rows:
        _write(out / f"{name.removeprefix('0x')}.cbor", facts)
    typer.echo(json.dumps({"files": len(rows)}) if as_json else f"{len(rows)} files")


@audit_app.command("verify")
def verify_command(
    file: Annotated[Path, typer.Argument(help="The bundle.")],
    root_ca: Annotated[Path, typer.Option("--root-ca", help="The root certificate (PEM).")],
    rpc: Annotated[str, typer.Option("--rpc", help="A chain's node, to ask that too.")] = "",
    deployment: Annotated[
        Path | None, typer.Option(help="Your own deployment file: where the contracts are.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Also write the report as one HTML file.")
    ] = None,
    log_key: Annotated[
        str, typer.Option("--log-key", help="The log's key (name+id+base64), for its checkpoint.")
    ] = "",
    witness: Annotated[list[str] | None, typer.Option(help="A witness's key; repeat it.")] = None,
    witnesses_at_least: Annotated[
        int, typer.Option(min=0, help="How many of the witnesses must have cosigned.")
    ] = 0,
    as_json: _Json = False,
) -> None:
    """Verify FILE step by step, offline, trusting only the root certificate (and your node).

    Exit status: 0 valid, 1 something is wrong, 2 it could not be told.
    """
    try:
        data = file.read_bytes()
        root = x509.load_pem_x509_certificate(root_ca.read_bytes())
        addresses = None if deployment is None else Deployment.read(deployment).addresses
        seers = Seers(
            LogKey.from_verifier_key(log_key) if log_key else None,
            known_witnesses(witness or ()),
            witnesses_at_least,
        )
    except (OSError, ValueError) as error:
        _fail("file_unreadable", str(error), 2)
    except CheckpointError as error:
        _fail(error.code, str(error), 2)
    report = verify(data, root, seers, addresses)
    if report.bundle is None:
        report.skipped.append("what comes after: nothing more could be read out of the file")
    elif rpc:
        report.steps.append(check_on_chain(report.bundle, rpc, addresses))
    else:
        report.skipped.append(
            "14. that the blocks are the chain's is as stated: no node was asked (--rpc)"
        )
    if html is not None:
        _write(html, html_report(file.name, data, root, report).encode())
    if as_json:
        typer.echo(json.dumps(_as_json(file, report)))
    else:
        _print(report)
    raise typer.Exit(_EXIT[report.verdict])


def _as_json(file: Path, report: Report) -> dict[str, Any]:
    return {
        "file": str(file),
        "verdict": report.verdict,
        "steps": [
            {
                "number": step.number,
                "checked": step.checked,
                "passed": step.passed,
                "findings": [
                    {"code": f.code, "where": f.where, "detail": f.detail} for f in step.findings
                ],
            }
            for step in report.steps
        ],
        "skipped": report.skipped,
    }


def _print(report: Report) -> None:
    console = Console(soft_wrap=True, highlight=False)
    for step in report.steps:
        mark = "[green]✓[/green]" if step.passed else "[red]✕[/red]"
        console.print(f"{mark} {step.number:>2}. ", end="")
        console.print(step.checked, markup=False)
        for finding in step.findings:
            console.print(f"      {finding.code}: {finding}", markup=False, style="red")
    for line in report.skipped:
        console.print(f"– {line}", markup=False)
    console.print(report.verdict, style="bold green" if report.verdict == "valid" else "bold red")


def _client(settings: ApiSettings) -> ChainClient | None:
    path = settings.deployment
    if not settings.rpc_urls or path is None or not path.exists():
        return None
    return ChainClient(settings.rpc_urls[0], Deployment.read(path).addresses)


def _midnight_ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


def _opened(url: str) -> Engine:
    """The database at *url*, which is not made where it is not.

    Raises FileNotFoundError for a SQLite file that is not there.
    """
    engine = create_engine(url)
    path = engine.url.database
    if engine.dialect.name == "sqlite" and path and not Path(path).exists():
        raise FileNotFoundError(f"there is no database {path}")
    return engine


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        _fail("file_unwritable", str(error), 2)


def _fail(code: str, detail: str, status: int) -> NoReturn:
    typer.echo(json.dumps({"code": code, "detail": detail}), err=True)
    raise typer.Exit(status)
