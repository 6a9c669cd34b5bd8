"""An alarm: what a person must be told, with a stable code. One form, whoever says it. Pure.

Rules kept here:

* An alarm is what holds now: it is said for as long as its cause lasts, and no longer. docs/alarms.md lists them all.
* It has the same members in ``/healthz``, ``/readyz`` and ``counterfoil status``: ``code``, ``detail``, ``part``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from counterfoil.fault import Code


@dataclass(frozen=True, slots=True)
class Alarm:
    """What holds now and must be seen to by somebody.

    ``part`` is the process or the thing that it is about, "" where the detail says it. ``ends_at`` is when something
    runs out, for an alarm that comes before; None otherwise. A *private* detail names what belongs to parties: not
    everybody who asks is told.
    """

    code: Code
    detail: str
    part: str = ""
    ends_at: datetime | None = None
    private: bool = False

    def has_ended(self, now: datetime) -> bool:
        """Whether it is too late."""
        return self.ends_at is not None and self.ends_at <= now

    def to_json(self, *, to_anybody: bool = False) -> dict[str, str]:
        """Return the alarm as a JSON object; *to_anybody* without a private detail."""
        detail = "" if to_anybody and self.private else self.detail
        return {"code": self.code, "detail": detail, "part": self.part}

    @classmethod
    def from_json(cls, found: Mapping[str, Any], part: str = "") -> Alarm:
        """Return the alarm that another process said; *part* is that process, where the alarm names none."""
        return cls(
            Code(str(found.get("code", ""))),
            detail=str(found.get("detail", "")),
            part=str(found.get("part") or part),
        )
