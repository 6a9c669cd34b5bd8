"""Signatures checked by processes beside this one, as many as there are processors.

Rules that this module keeps:

- A worker that dies is replaced, and its open requests are sent again: no verdict is lost, none is made up.
- A worker that tells nothing for ``silent_s`` while it is asked is ended and replaced in the same way. One that is new
  may take ``start_s`` to come up.
- Whoever was replaced lately, and whoever is missing, is an alarm.
- Verdicts are in the order of the equations, whichever workers returned them.
- A piece of work on which several workers die fails with :class:`SignatureWorkersLost`; it is not tried for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
import time
from collections import deque
from collections.abc import Coroutine, Sequence
from typing import Any, NamedTuple

from counterfoil.alarm import Alarm
from counterfoil.fault import WORKER_HUNG, WORKER_LOST, Code
from counterfoil.gateway.errors import GatewayError
from counterfoil.gateway.ingest.signature_worker import UP
from counterfoil.logs import get_logger

log = get_logger("gateway.verify")

_EQUATIONS_A_PIECE = 64
_TRIES = 3
_PAUSE_S = 0.3
"""Between the end of a worker that never responded and its successor's start."""
_SILENT_S = 5.0
_START_S = 30.0
_END_WITHIN_S = 5.0
_TOLD_FOR_S = 600.0
"""How long the alarm about a worker that was replaced stands."""


class Replaced(NamedTuple):
    """A worker that was replaced: its process, why, and when by ``time.monotonic``."""

    pid: int
    why: Code
    at: float


class SignatureWorkersLost(GatewayError):
    """Several workers ended over the same signatures."""

    code = WORKER_LOST


class _Piece:
    __slots__ = ("equations", "tries", "verdicts")

    def __init__(self, equations: Sequence[bytes]) -> None:
        self.equations = equations
        self.tries = 0
        self.verdicts: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()


