"""The log from its first record to the newest anchored head: every record verified, every head made again.

Rules kept here:

* Pieces are verified by as many processes as there are processors, and joined here in the log's order.
* A head is reproduced when root, state and figures all follow from the records below it.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context

from counterfoil.api.audit.sweep.book import Book
from counterfoil.api.audit.sweep.finding import Finding
from counterfoil.api.audit.sweep.ledger_view import AnchoredHead, LedgerView
from counterfoil.api.audit.sweep.piece import (
    PIECE,
    Piece,
    Segment,
    continued,
    start_worker,
    work,
)
from counterfoil.gateway.errors import LogError, ProofError, RecordError
from counterfoil.gateway.identity import DeviceId, Digest, device_hash
from counterfoil.gateway.log.merkle import (
    Frontier,
    consistency_proof,
    hash_children,
    root_at,
    verify_consistency,
)
from counterfoil.gateway.log.source import open_source
from counterfoil.gateway.log.state import Slot, StateTree
from counterfoil.gateway.log.tiles import TileReader
from counterfoil.gateway.record import decode
from counterfoil.gateway.verify import ChainTip
from counterfoil.oracle.figures import Tally

_AHEAD = 3
_BLOCKS_BACK = 5_000


class LogSweep:
    """Verifies the log at *where* against *view*, going on from what *book* has."""

    def __init__(
        self, where: str, ca: str, view: LedgerView, book: Book, processes: int | None = None
    ) -> None:
        self._where, self._ca = where, ca
        self._view, self._book = view, book
        self._processes = processes or len(os.sched_getaffinity(0))
        self.size = view.heads[-1].size if view.heads else 0
        self._peaks = list(book.peaks)
        self._tips: dict[DeviceId, ChainTip] = {}
        self._positions: dict[DeviceId, int] = {}
        for at, tip in enumerate(book.tips()):
            self._tips[tip.device] = tip
            self._positions[tip.device] = at
        self._state = StateTree(
            Slot(t.device, t.epoch, t.sequence, t.payload_digest) for t in self._tips.values()
        )
        self._heads = book.heads
        self._reader = TileReader(open_source(where, ca or True), self.size)
        self._tally = self._tally_again()

    def run(self, progress: Callable[[int], None]) -> None:
        """Verify what is left; *progress* is told the number of records that are done."""
        progress(self._book.size)
        if self._book.size == 0:
            self._book.keep(0, 0, (), (), (), (), self._heads_in_order())
        if self._book.size < self.size:
            for piece in self._pieces():
                self._join(piece)
                progress(piece.end)

    # ---- the pieces

    def _pieces(self) -> Iterator[Piece]:
        sizes = [head.size for head in self._view.heads]
        spans = [
            (start, min(start + PIECE, self.size))
            for start in range(self._book.size, self.size, PIECE)
        ]
        waiting: deque[Future[Piece]] = deque()
        with ProcessPoolExecutor(
            self._processes,
            mp_context=get_context("spawn"),
            initializer=start_worker,
            initargs=(self._where, self._ca, self.size, self._view.keys),
        ) as pool:
            try:
                for start, end in spans:
                    cuts = [size for size in sizes if start < size <= end]
                    waiting.append(pool.submit(work, start, end, cuts))
                    if len(waiting) > self._processes * _AHEAD:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                pool.shutdown(cancel_futures=True)

    def _join(self, piece: Piece) -> None:
        findings = list(piece.findings)
        for index, raw in piece.openings:
            signed = decode(raw)
            device = signed.record.device
            wrong, _ = continued(signed, self._tips.get(device))
            if wrong is not None:
                findings.append(Finding("chain_broken", f"record {index} ({device})", wrong))
            if device not in self._positions:
                self._positions[device] = len(self._positions)
        self._tips.update(piece.tips)
        for segment in piece.segments:
            findings += self._close(segment)
        self._grow(piece)
        self._book.keep(
            piece.end,
            self._heads,
            self._peaks,
            ((self._positions[device], tip) for device, tip in piece.tips.items()),
            piece.sold,
            ((size, root, index) for (size, root), index in piece.gossip.items()),
            findings,
            is_whole=piece.end % PIECE == 0,
        )

    def _grow(self, piece: Piece) -> None:
        if piece.end % PIECE:
            return
        (node,) = piece.segments[-1].peaks
        number = piece.start // PIECE
        while number & 1:
            node = hash_children(self._peaks.pop(), node)
            number >>= 1
        self._peaks.append(node)

    # ---- the heads

    def _heads_in_order(self) -> Iterator[Finding]:
        for number, head in enumerate(self._view.heads):
            if head.number != number:
                yield Finding("head_missing", f"head {number}", f"head {head.number} comes instead")
        sizes = [head.size for head in self._view.heads]
        if sizes != sorted(set(sizes)):
            yield Finding("head_missing", "heads", "their sizes do not grow")

    def _close(self, segment: Segment) -> Iterator[Finding]:
        for t in segment.tips.values():
            try:
                self._state.apply(Slot(t.device, t.epoch, t.sequence, t.payload_digest))
            except LogError as error:
                yield Finding("chain_broken", t.device, str(error))
        self._tally.merge(segment.tally)
        if self._heads < len(self._view.heads):
            head = self._view.heads[self._heads]
            if head.size == segment.end:
                yield from self._check_head(head, segment)
                self._heads += 1
                self._tally = Tally()

    def _check_head(self, head: AnchoredHead, segment: Segment) -> Iterator[Finding]:
        where = f"head {head.number} of {head.size}"
        size = head.size
        frontier = Frontier(size, _joined(self._peaks, segment.peaks, size))
        if frontier.root() != head.root:
            yield Finding("root_mismatch", where, "the records give another root")
        if self._state.root() != head.state:
            yield Finding("state_mismatch", where, "the records leave the machines elsewhere")
        previous = self._view.heads[self._heads - 1].size if self._heads else 0
        if not self._figures_follow(head, previous):
            yield Finding("figures_mismatch", where, "the records add up to other figures")

    def _figures_follow(self, head: AnchoredHead, previous: int) -> bool:
        """Whether some block before the head's gives its figures: they name the block whose registry was read."""
        for block in range(head.block, max(-1, head.block - _BLOCKS_BACK), -1):
            figures = self._tally.figures(
                previous,
                head.size,
                block,
                lambda device, at=block: self._view.project_at(device_hash(device), at),  # type: ignore[misc]
            )
            if figures.digest == head.figures:
                return True
        return False

    def _tally_again(self) -> Tally:
        """What the records since the last head below the book's size add up to."""
        tally = Tally()
        start = self._view.heads[self._heads - 1].size if self._heads else 0
        for raw in self._reader.entries(start, self._book.size):
            try:
                tally.add(decode(raw))
            except (RecordError, ValueError):
                continue
        return tally

    # ---- the machines' gossip

    def check_gossip(self) -> Iterator[Finding]:
        """Whether every head that a machine was shown is a beginning of this log."""
        if not self.size:
            return
        root = self._view.heads[-1].root
        for size, shown, index in self._book.gossip():
            where = f"record {index}: the head of {size} that its machine was shown"
            if size > index:
                yield Finding("gossip_mismatch", where, f"no head of {size} was there before it")
                continue
            if size == 0:
                continue
            try:
                proof = consistency_proof(size, self.size, self._reader.read)
                verify_consistency(size, self.size, shown, root, proof)
            except ProofError:
                mine = root_at(size, self._reader.read).hex()
                yield Finding("gossip_mismatch", where, f"{shown.hex()}, the log's is {mine}")
            except LogError as error:
                yield Finding("log_incomplete", where, str(error), unverifiable=True)


def _joined(before: Sequence[Digest], inside: Sequence[Digest], size: int) -> list[Digest]:
    """The peaks of a tree of *size*: those of the whole pieces *before*, and those *inside* the next one."""
    if size % PIECE:
        return [*before, *inside]
    (node,) = inside
    peaks, number = list(before), size // PIECE - 1
    while number & 1:
        node = hash_children(peaks.pop(), node)
        number >>= 1
    return [*peaks, node]
