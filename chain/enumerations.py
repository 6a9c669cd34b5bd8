"""Reads the enumerations and roles from the contracts' sources and writes them as ``chain/abi/enums.py``.

Rules that this module keeps:

- A class has the members of its Solidity ``enum``, or the constants of the library Roles, in their order and with their
  numbers. Nobody types them a second time.
- A class has the name of its ``enum``. Where that name says too little alone, the contract's noun comes before it.
- After each class comes a ``Literal`` of its members' names, without NONE: no request names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import solcx

from counterfoil.chain.abi.contract_enum import OTHER_NAMES, wire_name_of
from counterfoil.fault import Code

ENUMS = Path(__file__).resolve().parent / "abi" / "enums.py"
_NOUNS: Mapping[str, str] = {
    "IDeviceRegistry": "Device",
    "IPromiseChallenge": "Promise",
    "IReceivables": "Claim",
    "IRecordDispute": "Dispute",
    "IWarehouseReceipts": "Receipt",
}
_ADMIN = {"ADMIN": 0}
"""OpenZeppelin's own role; the library Roles has those beside it."""
_LINE, _NEXT = 100, ",\n    "
_HEADER = '''\
"""The contracts' enumerations and the consortium's roles: generated from ``contracts/``, not to be edited. Pure.

``python -m counterfoil.chain.compilation`` writes this file.
"""

from __future__ import annotations

from typing import Literal

from counterfoil.chain.abi.contract_enum import ContractEnum
'''


class EnumerationsUnclear(Exception):
    """Two enumerations would have one class, or a name is kept for a member that is gone."""

    code = Code("build.enumerations_unclear")
    to_do = "Rename the enumeration or its member in the contracts' sources."


@dataclass(frozen=True)
class Enumeration:
    """A class to write: its name, its members with their numbers, and their source."""

    name: str
    members: Mapping[str, int]
    source: str


def read_enumerations(contracts: Path, compiler: Path) -> list[Enumeration]:
    """Every ``enum`` under *contracts*, and Role, sorted by class name. The *compiler* only parses.

    Raises:
        SolcError: the sources can't be parsed.
    """
    sources = {
        f"contracts/{path.relative_to(contracts)}": {"content": path.read_text()}
        for path in sorted(contracts.rglob("*.sol"))
    }
    request = {
        "language": "Solidity",
        "sources": sources,
        "settings": {"stopAfter": "parsing", "outputSelection": {"*": {"": ["ast"]}}},
    }
    parsed = solcx.compile_standard(request, solc_binary=compiler, allow_empty=True)
    found = [one for unit in parsed["sources"].values() for one in _enumerations(unit["ast"])]
    return sorted(found, key=lambda one: one.name)


def _enumerations(unit: Mapping[str, Any]) -> Iterator[Enumeration]:
    """The enumerations in the syntax tree of one file."""
    for contract in unit["nodes"]:
        for node in contract.get("nodes", ()):
            if node["nodeType"] == "EnumDefinition":
                name = _NOUNS.get(contract["name"], "") + node["name"]
                members = {member["name"]: at for at, member in enumerate(node["members"])}
                yield Enumeration(name, members, f"{contract['name']}.{node['name']}")
        if contract.get("name") == "Roles":
            ids = {node["name"]: int(node["value"]["value"]) for node in contract["nodes"]}
            yield Enumeration("Role", _ADMIN | ids, "Roles, and OpenZeppelin's own ADMIN")


def _check(found: list[Enumeration]) -> None:
    by_name = {one.name: one for one in found}
    if len(by_name) != len(found):
        names = [one.name for one in found]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise EnumerationsUnclear(f"give their contracts a noun: {', '.join(twice)}")
    for name, members in OTHER_NAMES.items():
        for member in members:
            if name not in by_name or member not in by_name[name].members:
                raise EnumerationsUnclear(f"a name is kept for {name}.{member}, which is gone")


def module_text(found: list[Enumeration]) -> str:
    """The source of ``chain/abi/enums.py``.

    Raises:
        EnumerationsUnclear: see there.
    """
    _check(found)
    return _HEADER + "".join(_class_text(one) for one in found)


def _class_text(one: Enumeration) -> str:
    names = [wire_name_of(one.name, member) for member in one.members if member != "NONE"]
    literal = f"{one.name}Name = Literal[{_quoted(names, ', ')}]"
    if len(literal) > _LINE:
        literal = f"{one.name}Name = Literal[\n    {_quoted(names, _NEXT)},\n]"
    lines = [f"class {one.name}(ContractEnum):", f'    """{one.source}."""', ""]
    lines += [f"    {member} = {number}" for member, number in one.members.items()]
    return "\n".join(["", "", *lines, "", "", literal, ""])


def _quoted(names: Iterable[str], between: str) -> str:
    return between.join(f'"{name}"' for name in names)
