"""How the chain's nodes are doing: height, the newest block's age, and whether they agree.

Rules kept here:

* The nodes are asked at most once a second, however many pages ask. What is returned is at most a second old.
* Nodes agree when they have the same block at the lowest of their heights, and that height is
  within ``_LAG`` blocks of the highest.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from counterfoil.chain.client import ChainClient
from counterfoil.chain.errors import ChainError

_LAG = 5
_FRESH_S = 1.0
_OLD_S = 30


@dataclass(frozen=True)
class ChainHealth:
    """``agreeing`` of ``nodes`` agree; *final* is the newest final block, -1 for none known."""

    height: int
    age_s: int
    final: int
    nodes: int
    agreeing: int
    offset_s: int = 0
    """This machine's clock less the newest block's time: negative where the block is ahead."""

    @property
    def good(self) -> bool:
        """Whether every node responds and agrees, and the newest block is at most 30 s old."""
        return self.nodes > 0 and self.agreeing == self.nodes and self.age_s <= _OLD_S


class ChainWatch:
    """Asks the nodes, one thread at a time: clients are not shared between threads."""

    def __init__(self, clients: Sequence[ChainClient]) -> None:
        self._clients = clients
        self._lock = threading.Lock()
        self._asked = float("-inf")
        self._known = ChainHealth(height=0, age_s=0, final=-1, nodes=len(clients), agreeing=0)

    def health(self) -> ChainHealth:
        """How the nodes are doing now."""
        with self._lock:
            if time.monotonic() - self._asked >= _FRESH_S:
                self._known = self._ask()
                self._asked = time.monotonic()
            return self._known

    def _ask(self) -> ChainHealth:
        answers: list[tuple[ChainClient, int, int]] = []
        final = -1
        for client in self._clients:
            try:
                block = client.latest()
                final = max(final, client.final_number())
            except ChainError:
                continue
            answers.append((client, block.number, block.timestamp))
        if not answers:
            return ChainHealth(
                self._known.height,
                age_s=0,
                final=self._known.final,
                nodes=len(self._clients),
                agreeing=0,
            )
        lowest = min(number for _, number, _ in answers)
        height = max(number for _, number, _ in answers)
        hashes: list[bytes] = []
        for client, number, _ in answers:
            try:
                found = client.block(lowest)
            except ChainError:
                continue
            if found is not None and height - number <= _LAG:
                hashes.append(found.hash)
        agreeing = max((hashes.count(one) for one in hashes), default=0)
        offset = int(time.time()) - max(stamp for _, _, stamp in answers)
        return ChainHealth(
            height,
            age_s=max(0, offset),
            final=final,
            nodes=len(self._clients),
            agreeing=agreeing,
            offset_s=offset,
        )
