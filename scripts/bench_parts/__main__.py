"""Measures the parts of the bench, prints a table or JSON, and keeps each run in bench-results/."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anchoring
import bridges
import fleet
import gas
import ingest
import invoices
import latency
import machine
import memory
import network
import quorum
import records
import report
import startup
import sweep
from rich.console import Console
from rich.table import Table

Part = Callable[[Path, Callable[[str], None]], dict[str, object]]

PARTS: dict[str, Part] = {
    "records": records.measure,
    "ingest": ingest.measure,
    "bridges": bridges.measure,
    "anchoring": anchoring.measure,
    "latency": latency.measure,
    "gas": gas.measure,
    "invoices": invoices.measure,
    "sweep": sweep.measure,
    "startup": startup.measure,
}
LONG: dict[str, Part] = {
    "memory": memory.measure,
    "network": network.measure,
    "quorum": quorum.measure,
    "fleet": fleet.measure,
    "cold": startup.measure_cold,
}
RESULTS = startup.REPOSITORY / "bench-results"
PAGE = startup.REPOSITORY / "docs" / "bench.md"


def main() -> None:
    """Run the requested parts, one after the other."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS | LONG)}; default: all")
    parser.add_argument("--long", action="store_true", help=f"also {', '.join(LONG)}: minutes each")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--docs", action="store_true", help="write the run into docs/bench.md")
    chosen = parser.parse_args()
    wanted = chosen.parts or [*PARTS, *(LONG if chosen.long else ())]
    if unknown := [name for name in wanted if name not in PARTS | LONG]:
        parser.error(f"no part {', '.join(unknown)}")
    errors = Console(stderr=True)
    started = datetime.now(UTC)
    document: dict[str, Any] = {
        "at": started.isoformat(timespec="seconds"),
        "machine": machine.describe(),
        "figures": {},
    }
    with tempfile.TemporaryDirectory(prefix="counterfoil-bench-") as folder:
        for name in wanted:
            measure = (PARTS | LONG)[name]
            document["figures"][name] = measure(Path(folder), errors.print)
    RESULTS.mkdir(exist_ok=True)
    kept = RESULTS / f"{started:%Y%m%dT%H%M%SZ}.json"
    kept.write_text(json.dumps(document, indent=1) + "\n")
    if chosen.docs:
        report.write_docs(PAGE, document, [*PARTS, *LONG])
    if chosen.json:
        sys.stdout.write(json.dumps(document) + "\n")
        return
    table = Table("part", "figure", "value")
    for row in report.rows(document["figures"]):
        table.add_row(*row)
    Console().print(table)
    errors.print(f"kept in {kept.relative_to(startup.REPOSITORY)}")


if __name__ == "__main__":
    main()
