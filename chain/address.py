"""An account's or a contract's address."""

from __future__ import annotations

from typing import NewType

Address = NewType("Address", str)
"""A checksummed account or contract address, 0x and 40 hex digits."""
