"""A write that was asked for takes effect once, wherever the oracle's process is killed on the way."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from support_assets import TODAY
from support_desk import open_desk

pytestmark = pytest.mark.integration

POINTS = ("before_submit_commit", "after_send", "before_mined_commit", "before_final_commit")


def test_killed_at_every_step_the_claim_is_registered_once(tmp_path: Path) -> None:
    claim = {
        "kind": "receivable",
        "obligor": "core",
        "creditor": "tier1",
        "face_minor": 5_000,
        "issue_date": TODAY,
        "due_date": 20260705,
        "invoice_number": "RE-1",
    }
    with open_desk(tmp_path) as desk:
        asked = desk.post("tier1", "/receivables", {"claims": [claim]}, key="once").json()
        for point in POINTS:
            assert desk.crash_at(point) == -signal.SIGKILL, point
            again = desk.post("tier1", "/receivables", {"claims": [claim]}, key="once")
            assert (again.status_code, again.json()["id"]) == (202, asked["id"]), point
        done = desk.finish(asked["id"], "tier1")
        assert done["status"] == "done"
        names = [event["name"] for event in done["result"]["events"]]
        assert names == ["ClaimDrafted", "ClaimRegistered", "PartMinted"]
        assert desk.world.view("Receivables", "claimCount") == 1
        (kept,) = desk.items("tier1", "/receivables")
        assert kept["transaction_hash"] == done["result"]["transaction_hash"]
