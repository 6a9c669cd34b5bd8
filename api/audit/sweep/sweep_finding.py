"""What a sweep finds wrong, or can't verify. Pure."""

from __future__ import annotations

from typing import NamedTuple

from counterfoil.fault import Code


class Finding(NamedTuple):
    """One finding; *unverifiable* where what is needed to verify it is missing."""

    code: Code
    where: str
    detail: str
    unverifiable: bool = False
