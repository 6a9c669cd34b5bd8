"""What a node of a quorum has beside its loop: a door at which it signs others' proposals, and an eye on the others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from counterfoil.chain.client import ChainClient
from counterfoil.chain.keys.signer import Signer
from counterfoil.oracle.heads.believed_log import BelievedLog
from counterfoil.oracle.heads.log_reader import LogReader
from counterfoil.oracle.quorum.call_books import CallBooks
from counterfoil.oracle.quorum.cosigner import Cosigner
from counterfoil.oracle.quorum.door import DoorServer, create_door
from counterfoil.oracle.quorum.peer_client import PeerClient
from counterfoil.oracle.quorum.peers import Peer, door_tls
from counterfoil.oracle.quorum.signing_book import SigningBook
from counterfoil.oracle.rules.judging.call import CallJudge
from counterfoil.oracle.settings import OracleSettings

_WATCH_S = 2.0


@dataclass(frozen=True)
class PeerSide:
    """The node's part in what the others propose; the door is bound, and not open yet."""

    cosigner: Cosigner
    door: DoorServer
    open: Callable[[], None]
    close: Callable[[], None]


def peer_side(
    settings: OracleSettings,
    peers: list[Peer],
    books: SigningBook,
    believed: BelievedLog,
    reader: LogReader,
    signer: Signer,
    peer_client: PeerClient,
    encoder: ChainClient,
) -> PeerSide:
    """Make the door and the watch. *encoder* is a client of its own: the door's threads use it, and not the loop's."""

    def encode(argument: dict[str, Any]) -> bytes:
        return encoder.encode("RevenueSplit", "distribute", argument)

    def state() -> dict[str, Any]:
        refusal = None if reader.refusal is None else str(reader.refusal)
        return {"records": believed.size, "anchored": believed.anchored, "refusal": refusal}

    judge = CallJudge(
        books=CallBooks(books.engine, believed.store, encoder.now_s),
        split=encoder.address_of("RevenueSplit"),
        calls=books.calls,
        encode=encode,
    )
    cosigner = Cosigner(
        books, believed, reader, calls=judge, signer=signer, leaves=peer_client.leaves
    )
    tls = door_tls(settings.node_certificate, settings.node_key, peers)
    app = create_door(peers, cosigner, believed, state)
    door = DoorServer(
        app,
        host=settings.node_host,
        port=settings.node_port,
        tls=tls,
        limits=settings.peer_limits,
    )
    watch = _Watch(books, peer_client, own=signer.address, state=state)

    def opened() -> None:
        door.start()
        watch.start()

    def close() -> None:
        watch.stop()
        door.stop()

    return PeerSide(cosigner, door, open=opened, close=close)


class _Watch:
    """Asks the other nodes for their status, every two seconds, in a thread of its own."""

    def __init__(
        self,
        books: SigningBook,
        peer_client: PeerClient,
        own: str,
        state: Callable[[], dict[str, Any]],
    ) -> None:
        self._books = books
        self._peer_client = peer_client
        self._own = own
        self._state = state
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(10)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._books.note_node(self._own, self._state(), None)
            for peer, found, error in self._peer_client.states():
                self._books.note_node(peer.address, found, error)
            self._stop.wait(_WATCH_S)
