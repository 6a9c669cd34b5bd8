"""The page of figures: a part that is measured again takes its own place, and the others stay."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

ORDER = ("ingest", "gas", "sweep")


def report() -> ModuleType:
    path = Path(__file__).resolve().parents[3] / "scripts/bench_parts/report.py"
    spec = importlib.util.spec_from_file_location("bench_report", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_at(minute: int, load: float, figures: dict[str, Any]) -> dict[str, Any]:
    machine = {"processors": 2, "load_at_start": load}
    return {"at": f"2026-01-01T10:{minute:02}:00+00:00", "machine": machine, "figures": figures}


def test_a_part_measured_again_takes_its_own_place(tmp_path: Path) -> None:
    made, page = report(), tmp_path / "bench.md"
    page.write_text(f"# Bench\n{made._BEGIN}\n{made._END}\nafterwards\n")
    made.write_docs(page, run_at(1, 0.1, {"sweep": {"per_s": 1_000}, "ingest": {"a": 0.5}}), ORDER)
    made.write_docs(page, run_at(2, 0.4, {"sweep": {"per_s": 2_000}, "gas": {"each": 7}}), ORDER)
    assert page.read_text().splitlines() == [
        "# Bench",
        made._BEGIN,
        "",
        "On: processors 2.",
        "",
        "| part | figure | value | measured (UTC), load before |",
        "|---|---|---:|---|",
        "| ingest | a | 0.5 | 2026-01-01 10:01, 0.1 |",
        "| gas | each | 7 | 2026-01-01 10:02, 0.4 |",
        "| sweep | per s | 2,000 | 2026-01-01 10:02, 0.4 |",
        "",
        made._END,
        "afterwards",
    ]
