"""One member's folder: the network, our place in it, our keys, and the chain's data.

::

    network.json   the same for all members: ids, genesis, each member's node, address and public keys
    member.json    which member we are, whether old states are kept, and our own options for the engine
    keys/          the node's keys and the owner's and account's keystores (0700, files 0600)
    data/          the chain as this node has it; data/tmp holds temporary files of the processes
    engine/        the engine's settings; written again from network.json at each start
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from counterfoil.chain.nodes.network.charter import (
    EngineName,
    States,
    address_of,
    seat_of,
    states_of,
)
from counterfoil.chain.nodes.network.errors import (
    FILE_MALFORMED,
    NO_FOLDER,
    NO_SUCH_MEMBER,
    NetworkError,
)
from counterfoil.chain.nodes.network.member_files import read_json, write_json

FORMAT = 1
_NODE_ID = re.compile(r"[A-Za-z0-9-]{1,80}")


@dataclass(frozen=True)
class Member:
    """A member, as the others know it. ``node`` has the engine's own fields: the node's id and public keys.

    ``owner`` is the compressed public key (hex) that votes on membership; ``account`` is the address on the chain.
    """

    name: str
    host: str
    peer_port: int
    node: dict[str, Any]
    owner: str
    account: str

    @property
    def node_id(self) -> str:
        return str(self.node["node_id"])


def member_of(found: Any) -> Member:
    """The member in a JSON document, such as another bank's identity.json.

    Raises:
        NetworkError: a field is missing, unknown or malformed.
    """
    try:
        member = Member(**found)
        bytes.fromhex(member.owner)
        address_of(member.account)
        place = {"name": member.name, "host": member.host, "peer_port": member.peer_port}
        seat_of({**place, "rpc_port": 1 if member.peer_port != 1 else 2}, "the member")
        if not _NODE_ID.fullmatch(member.node_id):
            raise ValueError("node_id")
    except (TypeError, ValueError, KeyError, AttributeError) as malformed:
        raise NetworkError(FILE_MALFORMED, f"this is no member: {malformed}") from malformed
    return member


@dataclass
class Network:
    """The network, the same for all members. ``engine_facts`` has the engine's ids, genesis documents and settings."""

    name: str
    engine: EngineName
    chain_id: int
    members: list[Member]
    engine_facts: dict[str, Any]
    format: int = FORMAT

    def member(self, name: str) -> Member:
        """The member called *name*.

        Raises:
            NetworkError: there is none.
        """
        for found in self.members:
            if found.name == name:
                return found
        known = ", ".join(m.name for m in self.members)
        raise NetworkError(NO_SUCH_MEMBER, f"there is no member {name!r} here; there are {known}")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, found: Any) -> Network:
        """The network in a JSON document.

        Raises:
            NetworkError: it is no network, or has a later format.
        """
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise NetworkError(FILE_MALFORMED, f"this is no network.json of format {FORMAT}")
        try:
            members = [member_of(entry) for entry in found["members"]]
            return cls(**{**found, "members": members})
        except (KeyError, TypeError) as malformed:
            raise NetworkError(FILE_MALFORMED, f"network.json: {malformed}") from malformed


@dataclass(frozen=True)
class MemberFolder:
    """A member's folder, as read from the disk."""

    path: Path
    name: str
    rpc_port: int
    network: Network = field(compare=False)
    options: tuple[str, ...] = ()
    """This bank's own options for the engine's command line: TLS, metrics, log levels."""
    states: States = "archive"

    @property
    def me(self) -> Member:
        return self.network.member(self.name)

    @property
    def others(self) -> list[Member]:
        return [m for m in self.network.members if m.name != self.name]

    @property
    def keys(self) -> Path:
        return self.path / "keys"

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def scratch(self) -> Path:
        """The node's temporary files; emptied before each start and after each stop."""
        return self.data / "tmp"

    @property
    def engine_path(self) -> Path:
        return self.path / "engine"

    def write(self) -> None:
        """Write network.json and member.json."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_json(self.path / "network.json", self.network.to_json())
        mine = {"name": self.name, "rpc_port": self.rpc_port, "states": self.states}
        write_json(self.path / "member.json", mine | {"options": list(self.options)})


def read_folder(path: Path) -> MemberFolder:
    """The member's folder at *path*.

    Raises:
        NetworkError: it is no member's folder.
    """
    path = path.resolve()
    if not (path / "member.json").exists():
        raise NetworkError(NO_FOLDER, f"{path} is no member's folder: it has no member.json")
    mine = read_json(path / "member.json")
    network = Network.of(read_json(path / "network.json"))
    try:
        options = tuple(str(option) for option in mine.get("options", []))
        states = states_of(mine.get("states", "archive"), "member.json: states")
        found = MemberFolder(
            path,
            name=mine["name"],
            rpc_port=int(mine["rpc_port"]),
            network=network,
            options=options,
            states=states,
        )
    except (KeyError, TypeError, ValueError) as malformed:
        raise NetworkError(FILE_MALFORMED, f"member.json: {malformed}") from malformed
    network.member(found.name)
    return found


def folders_at(path: Path, name: str | None = None) -> list[MemberFolder]:
    """The members' folders at *path*: itself, or those in it; with *name*, only that member's.

    Raises:
        NetworkError: there is none.
    """
    if (path / "member.json").exists():
        found = [read_folder(path)]
    else:
        inside = path / "members" if (path / "members").is_dir() else path
        if not inside.is_dir():
            raise NetworkError(NO_FOLDER, f"{path} is no folder of a network")
        found = [read_folder(p) for p in sorted(inside.iterdir()) if (p / "member.json").exists()]
        if found:  # in the order of the members in network.json
            order = [m.name for m in found[0].network.members]
            found.sort(key=lambda f: order.index(f.name) if f.name in order else len(order))
    chosen = [f for f in found if name in (None, f.name)]
    if not chosen:
        wanted = "no member's folder" if name is None else f"no folder of a member {name!r}"
        raise NetworkError(NO_FOLDER, f"{path} has {wanted}")
    return chosen
