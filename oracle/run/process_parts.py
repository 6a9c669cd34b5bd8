"""The parts of one oracle process, and the steps of those that settle money."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine

from counterfoil.chain.client import ChainClient
from counterfoil.chain.deployment_file import Deployment
from counterfoil.chain.events import EventFeed
from counterfoil.chain.keys.signer import Signer, open_keystore
from counterfoil.chain.sender import Sender
from counterfoil.gateway.store.gateway_store import GatewayStore
from counterfoil.oracle.day.closer import DayCloser
from counterfoil.oracle.execution.bank_rights import MintRule
from counterfoil.oracle.execution.executor import InstructionExecutor
from counterfoil.oracle.execution.party_keys import PartySenders, PartyWrites, open_party_keys
from counterfoil.oracle.ledger.projection import CONTRACTS, LedgerProjection
from counterfoil.oracle.revenue.distributor import Cosign, Distributor
from counterfoil.oracle.revenue.matcher import Matcher
from counterfoil.oracle.settings import OracleSettings


@dataclass(frozen=True)
class OracleParts:
    """The oracle's parts; ``steps`` are in the order of a pass."""

    engine: Engine
    store: GatewayStore
    client: ChainClient
    feed: EventFeed
    steps: dict[str, Callable[[], object]]
    open: Callable[[], None] = lambda: None
    close: Callable[[], None] = lambda: None
    """``open`` starts and ``close`` stops what runs beside the loop: a node's door and its watch."""


def ledger_feed(engine: Engine, client: ChainClient, deployment: Deployment) -> EventFeed:
    """The feed that keeps the ledger's tables at the chain's events."""
    return EventFeed(
        name="ledger",
        engine=engine,
        client=client,
        contracts=CONTRACTS,
        projection=LedgerProjection(),
        first_block=deployment.first_block,
    )


def settlement_steps(
    settings: OracleSettings,
    engine: Engine,
    client: ChainClient,
    signer: Signer,
    cosign: Cosign,
    on_step: Callable[[str], None],
) -> dict[str, Callable[[], object]]:
    """The steps of the process that takes payments in, matches, distributes and closes the day."""
    bank_address = client.call("DepositToken", "bank")
    secret = settings.party_passphrase.get_secret_value() if settings.party_passphrase else ""
    keys = open_party_keys(settings.party_keys, secret)
    writes = PartyWrites(client, keys, signer.address)
    sending = [str(signer.address)]
    steps: dict[str, Callable[[], object]] = {
        "instructions": InstructionExecutor(
            engine,
            client,
            bank=bank_address,
            zone=settings.zone,
            on_step=on_step,
            writes=writes,
            mint_rule=MintRule(settings.mint_limit_minor, tuple(settings.mint_confirmers)),
        ).step,
        "matching": Matcher(engine).step,
        "revenue": Distributor(engine, client, sender=signer.address, cosign=cosign).step,
        "day": DayCloser(engine, client, sender=signer.address, on_step=on_step).step,
    }
    if settings.bank_keystore is not None and settings.bank_passphrase is not None:
        bank = open_keystore(settings.bank_keystore, settings.bank_passphrase.get_secret_value())
        steps["bank"] = Sender(engine, client, bank, on_step=on_step).step
        sending.append(bank.address)
    others = [key for account, key in keys.items() if account not in sending]
    if others:
        steps["parties"] = PartySenders(engine, client, signers=others, on_step=on_step).step
    return steps
