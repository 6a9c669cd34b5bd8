"""The table of roles as Markdown: a row a rule, a column for each set of roles that are alike in every row. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from counterfoil.api.access.auth import Role
from counterfoil.api.access.roles_table import RULES
from counterfoil.api.access.whose import Rule, Whose

BEGIN, END = "<!-- scripts/list-roles: begin -->\n", "<!-- scripts/list-roles: end -->\n"


def page_of(page: str) -> str:
    """Return *page* with the table between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "\n" + table() + "\n" + END + after


def columns(rules: Sequence[Rule]) -> list[list[Role]]:
    """Return the roles in groups that have the same cell in every one of *rules*, in the order of the roles."""
    alike: dict[tuple[Whose, ...], list[Role]] = {}
    for role in Role:
        alike.setdefault(tuple(rule.of(role) for rule in rules), []).append(role)
    return list(alike.values())


def table() -> str:
    """Return the table, and under it the operations of each of its rows."""
    groups = columns(RULES)
    names = [", ".join(str(role) for role in group) for group in groups]
    lines = [
        f"| | what | {' | '.join(names)} |",
        f"|---|---|{'---|' * len(groups)}",
    ]
    for number, rule in enumerate(RULES, 1):
        cells = (_cell(rule.of(group[0])) for group in groups)
        lines.append(f"| {number} | {rule.what} | {' | '.join(cells)} |")
    lines.append("")
    lines += [
        f"{number}. {', '.join(f'`{name}`' for name in rule.operations)}"
        for number, rule in enumerate(RULES, 1)
    ]
    return "\n".join(lines) + "\n"


def _cell(whose: Whose) -> str:
    return "–" if whose is Whose.NONE else whose.value
