"""Where an oracle's settings become objects: one path, whether it signs alone or as a node of a quorum.

An oracle that signs alone is a quorum of one, without peers: it reads the gateway's own store where it is. A node of a
quorum reads gateways over mTLS into a store of its own, and has a door for the other nodes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from counterfoil.chain.client import ChainClient
from counterfoil.chain.deployment_file import Deployment
from counterfoil.chain.events import EventFeed
from counterfoil.chain.keys.signer import Signer, open_keystore
from counterfoil.chain.sender import Sender
from counterfoil.gateway.store.gateway_store import GatewayStore, open_store
from counterfoil.oracle.errors import PeersInvalid
from counterfoil.oracle.heads.believed_log import BelievedLog
from counterfoil.oracle.heads.checkpoints import CheckpointWriter
from counterfoil.oracle.heads.log_reader import COPY_AHEAD, LogReader
from counterfoil.oracle.heads.log_sources import GatewaySource, LogSource, StoreSource
from counterfoil.oracle.heads.recent_records import RecentRecords
from counterfoil.oracle.heads.registry_history import RegistryHistory
from counterfoil.oracle.ledger.projection import CONTRACTS, LedgerProjection
from counterfoil.oracle.quorum.peer_client import PeerClient
from counterfoil.oracle.quorum.peers import Peer, gateway_tls, read_peers
from counterfoil.oracle.quorum.proposer import BatchRules, HeadProposer, SignatureCollector
from counterfoil.oracle.quorum.signing_book import SigningBook
from counterfoil.oracle.retries import RefusalsOver
from counterfoil.oracle.run.settling import Steps, settling_steps
from counterfoil.oracle.settings import OracleSettings
from counterfoil.oracle.store.database import open_database
from counterfoil.oracle.store.told_file import ToldFile
from counterfoil.oracle.told import Told

if TYPE_CHECKING:
    from counterfoil.oracle.run.peer_side import PeerSide


@dataclass(frozen=True)
class OracleParts:
    """One oracle's parts; ``steps`` are in the order of a pass of its loop."""

    engine: Engine
    store: GatewayStore
    """The records that it reads: the gateway's, or its own copy."""
    client: ChainClient
    feed: EventFeed
    signer: Signer
    books: SigningBook
    believed: BelievedLog
    reader: LogReader
    peer_client: PeerClient
    collector: SignatureCollector
    told: ToldFile
    """The second copy of what the oracle was told."""
    steps: Steps
    side: PeerSide | None
    """A node's door and its watch; none for an oracle that signs alone."""

    def open(self) -> None:
        """Start what runs beside the loop."""
        if self.side is not None:
            self.side.open()

    def close(self) -> None:
        """Stop what runs beside the loop, and close the connections."""
        if self.side is not None:
            self.side.close()
        self.reader.close()
        self.peer_client.close()
        self.told.close()


def compose(
    settings: OracleSettings, on_step: Callable[[str], None] = lambda _: None
) -> OracleParts:
    """Make one oracle; a node's door is bound, and not open yet. *on_step* is called with each work step's name.

    Raises:
        PeersInvalid: this node's key is not one of the peers'.
    """
    # First of all, so that a folder of another edition is left untouched.
    deployment = Deployment.read(settings.deployment)
    signer = open_keystore(settings.keystore, settings.passphrase.get_secret_value())
    peers = _peers(settings, signer)
    client = ChainClient(settings.rpc_url, deployment.addresses, settings.finality)
    engine = open_database(settings.database_url)
    told_file = ToldFile(_told_file(settings), _ledger(deployment))
    told = Told(engine, told_file)
    told.restore()
    anchor, calls = client.address_of("RecordAnchor"), client.address_of("OracleQuorum")
    books = SigningBook(engine, deployment.chain_id, anchor, calls)
    books.list_nodes(peers, signer.address)
    recent, rules = RecentRecords(), BatchRules(settings.batch_records, settings.batch_ms)
    store = open_store(settings.records_database_url if peers else settings.gateway_database_url)
    believed = BelievedLog(
        engine,
        store,
        settings.tiles,
        history=RegistryHistory(engine),
        recent=recent,
        keeps_copy=bool(peers),
    )
    reader = LogReader(
        engine,
        believed,
        source=_source(settings, store, is_alone=not peers),
        # Who signs alone reads the next batch while the last one is on its way.
        most_ahead=COPY_AHEAD if peers else 2 * rules.most_records,
    )
    peer_client = PeerClient(
        peers, own=signer.address, certificate=settings.node_certificate, key=settings.node_key
    )
    collector = SignatureCollector(books, signer, peer_client)
    proposer = HeadProposer(
        books,
        believed,
        client,
        signer=signer,
        collector=collector,
        rules=rules,
        round_ms=settings.round_ms,
        on_step=on_step,
    )
    feed = EventFeed(
        name="ledger",
        engine=engine,
        client=client,
        contracts=CONTRACTS,
        projection=LedgerProjection(),
        first_block=deployment.first_block,
    )
    steps: Steps = {
        "feed": feed.poll,
        "told": told.step,
        "log": reader.step,
        "follow": believed.follow,
        "head": proposer.step,
        "sender": Sender(engine, client, signer, on_step=on_step).step,
    }
    if settings.settles:
        steps |= settling_steps(
            settings,
            engine,
            client,
            store=store,
            recent=recent,
            signer=signer,
            cosign=collector.cosign,
            told=told,
            on_step=on_step,
        )
    steps["refusals"] = RefusalsOver(engine).step
    if settings.log_key is not None:
        steps["checkpoint"] = CheckpointWriter(settings, engine).step
    side = None
    if peers:
        # Here, since its web server takes a second to import.
        from counterfoil.oracle.run.peer_side import peer_side

        encoder = ChainClient(settings.rpc_url, deployment.addresses, settings.finality)
        side = peer_side(
            settings,
            peers,
            books,
            believed,
            reader=reader,
            signer=signer,
            peer_client=peer_client,
            encoder=encoder,
        )
    return OracleParts(
        engine,
        store,
        client,
        feed,
        signer,
        books,
        believed,
        reader,
        peer_client,
        collector,
        told=told_file,
        steps=steps,
        side=side,
    )


def _peers(settings: OracleSettings, signer: Signer) -> list[Peer]:
    """The quorum's nodes; none for an oracle that signs alone."""
    if settings.peers is None:
        return []
    peers = read_peers(settings.peers)
    if signer.address not in {peer.address for peer in peers}:
        raise PeersInvalid(f"{settings.peers} does not list this node, {signer.address}")
    return peers


def _told_file(settings: OracleSettings) -> Path:
    return settings.told or settings.tiles.absolute().parent / "told.db"


def _ledger(deployment: Deployment) -> str:
    """What tells one ledger from every other: its chain, and the contract that anchors its heads."""
    return f"{deployment.chain_id}:{deployment.addresses['RecordAnchor']}"


def _source(settings: OracleSettings, store: GatewayStore, *, is_alone: bool) -> LogSource:
    if is_alone:
        return StoreSource(store)
    tls = gateway_tls(settings.node_certificate, settings.node_key, settings.gateway_ca)
    return GatewaySource(settings.gateways, tls)
