"""The answer of the table of roles: whose objects a role reaches by an operation."""

from __future__ import annotations

from collections.abc import Mapping

from counterfoil.api.access.auth import Role
from counterfoil.api.access.roles_table import RULES
from counterfoil.api.access.whose import Rule, Whose

UNSIGNED = "/unsigned"


def _by_operation() -> Mapping[str, Rule]:
    found: dict[str, Rule] = {}
    for rule in RULES:
        for operation in rule.operations:
            if operation in found:
                raise ValueError(f"{operation} stands in two rows")
            found[operation] = rule
    return found


_RULES = _by_operation()


def rule_of(operation: str) -> Rule | None:
    """Return the row of *operation* (``METHOD /path``, or ``EVENT name``); None where the table has none."""
    return _RULES.get(operation) or _RULES.get(operation.removesuffix(UNSIGNED))


def whose(operation: str, role: Role) -> Whose:
    """Return whose objects *role* reaches by *operation*: nobody's where the table has no row for it."""
    rule = rule_of(operation)
    return Whose.NONE if rule is None else rule.of(role)


def may(operation: str, role: Role) -> bool:
    """Whether *role* may try *operation*."""
    return whose(operation, role) is not Whose.NONE
