"""A setting of another form than it must have ends every command in one line with its name; never in a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support_waiting import PATIENCE_S

WRONG = [
    ("audit bundle {BUNDLE}", "API_RPC_URLS", "http://10.0.0.7:8545", "a JSON list"),
    ("audit bundle {BUNDLE}", "API_ORACLE_URL", "/var/oracle.db", "a database's URL"),
    ("audit facts -o out", "API_GATEWAY_URL", "no URL", "a database's URL"),
    ("api run", "API_TIME_ZONE", "Mars/Olympus", "IANA name"),
    ("api run", "API_TIME_ZONE", "../../etc/passwd", "IANA name"),
    ("api run", "API_PORT", "eighty", "a valid integer"),
    ("api token list", "API_SESSION_HOURS", "0", "greater than or equal to 1"),
    ("chain status", "CHAIN_ENGINE", "geth", "'anvil' or 'ganache'"),
    ("chain run", "CHAIN_PORT", "x", "a valid integer"),
    ("oracle run", "ORACLE_KEYSTORE", None, "it is not set"),
    ("oracle run", "ORACLE_MINT_CONFIRMERS", "0x12", "a JSON list"),
    ("oracle run", "ORACLE_TIME_ZONE", "Mars/Olympus", "no time zone"),
    ("oracle run", "ORACLE_DAY_CLOSE_CRON", "every night", "Wrong number of fields"),
    ("oracle rebuild", "ORACLE_DATABASE_URL", "nowhere", "a database's URL"),
    ("gateway run", "GATEWAY_TLS_KEY", None, "it is not set"),
    ("gateway run", "GATEWAY_DATABASE_URL", "gateway", "a database's URL"),
    ("gateway bridge", "BRIDGE_COPIES", "many", "a valid integer"),
]
NEEDED = {
    "COUNTERFOIL_ORACLE_KEYSTORE": "none",
    "COUNTERFOIL_ORACLE_PASSPHRASE": "a secret",
    "COUNTERFOIL_GATEWAY_TLS_CERTIFICATE": "none",
    "COUNTERFOIL_GATEWAY_TLS_KEY": "none",
    "COUNTERFOIL_GATEWAY_DEVICE_CA": "none",
    "COUNTERFOIL_GATEWAY_RECEIPT_KEY": "none",
    "COUNTERFOIL_BRIDGE_BROKER": "mqtt://127.0.0.1:9",
    "COUNTERFOIL_BRIDGE_NAME": "one",
    "COUNTERFOIL_BRIDGE_RECEIPT_KEY": "none",
}
BUNDLE = "--device urn:dev:os:32473-a --from 2026-01-01 --to 2026-01-02 -o out"


@pytest.mark.parametrize(("words", "name", "value", "form"), WRONG)
def test_a_malformed_setting_is_named_with_its_form(
    words: str, name: str, value: str | None, form: str, tmp_path: Path
) -> None:
    full = f"COUNTERFOIL_{name}"
    environment = {"PATH": os.environ["PATH"]} | NEEDED | {full: value or ""}
    if value is None:
        del environment[full]
    if name == "ORACLE_DAY_CLOSE_CRON":
        environment["COUNTERFOIL_ORACLE_TIME_ZONE"] = "Asia/Shanghai"
    done = subprocess.run(
        [sys.executable, "-m", "counterfoil", *words.format(BUNDLE=BUNDLE).split()],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    said = json.loads(line)
    assert said["code"] == "settings.invalid"
    assert said["detail"].startswith(f"{full}: ")
    assert form in said["detail"]
    assert value is None or value not in said["detail"] or name.endswith("TIME_ZONE")
    assert "secret" not in line
    assert list(tmp_path.iterdir()) == []
