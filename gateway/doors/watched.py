"""What a gateway says about itself: its intake, the processes that verify, its disks, and what ends soon."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from counterfoil.alarm import Alarm
from counterfoil.disk_room import disk_alarms
from counterfoil.gateway.certificate.lifetime import Ending, alarms_of
from counterfoil.gateway.ingest.intake import Intake
from counterfoil.gateway.ingest.signature_pool import SignaturePool


@dataclass(frozen=True)
class Found:
    """One look: all alarms, until when certificates and list are in force, and how many workers were replaced."""

    alarms: list[Alarm]
    ends: Sequence[Ending]
    replaced: int


@dataclass(frozen=True)
class Watched:
    """The parts that are looked at; *pool* is None where this process verifies by itself."""

    intake: Intake
    pool: SignaturePool | None
    disks: Sequence[Path]
    read_endings: Callable[[], Sequence[Ending]]

    def look(self) -> Found:
        """Return what holds now."""
        ends = self.read_endings()
        alarms = [
            *self.intake.alarms(),
            *(self.pool.alarms() if self.pool else ()),
            *disk_alarms(self.disks),
            *alarms_of(ends, datetime.now(UTC)),
        ]
        return Found(alarms, ends, replaced=self.pool.replaced if self.pool else 0)
