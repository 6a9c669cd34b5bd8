"""A whole file of trade invoices as claims on the embedded chain: invoices per second, by step."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from counterfoil.gateway.formats.invoices_csv import read_invoices
from counterfoil.invoices.run import run_invoices

SHARED = Path(os.environ.get("COUNTERFOIL_SHARED", Path(__file__).parents[3] / "shared"))
FILE = SHARED / "data/receivables/invoices.csv.gz"


def measure(folder: Path, say: Callable[[str], None]) -> dict[str, object]:
    """The figures of the whole file, or that the file is absent."""
    if not FILE.exists():
        say(f"invoices: no file at {FILE}")
        return {"file": "absent"}
    report = run_invoices(read_invoices(FILE), folder / "invoices", lambda s: say(f"invoices: {s}"))
    if not report.adds_up:
        raise RuntimeError(f"rows differ: {report.differing_rows[:20]}")
    return {
        "invoices": report.registered,
        "set_aside": sum(report.set_aside.values()),
        "transactions": report.transactions,
        "gas_an_invoice": report.gas // report.registered,
        "invoices_a_second": report.invoices_a_second,
    }
