"""The protocol of an engine: what the network's commands need of it, and no more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from counterfoil.chain.nodes.network.charter import Charter
from counterfoil.chain.nodes.network.folder import Member, MemberFolder

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Validator:
    """A validating node, and whether our node is connected to it; our own node always counts as connected.

    ``ends_s`` is when its seat ends, in seconds since 1970; None where it never ends.
    """

    node_id: str
    name: str
    is_connected: bool
    ends_s: int | None = None


@dataclass(frozen=True)
class MembershipChange:
    """A change of membership: ``add`` or ``remove`` the validator *member*, or hand the network to new ``owners``.

    ``ends_s`` is when an added validator's seat ends, in seconds since 1970; 0 where it never ends.
    """

    kind: str
    member: str = ""
    owners: Sequence[str] = ()
    threshold: int = 0
    ends_s: int = 0


@dataclass
class MembershipProposal:
    """A proposed change: a file that goes from owner to owner. ``payload`` has the engine's own fields."""

    network: str
    engine: str
    change: dict[str, Any]
    payload: dict[str, Any]
    asked: list[str] = field(default_factory=list)
    signed: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        return bool(self.asked) and set(self.asked) <= set(self.signed)


class Engine(Protocol):
    """One engine. Everything else about a network is the same for all of them."""

    name: str
    least_free_percent: int
    """The engine ends a node when less of the disk is free; 0 where it never does."""

    def install(self, progress: Progress) -> str:
        """Make the programs available. Returns where they are.

        Raises:
            NetworkError: they can't be made available; the message says how to mend that.
        """
        ...

    def make_node_keys(self, keys: Path) -> dict[str, Any]:
        """Make the node's keys in the folder *keys*, or read existing ones. Returns the public facts for the others."""
        ...

    def launch(
        self, charter: Charter, folders: Sequence[MemberFolder], progress: Progress
    ) -> dict[str, Any]:
        """Launch the network: write the first data into every folder. Returns the engine's facts."""
        ...

    def command(self, folder: MemberFolder, peers: Sequence[Member]) -> list[str]:
        """Write the node's settings. Returns the command that starts it with *peers*."""
        ...

    def rpc_url(self, folder: MemberFolder) -> str:
        """Where the node serves JSON-RPC."""
        ...

    def is_ready(self, folder: MemberFolder) -> bool:
        """Whether the node serves the chain."""
        ...

    def validators(self, folder: MemberFolder) -> list[Validator]:
        """The validators, as our node knows them."""
        ...

    def peers(self, folder: MemberFolder) -> list[str]:
        """The nodes that our node is connected to, members by name. Known before the node serves the chain."""
        ...

    def waiting(self, folder: MemberFolder) -> int:
        """How many transactions wait at our node."""
        ...

    def needed(self, validators: int) -> int:
        """How many of *validators* must be connected for the chain to go on."""
        ...

    def owners(self, folder: MemberFolder) -> tuple[int, list[str]]:
        """How many owners must sign a change of membership, and the owners, as our node knows them; by name where this
        folder knows the key."""
        ...

    def propose(
        self, folder: MemberFolder, change: MembershipChange, signers: Sequence[str]
    ) -> MembershipProposal:
        """A proposal for *change* to the owners named *signers*; without names, to the first that are enough."""
        ...

    def check(self, folder: MemberFolder, proposal: MembershipProposal) -> MembershipProposal:
        """The proposal with ``asked`` and ``signed`` read from its bytes.

        Raises:
            NetworkError: its bytes do something else than its ``change`` says.
        """
        ...

    def vote(
        self, folder: MemberFolder, proposal: MembershipProposal, key: bytes
    ) -> MembershipProposal:
        """The proposal with this member's vote."""
        ...

    def submit(self, folder: MemberFolder, proposal: MembershipProposal) -> None:
        """Put a complete proposal into effect. Returns once it is in effect."""
        ...
