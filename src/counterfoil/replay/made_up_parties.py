"""A replay's parties and split terms. The parties are made up; the arithmetic is the contract's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PROJECT = "lakeside-vending"
PROJECT_NAME = "Lakeside Vending"

PARTIES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "operator": ("Lakeside Vending", ("operator",)),
    "manufacturer": ("Northfield Machines", ("manufacturer",)),
    "site": ("Brunswick Properties", ("site",)),
    "supplier": ("Harbour Wholesale", ("supplier",)),
    "platform": ("Counterfoil platform", ("platform",)),
    "lender": ("First Harbour Bank, loan account", ("bank",)),
    "tax": ("Revenue office", ("platform",)),
    "refunds": ("Refunds to buyers", ("platform",)),
    "investor-a": ("Investor A", ("investor",)),
    "investor-b": ("Investor B", ("investor",)),
    "investor-c": ("Investor C", ("investor",)),
}
"""party → (name, parts); the order gives each its account."""


def terms(accounts: Mapping[str, str], effective_from: int) -> dict[str, Any]:
    """The split terms of a replay: a daily waterfall, amounts in minor units."""
    return {
        "effective_from": effective_from,
        "period": "day",
        "refund": accounts["refunds"],
        "tax": accounts["tax"],
        "residual": accounts["operator"],
        "fee": {"account": accounts["platform"], "basis_points": 100},
        "sweep": {"account": accounts["lender"], "basis_points": 1_200, "cap": 0},
        "goods": [
            {"code": "", "supplier": accounts["supplier"], "prepaid": False, "unit_cost": 85}
        ],
        "allocations": [
            {
                "account": accounts["site"],
                "basis": "net_basis_points",
                "value": 1_000,
                "minimum": 400,
                "cap": 0,
            },
            {"account": accounts["manufacturer"], "basis": "net_basis_points", "value": 800},
            {"account": None, "basis": "net_basis_points", "value": 1_400},
        ],
        "investors": [
            {"account": accounts["investor-a"], "weight": 50},
            {"account": accounts["investor-b"], "weight": 30},
            {"account": accounts["investor-c"], "weight": 20},
        ],
    }
