"""docs/errors.md: a table an area, in the order of the alphabet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from fault_declarations import Fault

_TOP = Path(__file__).with_name("top.md")


def page_of(faults: Iterable[Fault]) -> str:
    """The whole page."""
    areas: defaultdict[str, list[Fault]] = defaultdict(list)
    for fault in faults:
        areas[fault.code.partition(".")[0]].append(fault)
    names = sorted(areas)
    lines = [
        _TOP.read_text(),
        "Areas: " + ", ".join(f"[{name}](#{name})" for name in names) + ".",
        "",
    ]
    for name in names:
        lines += [f"## {name}", "", "| code | means | what to do | where |", "|---|---|---|---|"]
        lines += [_row(fault) for fault in sorted(areas[name], key=lambda fault: fault.code)]
        lines.append("")
    return "\n".join(lines)


def _row(fault: Fault) -> str:
    where = ", ".join(f"`{place}`" for place in fault.places)
    statuses = ", ".join(str(status) for status in fault.statuses)
    cells = (
        f"`{fault.code}`",
        fault.means,
        fault.to_do,
        f"{where}; HTTP {statuses}" if statuses else where,
    )
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"
