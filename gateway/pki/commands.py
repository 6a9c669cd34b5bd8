"""``counterfoil pki``: the device CA from the command line."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from counterfoil.fault import FILE_UNREADABLE
from counterfoil.gateway.certificate.enrolment import EnrolmentRequest
from counterfoil.gateway.certificate.errors import (
    AuthorityMissingError,
    PkiError,
    RevocationListInvalidError,
)
from counterfoil.gateway.certificate.renewal import RenewalRequest, make_renewal_request
from counterfoil.gateway.certificate.validation import validate_device
from counterfoil.gateway.errors import GatewayError
from counterfoil.gateway.pki.authority import CertificateAuthority
from counterfoil.gateway.pki.certificate_file import (
    certificate_hash,
    read_certificates,
    read_revocation_list,
    replace_file,
)
from counterfoil.gateway.pki.creation import create_issuing, create_root
from counterfoil.gateway.pki.key_file import create_key, load_key
from counterfoil.gateway.pki.upkeep import renew_due
from counterfoil.given_file import GivenFileError, GivenFileMalformed, read_file, read_text_file
from counterfoil.printable import printable

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
def init_root(
    ca: Folder = Path("pki"), name: str = "Counterfoil device root", as_json: AsJson = False
) -> None:
    """Make the root CA. Its passphrase is COUNTERFOIL_PKI_PASSPHRASE; keep CA/root offline afterwards."""
    try:
        root = create_root(ca, os.environ.get(_PASSPHRASE, ""), name)
    except GatewayError as failure:
        _fail(failure)
    _say(_facts(root), f"root {root.serial_number:x}", as_json)


@pki_app.command("init-issuing")
def init_issuing(
    ca: Folder = Path("pki"), name: str = "Counterfoil device issuing CA", as_json: AsJson = False
) -> None:
    """Make the issuing CA, signed by the root; needs CA/root and its passphrase this once."""
    try:
        issuing = create_issuing(ca, os.environ.get(_PASSPHRASE, ""), name)
        CertificateAuthority(ca).write_crl()
    except (GatewayError, OSError) as failure:
        _fail(failure)
    _say(_facts(issuing), f"issuing CA {issuing.serial_number:x}", as_json)


@pki_app.command("admit")
def admit(
    device: Annotated[str, typer.Argument(help="The device's name, urn:dev:…")],
    ca: Folder = Path("pki"),
    days: Annotated[int, typer.Option(help="How long the token is good.")] = 14,
    as_json: AsJson = False,
) -> None:
    """Print a token with which a device may enrol once."""
    try:
        token = CertificateAuthority(ca).admit(device, days)
    except GatewayError as failure:
        _fail(failure)
    typer.echo(json.dumps({"device": device, "token": token}) if as_json else token)


@pki_app.command("enrol")
def enrol(
    request: Annotated[Path, typer.Argument(help="What `counterfoil device csr --json` printed.")],
    out: Annotated[
        Path, typer.Option(help="Folder for tls.pem, record.pem and chain.pem.")
    ] = Path(),
    token: Annotated[str | None, typer.Option(help="What `pki admit` printed for it.")] = None,
    ca: Folder = Path("pki"),
    as_json: AsJson = False,
) -> None:
    """Certify both keys of a device; without a token, whoever runs this vouches for it."""
    try:
        wanted = EnrolmentRequest.from_json(_json(request))
        enrolment = CertificateAuthority(ca).enrol(wanted, token)
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


@pki_app.command("renewal-request")
def renewal_request(
    current: Annotated[Path, typer.Argument(help="PEM: the TLS certificate in force.")],
    key: Annotated[Path, typer.Option(help="Its key.")],
    new_key: Annotated[Path, typer.Option(help="The key that follows; made if it is not there.")],
) -> None:
    """On the device: print the request that `pki renew` takes, signed by both keys."""
    try:
        follows = load_key(new_key) if new_key.exists() else create_key(new_key)
        request = make_renewal_request(read_file(current), load_key(key), follows)
    except (GatewayError, OSError, ValueError) as failure:
        _fail(failure)
    typer.echo(json.dumps(request.to_json()))


@pki_app.command("renew")
def renew(
    request: Annotated[Path, typer.Argument(help="What `pki renewal-request` printed.")],
    out: Annotated[Path, typer.Option(help="Where the certificate goes.")] = Path("tls.pem"),
    ca: Folder = Path("pki"),
    as_json: AsJson = False,
) -> None:
    """Certify a device's next TLS key, on the word of its current one."""
    try:
        document = RenewalRequest.from_json(_json(request))
        pem = CertificateAuthority(ca).renew(document)
        out.write_bytes(pem)
    except PkiError as failure:
        _fail(failure, status=1)
    except (GatewayError, OSError, ValueError) as failure:
        _fail(failure)
    renewed = x509.load_pem_x509_certificates(pem)[0]
    _say(_facts(renewed), f"renewed as {renewed.serial_number:x} in {out}", as_json)


@pki_app.command("server-cert")
@pki_app.command("server", hidden=True)
def server(
    names: Annotated[list[str], typer.Argument(help="DNS names and IP addresses of the gateway.")],
    key: Annotated[Path, typer.Option(help="The gateway's key; made if it is not there.")] = Path(
        "server.key"
    ),
    out: Annotated[Path, typer.Option(help="Where the certificate goes.")] = Path("server.pem"),
    ca: Folder = Path("pki"),
    as_json: AsJson = False,
) -> None:
    """Certify a gateway's TLS key."""
    try:
        private: ec.EllipticCurvePrivateKey = load_key(key) if key.exists() else create_key(key)
        pem = CertificateAuthority(ca).certify_server(private.public_key(), names)
        out.write_bytes(pem)
    except (GatewayError, OSError) as failure:
        _fail(failure)
    issued = x509.load_pem_x509_certificates(pem)[0]
    _say(_facts(issued), f"certificate for {', '.join(names)} in {out}", as_json)


