"""Claims, credit, warehouse receipts, shares and deals, as the chain's events tell them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlmodel import Session

from counterfoil.chain.tables import ChainEvent

Handler = Callable[[Session, ChainEvent, Mapping[str, Any]], None]
"""What is made of one event, by its arguments; inside the feed's database transaction, never committing."""
