"""The log from its first record to the newest anchored head: verify every record, reproduce every head.

Rules kept here:

* One process for each processor verifies pieces; they are joined here in the log's order.
* A head is reproduced when root, state and figures all follow from the records below it, and it commits to no more.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from itertools import groupby, zip_longest
from multiprocessing import active_children, get_context

from counterfoil.api.audit.faults import (
    ANNEX_UNKNOWN,
    HEAD_CHANGED,
    HEAD_MISSING,
    KEY_CHANGED,
    LOG_INCOMPLETE,
    RECORDS_BROKEN,
    RECORDS_DISPUTED,
)
from counterfoil.api.audit.sweep.book import Book
from counterfoil.api.audit.sweep.ledger_view import AnchoredHead, LedgerView
from counterfoil.api.audit.sweep.log_cover import LogCover
from counterfoil.api.audit.sweep.piece import (
    PIECE,
    Piece,
    Segment,
    continued,
    record_of,
    start_worker,
    work,
)
from counterfoil.api.audit.sweep.sweep_finding import Finding
from counterfoil.api.audit.verification.said import Said
from counterfoil.fault import WORKER_LOST
from counterfoil.gateway.errors import LogError, RecordError, TileError
from counterfoil.gateway.log.merkle import (
    Frontier,
    hash_children,
    proven_beginning,
)
from counterfoil.gateway.log.state_tree import Slot, StateTree
from counterfoil.gateway.log.tile_format import TILE_WIDTH
from counterfoil.gateway.logfiles.source import open_source
from counterfoil.gateway.logfiles.tiles import TileReader
from counterfoil.gateway.record.bodies import Refund, Sale
from counterfoil.gateway.record.chain_check import ChainTip
from counterfoil.gateway.record.identity import DeviceId, Digest, device_hash
from counterfoil.gateway.record.signed_record import decode
from counterfoil.gateway.record.verification import OPEN_SEQUENCE
from counterfoil.oracle.errors import GOSSIP_DIFFERS
from counterfoil.oracle.rules.anchored_head import NO_ANNEX
from counterfoil.oracle.rules.faults.proposal import FIGURES_DIFFER, ROOT_DIFFERS, STATE_DIFFERS
from counterfoil.oracle.rules.figures import Figures, Tally

HUNG_S = 900.0
"""How long a piece may take before the process that has it is taken to hang."""
_AHEAD = 3
_BLOCKS_BACK = 5_000


class WorkerLost(Exception):
    """A verifying process ended before it had returned its piece."""

    code = WORKER_LOST


class LogSweep:
    """Verifies the log at *where* against *view*, going on from what *book* has."""

    def __init__(
        self,
        where: str,
        ca: str,
        view: LedgerView,
        book: Book,
        processes: int | None = None,
        piece: int = PIECE,
        cover: LogCover | None = None,
    ) -> None:
        """Begin with what *book* has; *cover* is how far the log reaches, to its newest head where nothing is said."""
        self._where, self._ca = where, ca
        self._view, self._book = view, book
        self._processes = processes or len(os.sched_getaffinity(0))
        self._piece = piece
        self._peaks = list(book.peaks)
        self._tips: dict[DeviceId, ChainTip] = {}
        self._positions: dict[DeviceId, int] = {}
        for at, tip in enumerate(book.tips()):
            self._tips[tip.device] = tip
            self._positions[tip.device] = at
        self._state = StateTree(
            Slot(t.device, t.epoch, t.sequence, t.payload_digest) for t in self._tips.values()
        )
        self._before = book.heads()
        self._heads = len(self._before)
        known = len(view.heads)
        held = known if cover is None else max(cover.heads, min(self._heads, known))
        self.heads, self.size = held, view.heads[held - 1].size if held else 0
        """The heads, from the first on, that are verified, and the records under the last of them."""
        self._log_size = self.size if cover is None else cover.size
        self._changed_keys = dict(self._compare_keys())
        book.keep_keys({k: v for k, v in view.keys.items() if k not in self._changed_keys})
        self._reader = TileReader(open_source(where, ca or True), self._log_size)
        self._tally = Tally()

    def run(self, progress: Callable[[int], None]) -> None:
        """Verify the rest of the log; *progress* is called with the number of records done.

        Raises TileError where the log has a gap; then only the heads before it are verified.
        """
        progress(self._book.size)
        if self._book.size >= self.size:
            return
        try:
            self._tally = self._tally_again()
            for piece in self._pieces():
                self._join(piece)
                progress(piece.end)
        except TileError:
            self.heads = min(self._heads, len(self._view.heads))
            self.size = self._view.heads[self.heads - 1].size if self.heads else 0
            raise

    # ---- the pieces

    def _pieces(self) -> Iterator[Piece]:
        sizes = [head.size for head in self._view.heads]
        waiting: deque[Future[Piece]] = deque()
        with ProcessPoolExecutor(
            self._processes,
            mp_context=get_context("spawn"),
            initializer=start_worker,
            initargs=(self._where, self._ca, self._log_size, self._view.keys),
        ) as pool:
            try:
                for start, end in spans(self._book.size, self.size, self._piece):
                    cuts = [size for size in sizes if start < size <= end]
                    waiting.append(pool.submit(work, start, end, cuts))
                    if len(waiting) > self._processes * _AHEAD:
                        yield waiting.popleft().result(HUNG_S)
                while waiting:
                    yield waiting.popleft().result(HUNG_S)
            except TimeoutError as late:
                for child in active_children():  # what hangs would be waited for at the end
                    child.kill()
                said = f"after record {self._book.size} nothing was told for {HUNG_S:.0f} s"
                raise WorkerLost(f"{said}; start again to go on") from late
            except BrokenProcessPool as error:
                raise WorkerLost(f"after record {self._book.size}; start again to go on") from error
            finally:
                pool.shutdown(cancel_futures=True)

    def _join(self, piece: Piece) -> None:
        findings = list(piece.findings)
        for index, raw in piece.openings:
            signed = decode(raw)
            device = signed.record.device
            wrong, _ = continued(signed, self._tips.get(device))
            if wrong is not None:
                findings.append(Finding(RECORDS_BROKEN, record_of(index, device), wrong))
            if device not in self._positions:
                self._positions[device] = len(self._positions)
        self._tips.update(piece.tips)
        closed = self._heads
        for segment in piece.segments:
            findings += self._close(piece, segment)
        self._peaks = joined(
            before=self._peaks, start=piece.start, end=piece.end, inside=piece.segments[-1].peaks
        )
        heads = self._view.heads[closed : self._heads]
        self._book.keep(piece, heads, self._peaks, self._positions, findings)

    # ---- what an earlier run verified

    def check_before(self) -> Iterator[Finding]:
        """Yield where the node says something else than a node said to the earlier run."""
        for then, now in zip_longest(self._before, self._view.heads[: len(self._before)]):
            where = _named(then)
            if now is None:
                missing = Said("an earlier run saw it, this node does not have it (yet)")
                yield Finding(HEAD_CHANGED, where, missing, unverifiable=True)
            elif then[:-1] != now[:-1]:
                detail = Said("an earlier run of this sweep saw another")
                yield Finding(HEAD_CHANGED, where, detail)
        yield from self._changed_keys.values()

    def _compare_keys(self) -> Iterator[tuple[tuple[bytes, int], Finding]]:
        """The keys that are no longer what records were verified with, each with its finding."""
        tips: dict[bytes, ChainTip] = {device_hash(t.device): t for t in self._tips.values()}
        for (device, epoch), then in self._book.keys().items():
            tip, now = tips.get(device), self._view.keys.get((device, epoch))
            if tip is None or tip.epoch < epoch:
                continue
            used = tip.sequence if tip.epoch == epoch else then.anchored_until
            if now is None or then[:3] != now[:3]:
                wrong = Said("the registry has another key, or none")
            elif now.anchored_until < used:
                wrong = Said("its key was since ended at {until}", until=now.until_sequence)
            elif now.repudiations != then.repudiations:
                wrong = Said(
                    "its records behind {until} were since repudiated", until=now.until_sequence
                )
            else:
                continue
            finding = Finding(
                KEY_CHANGED,
                Said("epoch {epoch} of {device}", epoch=epoch, device=tip.device),
                Said("{wrong}: sweep again from the beginning, without --state", wrong=wrong),
                unverifiable=True,
            )
            yield (device, epoch), finding

    def check_repudiated(self) -> Iterator[Finding]:
        """Yield the numbers of each machine that the committee took back; nobody can tell who signed those."""
        names: dict[bytes, str] = {device_hash(t.device): t.device for t in self._tips.values()}
        for (device, epoch), key in self._view.keys.items():
            if not key.repudiations:
                continue
            last = key.repudiations[-1]
            first = last.from_sequence
            detail = Said("the committee has repudiated its numbers from {first} on", first=first)
            if last.until_sequence < OPEN_SEQUENCE:
                detail = Said(
                    "the committee has repudiated its numbers from {first} on, up to {last}",
                    first=first,
                    last=last.until_sequence,
                )
            name = names.get(device, device.hex()[:16])
            where = Said("epoch {epoch} of {device}", epoch=epoch, device=name)
            yield Finding(RECORDS_DISPUTED, where, detail, unverifiable=True)

    # ---- the heads

    def check_order(self) -> Iterator[Finding]:
        """Yield where heads on chain are missing or do not grow."""
        for number, head in enumerate(self._view.heads):
            if head.number != number:
                where = Said("head {number}", number=number)
                detail = Said("head {number} comes instead", number=head.number)
                yield Finding(HEAD_MISSING, where, detail)
        sizes = [head.size for head in self._view.heads]
        if sizes != sorted(set(sizes)):
            yield Finding(HEAD_MISSING, Said("heads"), Said("their sizes do not grow"))
        for before, head in zip([0, *sizes], self._view.heads, strict=False):
            if head.previous != before:
                extends = Said(
                    "it extends the head of {previous}, not that of {before}",
                    previous=head.previous,
                    before=before,
                )
                yield Finding(HEAD_MISSING, _named(head), extends)

    def _close(self, piece: Piece, segment: Segment) -> Iterator[Finding]:
        for t in segment.tips.values():
            try:
                self._state.apply(Slot(t.device, t.epoch, t.sequence, t.payload_digest))
            except LogError as error:
                detail = Said("{state_error}", state_error=error.detail)
                yield Finding(RECORDS_BROKEN, Said("{device}", device=t.device), detail)
        self._tally.merge(segment.tally)
        if self._heads < len(self._view.heads):
            head = self._view.heads[self._heads]
            if head.size == segment.end:
                peaks = joined(
                    before=self._peaks, start=piece.start, end=segment.end, inside=segment.peaks
                )
                yield from self._check_head(head, Frontier(head.size, peaks).root())
                self._heads += 1
                self._tally = Tally()

    def _check_head(self, head: AnchoredHead, root: Digest) -> Iterator[Finding]:
        where = _named(head)
        if root != head.root:
            yield Finding(ROOT_DIFFERS, where, Said("the records give another root"))
        if self._state.root() != head.state:
            detail = Said("the records leave the machines elsewhere")
            yield Finding(STATE_DIFFERS, where, detail)
        previous = self._view.heads[self._heads - 1].size if self._heads else 0
        if not self._figures_follow(head, previous):
            detail = Said("the records add up to other figures")
            yield Finding(FIGURES_DIFFER, where, detail)
        if head.annex != NO_ANNEX:
            detail = Said("its annex is {annex}", annex=head.annex.hex())
            yield Finding(ANNEX_UNKNOWN, where, detail, unverifiable=True)

    def _figures_follow(self, head: AnchoredHead, previous: int) -> bool:
        """Whether some block before the head's gives its figures: they name the block whose registry was read.

        Nodes sign none by an older registry than at the head before. All is added up once for each state of the
        registry, so that a false head takes about as long as a true one.
        """
        since = self._view.heads[self._heads - 1].block if self._heads else 0
        first = max(since, head.block - _BLOCKS_BACK + 1)
        known: dict[tuple[bytes, ...], Figures] = {}
        sellers = self._tally.sellers
        for block in range(head.block, first - 1, -1):
            assigned = {d: self._view.project_at(device_hash(d), block) for d in sellers}
            state = tuple(assigned.values())
            if state not in known:
                known[state] = self._tally.figures(previous, head.size, block, assigned.__getitem__)
            if replace(known[state], block=block).digest == head.figures:
                return True
        return False

    def _tally_again(self) -> Tally:
        """What the records since the last head below the book's size add up to."""
        tally = Tally()
        start = self._before[-1].size if self._before else 0
        for raw in self._reader.entries(start, self._book.size):
            try:
                tally.add(decode(raw))
            except (RecordError, ValueError):
                continue
        return tally

    def currencies(self, log_indexes: Sequence[int]) -> dict[int, str]:
        """The currency of each sale or refund of these growing *log_indexes*; of none where the log has a gap."""
        found: dict[int, str] = {}
        try:
            for number, indexes in groupby(log_indexes, lambda index: index // TILE_WIDTH):
                first = number * TILE_WIDTH
                raws = list(self._reader.entries(first, first + TILE_WIDTH))
                for index in indexes:
                    body = decode(raws[index - first]).record.body
                    found[index] = body.currency if isinstance(body, Sale | Refund) else ""
        except (LogError, RecordError, IndexError):
            return {}
        return found

    # ---- the machines' gossip

    def check_gossip(self) -> Iterator[Finding]:
        """Whether every head that a machine was shown is a beginning of this log."""
        if not self.size:
            return
        root = self._view.heads[self.heads - 1].root
        for size, shown, index in self._book.gossip():
            where = Said(
                "record {index}: the head of {size} that its machine was shown",
                index=index,
                size=size,
            )
            if size > index:
                detail = Said("no head of {size} was there before it", size=size)
                yield Finding(GOSSIP_DIFFERS, where, detail)
                continue
            if size == 0:
                continue
            try:
                mine, _ = proven_beginning(
                    first=size, second=self.size, root=root, read=self._reader.read
                )
            except LogError as error:
                detail = Said("{log_error}", log_error=error.detail)
                yield Finding(LOG_INCOMPLETE, where, detail, unverifiable=True)
                continue
            if mine != shown:
                detail = Said("{shown}, the log's is {mine}", shown=shown.hex(), mine=mine.hex())
                yield Finding(GOSSIP_DIFFERS, where, detail)


def _named(head: AnchoredHead) -> Said:
    return Said("head {number} of {size}", number=head.number, size=head.size)


def spans(start: int, size: int, piece: int) -> Iterator[tuple[int, int]]:
    """The pieces from *start* to *size*, each a complete subtree of at most *piece* leaves; the last may be cut."""
    while start < size:
        width = min(piece, start & -start or piece)
        yield start, min(start + width, size)
        start += width


def joined(
    before: Sequence[Digest], start: int, end: int, inside: Sequence[Digest]
) -> list[Digest]:
    """The peaks of the tree up to *end*: of those *before* *start*, and those *inside* the piece that begins there."""
    peaks = list(before)
    node, *rest = inside
    if not rest:
        number = start >> ((end - start).bit_length() - 1)
        while number & 1:
            node = hash_children(peaks.pop(), node)
            number >>= 1
    return [*peaks, node, *rest]
