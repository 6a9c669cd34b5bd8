"""What a sweep finds wrong, or can't verify. Pure."""

from __future__ import annotations

from typing import NamedTuple

from counterfoil.api.audit.verification.said import Said
from counterfoil.fault import Code


class Finding(NamedTuple):
    """One finding; *unverifiable* where what is needed to verify it is missing."""

    code: Code
    where: Said
    detail: Said
    unverifiable: bool = False
