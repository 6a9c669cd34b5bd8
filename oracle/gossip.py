"""Whether the heads that machines were shown are this log's: each record carries the last one, signed.

Rules kept here:

* A head that a machine signed for and that is no beginning of the log is an alarm: somebody showed the machine another
  log. The record itself is true and stays.
* Each such head is told of once.
"""

from __future__ import annotations

import time
from pathlib import Path

import structlog
from sqlmodel import Session

from counterfoil.gateway.log.merkle import root_at
from counterfoil.gateway.log.tiles import TileReader, read_folder, read_size
from counterfoil.gateway.record import GossipedHead, SignedRecord
from counterfoil.oracle.store.tables import Alarm

log = structlog.get_logger("oracle.gossip")

_REMEMBERED = 10_000


class GossipCheck:
    """Compares what machines were shown with the log in *tiles*."""

    def __init__(self, tiles: Path) -> None:
        self._tiles = tiles
        self._judged: set[tuple[int, bytes]] = set()

    def check(self, session: Session, log_index: int, signed: SignedRecord) -> bool:
        """Whether the head in record *log_index* is the log's; an alarm is added where not. The caller commits."""
        head = signed.record.head
        if head is None or (head.size, head.root) in self._judged:
            return True
        if len(self._judged) >= _REMEMBERED:
            self._judged.clear()
        self._judged.add((head.size, head.root))
        wrong = self._wrong(log_index, head)
        if wrong is None:
            return True
        detail = f"record {log_index} of {signed.record.device}: {wrong}"
        log.error("gossip_mismatch", why=detail)
        session.add(
            Alarm(code="gossip_mismatch", detail=detail, raised_ms=time.time_ns() // 1_000_000)
        )
        return False

    def _wrong(self, log_index: int, head: GossipedHead) -> str | None:
        if head.size > log_index:
            return f"its machine was shown a head of {head.size}, which was not there yet"
        published, _ = read_size(self._tiles)
        if head.size > published:
            return None
        mine = root_at(head.size, TileReader(read_folder(self._tiles), published).read)
        if mine == head.root:
            return None
        return (
            f"its machine was shown {head.root.hex()} as the head of {head.size}, "
            f"the log's is {mine.hex()}"
        )
