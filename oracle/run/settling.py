"""The steps of the oracle that takes payments in, matches, distributes and closes the day."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine

from counterfoil.chain.client import ChainClient
from counterfoil.chain.keys.signer import Signer, open_keystore
from counterfoil.chain.sender import Sender
from counterfoil.gateway.store.gateway_store import GatewayStore, open_store
from counterfoil.oracle.day.closer import DayCloser
from counterfoil.oracle.execution.bank_rights import MintRule
from counterfoil.oracle.execution.executor import InstructionExecutor
from counterfoil.oracle.execution.party_keys import PartySenders, PartyWrites, open_party_keys
from counterfoil.oracle.heads.gossip import GossipCheck
from counterfoil.oracle.heads.recent_records import RecentRecords
from counterfoil.oracle.heads.registered_keys import KeySync, RegisteredKeys
from counterfoil.oracle.retries import Retries
from counterfoil.oracle.revenue.chain_distributions import ChainDistributions
from counterfoil.oracle.revenue.distributor import Cosign, Distributor
from counterfoil.oracle.revenue.matcher import Matcher
from counterfoil.oracle.revenue.sale_reader import SaleReader
from counterfoil.oracle.revenue.uncounted import Uncounted
from counterfoil.oracle.settings import OracleSettings
from counterfoil.oracle.told import Told

Steps = dict[str, Callable[[], object]]


def settling_steps(
    settings: OracleSettings,
    engine: Engine,
    client: ChainClient,
    store: GatewayStore,
    recent: RecentRecords,
    signer: Signer,
    cosign: Cosign,
    told: Told,
    on_step: Callable[[str], None],
) -> Steps:
    """The steps, in their order; the bank's and the participants' transactions come with their keys.

    *store* has the records, *recent* those that were just verified. The gateway's store is told the machines' keys.
    """
    gossip = GossipCheck(settings.tiles)
    writes, senders = _others_writes(settings, engine, client, signer, on_step)
    steps: Steps = {}
    if settings.gateway_database_url:
        # Who signs alone reads the gateway's store already.
        gateway = store if settings.peers is None else open_store(settings.gateway_database_url)
        steps["keys"] = KeySync(RegisteredKeys(engine), gateway).step
    return steps | {
        "distributed": ChainDistributions(engine, told).step,
        "facts": SaleReader(engine, store, gossip=gossip, recent=recent).step,
        "uncounted": Uncounted(engine, store, forget=told.forget).step,
        "instructions": InstructionExecutor(
            engine,
            client,
            bank=client.call("DepositToken", "bank"),
            zone=settings.zone,
            on_step=on_step,
            writes=writes,
            mint_rule=MintRule(settings.mint_limit_minor, tuple(settings.mint_confirmers)),
        ).step,
        "matching": Matcher(engine).step,
        "revenue": Distributor(
            engine, client, sender=signer.address, cosign=cosign, keep=told.step
        ).step,
        "day": DayCloser(engine, client, sender=signer.address, on_step=on_step).step,
        **senders,
        "retries": Retries(engine, client).step,
    }


def _others_writes(
    settings: OracleSettings,
    engine: Engine,
    client: ChainClient,
    signer: Signer,
    on_step: Callable[[str], None],
) -> tuple[PartyWrites, Steps]:
    """What this process writes for accounts other than its own, and the steps that send it."""
    secret = settings.party_passphrase.get_secret_value() if settings.party_passphrase else ""
    keys = open_party_keys(settings.party_keys, secret)
    steps: Steps = {}
    sending = [str(signer.address)]
    if settings.bank_keystore is not None and settings.bank_passphrase is not None:
        bank = open_keystore(settings.bank_keystore, settings.bank_passphrase.get_secret_value())
        steps["bank"] = Sender(engine, client, bank, on_step=on_step).step
        sending.append(bank.address)
    others = [key for account, key in keys.items() if account not in sending]
    if others:
        steps["parties"] = PartySenders(engine, client, signers=others, on_step=on_step).step
    return PartyWrites(
        client, keys=keys, oracle=signer.address, paid_a_day=settings.paid_calls_a_day
    ), steps
