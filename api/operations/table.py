"""Every operation by its name."""

from __future__ import annotations

from collections.abc import Mapping

from counterfoil.api.operations import (
    Operation,
    cash,
    claims,
    credit,
    settlement,
    shares,
    warehouse,
)

OPERATIONS: Mapping[str, Operation] = {
    operation.name: operation
    for module in (claims, credit, warehouse, shares, settlement, cash)
    for operation in module.OPERATIONS
}
