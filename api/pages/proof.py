"""The page where a machine's file for an auditor is made, verified before the reader's eyes, and handed over.

Rules kept here:

* What it verifies, it verifies with its own root, deployment and node: it is the platform's word on itself, and says
  so beside the file and the command by which the reader asks his own.
* It says the same as the terminal: both are made of one ``Opinion``.
* One file at a time is made and verified, of at most a month; whoever waits too long for his turn is told so.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Annotated
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from fastapi import Query, Request
from fastapi.responses import Response

from counterfoil import __version__
from counterfoil.api.access.sight import Machine
from counterfoil.api.audit.html_report import report_body
from counterfoil.api.audit.making.collection import NothingToBundleError
from counterfoil.api.audit.node_check import check_on_chain
from counterfoil.api.audit.verification.deployment_pin import deployment_hash
from counterfoil.api.audit.verification.opinion import Asked, Opinion, opinion_of
from counterfoil.api.audit.verification.report import Report
from counterfoil.api.audit.verification.steps import verify
from counterfoil.api.pages.reader import Reader, page_router
from counterfoil.api.records.bundles import are_in_order, bundle_name, bundle_of
from counterfoil.api.records.sales import SalesReads
from counterfoil.chain.errors import ChainError
from counterfoil.printable import printable

router = page_router()

_Day = Annotated[date | None, Query(ge=date(1970, 1, 1), le=date(9998, 12, 31))]
_Device = Annotated[str, Query(max_length=120)]
MOST_DAYS = 31
_TURN = Lock()
_TURN_S = 20.0


class _NotMadeError(Exception):
    """Why there is no report; the text is a key of the catalogue."""


@dataclass(frozen=True)
class Made:
    """A file that was made and verified here."""

    name: str
    report: Report
    opinion: Opinion
    command: str

    @property
    def body(self) -> str:
        """The report in HTML."""
        return report_body(self.report, self.opinion)


@router.get("/proof")
def show_proof(
    request: Request, device: _Device = "", first: _Day = None, last: _Day = None
) -> Response:
    """Ask which machine and days; with them given, make the file, verify it and show the report."""
    reader = Reader(request)
    if reader.who is None:
        return reader.to_login()
    seen = {m.device: m for m in reader.parts.directory.machines()}
    machines = sorted((seen[name] for name in reader.sight.devices), key=lambda m: m.label)
    machine = next((m for m in machines if m.device == device), None)
    if device and machine is None:
        return reader.not_found()
    made, wrong = None, ""
    newest = _newest_day(reader, machines)
    first, last = first or last or newest - timedelta(days=6), last or newest
    if machine is not None:
        try:
            made = _made(reader, machine, first, last)
        except _NotMadeError as error:
            wrong = str(error)
    return reader.page(
        "proof.html",
        503 if wrong in ("proof.busy", "proof.no_node") else 200,
        page="proof",
        machines=machines,
        device=device,
        first=first,
        last=last,
        made=made,
        wrong=wrong,
        most_days=MOST_DAYS,
        file=f"/v1/devices/{quote(device)}/bundle?first={first}&last={last}",
    )


def _newest_day(reader: Reader, machines: list[Machine]) -> date:
    """The last whole day (UTC) before the machines' newest record, which a later one bounds."""
    tips = SalesReads(reader.parts.gateway).tips([machine.device for machine in machines])
    newest_ms = max((tip.time_ms for tip in tips.values()), default=0)
    return datetime.fromtimestamp(newest_ms / 1_000, UTC).date() - timedelta(days=1)


@contextmanager
def _turn() -> Iterator[None]:
    if not _TURN.acquire(timeout=_TURN_S):
        raise _NotMadeError("proof.busy")
    try:
        yield
    finally:
        _TURN.release()


def _made(reader: Reader, machine: Machine, first: date, last: date) -> Made:
    if not are_in_order(first, last) or (last - first).days >= MOST_DAYS:
        raise _NotMadeError("proof.wrong_days")
    settings = reader.parts.settings
    root = _root(settings.certificates)
    if root is None:
        raise _NotMadeError("proof.no_root")
    client, node = reader.parts.client(), next(iter(settings.rpc_urls), "")
    pinned = b""
    try:
        with _turn():
            if client is not None and client.addresses:
                pinned = deployment_hash(client.chain_id(), client.addresses)
            data = bundle_of(
                reader.parts, reader.sight, machine=machine, first=first, last=last, client=client
            )
            report = verify(data, root, deployment_hash=pinned)
            if report.bundle is not None and node:
                addresses = client.addresses if client is not None else None
                report.steps.append(check_on_chain(report, node, addresses))
    except NothingToBundleError as error:
        raise _NotMadeError("proof.nothing") from error
    except ChainError as error:
        raise _NotMadeError("proof.no_node") from error
    name = bundle_name(machine, first, last)
    asked = Asked(
        name,
        size=len(data),
        sha256=sha256(data).hexdigest(),
        root_name=root.subject.rfc4514_string(),
        root_sha256=root.fingerprint(hashes.SHA256()).hex(),
        program=f"counterfoil {__version__}",
        deployment=pinned.hex(),
        is_node_asked=bool(node),
        has_subject=True,
        is_by_platform=True,
    )
    opinion = opinion_of(report, asked, reader.speech.language)
    return Made(name, report, opinion, command=_command(name, machine, first, last))


def _command(name: str, machine: Machine, first: date, last: date) -> str:
    """The command by which the reader verifies the file himself; what is his own stands in capitals."""
    words = (
        f"counterfoil audit verify {name}",
        "--root-ca ROOT.pem --deployment DEPLOYMENT.json --rpc NODE",
        f"--device {printable(machine.device)} --from {first} --to {last}",
    )
    return " \\\n  ".join(words)


def _root(folder: Path | None) -> x509.Certificate | None:
    """The authority that certified itself, among those of the certificates' folder."""
    path = folder / "authorities.pem" if folder is not None else None
    if path is None or not path.exists():
        return None
    authorities = x509.load_pem_x509_certificates(path.read_bytes())
    return next((one for one in authorities if one.subject == one.issuer), None)
