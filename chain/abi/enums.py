"""The contracts' enumerations by name, each numbered as on chain. Pure."""

from __future__ import annotations

KINDS = ("receivable", "payable", "order")
STATES = (
    *("none", "draft", "registered", "confirmed", "matured", "settled"),
    *("overdue", "recourse", "defaulted", "cancelled"),
)
LINE_STATES = ("none", "applied", "approved", "active", "frozen", "closed")
LOAN_STATES = (
    *("none", "current", "grace", "delinquent", "default"),
    *("written_off", "recovered", "repaid"),
)
PLANS = ("bullet", "equal_principal", "annuity", "interest_only", "revenue_share")
CONVENTIONS = ("A/360", "A/365F", "30E/360", "A/A ISDA")
DEBTS = ("costs", "penalty", "interest", "principal")
MOTIONS = ("approve", "lift_freeze")
"""What a committee votes on."""
