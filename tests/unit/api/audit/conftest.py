"""Whatever a test here finds is said in Chinese too."""

from __future__ import annotations

from support_language import every_finding_is_said_in_chinese

__all__ = ["every_finding_is_said_in_chinese"]
