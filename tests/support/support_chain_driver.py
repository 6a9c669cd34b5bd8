"""A process with one transaction to send, killed where it is told to be."""

from __future__ import annotations

import os
import time

from eth_account import Account
from sqlalchemy import create_engine
from sqlmodel import Session
from support_killed import killed_at

from counterfoil.chain.client import ChainClient
from counterfoil.chain.keys.signer import LocalSigner
from counterfoil.chain.sender import Sender
from counterfoil.chain.tables import metadata
from counterfoil.chain.transaction_queue import enqueue


def main(rpc_url: str, database: str, registry: str, account: str, crash_at: str) -> int:
    """Send until the transaction is final; the key is SIGNER_KEY in the environment, *crash_at* a point or "none"."""
    engine = create_engine(f"sqlite:///{database}")
    metadata.create_all(engine)
    client = ChainClient(rpc_url, {"ParticipantRegistry": registry})
    signer = LocalSigner(Account.from_key(os.environ["SIGNER_KEY"]))
    stall_s = 0.0 if "re" in crash_at.removeprefix("before_") else 30.0
    data = client.encode("ParticipantRegistry", "addParts", account, 5)
    with Session(engine) as session:
        enqueue(session, signer=signer.address, key="parts:5", to=registry, data=data)
        session.commit()
    sender = Sender(engine, client, signer, stall_s=stall_s, on_step=killed_at(crash_at))
    while sender.step():
        time.sleep(0.05)
    return 0