class _Worker(asyncio.Protocol):
    """One process and its open requests, oldest first."""

    def __init__(self, pool: SignaturePool, process: asyncio.subprocess.Process) -> None:
        self._pool = pool
        self._transport: asyncio.WriteTransport | None = None
        self._received = bytearray()
        self.process = process
        self.asked: deque[_Piece] = deque()
        self.waiting = 0
        self.is_up = False
        self.heard_at = time.monotonic()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # uvloop's are no subclass
        self._pool.joined(self)

    def ask(self, piece: _Piece) -> None:
        if self.is_up and not self.asked:
            self.heard_at = time.monotonic()
        piece.tries += 1
        self.asked.append(piece)
        self.waiting += len(piece.equations)
        if self._transport is not None:
            self._transport.write(
                len(piece.equations).to_bytes(4, "big") + b"".join(piece.equations)
            )

    def data_received(self, data: bytes) -> None:
        self.heard_at = time.monotonic()
        self._received += data
        if not self.is_up:
            self.is_up = True
            del self._received[: len(UP)]
        while self.asked and len(self._received) >= (size := len(self.asked[0].equations)):
            piece = self.asked.popleft()
            self.waiting -= size
            if not piece.verdicts.done():
                piece.verdicts.set_result(bytes(self._received[:size]))
            del self._received[:size]

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._pool.lost(self, WORKER_LOST)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def abandon(self) -> list[_Piece]:
        """End the process, whatever it is doing; return its open requests, which it can't settle any more."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        if self._transport is not None:
            self._transport.abort()
        left = list(self.asked)
        self.asked.clear()
        return left


class SignaturePool:
    """*processes* workers, between :meth:`start` and :meth:`stop`."""

    def __init__(
        self,
        processes: int | None = None,
        *,
        silent_s: float = _SILENT_S,
        start_s: float = _START_S,
    ) -> None:
        self._wanted = processes or len(os.sched_getaffinity(0))
        self._silent_s = silent_s
        self._start_s = start_s
        self._workers: list[_Worker] = []
        self._orphans: deque[_Piece] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._watching: asyncio.Task[None] | None = None
        self._stopping = False
        self._last: Replaced | None = None
        self.replaced = 0
        """Workers that were replaced since the start."""

    @property
    def processes(self) -> list[int]:
        """Return the process ids of the workers."""
        return [worker.process.pid for worker in self._workers]

    async def start(self) -> None:
        """Start the workers; they respond as soon as they are up."""
        for _ in range(self._wanted):
            await self._add()
        self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """End the workers, whatever they do; open requests are cancelled."""
        self._stopping = True
        if self._watching is not None:
            self._watching.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        ending, self._workers = self._workers, []
        for worker in ending:
            worker.close()
            for piece in worker.asked:
                piece.verdicts.cancel()
        for piece in self._orphans:
            piece.verdicts.cancel()
        await asyncio.gather(*(_ended(worker.process) for worker in ending))

    def alarms(self) -> list[Alarm]:
        """Return what must be told now: a worker that was replaced lately, or that could not be."""
        running, last = len(self._workers), self._last
        if self._stopping or last is None:
            return []
        ago = time.monotonic() - last.at
        if running >= self._wanted and ago > _TOLD_FOR_S:
            return []
        detail = (
            f"process {last.pid} was replaced {ago:.0f} s ago, {self.replaced} since the start; "
            f"{running} of {self._wanted} run"
        )
        return [Alarm(last.why, detail, part="verify worker")]

    async def holds(self, equations: Sequence[bytes]) -> list[bool]:
        """Return whether each equation holds (``signature_equation.equation_holds``), in order.

        Raises:
            SignatureWorkersLost: several workers ended over a piece of it.
        """
        pieces = [
            _Piece(equations[at : at + _EQUATIONS_A_PIECE])
            for at in range(0, len(equations), _EQUATIONS_A_PIECE)
        ]
        for piece in pieces:
            self._ask(piece)
        responses = await asyncio.gather(*(piece.verdicts for piece in pieces))
        return [verdict == 1 for response in responses for verdict in response]

    def _ask(self, piece: _Piece) -> None:
        if self._workers:
            min(self._workers, key=lambda worker: worker.waiting).ask(piece)
        else:
            self._orphans.append(piece)

    async def _watch(self) -> None:
        """Replace each worker that tells nothing."""
        while True:
            await asyncio.sleep(self._silent_s / 4)
            now = time.monotonic()
            for worker in list(self._workers):
                silent_s = now - worker.heard_at
                if worker.is_up and not worker.asked:
                    continue
                if silent_s > (self._silent_s if worker.is_up else self._start_s):
                    self.lost(worker, WORKER_HUNG)

    def lost(self, worker: _Worker, why: Code) -> None:
        """Replace a worker whose socket is closed or that tells nothing, and send its open requests again.

        By hand: each of them goes to the worker with the least to do.
        """
        if self._stopping or worker not in self._workers:
            return
        self._workers.remove(worker)
        pid, left = worker.process.pid, worker.abandon()
        self.replaced += 1
        self._last = Replaced(pid, why, time.monotonic())
        log.error("verify_worker_replaced", code=why, pid=pid, pieces=len(left))
        self._do(_ended(worker.process))
        self._do(self._replace(left, pause_s=0.0 if worker.is_up else _PAUSE_S))

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _replace(self, left: Sequence[_Piece], pause_s: float) -> None:
        """Start a worker, as often as it takes, and share *left* among those that run."""
        while True:
            await asyncio.sleep(pause_s)
            try:
                await self._add()
            except OSError as failure:  # no memory, no process or no file is left: it may be, later
                log.error("verify_worker_not_started", why=str(failure))
                pause_s = _PAUSE_S
            else:
                break
        for piece in left:
            if piece.tries < _TRIES:
                self._ask(piece)
            elif not piece.verdicts.done():
                piece.verdicts.set_exception(
                    SignatureWorkersLost(f"{_TRIES} workers ended over one piece of work")
                )

    async def _add(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "counterfoil.gateway.ingest.signature_worker",
                    stdin=theirs.fileno(),
                )
            except OSError:
                ours.close()
                raise
        worker = _Worker(self, process)
        await asyncio.get_running_loop().create_connection(lambda: worker, sock=ours)

    def joined(self, worker: _Worker) -> None:
        """Share the work with *worker*, whose socket is open."""
        self._workers.append(worker)
        while self._orphans:
            self._ask(self._orphans.popleft())


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Return once *process* has ended; by force where it does not end by itself."""
    try:
        await asyncio.wait_for(process.wait(), _END_WITHIN_S)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
