"""One member's folder: what the network is, which place in it is ours, our keys, and the chain's data.

::

    network.json   what all members know: ids, genesis, everybody's node, address and public keys
    member.json    which of them we are, whether old states are kept, and our own further options for the engine
    keys/          the node's keys and the owner's and account's keystores (0700, files 0600)
    data/          the chain as this node has it; data/tmp is what the processes put aside while they run
    engine/        what the engine is started with; written anew from network.json at each start
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
from counterfoil.chain.nodes.network.errors import NetworkError
from counterfoil.chain.nodes.network.member_files import read_json, write_json

FORMAT = 1
_NODE_ID = re.compile(r"[A-Za-z0-9-]{1,80}")


@dataclass(frozen=True)
class Member:
    """What the others know of a member. ``node`` is the engine's own: the node's id and public keys.

    ``owner`` is the compressed public key (hex) that votes on membership, ``account`` the address on the chain.
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
    """The member that a JSON document is, such as another bank's identity.json.

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
        raise NetworkError("file_malformed", f"this is no member: {malformed}") from malformed
    return member


@dataclass
class Network:
    """What all members know. ``engine_facts`` are the engine's own: ids, genesis documents, settings."""

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
        raise NetworkError("no_such_member", f"there is no member {name!r} here; there are {known}")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, found: Any) -> Network:
        """The network that a JSON document is.

        Raises:
            NetworkError: it is none, or of a later format.
        """
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise NetworkError("file_malformed", f"this is no network.json of format {FORMAT}")
        try:
            members = [member_of(entry) for entry in found["members"]]
            return cls(**{**found, "members": members})
        except (KeyError, TypeError) as malformed:
            raise NetworkError("file_malformed", f"network.json: {malformed}") from malformed


@dataclass(frozen=True)
class MemberFolder:
    """A member's folder, read."""

    path: Path
    name: str
    rpc_port: int
    network: Network = field(compare=False)
    options: tuple[str, ...] = ()
    """Further options of the engine's command line, this bank's own: TLS, metrics, log levels."""
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
        """Where the node's processes put their temporary files; emptied before each start and after each stop."""
        return self.data / "tmp"

    @property
    def engine_path(self) -> Path:
        return self.path / "engine"

    def write(self) -> None:
        """Keep what is known, in the folder."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_json(self.path / "network.json", self.network.to_json())
        mine = {"name": self.name, "rpc_port": self.rpc_port, "states": self.states}
        write_json(self.path / "member.json", mine | {"options": list(self.options)})


def read_folder(path: Path) -> MemberFolder:
    """The member's folder at *path*.

    Raises:
        NetworkError: it is none.
    """
    path = path.resolve()
    if not (path / "member.json").exists():
        raise NetworkError("no_folder", f"{path} is no member's folder: it has no member.json")
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
        raise NetworkError("file_malformed", f"member.json: {malformed}") from malformed
    network.member(found.name)
    return found


def folders_at(path: Path, name: str | None = None) -> list[MemberFolder]:
    """The members' folders that *path* stands for: itself, or those in it (of *name* alone, if that is given).

    Raises:
        NetworkError: there is none.
    """
    if (path / "member.json").exists():
        found = [read_folder(path)]
    else:
        inside = path / "members" if (path / "members").is_dir() else path
        if not inside.is_dir():
            raise NetworkError("no_folder", f"{path} is no folder of a network")
        found = [read_folder(p) for p in sorted(inside.iterdir()) if (p / "member.json").exists()]
        if found:  # in the order in which the members are named
            order = [m.name for m in found[0].network.members]
            found.sort(key=lambda f: order.index(f.name) if f.name in order else len(order))
    chosen = [f for f in found if name in (None, f.name)]
    if not chosen:
        wanted = "no member's folder" if name is None else f"no folder of a member {name!r}"
        raise NetworkError("no_folder", f"{path} has {wanted}")
    return chosen
