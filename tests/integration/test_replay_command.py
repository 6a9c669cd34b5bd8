"""The main job through its command: on a simulated fleet, and on files whose totals are computed here again."""

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
VENDING = SHARED / "data/vending/vending_sales_2022_jan_aug.csv.gz"
STEEL = SHARED / "data/electricity/steel_15min_2018H1.csv.gz"
ROWS = 400


def replay(data: Path, *options: str, command: str = "replay") -> dict[str, Any]:
    """The report of a replay that found everything in order."""
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "counterfoil",
            command,
            "--data",
            str(data),
            "--exit",
            "--json",
            *options,
        ],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    report: dict[str, Any] = json.loads(run.stdout)
    assert report["adds_up"] is True
    return report


def test_a_run_that_is_cut_off_says_what_was_done(tmp_path: Path) -> None:
    """The bank may mint nothing at all, so the statement is refused in the middle of it."""
    data = tmp_path / "house"
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "counterfoil",
            "replay",
            "--days",
            "1",
            "--exit",
            "--json",
            "--data",
            str(data),
        ],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env=os.environ | {"COUNTERFOIL_ORACLE_MINT_LIMIT_MINOR": "1"},
    )
    assert run.returncode == 2
    told = json.loads(run.stderr.strip().splitlines()[-1])
    report = json.loads(run.stdout)
    assert report == json.loads((data / "report.json").read_text())
    assert report["adds_up"] is False
    assert report["failed"] == told
    assert "bank.mint_unconfirmed" in told["detail"]
    assert report["records"]["anchored"] == report["records"]["sent"] > 0, "this was done"
    assert report["steps"][-1] == "the settlement file, the bank's statement"


def test_the_demo_takes_takings_of_any_size(tmp_path: Path) -> None:
    """Takings beyond what one account may mint in a day, and a loan on them beyond the parties' opening balances."""
    sales = tmp_path / "sales.csv"
    names = "Device ID,Machine,Product,Category,Transaction,TransDate,Type,RCoil,RPrice,RQty"
    header = f"Status,{names},LineTotal,TransTotal,Prcd Date,Location,MCoil,MPrice,MQty"
    sold = [
        f"Processed,VJ300320611,Big,Crane,Crates,{number},1/{number}/2022,Credit,1,900000,1,"
        f"900000,900000,1/{number}/2022,Yard,1,900000,1"
        for number in range(1, 5)
    ]
    sales.write_text("\n".join([header, *sold]) + "\n")
    report = replay(tmp_path / "house", "--sales", str(sales), command="demo")
    assert report["input_gross_minor"] == 4 * 90_000_000
    assert report["assets"]["loan"]["drawn"] == 36_000_000


def check_simulated(report: dict[str, Any]) -> None:
    """Every record and every unit of a simulated fleet is accounted for."""
    assert report["records"]["refused"] == 0
    assert report["records"]["anchored"] == report["records"]["sent"] > 0
    assert sum(report["exceptions"].values()) > 0, "withheld payments went to a person"
    paid = sum(line["amount_minor"] for line in report["paid"])
    assert paid + report["carried_minor"] == report["input_gross_minor"]
    assert report["audit"]["named"], "the audit names the changed record"


def test_a_simulated_fleet_is_accounted_for_on_ganache(tmp_path: Path) -> None:
    check_simulated(replay(tmp_path / "house", "--days", "1", "--engine", "ganache"))


def test_a_quorum_of_four_oracles_does_the_main_job(tmp_path: Path) -> None:
    report = replay(tmp_path / "house", "--days", "1", "--oracles", "4")
    assert report["records"]["anchored"] == report["records"]["sent"] > 0
    paid = sum(line["amount_minor"] for line in report["paid"])
    assert paid + report["carried_minor"] == report["input_gross_minor"]
    url = f"sqlite:///{tmp_path}/house/oracles/4/"
    asked = ("--database", f"{url}oracle.db", "--gateway-database", f"{url}records.db", "--json")
    run = subprocess.run(
        [sys.executable, "-m", "counterfoil", "oracle", "status", *asked],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    found = json.loads(run.stdout)
    assert found["records"] == found["anchored"] == report["records"]["sent"], "its own copy"
    assert (found["quorum"]["threshold"], len(found["quorum"]["signers"])) == (3, 4)
    assert found["quorum"]["dissents"] == []


def test_the_demo_has_a_claim_and_a_loan_to_the_minor_unit(tmp_path: Path) -> None:
    report = replay(tmp_path / "house", "--days", "1", command="demo")
    check_simulated(report)
    claim, loan = report["assets"]["claim"], report["assets"]["loan"]
    received = {line["holder"]: line["received_minor"] for line in claim}
    assert received["Harbour Wholesale"] == 597_000, "600,000 less 30 days at 6 % of 360"
    assert received["Maple Foods"] == 400_000
    assert report["assets"]["claim_paid_minor"] == 1_000_000
    swept = next(p["amount_minor"] for p in report["paid"] if p["tier"] == "loan sweep")
    assert loan["swept from revenue"] == swept > 0
    assert loan["interest"] == loan["drawn"] * 108_000 * 30 // (360 * 1_000_000)
    assert swept + loan["paid by the operator"] == loan["drawn"] + loan["interest"]
    assert loan["outstanding"] == 0
    assert [day["status"] for day in report["assets"]["days"]] == ["closed"] * 3


@pytest.mark.skipif(
    not VENDING.exists(), reason="the vending and steel files are not beside the checkout"
)
def test_files_totals_are_the_files_own(tmp_path: Path) -> None:
    sales = first_rows(VENDING, tmp_path / "sales.csv")
    meter = first_rows(STEEL, tmp_path / "meter.csv")
    report = replay(tmp_path / "house", "--sales", str(sales), "--meter", str(meter))
    with sales.open(newline="") as file:
        rows = list(csv.DictReader(file))
    by_machine: dict[str, Decimal] = {}
    for row in rows:
        amount = by_machine.get(row["Device ID"], Decimal(0))
        by_machine[row["Device ID"]] = amount + Decimal(row["LineTotal"])
    assert report["gross_by_machine"] == {m: int(a * 100) for m, a in by_machine.items()}
    assert report["input_gross_minor"] == int(sum(by_machine.values()) * 100)
    with meter.open(newline="") as file:
        readings = len(list(csv.DictReader(file)))
    sold = len({row["Transaction"] for row in rows})
    assert report["records"]["sent"] == sold + readings


def first_rows(source: Path, to: Path) -> Path:
    """The first rows of a gzipped file, as a file of their own."""
    with gzip.open(source, "rt", newline="") as lines:
        to.write_text("".join(line for _, line in zip(range(ROWS + 1), lines, strict=False)))
    return to
