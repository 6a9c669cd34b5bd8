"""Whether the disks that a process writes have room left.

Rules kept here:

* A disk is told of while there is still room for what is under way: below 200 MB, or a twentieth of a small disk.
* Folders on one disk are told of once, under the first one's name. A folder that is not there yet is its parent's.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from counterfoil.alarm import Alarm
from counterfoil.fault import DISK_FULL

LEAST_FREE = 200_000_000
"""In bytes."""
_LEAST_SHARE = 20


def disk_alarms(folders: Iterable[Path], least_free: int = LEAST_FREE) -> list[Alarm]:
    """Return an alarm for each disk under *folders* with less than *least_free* bytes for this user."""
    found: list[Alarm] = []
    seen: set[int] = set()
    for folder in folders:
        there = next((one for one in (folder, *folder.absolute().parents) if one.exists()), None)
        if there is None or there.stat().st_dev in seen:
            continue
        seen.add(there.stat().st_dev)
        total, _, free = shutil.disk_usage(there)
        if free < min(least_free, total // _LEAST_SHARE):
            said = f"{free // 1_000_000} of {total // 1_000_000} MB are free"
            found.append(Alarm(DISK_FULL, f"{there}: {said}", part="disk"))
    return found


def disk_of_database(url: str) -> list[Path]:
    """Return the folder of the SQLite database at *url*; nothing for a server's, whose disk is not seen from here."""
    scheme, _, path = url.partition(":///")
    return [Path(path).parent] if scheme.startswith("sqlite") and path else []
