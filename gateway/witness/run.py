"""The witness's process: logs bring it their heads, and it reads those whose tiles it knows."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from hashlib import sha256

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from counterfoil.gateway.errors import LogError
from counterfoil.gateway.log.cosignature import cosign, split_note
from counterfoil.gateway.logfiles.source import open_source
from counterfoil.gateway.witness.memory import Memory
from counterfoil.gateway.witness.settings import WitnessFolder
from counterfoil.gateway.witness.witness import Witness
from counterfoil.logs import get_logger
from counterfoil.web_server import WebServer

log = get_logger("witness")
_MOST_BYTES = 128 * 1024


def run(
    home: WitnessFolder, port: int, poll_s: float, on_step: Callable[[str], None] = lambda _: None
) -> None:
    """Serve one witness on the loopback until SIGTERM or SIGINT; *on_step* is called with each step's name."""
    app = create_app(
        home, memory=Memory(home.folder / "witness.db"), poll_s=poll_s, on_step=on_step
    )
    WebServer(app, port=port, stop_within_s=3, lifespan="on").run()


def create_app(
    home: WitnessFolder,
    memory: Memory,
    poll_s: float = 5.0,
    on_step: Callable[[str], None] = lambda _: None,
) -> FastAPI:
    """Return the HTTP application of one witness."""
    witness = Witness(home, memory, on_step=on_step)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        following = asyncio.create_task(_follow(home, witness, poll_s))
        yield
        following.cancel()

    app = FastAPI(title="Counterfoil witness", docs_url=None, redoc_url=None, lifespan=lifespan)

    @app.post("/add-checkpoint")
    async def add_checkpoint(request: Request) -> Response:
        """Return cosignature lines, or the reason for none (C2SP tlog-witness)."""
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > _MOST_BYTES:
                return Response("too large\n", 413)
        response = await asyncio.to_thread(witness.add_checkpoint, bytes(body))
        return Response(response.body, response.status, media_type=response.content_type)

    @app.get("/checkpoint/{origin_hash}")
    def newest(origin_hash: str) -> Response:
        """The newest head that this witness has seen of the log (by SHA-256 of its origin), cosigned again now."""
        for known in home.logs:
            if sha256(known.key.name.encode()).hexdigest() == origin_hash.lower():
                seen = memory.newest(known.key.name)
                if seen is not None:
                    return Response(_cosigned(home, seen.note), media_type="text/plain")
        return Response("nothing was seen of such a log\n", 404, media_type="text/plain")

    @app.get("/forks")
    def forks() -> Response:
        """Each pair of checkpoints that one log signed and that can't both be true, or were not shown to be."""
        found = [
            {
                "log": f.origin,
                "detail": f.detail,
                "proven": f.is_proven,
                "mine": f.mine.decode(),
                "theirs": f.theirs.decode(),
            }
            for f in memory.forks()
        ]
        return JSONResponse(found)

    @app.get("/healthz")
    def health() -> Response:
        """Whether it runs, how far it has seen each log, and how many forks it holds evidence of."""
        sizes = {
            known.key.name: (seen.size if (seen := memory.newest(known.key.name)) else 0)
            for known in home.logs
        }
        forks = sum(fork.is_proven for fork in memory.forks())
        return JSONResponse({"witness": home.name, "seen": sizes, "forks": forks})

    return app


def _cosigned(home: WitnessFolder, note: bytes) -> bytes:
    text, lines = split_note(note)
    line = cosign(text, home.name, private_key=home.key, time_s=int(time.time()))
    return f"{text}\n{lines[0]}\n{line}".encode()


async def _follow(home: WitnessFolder, witness: Witness, poll_s: float) -> None:
    """Judge the newest checkpoint of each log that has tiles, every *poll_s* seconds."""
    sources = [(known.key, open_source(known.tiles)) for known in home.logs if known.tiles]
    while sources:
        for key, read in sources:
            try:
                response = await asyncio.to_thread(witness.follow, key, read)
            except LogError as error:
                log.warning("log_not_read", log=key.name, why=str(error))
                continue
            if response.status not in (200, 409):
                log.error("head_refused", log=key.name, status=response.status, why=response.body)
        await asyncio.sleep(poll_s)
