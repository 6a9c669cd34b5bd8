"""A file of invoices through its command: what the chain holds is what the file says, to the cent."""

from __future__ import annotations

import csv
import gzip
import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support_waiting import PATIENCE_S

pytestmark = pytest.mark.integration
SHARED = Path(os.environ.get("COUNTERFOIL_SHARED", Path(__file__).parents[3] / "shared"))
FILE = SHARED / "data/receivables/invoices.csv.gz"
ROWS = 240


def run(*options: str) -> tuple[int, dict[str, Any]]:
    ended = subprocess.run(
        [sys.executable, "-m", "counterfoil", "invoices", *options, "--json"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert ended.stdout, ended.stderr[-2000:]
    return ended.returncode, json.loads(ended.stdout)


@pytest.mark.skipif(not FILE.exists(), reason="the invoices file is not beside the checkout")
def test_a_slice_with_odd_rows_is_settled_as_it_says(tmp_path: Path) -> None:
    with gzip.open(FILE, "rt", newline="") as lines:
        text = "".join(line for _, line in zip(range(ROWS + 1), lines, strict=False))
    row = "x,Vendor,x,01-Jan-12,02-Jan-12,{},{},{},1\n"
    text += row.format("10.00", "0.00", "10.00") + row.format("10.00", "4.00", "5.00")
    path = tmp_path / "some.csv"
    path.write_text(text)
    status, report = run(str(path), "--data", str(tmp_path / "run"))
    rows = list(csv.DictReader(text.splitlines()))[:-1]
    assert status == 0
    assert report["adds_up"] is True
    assert report["set_aside"] == {"invoice.contradictory": 1}
    assert report["registered_minor"] == int(sum(Decimal(r["Amount"]) for r in rows) * 100)
    assert report["withdrawn_minor"] == int(sum(Decimal(r["Settled"]) for r in rows) * 100)
    assert report["outstanding_minor"] == int(sum(Decimal(r["Outstanding"]) for r in rows) * 100)
    assert report["standings"]["open"] == 1
    status, again = run(str(path), "--data", str(tmp_path / "run"))
    assert (status, again["transactions"]) == (0, report["transactions"]), "nothing is done twice"


@pytest.mark.slow
@pytest.mark.skipif(not FILE.exists(), reason="the invoices file is not beside the checkout")
def test_the_whole_file_is_settled_to_the_cent() -> None:
    status, report = run(str(FILE))
    assert status == 0
    assert (report["registered"], report["transactions"]) == (8_753, report["transactions"])
    assert report["standings"] == {"paid": 8_119, "part_paid": 634, "open": 0}
    assert report["registered_minor"] == 2_031_487_865
    assert report["withdrawn_minor"] == 1_957_490_173
    assert report["outstanding_minor"] == 73_997_692
