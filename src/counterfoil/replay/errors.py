"""Why a replay can't go on, besides what it runs says."""

from __future__ import annotations

from counterfoil.fault import fault

REPLAY_FAILED = fault(
    "replay.failed",
    "The replay could not be carried out.",
    "Read the detail and the logs in the folder; run it again in a new folder.",
)
