"""Where a node's settings become objects: its copy of the log, its door, and its steps."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, select

from counterfoil.chain.client import ChainClient
from counterfoil.chain.deployment_file import Deployment
from counterfoil.chain.keys.signer import Signer, open_keystore
from counterfoil.chain.sender import Sender
from counterfoil.gateway.store.gateway_store import open_store
from counterfoil.oracle.errors import PeersInvalid
from counterfoil.oracle.heads.batches import BatchRules
from counterfoil.oracle.heads.checkpoints import CheckpointWriter
from counterfoil.oracle.heads.gossip import GossipCheck
from counterfoil.oracle.heads.log_copy import LogCopy
from counterfoil.oracle.heads.log_fetch import LogFetcher
from counterfoil.oracle.heads.registered_keys import KeySync, RegisteredKeys
from counterfoil.oracle.heads.registry_history import RegistryHistory
from counterfoil.oracle.ledger.record_anchor import AnchoredHeadRow
from counterfoil.oracle.quorum.call_books import CallBooks
from counterfoil.oracle.quorum.cosigner import Cosigner
from counterfoil.oracle.quorum.door import DoorServer, create_door
from counterfoil.oracle.quorum.peer_client import PeerClient
from counterfoil.oracle.quorum.peers import Peer, door_tls, gateway_tls, read_peers
from counterfoil.oracle.quorum.proposer import HeadProposer, SignatureCollector
from counterfoil.oracle.quorum.signing_book import SigningBook
from counterfoil.oracle.retries import Retries
from counterfoil.oracle.revenue.sale_reader import SaleReader
from counterfoil.oracle.revenue.uncounted import Uncounted
from counterfoil.oracle.rules.judging.call import CallJudge
from counterfoil.oracle.run.process_parts import OracleParts, ledger_feed, settlement_steps
from counterfoil.oracle.settings import OracleSettings
from counterfoil.oracle.store.database import open_database

_WATCH_S = 2.0


@dataclass(frozen=True)
class QuorumNode:
    """One node's parts."""

    peers: Sequence[Peer]
    signer: Signer
    books: SigningBook
    log_copy: LogCopy
    fetcher: LogFetcher
    peer_client: PeerClient
    collector: SignatureCollector
    proposer: HeadProposer
    cosigner: Cosigner
    door: DoorServer
    parts: OracleParts


def build_node(
    settings: OracleSettings, on_step: Callable[[str], None] = lambda _: None
) -> OracleParts:
    """Everything that one node's process needs, from its settings; *on_step* is called with each step's name."""
    return compose(settings, on_step).parts


def compose(
    settings: OracleSettings, on_step: Callable[[str], None] = lambda _: None
) -> QuorumNode:
    """One node; its door is bound, and not open yet.

    Raises:
        PeersInvalid: this node's key is not one of the peers'.
    """
    if settings.peers is None:
        raise PeersInvalid("no peers' file is set")
    signer = open_keystore(settings.keystore, settings.passphrase.get_secret_value())
    peers = read_peers(settings.peers)
    if signer.address not in {peer.address for peer in peers}:
        raise PeersInvalid(f"{settings.peers} does not list this node, {signer.address}")
    deployment = Deployment.read(settings.deployment)
    client, encoder = (
        ChainClient(settings.rpc_url, deployment.addresses, settings.finality) for _ in range(2)
    )
    engine = open_database(settings.database_url)
    store = open_store(settings.records_database_url)
    anchor, calls, split = (
        client.address_of(name) for name in ("RecordAnchor", "OracleQuorum", "RevenueSplit")
    )
    books = SigningBook(engine, deployment.chain_id, anchor, calls)
    books.list_nodes(peers, signer.address)
    certificate, key = settings.node_certificate, settings.node_key
    log_copy = LogCopy(engine, store, settings.tiles, history=RegistryHistory(engine))
    fetcher = LogFetcher(
        engine, log_copy, settings.gateways, tls=gateway_tls(certificate, key, settings.gateway_ca)
    )
    peer_client = PeerClient(peers, own=signer.address, certificate=certificate, key=key)

    def encode(argument: dict[str, Any]) -> bytes:
        return encoder.encode("RevenueSplit", "distribute", argument)

    judge = CallJudge(
        books=CallBooks(engine, store, encoder.now_s), split=split, calls=calls, encode=encode
    )
    cosigner = Cosigner(
        books, log_copy, fetcher, calls=judge, signer=signer, leaves=peer_client.leaves
    )
    collector = SignatureCollector(books, signer, peer_client)
    rules = BatchRules(settings.batch_records, settings.batch_ms)
    proposer = HeadProposer(
        books, log_copy, client, signer, collector, rules, settings.round_ms, on_step
    )

    def state() -> dict[str, Any]:
        refusal = None if fetcher.refusal is None else str(fetcher.refusal)
        return {"records": log_copy.size, "anchored": log_copy.anchored, "refusal": refusal}

    tls = door_tls(certificate, key, peers)
    app = create_door(peers, cosigner, log_copy, state)
    door = DoorServer(app, settings.node_host, settings.node_port, tls)
    feed = ledger_feed(engine, client, deployment)
    steps: dict[str, Callable[[], object]] = {
        "feed": feed.poll,
        "copy": fetcher.step,
        "follow": log_copy.follow,
        "propose": proposer.step,
        "sender": Sender(engine, client, signer, on_step=on_step).step,
    }
    if settings.settles:
        steps |= _settling(settings, client, books, log_copy, signer, collector, on_step)
    if settings.log_key is not None:
        steps["checkpoint"] = CheckpointWriter(settings, engine).step
    watch = _Watch(books, peer_client, own=signer.address, state=state)

    def close() -> None:
        watch.stop()
        door.stop()
        fetcher.close()
        peer_client.close()

    def opened() -> None:
        door.start()
        watch.start()

    parts = OracleParts(engine, store, client, feed=feed, steps=steps, open=opened, close=close)
    return QuorumNode(
        peers,
        signer,
        books,
        log_copy,
        fetcher,
        peer_client,
        collector,
        proposer,
        cosigner,
        door,
        parts,
    )


def _settling(
    settings: OracleSettings,
    client: ChainClient,
    books: SigningBook,
    log_copy: LogCopy,
    signer: Signer,
    collector: SignatureCollector,
    on_step: Callable[[str], None],
) -> dict[str, Callable[[], object]]:
    """The steps of the node that reads the payment files."""
    engine = books.engine
    steps: dict[str, Callable[[], object]] = {
        "facts": SaleReader(
            engine, log_copy.store, newest=_anchored, gossip=GossipCheck(settings.tiles)
        ).step,
        "uncounted": Uncounted(engine, log_copy.store).step,
        **settlement_steps(settings, engine, client, signer, collector.cosign, on_step),
        "retries": Retries(engine, client, heads=False).step,
    }
    if settings.gateway_database_url:
        gateway = open_store(settings.gateway_database_url)
        steps = {"keys": KeySync(RegisteredKeys(engine), gateway).step} | steps
    return steps


def _anchored(session: Session) -> int:
    """Number of records under the newest anchored head."""
    return session.exec(select(func.max(AnchoredHeadRow.size))).one() or 0


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
