"""Checks the heads that machines were shown against this log: each signed record carries the last one.

Rules kept here:

* A head in a record that is no prefix of the log raises an alarm: somebody showed the machine another log. The record
  itself is true and stays.
* Each such head raises one alarm, across restarts too: the stored alarm is the memory.
"""

from __future__ import annotations

from pathlib import Path

from sqlmodel import Session

from counterfoil.gateway.errors import ProofError
from counterfoil.gateway.log.merkle import proven_beginning
from counterfoil.gateway.logfiles.tiles import TileReader, read_folder, read_size
from counterfoil.gateway.record.record import GossipedHead
from counterfoil.gateway.record.signed_record import SignedRecord
from counterfoil.logs import get_logger
from counterfoil.oracle.errors import GOSSIP_DIFFERS
from counterfoil.oracle.store.alarm_table import raise_once

log = get_logger("oracle.gossip")


_REMEMBERED = 10_000


class GossipCheck:
    """Compares the heads that machines were shown with the log in *tiles*."""

    def __init__(self, tiles: Path) -> None:
        self._tiles = tiles
        self._judged: set[tuple[int, bytes]] = set()

    def check(self, session: Session, log_index: int, signed: SignedRecord) -> bool:
        """Return whether the head in record *log_index* is the log's; add an alarm if not. The caller commits."""
        head = signed.record.head
        if head is None or (head.size, head.root) in self._judged:
            return True
        if len(self._judged) >= _REMEMBERED:
            self._judged.clear()
        if log_index >= head.size > read_size(self._tiles)[0]:
            return True  # not published here yet; the machine's next record carries it again
        self._judged.add((head.size, head.root))
        wrong = self._wrong(log_index, head)
        if wrong is None:
            return True
        shown = f"its machine was shown {head.root.hex()} as the head of {head.size}"
        device = signed.record.device
        detail = f"record {log_index} of {device}: {shown}, {wrong}"
        if raise_once(session, GOSSIP_DIFFERS, detail, same=shown, device=device):
            log.error(GOSSIP_DIFFERS, why=detail)
        return False

    def _wrong(self, log_index: int, head: GossipedHead) -> str | None:
        if head.size > log_index:
            return "which was not there yet"
        published, root = read_size(self._tiles)
        reader = TileReader(read_folder(self._tiles), published)
        try:
            mine, _ = proven_beginning(
                first=head.size, second=published, root=root, read=reader.read
            )
        except ProofError as error:
            log.error("tiles_damaged", why=str(error))
            self._judged.discard((head.size, head.root))
            return None  # nothing follows from them; the machine's next record carries it again
        return None if mine == head.root else f"the log's is {mine.hex()}"
