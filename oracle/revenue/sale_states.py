"""The states of a sale's fact; see ``store.revenue_tables.SaleFact``."""

from __future__ import annotations

WAITING, MATCHED, EXCEPTION, EXCLUDED, DISTRIBUTED = (
    "waiting",
    "matched",
    "exception",
    "excluded",
    "distributed",
)
