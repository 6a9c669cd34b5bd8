"""Where the oracle's settings become objects, and its one loop.

Each turn takes every part one step on. A part that can't go on now (the node is away) leaves the others alone and is
tried again at the next turn; what a part has committed stays.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from sqlalchemy import Engine, func
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from counterfoil.chain.client import ChainClient
from counterfoil.chain.deploy import Deployment
from counterfoil.chain.errors import ChainError
from counterfoil.chain.events import EventFeed
from counterfoil.chain.keys import Signer, open_keystore
from counterfoil.chain.sender import Sender
from counterfoil.gateway.cycles import collect_seldom
from counterfoil.gateway.identity import Digest
from counterfoil.gateway.log.checkpoint import Checkpoint, sign_checkpoint
from counterfoil.gateway.log.checkpoint import Head as LogHead
from counterfoil.gateway.log.tiles import TileWriter, read_size
from counterfoil.gateway.store import GatewayStore, open_store
from counterfoil.oracle.again import Again
from counterfoil.oracle.batch import Batcher, BatchRules
from counterfoil.oracle.day_close.clock import DayClock
from counterfoil.oracle.day_close.close import DayCloser
from counterfoil.oracle.errors import GatewayNotThere
from counterfoil.oracle.facts import FactReader
from counterfoil.oracle.gossip import GossipCheck
from counterfoil.oracle.instructions import Instructions
from counterfoil.oracle.matcher import Matcher
from counterfoil.oracle.party_keys import PartySenders, PartyWrites, open_party_keys
from counterfoil.oracle.projection import CONTRACTS, LedgerProjection
from counterfoil.oracle.quorum import Quorum
from counterfoil.oracle.recent import RecentRecords
from counterfoil.oracle.registry import KeySync, RegisteredKeys
from counterfoil.oracle.revenue import Cosign, Distributor
from counterfoil.oracle.settings import OracleSettings
from counterfoil.oracle.store import open_database
from counterfoil.oracle.store.tables import AnchoredHead
from counterfoil.oracle.witnesses import Witnesses

log = structlog.get_logger("oracle")

_READERS = ("batch", "copy", "facts", "matching")
"""The parts that read the log on, so many records a turn."""


@dataclass(frozen=True)
class Parts:
    """The oracle's parts, each with a step of its own, in the order of a turn."""

    engine: Engine
    store: GatewayStore
    client: ChainClient
    feed: EventFeed
    steps: dict[str, Callable[[], object]]
    open: Callable[[], None] = lambda: None
    close: Callable[[], None] = lambda: None
    """What runs beside the turns: a node's door."""


def crash_points(wanted: str | None) -> Callable[[str], None]:
    """A hook that ends the process, as a power cut would, at the point named *wanted*; tests set it."""

    def crash(point: str) -> None:
        if point == wanted:
            os.kill(os.getpid(), signal.SIGKILL)

    return crash


def build(settings: OracleSettings) -> Parts:
    """Everything that one oracle process needs, from its settings."""
    crash = crash_points(os.environ.get("COUNTERFOIL_TEST_CRASH_AT"))
    engine = open_database(settings.database_url)
    store = open_store(settings.gateway_database_url)
    deployment = Deployment.read(settings.deployment)
    client = ChainClient(settings.rpc_url, deployment.addresses, settings.finality)
    signer = open_keystore(settings.keystore, settings.passphrase.get_secret_value())
    feed = EventFeed(
        "ledger", engine, client, CONTRACTS, LedgerProjection(), deployment.first_block
    )
    anchor, calls = client.address_of("RecordAnchor"), client.address_of("OracleQuorum")
    quorum = Quorum([signer], deployment.chain_id, anchor, calls)
    recent, keys = RecentRecords(), RegisteredKeys(engine)
    batcher = Batcher(
        engine,
        store,
        keys,
        client,
        quorum,
        signer.address,
        settings.tiles,
        BatchRules(settings.batch_records, settings.batch_ms),
        crash,
        recent,
    )
    steps: dict[str, Callable[[], object]] = {
        "feed": feed.poll,
        "keys": KeySync(keys, store).step,
        "batch": batcher.step,
        "sender": Sender(engine, client, signer, crash=crash).step,
        "facts": FactReader(engine, store, None, GossipCheck(settings.tiles), recent).step,
        **settling(settings, engine, client, signer, quorum.sign_call, crash),
        "again": Again(engine, client).step,
    }
    if settings.log_key is not None:
        steps["checkpoint"] = CheckpointWriter(settings, engine).step
    return Parts(engine, store, client, feed, steps)


def build_any(settings: OracleSettings) -> Parts:
    """Everything for one process: alone, or as a node of a quorum where the peers' file is set."""
    if settings.peers is None:
        return build(settings)
    from counterfoil.oracle.node.app import build_node

    return build_node(settings)


