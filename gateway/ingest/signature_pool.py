"""Signatures checked by processes beside this one, as many as there are processors.

Rules that this module keeps:

- A worker that dies is replaced, and its open requests are sent again: no verdict is lost, none is made up.
- Verdicts are in the order of the equations, whichever workers returned them.
- A piece of work on which several workers die fails with :class:`SignatureWorkersLost`; it is not tried for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections import deque
from collections.abc import Sequence

from counterfoil.fault import WORKER_LOST
from counterfoil.gateway.errors import GatewayError
from counterfoil.logs import get_logger

log = get_logger("gateway.verify")

_EQUATIONS_A_PIECE = 64
_TRIES = 3
_PAUSE_S = 0.3
"""Between the end of a worker that never responded and its successor's start."""


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
        self.has_responded = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # uvloop's are no subclass

    def ask(self, piece: _Piece) -> None:
        piece.tries += 1
        self.asked.append(piece)
        self.waiting += len(piece.equations)
        if self._transport is not None:
            self._transport.write(
                len(piece.equations).to_bytes(4, "big") + b"".join(piece.equations)
            )

    def data_received(self, data: bytes) -> None:
        self.has_responded = True
        self._received += data
        while self.asked and len(self._received) >= (size := len(self.asked[0].equations)):
            piece = self.asked.popleft()
            self.waiting -= size
            if not piece.verdicts.done():
                piece.verdicts.set_result(bytes(self._received[:size]))
            del self._received[:size]

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._pool.lost(self)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class SignaturePool:
    """*processes* workers, between :meth:`start` and :meth:`stop`."""

    def __init__(self, processes: int | None = None) -> None:
        self._wanted = processes or len(os.sched_getaffinity(0))
        self._workers: list[_Worker] = []
        self._orphans: deque[_Piece] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False

    @property
    def processes(self) -> list[int]:
        """Return the process ids of the workers."""
        return [worker.process.pid for worker in self._workers]

    async def start(self) -> None:
        """Start the workers; they respond as soon as they are up."""
        for _ in range(self._wanted):
            await self._add()

    async def stop(self) -> None:
        """End the workers; open requests are cancelled."""
        self._stopping = True
        ending, self._workers = self._workers, []
        for worker in ending:
            worker.close()
            for piece in worker.asked:
                piece.verdicts.cancel()
        for worker in ending:
            await worker.process.wait()

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

    def lost(self, worker: _Worker) -> None:
        """Replace a worker whose socket is closed, and send its open requests again.

        By hand: each of them goes to the worker with the least to do.
        """
        if worker in self._workers:
            self._workers.remove(worker)
        if self._stopping:
            return
        log.error("verify_worker_lost", pid=worker.process.pid, pieces=len(worker.asked))
        task = asyncio.get_running_loop().create_task(self._replace(worker))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _replace(self, worker: _Worker) -> None:
        with contextlib.suppress(ProcessLookupError):
            worker.process.kill()
        await worker.process.wait()
        if not worker.has_responded:
            await asyncio.sleep(_PAUSE_S)
        await self._add()
        for piece in worker.asked:
            if piece.tries < _TRIES:
                self._ask(piece)
            elif not piece.verdicts.done():
                piece.verdicts.set_exception(
                    SignatureWorkersLost(f"{_TRIES} workers ended over one piece of work")
                )

    async def _add(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "counterfoil.gateway.ingest.signature_worker",
                stdin=theirs.fileno(),
            )
        worker = _Worker(self, process)
        await asyncio.get_running_loop().create_connection(lambda: worker, sock=ours)
        self._workers.append(worker)
        while self._orphans:
            self._ask(self._orphans.popleft())
