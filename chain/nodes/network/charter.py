"""``consortium.yaml``: the members' agreement before the first block."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from counterfoil.chain.address import Address
from counterfoil.chain.errors import AddressMalformed
from counterfoil.chain.nodes.network.errors import (
    CHARTER_MALFORMED,
    NetworkError,
)
from counterfoil.given_file import GivenFileEmpty, GivenFileError, read_text_file

EngineName = Literal["avalanche", "besu"]
States = Literal["archive", "pruned"]
"""The states that a node keeps: of every block, or of the newest blocks alone. Both keep all blocks, receipts and
events."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
_FIELDS = {
    "name",
    "engine",
    "chain_id",
    "threshold",
    "years",
    "members",
    "accounts",
    "deployers",
    "block_delay_ms",
}
_MEMBER_FIELDS = {"name", "host", "peer_port", "rpc_port", "states"}


@dataclass(frozen=True)
class Seat:
    """One member's place: where the others reach its node, and where its own programs reach it.

    ``host`` is an IP address that the other members can connect to. JSON-RPC listens on 127.0.0.1 alone.
    """

    name: str
    host: str
    peer_port: int
    rpc_port: int
    states: States = "archive"


@dataclass(frozen=True)
class Charter:
    """The network as agreed. ``threshold`` of the members together change the membership.

    ``accounts`` may transact; ``deployers`` may also deploy contracts. Each member's own account may do both and may
    admit others.
    """

    name: str
    engine: EngineName
    chain_id: int
    members: Sequence[Seat]
    threshold: int
    years: int = 10
    block_delay_ms: int = 1_000
    accounts: Sequence[str] = field(default_factory=tuple)
    deployers: Sequence[str] = field(default_factory=tuple)


def read_charter(path: Path) -> Charter:
    """The charter at *path*.

    Raises:
        NetworkError: the file can't be read, or a field is missing, unknown or out of its range; says which.
    """
    try:
        found = yaml.safe_load(read_text_file(path))
    except GivenFileEmpty as empty:
        raise NetworkError(CHARTER_MALFORMED, str(empty)) from empty
    except GivenFileError as missing:
        raise NetworkError(missing.code, str(missing)) from missing
    except (yaml.YAMLError, UnicodeDecodeError) as malformed:
        raise NetworkError(CHARTER_MALFORMED, f"{path} is no YAML: {malformed}") from malformed
    return charter_of(found)


def charter_of(found: Any) -> Charter:
    """The charter in the mapping *found*.

    Raises:
        NetworkError: as for :func:`read_charter`.
    """
    top = _mapping(found, "the charter", _FIELDS)
    members = top.get("members")
    if not isinstance(members, list) or not members:
        raise _wrong("members", "is a list of at least one member")
    seats = [seat_of(entry, f"members[{i}]") for i, entry in enumerate(members)]
    if len({seat.name for seat in seats}) != len(seats):
        raise _wrong("members", "have a name twice")
    ports = [(s.host, p) for s in seats for p in (s.peer_port, s.rpc_port)]
    if len(set(ports)) != len(ports):
        raise _wrong("members", "have a port twice on one host")
    engine = top.get("engine", "avalanche")
    if engine not in get_args(EngineName):
        raise _wrong("engine", f"is one of {', '.join(get_args(EngineName))}")
    return Charter(
        name=_name(top.get("name"), "name"),
        engine=engine,
        chain_id=_number(value=top.get("chain_id"), where="chain_id", least=1, most=2**31 - 1),
        members=tuple(seats),
        threshold=_number(
            value=top.get("threshold", len(seats) // 2 + 1),
            where="threshold",
            least=1,
            most=len(seats),
        ),
        years=_number(value=top.get("years", 10), where="years", least=1, most=50),
        block_delay_ms=_number(
            value=top.get("block_delay_ms", 1_000), where="block_delay_ms", least=100, most=60_000
        ),
        accounts=_addresses(top.get("accounts"), "accounts"),
        deployers=_addresses(top.get("deployers"), "deployers"),
    )


def seat_of(entry: Any, where: str = "the seat") -> Seat:
    """The seat in the mapping *entry*.

    Raises:
        NetworkError: a field is missing, unknown or out of its range; says which.
    """
    found = _mapping(entry, where, _MEMBER_FIELDS)
    return Seat(
        name=_name(found.get("name"), f"{where}.name"),
        host=_host(found.get("host", "127.0.0.1"), f"{where}.host"),
        peer_port=_number(
            value=found.get("peer_port"), where=f"{where}.peer_port", least=1, most=65_535
        ),
        rpc_port=_number(
            value=found.get("rpc_port"), where=f"{where}.rpc_port", least=1, most=65_535
        ),
        states=states_of(found.get("states", "archive"), f"{where}.states"),
    )


def states_of(value: Any, where: str) -> States:
    """*value* as one of the choices of :data:`States`.

    Raises:
        NetworkError: it is none of them.
    """
    for known in get_args(States):
        if value == known:
            return known  # type: ignore[no-any-return]
    raise _wrong(where, f"is one of {', '.join(get_args(States))}")


def _host(value: Any, where: str) -> str:
    try:
        found = ip_address(str(value))
    except ValueError as malformed:
        raise _wrong(where, "is an IP address (the engines take no names)") from malformed
    if found.is_unspecified:
        raise _wrong(where, "is an address that the others connect to, not 0.0.0.0")
    return str(found)


def address_of(value: str) -> Address:
    """*value* as an address.

    Raises:
        NetworkError: it is no address.
    """
    try:
        return Address.checked(value)
    except AddressMalformed as malformed:
        raise NetworkError(AddressMalformed.code, str(malformed)) from malformed


def _mapping(found: Any, where: str, fields: set[str]) -> Mapping[str, Any]:
    if not isinstance(found, dict):
        raise _wrong(where, "is a mapping of names to values")
    unknown = sorted(str(key) for key in found if key not in fields)
    if unknown:
        raise _wrong(where, f"has no field {unknown[0]!r}; it has {', '.join(sorted(fields))}")
    return found


def _name(value: Any, where: str) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise _wrong(where, "is lower-case letters, digits and hyphens, at most 31, a letter first")
    return value


def _number(value: Any, where: str, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise _wrong(where, f"is a whole number from {least} to {most}")
    return value


def _addresses(value: Any, where: str) -> tuple[Address, ...]:
    if value is None:
        return ()
    wrong = _wrong(where, "is a list of addresses, 0x and 40 hex digits, in quotes")
    if not isinstance(value, list):
        raise wrong
    try:
        return tuple(Address.checked(account) for account in value)
    except AddressMalformed as malformed:
        raise wrong from malformed


def _wrong(where: str, rule: str) -> NetworkError:
    return NetworkError(CHARTER_MALFORMED, f"{where} {rule}")
