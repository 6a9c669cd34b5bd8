"""An auditor's bundle of the replay: made and verified by the commands, then verified with one byte changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from counterfoil.gateway.record.bodies import Sale
from counterfoil.replay.script import ReplayPlan
from counterfoil.up.data_folder import House


def audit(house: House, plan: ReplayPlan) -> dict[str, Any]:
    """Make a bundle and verify it, both with the commands; then change one byte of a sale and verify again."""
    machine = plan.machines[0]
    folder = house.folder / "bundles"
    folder.mkdir(exist_ok=True)
    bundle = folder / f"{machine.device.rsplit(':', 1)[-1]}.bundle"
    days = [_iso(plan.first_date), _iso(plan.last_date)]
    env = {
        "COUNTERFOIL_API_GATEWAY_URL": house.gateway_database,
        "COUNTERFOIL_API_ORACLE_URL": house.oracle_database,
        "COUNTERFOIL_API_TILES": str(house.tiles),
        "COUNTERFOIL_API_DEPLOYMENT": str(house.deployment),
        "COUNTERFOIL_API_RPC_URLS": json.dumps([house.rpc_url]),
        "COUNTERFOIL_API_CERTIFICATES": str(house.folder / "certificates"),
    }
    made = _command(
        env,
        "audit",
        "bundle",
        "--device",
        machine.device,
        "--from",
        days[0],
        "--to",
        days[1],
        "-o",
        str(bundle),
    )
    if made.returncode != 0:
        return {"verified": False, "detail": (made.stderr or made.stdout).strip()[-500:]}
    root = str(house.folder / "pki" / "root.pem")
    trusted = ("--root-ca", root, "--deployment", str(house.deployment))
    verified = _command({}, "audit", "verify", str(bundle), *trusted, "--rpc", house.rpc_url)
    data = bytearray(bundle.read_bytes())
    place = _byte_of_a_sale(bytes(data), plan)
    data[place] ^= 1
    changed = bundle.with_suffix(".tampered")
    changed.write_bytes(data)
    caught = _command({}, "audit", "verify", str(changed), *trusted, "--json")
    return {
        "bundle": str(bundle),
        "bytes": len(data),
        "verified": verified.returncode == 0,
        "said": verified.stdout.strip().splitlines(),
        "tampered_byte": place,
        "tampering_named": caught.returncode == 1,
        "named": _findings(caught.stdout)[:3],
        "detail": "" if verified.returncode == 0 else (verified.stderr or verified.stdout)[-500:],
    }


def _findings(report: str) -> list[str]:
    """What was found on records, each in a line; *report* is the command's JSON."""
    try:
        steps = json.loads(report)["steps"]
    except ValueError:
        return []
    found = [finding for step in steps for finding in step["findings"]]
    lines = [f"{one['code']}: {one['where']}: {one['detail']}" for one in found]
    return [line for line in lines if "record" in line]


def _byte_of_a_sale(data: bytes, plan: ReplayPlan) -> int:
    """The place of a byte within one sale's payment reference."""
    for event in plan.machines[0].events[3:]:
        body = event.body
        if isinstance(body, Sale) and body.payment_reference:
            place = data.find(body.payment_reference.encode())
            if place >= 0:
                return place + 2
    return len(data) // 2


def _command(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "counterfoil", *arguments],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def _iso(business_date: int) -> str:
    return f"{business_date // 10_000}-{business_date // 100 % 100:02}-{business_date % 100:02}"
