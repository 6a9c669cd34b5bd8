"""A run's figures as a table for people, and as the last run in docs/bench.md."""

from __future__ import annotations

from collections.abc import Iterator
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


def write_docs(page: Path, document: dict[str, Any]) -> None:
    """Put the run into *page*, in the place of the one that is there."""
    text = page.read_text()
    head, _, rest = text.partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    machine = ", ".join(f"{k.replace('_', ' ')} {v}" for k, v in document["machine"].items())
    lines = [_BEGIN, "", f"Measured {document['at']}, on: {machine}.", ""]
    lines += ["| part | figure | value |", "|---|---|---:|"]
    lines += [f"| {part} | {name} | {value} |" for part, name, value in rows(document["figures"])]
    page.write_text(head + "\n".join([*lines, "", _END]) + tail)
