"""The other nodes, asked all at once over mTLS: for signatures, for leaf hashes, for how they are.

Each peer has threads of its own, and so many questions open at most: one that hangs holds nobody else up.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from concurrent.futures import TimeoutError as NotInTime
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

import httpx
import structlog

from counterfoil.chain.hexadecimal import from_any_hex
from counterfoil.gateway.record.identity import Digest
from counterfoil.oracle.errors import OracleError
from counterfoil.oracle.quorum.peers import Peer, peer_tls
from counterfoil.oracle.rules.judging.verdict import Dissents, NotYet

log = structlog.get_logger("oracle.node")

_TIMEOUT_S = 10.0
_CONNECT_S = 2.0
_MOST_OPEN = 4


class PeerNotThere(OracleError):
    """Another node did not answer, or not in the form that it should."""

    code = "oracle.peer_not_there"


Outcome = bytes | Dissents | NotYet | PeerNotThere
"""What a node said to a proposal: its signature, or why there is none."""


class PeerClient:
    """The peers but this node itself, each behind its pinned certificate."""

    def __init__(self, peers: Sequence[Peer], own: str, certificate: Path, key: Path) -> None:
        self.peers = [peer for peer in peers if peer.address != own]
        timeout = httpx.Timeout(_TIMEOUT_S, connect=_CONNECT_S)
        self._clients = {
            peer.address: httpx.Client(
                base_url=peer.url, verify=peer_tls(certificate, key, peer), timeout=timeout
            )
            for peer in self.peers
        }
        self._lines = {peer.address: _Line(peer.name) for peer in self.peers}

    def ask(
        self, path: str, message: bytes, noted: Callable[[Peer, Outcome], None]
    ) -> Iterator[tuple[Peer, Outcome]]:
        """Each peer's answer to the proposal *message*, as they come in; *noted* is told of all, even the late ones."""

        def one(peer: Peer) -> tuple[Peer, Outcome]:
            outcome = self._ask_one(peer, path, message)
            noted(peer, outcome)
            return peer, outcome

        yield from _as_they_come([self._lines[p.address].submit(one, p) for p in self.peers])

    def leaves(self, peer: Peer, start: int, end: int) -> list[Digest]:
        """The leaf hashes that *peer* shows; none when it shows none."""
        try:
            answer = self._clients[peer.address].get(
                "/v1/leaves", params={"start": start, "end": end}
            )
            answer.raise_for_status()
        except (httpx.HTTPError, ssl.SSLError):
            return []
        data = answer.content
        return [Digest(data[at : at + 32]) for at in range(0, len(data) - 31, 32)]

    def states(self) -> Iterator[tuple[Peer, dict[str, Any] | None, str | None]]:
        """(peer, what it says of itself, why it did not answer)."""

        def one(peer: Peer) -> tuple[Peer, dict[str, Any] | None, str | None]:
            try:
                answer = self._clients[peer.address].get("/v1/status", timeout=_CONNECT_S)
                answer.raise_for_status()
                found = answer.json()
                wanted = {name: found[name] for name in ("records", "anchored", "refusal")}
            except (httpx.HTTPError, ssl.SSLError, ValueError, KeyError, TypeError) as failure:
                return peer, None, f"{type(failure).__name__}: {failure}"[:300]
            return peer, wanted, None

        yield from _as_they_come([self._lines[p.address].submit(one, p) for p in self.peers])

    def close(self) -> None:
        """Let go of all connections."""
        for line in self._lines.values():
            line.close()
        for client in self._clients.values():
            client.close()

    def _ask_one(self, peer: Peer, path: str, message: bytes) -> Outcome:
        try:
            answer = self._clients[peer.address].post(
                path, content=message, headers={"Content-Type": "application/cbor"}
            )
            found = answer.json()
            if answer.status_code == 200:
                return from_any_hex(found["signature"])
            code, detail = str(found["code"]), str(found["detail"])
            if answer.status_code == 409:
                return Dissents(code, detail, found.get("log_index"))
            if answer.status_code == 503:
                return NotYet(code, detail)
            return PeerNotThere(f"{answer.status_code} {code}: {detail}")
        except (
            httpx.HTTPError,
            ssl.SSLError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
        ) as failure:
            return PeerNotThere(f"{type(failure).__name__}: {failure}")


class _Line:
    """Two threads for one peer's questions."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._pool = ThreadPoolExecutor(2, thread_name_prefix=name)
        self._open = BoundedSemaphore(_MOST_OPEN)

    def submit(self, ask: Callable[[Peer], Any], peer: Peer) -> Future[Any] | None:
        """The question's future; None where too many are open already."""
        if not self._open.acquire(blocking=False):
            log.warning("peer_hangs", node=self._name)
            return None
        future = self._pool.submit(ask, peer)
        future.add_done_callback(lambda _: self._open.release())
        return future

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def _as_they_come(asked: Sequence[Future[Any] | None]) -> Iterator[Any]:
    futures = [future for future in asked if future is not None]
    try:
        for future in as_completed(futures, timeout=_TIMEOUT_S + _CONNECT_S):
            yield future.result()
    except NotInTime:
        log.warning("peer_slow", waiting=sum(not future.done() for future in futures))
