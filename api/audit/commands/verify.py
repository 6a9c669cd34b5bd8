"""``counterfoil audit verify``: verify a bundle by itself, offline.

The node's client and the HTML report are imported only where their options are given.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from counterfoil.api.audit.commands.deployment import pinned_file
from counterfoil.api.audit.commands.outcome import AsJson, fail, write
from counterfoil.api.audit.verification.bundle_format import MAX_BYTES
from counterfoil.api.audit.verification.errors import AddressError
from counterfoil.api.audit.verification.log_steps import LogTrust
from counterfoil.api.audit.verification.report import Report
from counterfoil.api.audit.verification.steps import verify
from counterfoil.chain.errors import EditionDiffers
from counterfoil.chain.hexadecimal import from_any_hex
from counterfoil.fault import FILE_TOO_LARGE, FILE_UNREADABLE
from counterfoil.gateway.errors import CheckpointError
from counterfoil.gateway.log.checkpoint import LogKey
from counterfoil.gateway.log.tlog_proof import known_witnesses
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
    as_json: AsJson = False,
) -> None:
    """Verify FILE step by step, offline, trusting only the root, the deployment that you pin, and your node.

    Exit status: 0 valid, 1 something is wrong, 2 it could not be told.
    """
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
        root = x509.load_pem_x509_certificate(root_ca.read_bytes())
        pinned, addresses = from_any_hex(deployment_hash, 32) if deployment_hash else b"", None
        if deployment is not None:
            pinned, addresses = pinned_file(deployment, pinned)
        lists = [_list(path.read_bytes()) for path in crl or ()]
        trust = LogTrust(
            LogKey.from_verifier_key(log_key) if log_key else None,
            known_witnesses(witness or ()),
            witnesses_at_least,
        )
    except (OSError, ValueError) as error:
        fail(FILE_UNREADABLE, str(error), 2)
    except (CheckpointError, EditionDiffers, AddressError) as error:
        fail(error.code, str(error), 2)
    if len(data) > MAX_BYTES:
        fail(FILE_TOO_LARGE, f"{file}: more than {MAX_BYTES} bytes", 2)
    report = verify(data, root, trust, addresses, deployment_hash=pinned, revocations=lists)
    if report.bundle is None:
        report.skipped.append("what comes after: nothing more could be read out of the file")
    elif rpc:
        from counterfoil.api.audit.node_check import check_on_chain

        report.steps.append(check_on_chain(report.bundle, rpc, addresses))
    else:
        report.skipped.append(
            "14. that the blocks are the chain's is as stated: no node was asked (--rpc)"
        )
    if html is not None:
        from counterfoil.api.audit.html_report import html_report

        write(html, html_report(file.name, data, root, report).encode())
    if as_json:
        typer.echo(json.dumps(_as_json(file, report)))
    else:
        _print(report)
    raise typer.Exit(_EXIT[report.verdict])


def _list(data: bytes) -> bytes:
    """Return the DER of a list of revoked certificates; ValueError when it is none."""
    is_pem = data.lstrip().startswith(b"-----")
    found = x509.load_pem_x509_crl(data) if is_pem else x509.load_der_x509_crl(data)
    return found.public_bytes(Encoding.DER)


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
    for step in report.steps:
        mark = typer.style("✓", fg="green") if step.passed else typer.style("✕", fg="red")
        typer.echo(f"{mark} {step.number:>2}. {printable(step.checked)}")
        for finding in step.findings:
            typer.secho(f"      {finding.code}: {finding}", fg="red")
    for line in report.skipped:
        typer.echo(f"– {printable(line)}")
    typer.secho(report.verdict, fg="green" if report.verdict == "valid" else "red", bold=True)
