"""A verification's report as one HTML file, for an auditor's working papers.

Rules kept here:

* The file loads nothing and runs nothing; every text in it that came out of the bundle is escaped.
* It says what was verified (the file's SHA-256), against what (the root's fingerprint), and what was
  not checked. It is no proof: whoever doubts it verifies the bundle again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from jinja2 import Environment, StrictUndefined

from counterfoil import __version__
from counterfoil.api.audit.verification.report import Report
from counterfoil.api.audit.verification.split_audit import tier_name
from counterfoil.printable import printable

_PAGE = Path(__file__).with_name("report.html")


def html_report(name: str, data: bytes, root: x509.Certificate, report: Report) -> str:
    """Return the report on the file *name* with the bytes *data*, verified against *root*."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, finalize=shown)
    environment.filters["moment"] = _moment
    environment.filters["tier"] = tier_name
    bundle = report.bundle
    rows = bundle.distributions if bundle is not None else ()
    return environment.from_string(_PAGE.read_text()).render(
        name=name,
        size=f"{len(data):,}",
        digest=sha256(data).hexdigest(),
        root_name=root.subject.rfc4514_string(),
        root_digest=root.fingerprint(hashes.SHA256()).hex(),
        version=__version__,
        report=report,
        splits=[d for d in rows if bundle is not None and bundle.scope.has_date(d.period_start)],
    )


def shown(value: object) -> object:
    """Return *value* as a page shows it: of a text, what would act on the page instead is escaped."""
    return printable(value, keep="\n\t") if type(value) is str else value


def _moment(time_ms: int) -> str:
    """Return *time_ms* as a UTC date and minute; the number itself where it is out of the calendar's range."""
    try:
        return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%Y-%m-%d %H:%M}"
    except (OverflowError, OSError, ValueError):
        return str(time_ms)
