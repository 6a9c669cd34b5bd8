"""A run's figures as a table for people, and as the last run in docs/bench.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

_BEGIN, _END = "<!-- last run: written by scripts/bench --docs -->", "<!-- end of the last run -->"


def rows(figures: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(part, figure, value) of every figure, nested names joined by a space."""
    for part, found in figures.items():
        for name, value in _flat(found):
            yield part, name, value


def _flat(found: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(found, dict):
        for key, value in found.items():
            yield from _flat(value, f"{name} {key}".strip().replace("_", " "))
    else:
        shown = f"{found:,}" if isinstance(found, int) and not isinstance(found, bool) else found
        yield name, str(shown)


def write_docs(page: Path, document: dict[str, Any], order: Sequence[str]) -> None:
    """Replace the figures of the run's parts in *page*, in *order*; the figures of other parts stay."""
    text = page.read_text()
    head, _, rest = text.partition(_BEGIN)
    kept, _, tail = rest.partition(_END)
    figures = document["figures"]
    found = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in _rows_of(kept)]
    found = [row for row in found if row[0] not in figures]
    load = document["machine"].get("load_at_start", "")
    when = f"{document['at'][:16].replace('T', ' ')}, {load}"
    found += [(*row, when) for row in rows(figures)]
    places = {part: place for place, part in enumerate(order)}
    found.sort(key=lambda row: places.get(row[0], len(places)))
    machine = ", ".join(
        f"{k.replace('_', ' ')} {v}" for k, v in document["machine"].items() if k != "load_at_start"
    )
    lines = [_BEGIN, "", f"On: {machine}.", ""]
    lines += ["| part | figure | value | measured (UTC), load before |", "|---|---|---:|---|"]
    lines += [f"| {' | '.join(row)} |" for row in found]
    page.write_text(head + "\n".join([*lines, "", _END]) + tail)


def _rows_of(kept: str) -> list[str]:
    """The table's lines, without its head."""
    return [line for line in kept.splitlines() if line.startswith("| ")][1:]
