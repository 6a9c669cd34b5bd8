"""The oracle that is one process with one signer."""

from __future__ import annotations

from collections.abc import Callable

from counterfoil.chain.client import ChainClient
from counterfoil.chain.deployment_file import Deployment
from counterfoil.chain.keys.signer import open_keystore
from counterfoil.chain.sender import Sender
from counterfoil.gateway.store.gateway_store import open_store
from counterfoil.oracle.heads.batches import Batcher, BatchRules
from counterfoil.oracle.heads.checkpoints import CheckpointWriter
from counterfoil.oracle.heads.gossip import GossipCheck
from counterfoil.oracle.heads.recent_records import RecentRecords
from counterfoil.oracle.heads.registered_keys import KeySync, RegisteredKeys
from counterfoil.oracle.retries import Retries
from counterfoil.oracle.revenue.sale_reader import SaleReader
from counterfoil.oracle.revenue.uncounted import Uncounted
from counterfoil.oracle.run.process_parts import OracleParts, ledger_feed, settlement_steps
from counterfoil.oracle.settings import OracleSettings
from counterfoil.oracle.signers import HeldSigners
from counterfoil.oracle.store.database import open_database


def build(settings: OracleSettings, on_step: Callable[[str], None] = lambda _: None) -> OracleParts:
    """Everything that one oracle process needs, from its settings; *on_step* is called with each step's name."""
    deployment = Deployment.read(settings.deployment)
    engine = open_database(settings.database_url)
    store = open_store(settings.gateway_database_url)
    client = ChainClient(settings.rpc_url, deployment.addresses, settings.finality)
    signer = open_keystore(settings.keystore, settings.passphrase.get_secret_value())
    feed = ledger_feed(engine, client, deployment)
    anchor, calls = client.address_of("RecordAnchor"), client.address_of("OracleQuorum")
    quorum = HeldSigners(signers=[signer], chain_id=deployment.chain_id, anchor=anchor, calls=calls)
    recent, keys = RecentRecords(), RegisteredKeys(engine)
    batcher = Batcher(
        engine,
        store,
        keys,
        client=client,
        quorum=quorum,
        sender=signer.address,
        tiles=settings.tiles,
        rules=BatchRules(settings.batch_records, settings.batch_ms),
        on_step=on_step,
        recent=recent,
    )
    steps: dict[str, Callable[[], object]] = {
        "feed": feed.poll,
        "keys": KeySync(keys, store).step,
        "batch": batcher.step,
        "sender": Sender(engine, client, signer, on_step=on_step).step,
        "facts": SaleReader(
            engine, store, newest=None, gossip=GossipCheck(settings.tiles), recent=recent
        ).step,
        "uncounted": Uncounted(engine, store).step,
        **settlement_steps(
            settings, engine, client, signer=signer, cosign=quorum.sign_call, on_step=on_step
        ),
        "retries": Retries(engine, client).step,
    }
    if settings.log_key is not None:
        steps["checkpoint"] = CheckpointWriter(settings, engine).step
    return OracleParts(engine, store, client, feed, steps)