def settling(
    settings: OracleSettings,
    engine: Engine,
    client: ChainClient,
    signer: Signer,
    cosign: Cosign,
    crash: Callable[[str], None],
) -> dict[str, Callable[[], object]]:
    """The steps of the process that takes payments in, matches, distributes and closes the day."""
    bank_address = client.call("DepositToken", "bank")
    secret = settings.party_passphrase.get_secret_value() if settings.party_passphrase else ""
    keys = open_party_keys(settings.party_keys, secret)
    writes = PartyWrites(client, keys, signer.address)
    sending = [str(signer.address)]
    steps: dict[str, Callable[[], object]] = {
        "instructions": Instructions(
            engine, client, bank_address, settings.zone, crash, writes
        ).step,
        "matching": Matcher(engine).step,
        "revenue": Distributor(engine, client, signer.address, cosign).step,
        "day": DayCloser(engine, client, signer.address, crash).step,
    }
    if settings.bank_keystore is not None and settings.bank_passphrase is not None:
        bank = open_keystore(settings.bank_keystore, settings.bank_passphrase.get_secret_value())
        steps["bank"] = Sender(engine, client, bank, crash=crash).step
        sending.append(bank.address)
    others = [key for account, key in keys.items() if account not in sending]
    if others:
        steps["parties"] = PartySenders(engine, client, others, crash).step
    return steps


class CheckpointWriter:
    """Keeps the tiles' checkpoint at the newest head that is on the chain, with its witnesses' cosignatures."""

    def __init__(self, settings: OracleSettings, engine: Engine) -> None:
        if settings.log_key is None:
            raise ValueError("no log key")
        key = load_pem_private_key(settings.log_key.read_bytes(), None)
        if not isinstance(key, Ed25519PrivateKey):
            raise TypeError(f"{settings.log_key} is no Ed25519 key")
        self._key = key
        self._origin = settings.log_origin
        self._tiles = settings.tiles
        self._writer = TileWriter(settings.tiles)
        self._engine = engine
        self._written = 0
        self._note = b""
        self._witnesses = (
            Witnesses.read(settings.witnesses, settings.tiles) if settings.witnesses else None
        )

    def step(self) -> None:
        """Write a checkpoint if a newer head is anchored and the tiles reach it; ask the witnesses that are missing."""
        published, _ = read_size(self._tiles)
        with Session(self._engine) as session:
            head = session.exec(
                select(AnchoredHead)
                .where(AnchoredHead.size <= published)
                .order_by(col(AnchoredHead.size).desc())
            ).first()
        if head is None:
            return
        if head.size != self._written:
            anchored = LogHead(
                head.size,
                Digest(bytes.fromhex(head.root[2:])),
                Digest(bytes.fromhex(head.state[2:])),
            )
            checkpoint = Checkpoint(self._origin, anchored)
            self._write(sign_checkpoint(checkpoint, self._origin, self._key), head.size)
        if self._witnesses is not None:
            cosigned = self._witnesses.cosign(self._note, head.size)
            if cosigned != self._note:
                self._write(cosigned, head.size)

    def _write(self, note: bytes, size: int) -> None:
        self._writer.write_checkpoint(note)
        self._note, self._written = note, size


def run(settings: OracleSettings, ready: Callable[[], None] = lambda: None) -> None:
    """Turn after turn until SIGTERM or SIGINT."""
    _step_back(settings.niceness)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    parts = build_any(settings)
    clock = None
    if settings.day_close_cron and settings.settles:
        clock = DayClock(parts.engine, settings.day_close_cron, settings.zone)
        clock.start()
    parts.open()
    collect_seldom()
    ready()
    log.info("oracle_ready")
    while not stop.is_set():
        if not turn(parts):
            stop.wait(settings.poll_s)
    if clock is not None:
        clock.stop()
    parts.close()
    log.info("oracle_stopped")


def _step_back(niceness: int) -> None:
    """Let other processes of the machine go first; to be called before any thread is started."""
    os.nice(niceness)
    # Linux shares the processors out among sessions first, each of which has a niceness of its own.
    if os.getsid(0) == os.getpid():
        with suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(niceness))


def turn(parts: Parts) -> bool:
    """One step of every part; True while records wait for another turn at once."""
    has_more = False
    for name, step in parts.steps.items():
        try:
            done = step()
        except ChainError as failure:
            log.warning("step_waits", step=name, code=failure.code, why=str(failure))
        except OperationalError as failure:
            log.warning("step_waits", step=name, code="database_busy", why=str(failure.orig))
        except GatewayNotThere as failure:
            log.warning("step_waits", step=name, code=failure.code, why=str(failure))
        else:
            has_more = has_more or (name in _READERS and bool(done))
    return has_more


def status(
    engine: Engine, store: GatewayStore, client: ChainClient | None = None
) -> dict[str, object]:
    """How far records, heads and money have come; of a quorum also who brought each head, where *client* answers."""
    with Session(engine) as session:
        anchored = session.exec(select(func.max(AnchoredHead.size))).one() or 0
        quorum = _quorum_words(session, client)
    counts = {"records": store.size(), "anchored": anchored, "refused": store.refused_count()}
    return counts | quorum


def _quorum_words(session: Session, client: ChainClient | None) -> dict[str, object]:
    """Who signs, how each node is doing, and the newest dissents; nothing where one process is the oracle."""
    from counterfoil.oracle.node.state import quorum_state

    state = quorum_state(session, client=client)
    if not state.nodes:
        return {}
    return {
        "quorum": {
            "signers": state.signers,
            "threshold": state.threshold,
            "turn": state.turn,
            "turns": [asdict(turn) | {"taken_over": turn.taken_over} for turn in state.turns],
            "nodes": [row.model_dump() for row in state.nodes],
            "dissents": [row.model_dump(exclude={"id"}) for row in state.dissents],
        }
    }
