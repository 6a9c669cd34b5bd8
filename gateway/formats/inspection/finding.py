"""The finding on one record in a file, and its values as JSON's types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any


class Verdict(StrEnum):
    """What the file alone shows: it is proven or consistent; it is contradicted; or neither."""

    VALID = "valid"
    INVALID = "invalid"
    UNVERIFIABLE = "unverifiable"


@dataclass(frozen=True, slots=True)
class Finding:
    """One record's finding; ``reason`` is a sentence, or ``code: detail`` where it is refused."""

    format: str
    verdict: Verdict
    reason: str
    summary: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self, file: str) -> dict[str, Any]:
        """Return the finding on *file* as a JSON object."""
        return {
            "file": file,
            "format": self.format,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "summary": plain(self.summary),
        }


def plain(value: Any) -> Any:
    """Return *value* as JSON's types: bytes in hexadecimal; a Decimal as a number where a reader
    of JSON gets the same decimal back, else as text."""
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Decimal):
        return _number(value)
    return value.value if isinstance(value, Enum) else value


def _number(value: Decimal) -> int | float | str:
    if not value.is_finite():
        return str(value)
    if value == value.to_integral_value() and value.adjusted() < 16:
        return int(value)
    shown = float(value)
    return shown if Decimal(repr(shown)) == value else str(value)
