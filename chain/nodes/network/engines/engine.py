"""What the network's commands ask of an engine: no more than both of them need."""

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
    """A node whose word counts, and whether ours has a connection to it (to itself it always has).

    ``ends_s``: when its word stops counting by itself, in seconds since 1970; None where it never does.
    """

    node_id: str
    name: str
    is_connected: bool
    ends_s: int | None = None


@dataclass(frozen=True)
class MembershipChange:
    """A change of membership: ``add`` or ``remove`` the validator *member*, or hand the network to new ``owners``.

    ``ends_s``: when the seat of a validator that is added ends, in seconds since 1970; 0 where it never does.
    """

    kind: str
    member: str = ""
    owners: Sequence[str] = ()
    threshold: int = 0
    ends_s: int = 0


@dataclass
class MembershipProposal:
    """A change on its way, as a file that goes from owner to owner. ``payload`` is the engine's own."""

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
    """With less of the disk free than this the engine ends a node by itself; 0: it never does."""

    def install(self, progress: Progress) -> str:
        """Make the programs available and answer where they are.

        Raises:
            NetworkError: they can't be; says the line that mends it.
        """
        ...

    def make_node_keys(self, keys: Path) -> dict[str, Any]:
        """Make the node's keys in the folder *keys*, or read those that are there; answer what others need to know."""
        ...

    def launch(
        self, charter: Charter, folders: Sequence[MemberFolder], progress: Progress
    ) -> dict[str, Any]:
        """Bring the network into being: the first data into every folder, and the engine's facts as the answer."""
        ...

    def command(self, folder: MemberFolder, peers: Sequence[Member]) -> list[str]:
        """Write what the node is started with, and answer the command that starts it knowing *peers*."""
        ...

    def rpc_url(self, folder: MemberFolder) -> str:
        """Where the node serves JSON-RPC."""
        ...

    def is_ready(self, folder: MemberFolder) -> bool:
        """Whether the node serves the chain."""
        ...

    def validators(self, folder: MemberFolder) -> list[Validator]:
        """Whose word counts, as our node knows it."""
        ...

    def peers(self, folder: MemberFolder) -> list[str]:
        """The nodes that ours has a connection to, known before the chain is served: members by name."""
        ...

    def waiting(self, folder: MemberFolder) -> int:
        """How many transactions wait at our node."""
        ...

    def needed(self, validators: int) -> int:
        """How many of so many validators must be connected for the chain to go on."""
        ...

    def owners(self, folder: MemberFolder) -> tuple[int, list[str]]:
        """How many owners must sign a change of membership, and who they are, as our node knows it: by name where
        this folder knows the key."""
        ...

    def propose(
        self, folder: MemberFolder, change: MembershipChange, signers: Sequence[str]
    ) -> MembershipProposal:
        """A proposal for *change*, to be signed by the owners *signers* (by name; none: the first enough)."""
        ...

    def check(self, folder: MemberFolder, proposal: MembershipProposal) -> MembershipProposal:
        """The proposal with ``asked`` and ``signed`` as its bytes say them.

        Raises:
            NetworkError: its bytes do something else than its words say.
        """
        ...

    def vote(
        self, folder: MemberFolder, proposal: MembershipProposal, key: bytes
    ) -> MembershipProposal:
        """The proposal with this member's vote."""
        ...

    def submit(self, folder: MemberFolder, proposal: MembershipProposal) -> None:
        """Put a complete proposal into effect, and return once it is."""
        ...
