"""Every file that a test here has verified goes through the second verifier too, and both must say the same."""

from __future__ import annotations

from support_second_verifier import (
    held_against_the_second_verifier,
    second_verifier,
)

__all__ = ["held_against_the_second_verifier", "second_verifier"]
