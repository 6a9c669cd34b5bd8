"""Which exceptions of the matching a reader may see.

An exception names its payment's reference. So it is shown to who runs the project, and a sale's to who may see its
record; the project's other recipients see none of it.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_, true
from sqlmodel import col, select

from counterfoil.api.access.sight import Sight
from counterfoil.oracle.store.revenue_tables import MatchException, SaleFact


def seen_exceptions(sight: Sight) -> ColumnElement[bool]:
    """Return the condition that the reader may see a :class:`MatchException`."""
    if sight.everything:
        return true()
    sales = select(SaleFact.log_index).where(col(SaleFact.device).in_(sight.devices))
    return or_(col(MatchException.project).in_(sight.run), col(MatchException.log_index).in_(sales))
