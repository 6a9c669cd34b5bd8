"""A pool of investors: how its list is named, and what each can take of it. Pure.

Rules that this module keeps:

- The list is the pool: a list is cut into pieces and named by a hash of its first piece and the name of what follows,
  and the pool's account is derived from that name, the split and the project.
- While a run goes on, an investor has the floor of its share of what was paid in it. When it has ended, its investors
  have it whole: each has what lies between its place in the list and the next one's.
- Taken + to take + carried = paid, to the minor unit, after every step; less than a unit an investor is carried.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from counterfoil.chain.address import Address

PIECE = 200
"""Investors that are added by one transaction: some 6,000,000 gas."""
MOST_RUNS = 500
"""Ended runs over which one taking goes."""
Investors = Sequence[tuple[str, int]]
"""Accounts with their weights, in the list's order."""


@dataclass(frozen=True)
class PoolList:
    """A list in the pieces in which it is added: (investors, name of what follows)."""

    name: bytes
    pieces: tuple[tuple[Investors, bytes], ...]

    @classmethod
    def of(cls, investors: Investors, piece: int = PIECE) -> PoolList:
        """Cut a list into pieces of *piece* investors."""
        return cls.cut([investors[n : n + piece] for n in range(0, len(investors), piece)])

    @classmethod
    def cut(cls, pieces: Sequence[Investors]) -> PoolList:
        """Name a list that is cut into *pieces* already."""
        name, found = bytes(32), []
        for one in reversed(pieces):
            found.append((one, name))
            name = keccak(encode(["(address,uint64)[]", "bytes32"], [list(one), name]))
        return cls(name, tuple(reversed(found)))

    @property
    def investors(self) -> list[tuple[str, int]]:
        """All of them."""
        return [one for piece, _ in self.pieces for one in piece]

    def account(self, split: str, project: bytes) -> Address:
        """The pool's account at the contract *split*, in the project of this hash."""
        seed = [split, project, self.name]
        types = ["string", "address", "bytes32", "bytes32"]
        return Address(keccak(encode(types, ["counterfoil pool", *seed]))[12:])

    def calls(self, project: bytes, from_name: bytes) -> list[tuple[Any, ...]]:
        """The arguments of ``addInvestors`` for what is still to be added, whose name is *from_name*."""
        names = [self.name, *(following for _, following in self.pieces)]
        first = names.index(from_name)
        return [
            (project, self.name, list(piece), following) for piece, following in self.pieces[first:]
        ]


def _start(ends: Sequence[int]) -> int:
    """What had been paid when the present run began."""
    return ends[-1] if ends else 0


def earned(paid: int, ends: Sequence[int], before: int, weight: int, weights: int) -> int:
    """What *weight*, which stands after *before* of *weights*, has of all that was *paid*; *ends* are those of runs."""
    now = (paid - _start(ends)) * weight // weights
    return whole(ends, before, weight, weights) + now


def whole(ends: Sequence[int], before: int, weight: int, weights: int) -> int:
    """What it has of the runs that ended: all of what lies between its place and the next one's."""
    return sum(
        (end - start) * (before + weight) // weights - (end - start) * before // weights
        for start, end in pairwise([0, *ends])
    )


@dataclass
class InvestorPool:
    """One pool; every amount in minor units."""

    investors: Investors
    paid: int = 0
    """All that was ever paid to it."""
    ends: list[int] = field(default_factory=list)
    """What had been paid when each run ended."""
    taken: Counter[str] = field(default_factory=Counter)
    """By account, over all runs."""
    finished: Counter[str] = field(default_factory=Counter)
    """Runs of which an account has taken all."""

    def __post_init__(self) -> None:
        self.weights = sum(weight for _, weight in self.investors)
        self._places: dict[str, tuple[int, int]] = {}
        before = 0
        for account, weight in self.investors:
            self._places[account] = before, weight
            before += weight

    @property
    def carried(self) -> int:
        """What nobody can take until the run has ended."""
        paid = self.paid - _start(self.ends)
        return paid - sum(paid * weight // self.weights for _, weight in self.investors)

    def earned(self, account: str, runs: int | None = None) -> int:
        """What the account has of all that was paid; of its first *runs* runs where more have ended.

        Raises:
            KeyError: it is no investor.
        """
        place = (*self._places[account], self.weights)
        if runs is None or runs >= len(self.ends):
            return earned(self.paid, self.ends, *place)
        return whole(self.ends[:runs], *place)

    def claimable(self, account: str) -> int:
        """What the account can take."""
        return self.earned(account) - self.taken[account]

    def take(self, account: str) -> int | None:
        """Take all that one call gives; None where there is nothing.

        Raises:
            KeyError: it is no investor.
        """
        runs = min(len(self.ends), self.finished[account] + MOST_RUNS)
        amount = self.earned(account, runs) - self.taken[account]
        if not amount and runs == self.finished[account]:
            return None
        self.finished[account] = runs
        self.taken[account] += amount
        return amount

    def end(self) -> bool:
        """End the run; whether anything was paid in it."""
        if self.paid == _start(self.ends):
            return False
        self.ends.append(self.paid)
        return True
