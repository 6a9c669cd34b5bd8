"""``counterfoil audit verify``: verify a bundle by itself, offline.

The node's client and the HTML report are imported only where their options are given.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from counterfoil import __version__
from counterfoil.api.audit.commands.deployment import pinned_file
from counterfoil.api.audit.commands.outcome import AsJson, fail, write
from counterfoil.api.audit.faults import PERIOD_BACKWARDS
from counterfoil.api.audit.verification.bundle_format import MAX_BYTES
from counterfoil.api.audit.verification.errors import AddressError
from counterfoil.api.audit.verification.log_steps import LogTrust
from counterfoil.api.audit.verification.opinion import Asked, Opinion, Row, opinion_of
from counterfoil.api.audit.verification.report import Report
from counterfoil.api.audit.verification.report_words import LANGUAGES, word
from counterfoil.api.audit.verification.said import Said
from counterfoil.api.audit.verification.steps import verify
from counterfoil.api.audit.verification.subject import Subject, check_subject
from counterfoil.chain.errors import EditionDiffers
from counterfoil.chain.hexadecimal import from_any_hex
from counterfoil.fault import DATE_MALFORMED, FILE_UNREADABLE
from counterfoil.gateway.errors import CheckpointError
from counterfoil.gateway.log.checkpoint import LogKey
from counterfoil.gateway.log.tlog_proof import known_witnesses
from counterfoil.gateway.pki.certificate_file import read_certificates, read_revocation_list
from counterfoil.given_file import GivenFileError, read_file
from counterfoil.printable import printable

_EXIT = {"valid": 0, "invalid": 1, "unverifiable": 2}


def verify_command(
    file: Annotated[Path, typer.Argument(help="The bundle.")],
    root_ca: Annotated[
        Path,
        typer.Option(
            "--root-ca", envvar="COUNTERFOIL_AUDIT_ROOT_CA", help="The root certificate (PEM)."
        ),
    ],
    rpc: Annotated[str, typer.Option("--rpc", help="A chain's node, to ask that too.")] = "",
    deployment: Annotated[
        Path | None,
        typer.Option(
            envvar="COUNTERFOIL_AUDIT_DEPLOYMENT",
            help="Your own deployment file, not the operator's: where the contracts are.",
        ),
    ] = None,
    deployment_hash: Annotated[
        str,
        typer.Option(
            envvar="COUNTERFOIL_AUDIT_DEPLOYMENT_HASH",
            help="The deployment's hash, from elsewhere; see `audit deployment`.",
        ),
    ] = "",
    html: Annotated[
        Path | None, typer.Option("--html", help="Also write the report as one HTML file.")
    ] = None,
    crl: Annotated[
        list[Path] | None,
        typer.Option(help="A newer list of revoked certificates (PEM or DER); repeat it."),
    ] = None,
    log_key: Annotated[
        str, typer.Option("--log-key", help="The log's key (name+id+base64), for its checkpoint.")
    ] = "",
    witness: Annotated[list[str] | None, typer.Option(help="A witness's key; repeat it.")] = None,
    witnesses_at_least: Annotated[
        int | None,
        typer.Option(
            min=0, help="How many of the witnesses must have cosigned; one, where any is named."
        ),
    ] = None,
    device: Annotated[
        str, typer.Option(help="The device that you want; another is a finding.")
    ] = "",
    first: Annotated[
        str, typer.Option("--from", help="The first day that you want, YYYY-MM-DD (UTC).")
    ] = "",
    last: Annotated[
        str, typer.Option("--to", help="The last day that you want, YYYY-MM-DD (UTC), included.")
    ] = "",
    language: Annotated[str, typer.Option(help="The report's language: en or zh.")] = "en",
    as_json: AsJson = False,
) -> None:
    """Verify FILE step by step, offline, trusting only the root, the deployment that you pin, and your node.

    Exit status: 0 valid, 1 something is wrong, 2 it could not be told.
    """
    subject = _subject(device, first, last)
    if language not in LANGUAGES:
        raise typer.BadParameter(f"{language} is none of {', '.join(LANGUAGES)}")
    try:
        data = read_file(file, MAX_BYTES)
        root, *_ = read_certificates(root_ca)
        pinned, addresses = from_any_hex(deployment_hash, 32) if deployment_hash else b"", None
        if deployment is not None:
            pinned, addresses = pinned_file(deployment, pinned)
        lists = [read_revocation_list(path).public_bytes(Encoding.DER) for path in crl or ()]
        trust = LogTrust(
            LogKey.from_verifier_key(log_key) if log_key else None,
            known_witnesses(witness or ()),
            witnesses_at_least,
        )
    except CheckpointError as error:
        fail(error.code, error.detail, 2)
    except (GivenFileError, EditionDiffers, AddressError) as error:
        fail(error.code, str(error), 2)
    except ValueError as error:
        fail(FILE_UNREADABLE, str(error), 2)
    report = verify(data, root, trust, addresses, deployment_hash=pinned, revocations=lists)
    is_node_asked = False
    if report.bundle is None:
        report.skipped.append(Said("what comes after: nothing more could be read out of the file"))
    elif rpc:
        from counterfoil.api.audit.node_check import check_on_chain, has_answered

        report.steps.append(check_on_chain(report, rpc, addresses))
        is_node_asked = has_answered(report.steps[-1])
    else:
        report.skipped.append(
            Said("14. that the blocks are the chain's is as stated: no node was asked (--rpc)")
        )
    if report.bundle is not None:
        report.steps[0].findings += check_subject(report.bundle.scope, subject)
    asked = Asked(
        file.name,
        size=len(data),
        sha256=sha256(data).hexdigest(),
        root_name=root.subject.rfc4514_string(),
        root_sha256=root.fingerprint(hashes.SHA256()).hex(),
        program=f"counterfoil {__version__}",
        at_ms=time.time_ns() // 1_000_000,
        deployment=pinned.hex(),
        node=rpc,
        is_node_asked=is_node_asked,
        has_log_key=bool(log_key),
        has_witnesses=bool(witness),
        subject=subject,
    )
    opinion = opinion_of(report, asked, language)
    if html is not None:
        from counterfoil.api.audit.html_report import html_report

        write(html, html_report(file.name, report, opinion).encode())
    if as_json:
        typer.echo(json.dumps(_as_json(file, report, opinion)))
    else:
        _print(opinion)
    raise typer.Exit(_EXIT[report.verdict])


def _subject(device: str, first: str, last: str) -> Subject:
    days: list[date | None] = []
    for option, day in (("--from", first), ("--to", last)):
        try:
            days.append(date.fromisoformat(day) if day else None)
        except ValueError:
            fail(DATE_MALFORMED, f"{option} {printable(day)} is no day of the form YYYY-MM-DD", 2)
    subject = Subject(device, *days)
    if subject.first and subject.last and subject.last < subject.first:
        fail(PERIOD_BACKWARDS, f"--to {last} lies before --from {first}", 2)
    return subject


def _as_json(file: Path, report: Report, opinion: Opinion) -> dict[str, Any]:
    return {
        "file": str(file),
        "verdict": report.verdict,
        "verdict_text": opinion.verdict_text,
        "asked": [row._asdict() for row in opinion.asked],
        "sure": [row._asdict() for row in opinion.sure],
        "figures": [
            {"key": f.key, "count": f.count, "minor_units": dict(f.minor), "sums": f.sums}
            for f in report.figures
        ],
        "figures_text": [row._asdict() for row in opinion.figures],
        "steps": [
            {
                "number": step.number,
                "title": step.title,
                "checked": step.checked,
                "passed": step.outcome == "passed",
                "outcome": step.outcome,
                "findings": [
                    {
                        "code": f.code,
                        "unverifiable": f.unverifiable,
                        "where": f.where,
                        "detail": f.detail,
                        "to_do": f.to_do,
                    }
                    for f in step.findings
                ],
            }
            for step in opinion.steps
        ],
        "blocks": [row._asdict() for row in opinion.blocks],
        "skipped": opinion.skipped,
        "not_looked_at": opinion.unseen,
    }


_MARKS = {"passed": ("✓", "green"), "open": ("○", "yellow"), "failed": ("✕", "red")}
_COLOURS = {"valid": "green", "invalid": "red", "unverifiable": "yellow"}


def _print(opinion: Opinion) -> None:
    colour = "yellow" if opinion.is_alone else _COLOURS[opinion.verdict]
    _section(opinion, "asked", opinion.asked)
    typer.secho(opinion.title("verdict"), bold=True)
    typer.secho(f"  {opinion.verdict_text}", fg=colour)
    _section(opinion, "sure", opinion.sure)
    _section(opinion, "figures", opinion.figures)
    typer.secho(opinion.title("steps"), bold=True)
    for step in opinion.steps:
        mark, mark_colour = _MARKS[step.outcome]
        mark = typer.style(mark, fg=mark_colour)
        typer.echo(f"{mark} {'' if step.number > 9 else ' '}{step.text}")
        for finding in step.findings:
            typer.secho(f"      {finding.text}", fg="yellow" if finding.unverifiable else "red")
            typer.echo(f"        {finding.advice}")
    typer.secho(opinion.title("unseen"), bold=True)
    for line in opinion.unseen:
        typer.echo(f"– {printable(line)}")
    is_english = opinion.verdict_name == opinion.verdict
    last = opinion.verdict if is_english else f"{opinion.verdict_name}（{opinion.verdict}）"
    typer.secho(last, fg=colour, bold=True)


def _section(opinion: Opinion, name: str, rows: Sequence[Row]) -> None:
    if rows:
        typer.secho(opinion.title(name), bold=True)
    for row in rows:
        value = printable(row.value)
        typer.echo("  " + word(opinion.language, "row.line", name=row.name, value=value))
