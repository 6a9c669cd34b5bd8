"""A verification's report in HTML: as one file for an auditor's working papers, and as a part of a page.

Rules kept here:

* The file loads nothing and runs nothing; every text in it that came out of the bundle is escaped.
* It says the same as the terminal: both are made of one ``Opinion``. It is no proof: whoever doubts it verifies the
  bundle again.
"""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, StrictUndefined

from counterfoil.api.audit.verification.opinion import Opinion
from counterfoil.api.audit.verification.period_steps import currency_of
from counterfoil.api.audit.verification.report import Report
from counterfoil.api.audit.verification.report_words import word
from counterfoil.api.audit.verification.split_audit import tier_name
from counterfoil.gateway.record.currency import money
from counterfoil.printable import printable

_FILE, _BODY = (Path(__file__).with_name(name) for name in ("report.html", "report_body.html"))


def html_report(name: str, report: Report, opinion: Opinion) -> str:
    """Return the *report* on the file *name* in the words of its *opinion*: a file by itself."""
    source = _environment().from_string(_FILE.read_text())
    return source.render(name=name, opinion=opinion, body=report_body(report, opinion))


def report_body(report: Report, opinion: Opinion) -> str:
    """Return what the *report* says in the words of its *opinion*: sections under a heading, without a page around."""
    environment = _environment()
    environment.filters["tier"] = lambda number: tier_name(number).in_(opinion.language)
    bundle = report.bundle
    # Without blocks nobody compared them: step 13 was not run.
    rows = bundle.distributions if bundle is not None and bundle.blocks else ()
    currency = currency_of(bundle) if bundle is not None else ""
    environment.filters["day"] = lambda day: f"{day // 10_000}-{day // 100 % 100:02}-{day % 100:02}"
    environment.filters["money"] = lambda minor: money(minor, currency) if currency else str(minor)
    return environment.from_string(_BODY.read_text()).render(
        opinion=opinion,
        word=lambda key, **values: word(opinion.language, key, **values),
        unit=currency or word(opinion.language, "unit.minor"),
        splits=[d for d in rows if bundle is not None and bundle.scope.has_date(d.period_start)],
    )


def _environment() -> Environment:
    return Environment(autoescape=True, undefined=StrictUndefined, finalize=shown)


def shown(value: object) -> object:
    """Return *value* as a page shows it: of a text, what would act on the page instead is escaped."""
    return printable(value, keep="\n\t") if type(value) is str else value
