"""How a figure came into a record: the class of its proof. Pure."""

from __future__ import annotations

from enum import StrEnum


class ProofClass(StrEnum):
    """What stands between what happened and the signature on it, the strongest first."""

    MACHINE = "machine"
    """Signed inside the machine."""
    METER = "meter"
    """A meter's own signed reading, kept whole."""
    COLLECTOR = "collector"
    """Read beside the machine, and signed there."""
    REPORTED = "reported"
    """A back office's word."""
