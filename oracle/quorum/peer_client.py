"""Asks the other nodes over mTLS, all at once: for signatures, for leaf hashes, for their status.

Each peer has its own threads and a limit of open requests, so a peer that hangs delays no other.
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

from counterfoil.chain.hexadecimal import from_any_hex
from counterfoil.fault import Code
from counterfoil.gateway.record.identity import Digest
from counterfoil.logs import get_logger
from counterfoil.oracle.errors import OracleError
from counterfoil.oracle.quorum.peers import Peer, peer_tls
from counterfoil.oracle.rules.judging.verdict import Dissents, NotYet

log = get_logger("oracle.node")

_TIMEOUT_S = 10.0
_CONNECT_S = 2.0
_MOST_OPEN = 4


class PeerNotThere(OracleError):
    """Another node did not answer, or not in the form that it should."""

    code = Code("quorum.peer_unreachable")
    to_do = (
        "Look whether the other node runs and can be reached; the others go on while they are "
        "enough."
    )


Outcome = bytes | Dissents | NotYet | PeerNotThere
"""A node's response to a proposal: its signature, or the reason for none."""


class PeerClient:
    """Clients of all peers but this node itself; each peer is known by its pinned certificate."""

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
        """Yield each peer's outcome for the proposal *message* as it comes in; *noted* gets all, the late ones too."""

        def one(peer: Peer) -> tuple[Peer, Outcome]:
            outcome = self._ask_one(peer, path, message)
            noted(peer, outcome)
            return peer, outcome

        yield from _as_they_come([self._lines[p.address].submit(one, p) for p in self.peers])

    def leaves(self, peer: Peer, start: int, end: int) -> list[Digest]:
        """The leaf hashes that *peer* returns; an empty list when it fails."""
        try:
            response = self._clients[peer.address].get(
                "/v1/leaves", params={"start": start, "end": end}
            )
            response.raise_for_status()
        except (httpx.HTTPError, ssl.SSLError):
            return []
        data = response.content
        return [Digest(data[at : at + 32]) for at in range(0, len(data) - 31, 32)]

    def states(self) -> Iterator[tuple[Peer, dict[str, Any] | None, str | None]]:
        """Yield (peer, its status or None, why there was no response or None)."""

        def one(peer: Peer) -> tuple[Peer, dict[str, Any] | None, str | None]:
            try:
                response = self._clients[peer.address].get("/v1/status", timeout=_CONNECT_S)
                response.raise_for_status()
                found = response.json()
                wanted = {name: found[name] for name in ("records", "anchored", "refusal")}
            except (httpx.HTTPError, ssl.SSLError, ValueError, KeyError, TypeError) as failure:
                return peer, None, f"{type(failure).__name__}: {failure}"[:300]
            return peer, wanted, None

        yield from _as_they_come([self._lines[p.address].submit(one, p) for p in self.peers])

    def close(self) -> None:
        """Close all connections."""
        for line in self._lines.values():
            line.close()
        for client in self._clients.values():
            client.close()

    def _ask_one(self, peer: Peer, path: str, message: bytes) -> Outcome:
        try:
            response = self._clients[peer.address].post(
                path, content=message, headers={"Content-Type": "application/cbor"}
            )
            found = response.json()
            if response.status_code == 200:
                return from_any_hex(found["signature"])
            code, detail = Code(str(found["code"])), str(found["detail"])
            if response.status_code == 409:
                return Dissents(code, detail, found.get("log_index"))
            if response.status_code == 503:
                return NotYet(code, detail)
            return PeerNotThere(f"{response.status_code} {code}: {detail}")
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
    """Two threads for the requests to one peer."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._pool = ThreadPoolExecutor(2, thread_name_prefix=name)
        self._open = BoundedSemaphore(_MOST_OPEN)

    def submit(self, ask: Callable[[Peer], Any], peer: Peer) -> Future[Any] | None:
        """The request's future; None when too many are open already."""
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
