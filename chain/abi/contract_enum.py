"""An enumeration of the contracts: numbered as on chain, with the name that the API, the store and files give it. Pure.

The classes are generated, see ``enums``; what is said here once holds for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Self

OTHER_NAMES: Mapping[str, Mapping[str, str]] = {
    "Convention": {
        "ACT_360": "A/360",
        "ACT_365F": "A/365F",
        "THIRTY_E_360": "30E/360",
        "ACT_ACT_ISDA": "A/A ISDA",
    },
    "Asset": {"DEPOSIT_TOKEN": "cash"},
    "PromiseStatus": {"NONE": "unknown"},
}
"""Enumeration, member → its name where that is not the member's in lower case."""


def wire_name_of(enumeration: str, member: str) -> str:
    """The name that *member* has in JSON, in the store and in files."""
    return OTHER_NAMES.get(enumeration, {}).get(member, member.lower())


class ContractEnum(IntEnum):
    """Members are named and numbered as in Solidity."""

    @property
    def wire_name(self) -> str:
        """Its name in JSON, in the store and in files."""
        return wire_name_of(type(self).__name__, self.name)

    @classmethod
    def named(cls, wire_name: str) -> Self:
        """The member of that name; raises ValueError where there is none."""
        for member in cls:
            if member.wire_name == wire_name:
                return member
        raise ValueError(f"{wire_name!r} is no {cls.__name__}")

    @classmethod
    def wire_names(cls) -> tuple[str, ...]:
        """The members' names, in the contract's order."""
        return tuple(member.wire_name for member in cls)
