"""The other nodes, asked all at once over mTLS: for signatures, for leaf hashes, for how they are."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from concurrent.futures import TimeoutError as NotInTime
from pathlib import Path
from typing import Any

import httpx
import structlog

from counterfoil.gateway.identity import Digest
from counterfoil.oracle.errors import OracleError
from counterfoil.oracle.node.identity import Peer, peer_tls
from counterfoil.oracle.node.judge import Dissents, NotYet

log = structlog.get_logger("oracle.node")

_TIMEOUT_S = 10.0
_CONNECT_S = 2.0


class PeerNotThere(OracleError):
    """Another node did not answer, or not in the form that it should."""

    code = "oracle.peer_not_there"


Outcome = bytes | Dissents | NotYet | PeerNotThere
"""What a node said to a proposal: its signature, or why there is none."""


class Colleagues:
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
        self._pool = ThreadPoolExecutor(max(1, 2 * len(self.peers)), thread_name_prefix="peer")

    def ask(
        self, path: str, message: bytes, noted: Callable[[Peer, Outcome], None]
    ) -> Iterator[tuple[Peer, Outcome]]:
        """Each peer's answer to the proposal *message*, as they come in; *noted* is told of all, even the late ones."""

        def one(peer: Peer) -> tuple[Peer, Outcome]:
            outcome = self._ask_one(peer, path, message)
            noted(peer, outcome)
            return peer, outcome

        asked = [self._pool.submit(one, peer) for peer in self.peers]
        yield from _as_they_come(asked)

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

        yield from _as_they_come([self._pool.submit(one, peer) for peer in self.peers])

    def close(self) -> None:
        """Let go of all connections."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        for client in self._clients.values():
            client.close()

    def _ask_one(self, peer: Peer, path: str, message: bytes) -> Outcome:
        try:
            answer = self._clients[peer.address].post(
                path, content=message, headers={"Content-Type": "application/cbor"}
            )
            found = answer.json()
            if answer.status_code == 200:
                return bytes.fromhex(found["signature"].removeprefix("0x"))
            code, detail = str(found["code"]), str(found["detail"])
            if answer.status_code == 409:
                return Dissents(code, detail, found.get("log_index"))
            if answer.status_code == 503:
                return NotYet(code, detail)
            return PeerNotThere(f"{answer.status_code} {code}: {detail}")
        except (
            *(httpx.HTTPError, ssl.SSLError),
            *(ValueError, KeyError, TypeError, AttributeError),
        ) as failure:
            return PeerNotThere(f"{type(failure).__name__}: {failure}")


def _as_they_come(asked: Sequence[Future[Any]]) -> Iterator[Any]:
    try:
        for future in as_completed(asked, timeout=_TIMEOUT_S + _CONNECT_S):
            yield future.result()
    except NotInTime:
        log.warning("peer_slow", waiting=sum(not future.done() for future in asked))
