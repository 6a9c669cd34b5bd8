"""What is said of a disk before an engine ends its node for want of room."""

from __future__ import annotations

import pytest

from counterfoil.chain.nodes.network.health import disk_warning

GIB = 1024**3


@pytest.mark.parametrize(
    ("free", "total", "least_percent", "said"),
    [
        (20 * GIB, 250 * GIB, 3, ""),
        (15 * GIB, 250 * GIB, 3, ""),
        (15 * GIB - 1, 250 * GIB, 3, "only 15,359 MiB of disk are free, 6.0 %; below 3 %"),
        (7 * GIB, 250 * GIB, 3, "only 7,168 MiB of disk are free, 2.8 %; below 3 %"),
        (2 * GIB, 10 * GIB, 3, ""),
        (2 * GIB - 1, 10 * GIB, 3, "only 2,047 MiB of disk are free, 20.0 %; below 3 %"),
        (7 * GIB, 250 * GIB, 0, ""),
        (2 * GIB - 1, 250 * GIB, 0, "only 2,047 MiB of disk are free, 0.8 %"),
        (0, 250 * GIB, 0, "only 0 MiB of disk are free, 0.0 %"),
    ],
)
def test_disk_that_fills_is_told_of_in_time(
    free: int, total: int, least_percent: int, said: str
) -> None:
    warning = disk_warning(free, total, least_percent)
    if not said:
        assert warning == ""
    else:
        assert warning.startswith(said)
        assert ("the engine ends the node" in warning) is bool(least_percent)
