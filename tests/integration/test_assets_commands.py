"""``counterfoil assets`` against a served API, a running oracle and a real chain."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from support_api import served
from support_assets import TODAY
from support_desk import Desk, open_desk
from support_json import read_json

from counterfoil.oracle.run.loop import step_all

pytestmark = pytest.mark.integration


@dataclass
class Shell:
    """Runs the command as parties do."""

    desk: Desk
    url: str
    folder: Path

    def run(self, party: str, *argv: str, text: str = "") -> subprocess.CompletedProcess[str]:
        env = os.environ | {
            "COUNTERFOIL_API_URL": self.url,
            "COUNTERFOIL_TOKEN": self.desk.tokens.get(party, party),
        }
        return subprocess.run(
            [sys.executable, "-m", "counterfoil", "assets", *argv],
            capture_output=True,
            text=True,
            env=env,
            input=text,
        )

    def json(self, party: str, *argv: str, text: str = "") -> Any:
        done = self.run(party, *argv, "--json", text=text)
        assert done.returncode == 0, (argv, done.stderr)
        return read_json(done.stdout)

    def refused(self, party: str, *argv: str) -> tuple[int, str]:
        """The exit status, and the code on stderr."""
        done = self.run(party, *argv)
        assert done.stdout == ""
        return done.returncode, json.loads(done.stderr)["code"]

    def keystore(self, party: str) -> tuple[str, ...]:
        """Options that sign with *party*'s own key."""
        path, secret = self.folder / f"{party}.json", self.folder / "passphrase"
        key = self.desk.world.signer(party)._account.key
        kept = Account.encrypt(key, "its own", kdf="pbkdf2", iterations=1_000)
        path.write_text(json.dumps(kept))
        secret.write_text("its own\n")
        return ("--keystore", str(path), "--passphrase-file", str(secret))


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("shell")
    stop = threading.Event()
    with open_desk(folder) as desk:

        def run() -> None:
            while not stop.wait(0.05):
                step_all(desk.oracle)

        oracle = threading.Thread(target=run)
        oracle.start()
        try:
            with served(desk.http.app) as url:  # type: ignore[arg-type]
                yield Shell(desk, url, folder)
        finally:
            stop.set()
            oracle.join()


def test_claim_is_registered_confirmed_and_passed_on(shell: Shell) -> None:
    claim = {
        "kind": "receivable",
        "obligor": "core",
        "creditor": "tier1",
        "face_minor": 5_000,
        "issue_date": TODAY,
        "due_date": 20260705,
        "invoice_number": "RE-9",
    }
    body = json.dumps({"claims": [claim]})
    argv = ("do", "register_claims", "--body", "-", "--key", "shell-1")
    done = shell.json("tier1", *argv, text=body)
    assert shell.json("tier1", *argv, text=body) == done
    made = next(e for e in done["events"] if e["name"] == "ClaimRegistered")["arguments"]
    confirm = ("do", "confirm_claims", "--set", f"roots=[{made['root']}]")
    assert shell.refused("core", *confirm) == (1, "keys.not_held")
    own = shell.keystore("core")
    locked = shell.refused("core", *confirm, *own[:2])
    assert locked == (1, "keys.refused"), "no file, nothing in the environment, nobody there"
    sent = shell.json("core", *confirm, *own)
    assert sent["status"] == "succeeded"
    shown = shell.json("tier1", "show", "claims", str(made["root"]))
    assert shown["state"] == "confirmed"
    assert shown["opened"]["invoice"]["fields"]["number"] == "RE-9"
    listed = shell.run("tier1", "list", "claims", "--state", "confirmed").stdout
    assert listed.splitlines()[0].split() == [
        "root",
        "kind",
        "state",
        "face_minor",
        "redeemed_minor",
        "due_date",
    ]
    assert "receivable  confirmed  5000" in listed
    part = str(made["part"])
    offer = ("--set", "to=tier2", "--set", "recourse=true", "--set", "expires=4000000000")
    shell.json("tier1", "do", "offer_part", part, *offer)
    assert [o["part"] for o in shell.json("tier2", "list", "offers")] == [made["part"]]
    taken = ("--set", "recourse=true", "--set", "unpaid_minor=5000", "--set", "deadline=4000000000")
    shell.json("tier2", "do", "accept_offer", part, *taken)
    assert len(shell.json("tier2", "list", "parts")) == 1
    assert shell.json("core", "cash")["balance_minor"] == 0


def test_what_is_refused_says_why_and_exits_one(shell: Shell) -> None:
    assert shell.refused("tier1", "do", "poke_claim", "99") == (1, "contract.claim_unknown")
    assert shell.refused("tier1", "do", "poke_claim") == (1, "command.id_missing")
    assert shell.refused("tier1", "do", "advance_date", "--set", "date=20270101") == (
        1,
        "command.operation_unknown",
    )
    assert shell.refused("tier1", "do", "fund_claim", "1", "--set", "amount_minor=-1") == (
        1,
        "request.malformed",
    )
    assert shell.refused("tier1", "do", "fund_claim", "1", "--body", "[1") == (
        1,
        "command.body_malformed",
    )
    assert shell.refused("tier1", "show", "claims", "77") == (1, "request.not_found")
    assert shell.refused("tier1", "show", "loans", "../cash") == (1, "request.not_found")
    assert shell.refused("tier1", "show", "prices", "1") == (1, "command.not_shown")
    assert shell.refused("no token of ours", "list", "lines") == (1, "request.unauthorised")
    missing = ("--keystore", str(shell.folder / "none.json"), *shell.keystore("core")[2:])
    assert shell.refused("tier1", "do", "poke_claim", "1", *missing) == (1, "keys.refused")


def test_operations_are_listed_by_role(shell: Shell) -> None:
    names = {one["name"] for one in shell.json("warehouse", "operations")}
    assert {"issue_receipt", "deliver_receipt"} <= names
    assert "draw" not in names
    assert "issue_receipt" in shell.run("warehouse", "operations").stdout


def test_without_an_answer_it_exits_two(shell: Shell) -> None:
    nowhere = Shell(shell.desk, "http://127.0.0.1:9", shell.folder)
    assert nowhere.refused("tier1", "list", "claims") == (2, "api.unreachable")