@pki_app.command("revoke")
def revoke(
    serial: Annotated[str, typer.Argument(help="Serial number in hex, as `pki list` shows it.")],
    reason: Annotated[
        x509.ReasonFlags, typer.Option(help="RFC 5280 reason.")
    ] = x509.ReasonFlags.unspecified,
    since: Annotated[
        str | None, typer.Option(help="From when on, ISO 8601 with its zone; now by default.")
    ] = None,
    ca: Folder = Path("pki"),
    as_json: AsJson = False,
) -> None:
    """Revoke a certificate and write the new revocation list."""
    try:
        moment = datetime.fromisoformat(since) if since else None
        CertificateAuthority(ca).revoke(int(serial, 16), reason, moment)
    except (GatewayError, ValueError) as failure:
        _fail(failure, status=1)
    found = {"serial": serial, "reason": reason.value, "since": since}
    _say(found, f"{serial} revoked ({reason.value})", as_json)


@pki_app.command("crl")
def crl(ca: Folder = Path("pki"), as_json: AsJson = False) -> None:
    """Write a fresh revocation list and say where it is."""
    try:
        path = CertificateAuthority(ca).write_crl()
    except GatewayError as failure:
        _fail(failure)
    _say({"crl": str(path)}, str(path), as_json)


@pki_app.command("renew-due")
def renew_due_command(
    ca: Folder = Path("pki"),
    server_certificates: Annotated[
        list[Path] | None,
        typer.Option("--server", help="PEM: a gateway's certificate, renewed in its place."),
    ] = None,
    list_to: Annotated[
        list[Path] | None,
        typer.Option("--list-to", help="Where a copy of the revocation list goes."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """For a timer, once an hour: renew the revocation list and the gateways' certificates that are due."""
    try:
        written = renew_due(ca, server_certificates or [], lambda: datetime.now(UTC))
        newest = (ca / "crl.pem").read_bytes()
        for copy in list_to or []:
            if not copy.exists() or copy.read_bytes() != newest:
                replace_file(copy, newest, 0o644)
                written.append(copy)
    except (GatewayError, OSError, ValueError) as failure:
        _fail(failure, status=1)
    paths = [str(path) for path in written]
    _say({"written": paths}, "\n".join(paths) or "nothing is due", as_json)


@pki_app.command("show")
def show(
    serial: Annotated[str, typer.Argument(help="Serial number in hex, as `pki list` shows it.")],
    ca: Folder = Path("pki"),
    as_json: AsJson = False,
) -> None:
    """Show one certificate that was issued, and its PEM."""
    try:
        authority = CertificateAuthority(ca)
        certificate = authority.certificate(int(serial, 16))
        row = next(r for r in authority.issued() if int(r.serial, 16) == certificate.serial_number)
    except (GatewayError, ValueError) as failure:
        _fail(failure, status=1)
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    found = asdict(row) | {"certificate_hash": certificate_hash(certificate).hex(), "pem": pem}
    text = "\n".join(f"{key}: {value}" for key, value in found.items())
    _say(found, text, as_json)


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
        typer.echo(f"{row.serial:40}  {row.kind:6}  {printable(row.name)}  {state}")


@pki_app.command("verify")
def verify(
    certificate: Annotated[
        Path, typer.Argument(help="PEM: the certificate, and what leads to the root.")
    ],
    root: Annotated[Path, typer.Option(help="PEM: the root that is trusted.")],
    signs_records: Annotated[
        bool, typer.Option(help="It must be a record key's, not a TLS key's.")
    ] = False,
    crl: Annotated[
        Path | None,
        typer.Option(help="The issuer's revocation list (PEM or DER), to be held against."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say whether a device's certificate leads to the root now: exit 0 yes, 1 no, 2 could not tell."""
    try:
        leaf, *others = read_certificates(certificate)
        roots = read_certificates(root)
        revoked = read_revocation_list(crl) if crl else None
    except (OSError, ValueError) as failure:
        _fail(failure)
    try:
        device = validate_device(
            leaf,
            intermediates=others,
            roots=roots,
            at=datetime.now(UTC),
            signs_records=signs_records,
            crl=revoked,
        )
    except RevocationListInvalidError as failure:
        _fail(failure)
    except PkiError as failure:
        _fail(failure, status=1)
    typer.echo(json.dumps({"device": device, "valid": True}) if as_json else f"{device}: valid")


def _facts(certificate: x509.Certificate) -> dict[str, str]:
    return {
        "serial": f"{certificate.serial_number:x}",
        "subject": certificate.subject.rfc4514_string(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
        "sha256": certificate_hash(certificate).hex(),
    }


def _json(path: Path) -> Any:
    text = read_text_file(path)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise GivenFileMalformed(path, "it is no JSON") from error


def _say(found: Mapping[str, object], text: str, as_json: bool) -> None:
    typer.echo(json.dumps(found) if as_json else text)


def _fail(failure: Exception, status: int = 2) -> NoReturn:
    """End the command with *status* where the CA refused, with 2 where there is no CA or the input is malformed."""
    if isinstance(failure, AuthorityMissingError) or not isinstance(failure, GatewayError):
        status = 2
    code = failure.code if isinstance(failure, GatewayError | GivenFileError) else FILE_UNREADABLE
    detail = failure.detail if isinstance(failure, GatewayError) else str(failure)
    typer.echo(json.dumps({"code": code, "detail": detail}), err=True)
    raise typer.Exit(status)
