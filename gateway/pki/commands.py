"""``counterfoil pki``: the device CA from the command line."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from counterfoil.gateway.device.keys import EnrolmentRequest, create_key, load_key
from counterfoil.gateway.errors import GatewayError
from counterfoil.gateway.pki.authority import CertificateAuthority, create_issuing, create_root
from counterfoil.gateway.pki.errors import PkiError
from counterfoil.gateway.pki.validate import validate_device

pki_app = typer.Typer(help="The device CA: enrol, renew, revoke.", no_args_is_help=True)
_PASSPHRASE = "COUNTERFOIL_PKI_PASSPHRASE"  # noqa: S105  # the name of a variable

Folder = Annotated[
    Path, typer.Option("--ca", help="The CA's folder.", envvar="COUNTERFOIL_PKI_FOLDER")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def register(app: typer.Typer) -> None:
    """Add ``pki`` to *app*."""
    app.add_typer(pki_app, name="pki")


@pki_app.command("init-root")
def init_root(ca: Folder = Path("pki"), name: str = "Counterfoil device root") -> None:
    """Make the root CA. Its passphrase is COUNTERFOIL_PKI_PASSPHRASE; keep CA/root offline afterwards."""
    try:
        root = create_root(ca, os.environ.get(_PASSPHRASE, ""), name)
    except GatewayError as failure:
        _fail(failure)
    typer.echo(f"root {root.serial_number:x}, valid until {root.not_valid_after_utc:%Y-%m-%d}")


@pki_app.command("init-issuing")
def init_issuing(ca: Folder = Path("pki"), name: str = "Counterfoil device issuing CA") -> None:
    """Make the issuing CA, signed by the root; needs CA/root and its passphrase this once."""
    try:
        issuing = create_issuing(ca, os.environ.get(_PASSPHRASE, ""), name)
        CertificateAuthority(ca).write_crl()
    except (GatewayError, OSError) as failure:
        _fail(failure)
    typer.echo(
        f"issuing CA {issuing.serial_number:x}, valid until {issuing.not_valid_after_utc:%Y-%m-%d}"
    )


@pki_app.command("enrol")
def enrol(
    request: Annotated[Path, typer.Argument(help="What `counterfoil device csr --json` printed.")],
    out: Annotated[
        Path, typer.Option(help="Folder for tls.pem, record.pem and chain.pem.")
    ] = Path(),
    ca: Folder = Path("pki"),
    as_json: AsJson = False,
) -> None:
    """Certify both keys of a device. Run again with a new request, it renews them."""
    try:
        enrolment = CertificateAuthority(ca).enrol(
            EnrolmentRequest.from_json(json.loads(request.read_text()))
        )
    except (GatewayError, OSError, ValueError) as failure:
        _fail(failure)
    out.mkdir(parents=True, exist_ok=True)
    (out / "tls.pem").write_bytes(enrolment.tls_certificate)
    (out / "record.pem").write_bytes(enrolment.record_certificate)
    (out / "chain.pem").write_bytes(enrolment.chain)
    found = {
        "device": enrolment.device,
        "certificate_hash": enrolment.record_certificate_hash.hex(),
    }
    typer.echo(
        json.dumps(found) if as_json else f"{enrolment.device} enrolled, certificates in {out}"
    )


@pki_app.command("server")
def server(
    names: Annotated[list[str], typer.Argument(help="DNS names and IP addresses of the gateway.")],
    key: Annotated[Path, typer.Option(help="The gateway's key; made if it is not there.")] = Path(
        "server.key"
    ),
    out: Annotated[Path, typer.Option(help="Where the certificate goes.")] = Path("server.pem"),
    ca: Folder = Path("pki"),
) -> None:
    """Certify a gateway's TLS key."""
    try:
        private: ec.EllipticCurvePrivateKey = load_key(key) if key.exists() else create_key(key)
        out.write_bytes(CertificateAuthority(ca).certify_server(private.public_key(), names))
    except (GatewayError, OSError) as failure:
        _fail(failure)
    typer.echo(f"certificate for {', '.join(names)} in {out}")


@pki_app.command("revoke")
def revoke(
    serial: Annotated[str, typer.Argument(help="Serial number in hex, as `pki list` shows it.")],
    reason: Annotated[
        x509.ReasonFlags, typer.Option(help="RFC 5280 reason.")
    ] = x509.ReasonFlags.unspecified,
    ca: Folder = Path("pki"),
) -> None:
    """Revoke a certificate now and write the new revocation list."""
    try:
        CertificateAuthority(ca).revoke(int(serial, 16), reason)
    except (GatewayError, ValueError) as failure:
        _fail(failure, status=1)
    typer.echo(f"{serial} revoked ({reason.value})")


@pki_app.command("crl")
def crl(ca: Folder = Path("pki")) -> None:
    """Write a fresh revocation list and say where it is."""
    try:
        typer.echo(CertificateAuthority(ca).write_crl())
    except GatewayError as failure:
        _fail(failure)


@pki_app.command("list")
def list_issued(ca: Folder = Path("pki"), name: str | None = None, as_json: AsJson = False) -> None:
    """Show what was issued and what is revoked."""
    try:
        rows = CertificateAuthority(ca).issued(name)
    except GatewayError as failure:
        _fail(failure)
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows]))
        return
    for row in rows:
        state = (
            f"revoked {row.revoked_at} ({row.reason})"
            if row.revoked_at
            else f"until {row.not_after[:10]}"
        )
        typer.echo(f"{row.serial:40}  {row.kind:6}  {row.name}  {state}")


@pki_app.command("verify")
def verify(
    certificate: Annotated[
        Path, typer.Argument(help="PEM: the certificate, and what leads to the root.")
    ],
    root: Annotated[Path, typer.Option(help="PEM: the root that is trusted.")],
    signs_records: Annotated[
        bool, typer.Option(help="It must be a record key's, not a TLS key's.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say whether a device's certificate leads to the root now: exit 0 yes, 1 no, 2 could not tell."""
    try:
        leaf, *others = x509.load_pem_x509_certificates(certificate.read_bytes())
        roots = x509.load_pem_x509_certificates(root.read_bytes())
    except (OSError, ValueError) as failure:
        _fail(failure)
    try:
        device = validate_device(
            leaf, others, roots, datetime.now(UTC), signs_records=signs_records
        )
    except PkiError as failure:
        _fail(failure, status=1)
    typer.echo(json.dumps({"device": device, "valid": True}) if as_json else f"{device}: valid")


def _fail(failure: Exception, status: int = 2) -> NoReturn:
    code = failure.code if isinstance(failure, GatewayError) else "input_unreadable"
    detail = failure.detail if isinstance(failure, GatewayError) else str(failure)
    typer.echo(json.dumps({"code": code, "detail": detail}), err=True)
    raise typer.Exit(status)
