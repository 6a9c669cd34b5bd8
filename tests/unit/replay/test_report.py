"""A run that is cut off at any point still prints what was done, and never says that it adds up."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from counterfoil.replay.asset_report import AssetReport
from counterfoil.replay.report import ReplayReport, write
from counterfoil.replay.report_tables import show

WHOLE = {
    "records": {"sent": 1, "stored": 1, "anchored": 1, "proofs checked": 1},
    "gas": {"anchor": {"transactions": 1, "gas": 7}},
    "seconds": {"signing": 1.0},
    "audit": {"verified": True, "bundle": "b", "bytes": 3, "tampering_named": True, "named": []},
    "assets": AssetReport(loan={"drawn": 5}, days=[{"date": 1, "status": "open"}]),
}


@pytest.mark.parametrize("reached", range(len(WHOLE) + 1))
def test_it_prints_what_was_done(reached: int, tmp_path: Path) -> None:
    report = ReplayReport("a simulation", "USD")
    for name, value in list(WHOLE.items())[:reached]:
        setattr(report, name, value)
    report.steps = ["the machines sign [all of them]"]
    report.failed = {"code": "contract.erc20_insufficient_balance", "detail": "CreditLine.repay"}
    assert report.adds_up is False
    out = io.StringIO()
    show(report, Console(file=out, width=200))
    assert "the machines sign [all of them]" in out.getvalue()
    assert "contract.erc20_insufficient_balance: CreditLine.repay" in out.getvalue()
    write(report, tmp_path / "report.json")
    kept = json.loads((tmp_path / "report.json").read_text())
    assert (kept["failed"], kept["adds_up"]) == (report.failed, False)


def test_an_empty_report_does_not_add_up() -> None:
    assert ReplayReport("nothing", "USD").adds_up is False
