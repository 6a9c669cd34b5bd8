"""What a sweep finds wrong, or could not tell."""

from __future__ import annotations

from typing import NamedTuple


class Finding(NamedTuple):
    """One thing that is not as it must be; *unverifiable* where what would tell is not there."""

    code: str
    where: str
    detail: str
    unverifiable: bool = False
