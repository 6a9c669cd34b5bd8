"""Whether a witness cosigns a head: the checks of C2SP tlog-witness, in their order.

Rules kept here:

* 1. The log is known, and signed the checkpoint. 2. The old size is the one that this witness has. 3. The new tree is
  shown to begin with the old one. 4. The head is made durable. 5. Only then is it cosigned.
* A head that a known log signed and that does not extend the one before is evidence, and is kept. A false proof is
  only a suspicion, since anybody may bring a head with one, and so are tiles that don't give the larger head's root:
  a copy may be damaged. What is only a suspicion is kept as one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from counterfoil.gateway.errors import CheckpointError, ProofError, TileError
from counterfoil.gateway.log.checkpoint import Checkpoint, LogKey, verify_checkpoint
from counterfoil.gateway.log.cosignature import cosign, split_note
from counterfoil.gateway.log.merkle import EMPTY_ROOT, proven_beginning, verify_consistency
from counterfoil.gateway.log.tile_format import CHECKPOINT_PATH
from counterfoil.gateway.log.witness_request import read_request
from counterfoil.gateway.logfiles.tiles import FileReader, TileReader
from counterfoil.gateway.record.identity import Digest
from counterfoil.gateway.witness.memory import UNPROVEN, Fork, Memory, SeenHead
from counterfoil.gateway.witness.settings import WitnessFolder
from counterfoil.logs import get_logger

log = get_logger("witness")
_BY_TILES = "by the log's own tiles, which give its root, the head of {} does not extend"
SIZE_TYPE = "text/x.tlog.size"


class Response(NamedTuple):
    """An HTTP status and body; 200 has cosignature lines."""

    status: int
    body: str
    content_type: str = "text/plain; charset=utf-8"


class Witness:
    """Judges heads, and cosigns the right ones."""

    def __init__(
        self,
        home: WitnessFolder,
        memory: Memory,
        now_s: Callable[[], int] = lambda: int(time.time()),
        on_step: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._home = home
        self._memory = memory
        self._now_s = now_s
        self._on_step = on_step
        self._logs: dict[str, LogKey] = {log.key.name: log.key for log in home.logs}

    def add_checkpoint(self, body: bytes) -> Response:
        """Return the response to a request of the add-checkpoint call."""
        try:
            old_size, proof, note = read_request(body)
            origin = split_note(note)[0].split("\n", 1)[0]
        except CheckpointError as error:
            return Response(400, f"{error}\n")
        # 1
        key = self._logs.get(origin)
        if key is None:
            return Response(404, "this log is not known here\n")
        try:
            checkpoint = verify_checkpoint(note, key)
        except CheckpointError as error:
            return Response(403, f"{error}\n")
        if old_size > checkpoint.head.size:
            return Response(400, "the old size is above the checkpoint's\n")
        return self._judge(checkpoint, old_size, proof, note)

    def _judge(
        self, checkpoint: Checkpoint, old_size: int, proof: list[Digest], note: bytes
    ) -> Response:
        """Do steps 2 to 5."""
        origin, head = checkpoint.origin, checkpoint.head
        # 2
        seen = self._memory.newest(origin)
        size = 0 if seen is None else seen.size
        if old_size != size:
            if seen is not None and head.size == size and head.root != seen.root:
                self._accuse(origin, detail=f"two heads of {size}", mine=seen.note, theirs=note)
            return Response(409, f"{size}\n", SIZE_TYPE)
        root = EMPTY_ROOT if seen is None else seen.root
        if head.size == size and head.root != root:
            if seen is not None:
                self._accuse(origin, detail=f"two heads of {size}", mine=seen.note, theirs=note)
            return Response(409, f"{size}\n", SIZE_TYPE)
        # 3
        try:
            verify_consistency(
                first=size, second=head.size, first_root=root, second_root=head.root, proof=proof
            )
        except ProofError as error:
            if seen is not None:
                detail = f"{UNPROVEN}: that the head of {head.size} extends that of {size}: {error}"
                self._accuse(origin, detail, mine=seen.note, theirs=note)
            return Response(422, f"{error}\n")
        # 4
        if not self._memory.advance(origin, size, SeenHead(head.size, head.root, note)):
            now = self._memory.newest(origin)
            return Response(409, f"{0 if now is None else now.size}\n", SIZE_TYPE)
        self._on_step("after_advance")
        # 5
        line = cosign(
            text=split_note(note)[0],
            name=self._home.name,
            private_key=self._home.key,
            time_s=self._now_s(),
        )
        return Response(200, line)

    def follow(self, key: LogKey, read: FileReader) -> Response:
        """Return the response to the log's newest checkpoint, judged by the log's own tiles.

        Raises LogError when the log can't be read.
        """
        note = read(CHECKPOINT_PATH)
        checkpoint = verify_checkpoint(note, key)
        seen = self._memory.newest(key.name)
        old, size = 0 if seen is None else seen.size, checkpoint.head.size
        proof: list[Digest] = []
        if seen is not None and 0 < old < size:
            try:
                beginning, proof = proven_beginning(
                    first=old,
                    second=size,
                    root=checkpoint.head.root,
                    read=TileReader(read, size).read,
                )
            except ProofError as error:
                detail = f"{UNPROVEN}: that the head of {size} extends that of {old}, as the tiles are not its: {error}"
                self._accuse(key.name, detail, mine=seen.note, theirs=note)
                return Response(422, f"{error}\n")
            if beginning != seen.root:
                detail = f"{_BY_TILES} that of {old}: it begins with {beginning.hex()}"
                self._accuse(key.name, detail.format(size), mine=seen.note, theirs=note)
                return Response(422, "another log\n")
        if seen is not None and old > size:
            self._look_back(checkpoint, seen, note, read)
            return Response(409, f"{old}\n", SIZE_TYPE)
        return self._judge(checkpoint, old_size=old, proof=proof, note=note)

    def _look_back(
        self, checkpoint: Checkpoint, seen: SeenHead, note: bytes, read: FileReader
    ) -> None:
        """Accuse the log of a smaller head than the one seen, where the one seen does not begin with it.

        A smaller head by itself is an old copy, and no fault. Nothing follows from tiles that don't reach the head
        that was seen, and only a suspicion from those that don't give its root.
        """
        origin, head = checkpoint.origin, checkpoint.head
        if head.size == 0:
            return
        try:
            beginning, _ = proven_beginning(
                first=head.size,
                second=seen.size,
                root=seen.root,
                read=TileReader(read, seen.size).read,
            )
        except TileError:
            return
        except ProofError as error:
            detail = (
                f"{UNPROVEN}: that the head of {seen.size} extends that of {head.size}: {error}"
            )
            self._accuse(origin, detail, mine=seen.note, theirs=note)
            return
        if beginning != head.root:
            detail = f"{_BY_TILES} that of {head.size}: it begins with {beginning.hex()}"
            self._accuse(origin, detail.format(seen.size), mine=seen.note, theirs=note)

    def _accuse(self, origin: str, detail: str, mine: bytes, theirs: bytes) -> None:
        log.error("fork", log=origin, why=detail)
        self._memory.accuse(Fork(origin, detail, mine, theirs))
