"""What a cell of the table of roles says: whose objects a role may see or change by an operation."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from counterfoil.api.access.auth import Role


class Whose(StrEnum):
    """Whose objects an operation reaches. The words are those of docs/roles.md."""

    ANYONE = "anyone"
    """No token is needed, and nothing of a party is in the answer."""
    ALL = "all"
    """Everybody's."""
    BANK = "own bank's"
    """What belongs to the bank whose deposits the token stands for; nothing where the asker is another bank."""
    OWN = "own"
    """What the asker's own party has, runs, is paid by or has asked for."""
    PARTY = "party to it"
    """What names the asker's account as one of its sides."""
    TRIES = "tries"
    """It may ask, for its own account alone; the contract or the oracle decides by that account."""
    NONE = "none"
    """The role does not reach that far: 403."""


@dataclass(frozen=True)
class Rule:
    """One row of cells for *operations* (``METHOD /path``, or ``EVENT name``); a role that is not named has NONE.

    An operation's path also stands for the one with ``/unsigned`` after it, unless that has a rule of its own.
    """

    what: str
    operations: Collection[str]
    cells: Mapping[Role, Whose] = field(default_factory=dict)
    is_open: bool = False

    def of(self, role: Role) -> Whose:
        """Return the cell of *role*."""
        return Whose.ANYONE if self.is_open else self.cells.get(role, Whose.NONE)


def cells(*said: tuple[Whose, Collection[Role]]) -> dict[Role, Whose]:
    """Return the cells that *said* gives; no role may be said twice."""
    made: dict[Role, Whose] = {}
    for whose, roles in said:
        if twice := made.keys() & set(roles):
            raise ValueError(f"said twice: {sorted(twice)}")
        made |= dict.fromkeys(roles, whose)
    return made
