"""The drill: a house is lost and restored, and what that cost is counted."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import structlog
from rich.console import Console

from counterfoil.gateway.device.device import Device, Event
from counterfoil.gateway.record.bodies import Sale, Status
from counterfoil.gateway.store.gateway_store import open_store
from counterfoil.oracle.store.database import open_database
from counterfoil.replay import fleet
from counterfoil.replay import money_side as money
from counterfoil.replay.run import new_report, run
from counterfoil.replay.script import ReplayPlan, plan_simulated
from counterfoil.up.data_folder import House, open_house
from counterfoil.up.process_tree import Tree

_SAY = Console(stderr=True)
_AGAIN = 20
"""Of its last events, how many each machine repeats as new ones after the backup."""


def main() -> int:
    """Run the drill; 0 when nothing was lost or stored twice, and every sweep could be told and found nothing."""
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
    parser = argparse.ArgumentParser(prog="scripts/drill", description=__doc__)
    parser.add_argument("--days", type=int, default=3, help="how long the simulated fleet sells")
    parser.add_argument("--engine", default="anvil", help="anvil or ganache")
    parser.add_argument("--oracles", type=int, default=1, help="oracle nodes")
    parser.add_argument("--copy", action="store_true", help="a copy of the log survives")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="counterfoil-drill-") as work:
        found = drill(
            Path(work),
            plan_simulated(asked.days),
            engine=asked.engine,
            oracles=asked.oracles,
            with_copy=asked.copy,
        )
    if asked.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:22} {value}")
    return 0 if found["lost"] == found["twice"] == 0 and found["sweep"] == "valid" else 1


def drill(
    work: Path, plan: ReplayPlan, *, engine: str, oracles: int, with_copy: bool
) -> dict[str, Any]:
    """Lose the house in *work* and restore it; return the figures."""
    house = open_house(work / "house", currency=plan.currency, engine=engine, oracles=oracles)
    key, backups = work / "secret" / "backup.key", work / "backups"
    options = ["--key", str(key), "--with-keys", "--data", str(house.folder), "--to", str(backups)]
    tree = Tree(house, _say)
    tree.start()
    try:
        run(tree, plan, _say, report=new_report(plan))
        _say("a full backup, while it runs")
        full = _counterfoil("backup", "--make-key", *options)
        devices = _devices(house)
        _sell(house, plan, devices)
        _say("an incremental one")
        incremental = _counterfoil("backup", *options)
        sold = _sell(house, plan, devices)
        if with_copy:
            shutil.copytree(house.tiles, work / "copy")
    finally:
        _say("every process is killed")
        _kill(tree)
    # The machines are elsewhere, and have their journals.
    (house.folder / "devices").rename(work / "devices")
    shutil.rmtree(house.folder)
    _say("restored elsewhere")
    began = time.monotonic()
    where = ["--key", str(key), "--from", str(backups), "--to", str(work / "elsewhere")]
    said = _counterfoil("restore", "--the-old-one-is-gone", *where)
    if with_copy:
        _say("the store is filled from the copy of the log")
        _counterfoil(
            "log", "fill", "--data", said["restored"]["folder"], "--from", str(work / "copy")
        )
    (work / "devices").rename(work / "elsewhere" / "devices")
    after = _machines_send(open_house(work / "elsewhere"), plan, began)
    return {
        "records_at_backup": incremental["standing"]["records"],
        "records_sold_after_it": sold,
        "records_at_the_end": after["records"],
        "lost": after["signed"] - after["records"],
        "twice": after["twice"],
        "backup_s": {"full": full["seconds"], "incremental": incremental["seconds"]},
        "backup_bytes": {"full": full["written"], "incremental": incremental["written"]},
        "rpo_s": said["rpo"]["backup_age_s"],
        "rto_ready_s": said["rto"]["ready_s"],
        "rto_swept_s": said["rto"]["swept_s"],
        "all_back_and_anchored_s": after["seconds"],
        "sweep": said["sweep"]["verdict"],
        "sweep_at_the_end": after["sweep"],
    }


def _sell(house: House, plan: ReplayPlan, devices: list[Device]) -> int:
    """Let each machine sell and send; return how many records that were, once they are anchored."""
    store = open_store(house.gateway_database)
    engine = open_database(house.oracle_database, migrate=False)
    before = store.size()
    _sign(plan, devices)
    fleet.send_all(house, devices, store.size)
    money.wait_anchored(engine, store.size())
    return store.size() - before


def _sign(plan: ReplayPlan, devices: list[Device], records: int = _AGAIN) -> None:
    """Let each vending machine sign its last *records* sales once more, as new ones, and the meter that it runs."""
    events = {machine.device: machine.events for machine in plan.machines}
    for device in devices:
        planned = events[device.device_id]
        sales = [event for event in planned if isinstance(event.body, Sale)][-records:]
        device.append_all(sales or [Event(Status("running"), planned[-1].time_ms)] * records)


def _machines_send(house: House, plan: ReplayPlan, began: float) -> dict[str, Any]:
    """Start the restored house, let each machine sign one more record and send; sweep, and count."""
    devices = _devices(house)
    with Tree(house, _say):
        store = open_store(house.gateway_database)
        engine = open_database(house.oracle_database, migrate=False)
        _say("the machines send what is missing")
        _sign(plan, devices, 1)
        fleet.send_all(house, devices, store.size)
        money.wait_anchored(engine, store.size())
        seconds = round(time.monotonic() - began, 1)
        argv = ["audit", "sweep", "--rpc", house.rpc_url, "--log", str(house.tiles)]
        argv += ["--deployment", str(house.deployment), "--facts", str(_facts(house))]
        swept = _counterfoil(*argv, may_fail=True)
        digests = [raw for _, raw in store.records(0, store.size())]
    return {
        "records": store.size(),
        "twice": len(digests) - len(set(digests)),
        "signed": sum(device.journal.chain().sequence for device in devices),
        "seconds": seconds,
        "sweep": {
            "verdict": swept["verdict"],
            "codes": sorted({f["code"] for f in swept["findings"]}),
        },
    }


def _facts(house: House) -> Path:
    os.environ["COUNTERFOIL_API_ORACLE_URL"] = house.oracle_database
    _counterfoil("audit", "facts", "--out", str(house.folder / "facts"))
    return house.folder / "facts"


def _devices(house: House) -> list[Device]:
    return [Device(folder) for folder in sorted((house.folder / "devices").iterdir())]


def _kill(tree: Tree) -> None:
    """End every process of the tree as a power cut would."""
    for child in tree.supervisor.children:
        if child.process is not None:
            child.process.kill()
            child.process.wait()
    tree.stop()


def _counterfoil(*arguments: str, may_fail: bool = False) -> Any:
    """What the command prints as JSON; its steps go to standard error."""
    argv = [sys.executable, "-m", "counterfoil", *arguments, "--json"]
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=not may_fail)
    return json.loads(done.stdout)


def _say(step: str) -> None:
    _SAY.print(f"drill: {step}", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
