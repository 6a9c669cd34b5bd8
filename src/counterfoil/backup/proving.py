"""A restored house is started and swept: what came back, what is after the backup, and how long it took."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, select
from tenacity import RetryError, Retrying, retry_if_not_result, stop_after_delay, wait_fixed

from counterfoil.api.audit.sweep.run import Swept, sweep
from counterfoil.backup.errors import NotSwept
from counterfoil.backup.restoring import Restored
from counterfoil.chain.anchored_heads import newest_head
from counterfoil.chain.client import ChainClient
from counterfoil.chain.deployment_file import Deployment
from counterfoil.chain.errors import ChainError
from counterfoil.chain.hexadecimal import from_hex
from counterfoil.gateway.device.journal import KEPT_ANSWERED
from counterfoil.gateway.errors import GatewayError
from counterfoil.gateway.logfiles.tiles import read_size
from counterfoil.gateway.store.gateway_store import open_store
from counterfoil.oracle.rules.facts import Facts, decode_facts
from counterfoil.oracle.store.database import open_database
from counterfoil.oracle.store.revenue_tables import Distribution
from counterfoil.up.data_folder import House, open_house
from counterfoil.up.process_tree import Tree
from counterfoil.up.supervisor import ChildFailed

_CAUGHT_UP_S = 300


@dataclass(frozen=True)
class Proved:
    """How the restored house stands, after its sweep. *at* is when it was ready, in UTC seconds."""

    swept: Swept
    records: int
    anchored: int
    ready_s: float
    swept_s: float
    at: float


def prove(restored: Restored, began: float, say: Callable[[str], None] = lambda _: None) -> Proved:
    """Start the house, wait until its log is at the newest head, sweep it, stop it; *began* is of the monotonic clock.

    Raises:
        NotSwept: it did not come up, or could not be swept.
    """
    try:
        house = open_house(restored.folder)
        with Tree(house, lambda step: say(f"starting {step}")) as tree:
            ready_s, at = time.monotonic() - began, time.time()
            say("its log follows the chain")
            anchored = _catch_up(house, tree.client)
            say("everything is verified again")
            swept = sweep(
                tree.client,
                Deployment.read(house.deployment).first_block,
                str(house.tiles),
                facts=_facts(house),
            )
            records = open_store(house.gateway_database).size()
    except (ChainError, ChildFailed, GatewayError, OSError) as failure:
        raise NotSwept(f"{restored.folder}: {failure}") from failure
    return Proved(
        swept,
        records=records,
        anchored=anchored,
        ready_s=round(ready_s, 2),
        swept_s=round(time.monotonic() - began, 2),
        at=at,
    )


def figures(restored: Restored, proved: Proved) -> dict[str, Any]:
    """What a person needs to know of it, as one JSON document.

    ``rpo``: what is after the backup. ``rto``: seconds from the beginning of the restore.
    """
    manifest = restored.manifest
    missing = max(0, proved.anchored - proved.records)
    return {
        "restored": {
            "folder": str(restored.folder),
            "backup": manifest.name,
            "files": restored.files,
            "bytes": restored.bytes,
            "records": proved.records,
            "anchored": proved.anchored,
            "block": manifest.standing.block,
        },
        "rpo": {
            "backup_age_s": round(proved.at - manifest.made_at, 1),
            "anchored_and_not_here": missing,
            "comes_back": _comes_back(restored, missing),
        },
        "rto": {"ready_s": proved.ready_s, "swept_s": proved.swept_s},
        "sweep": {
            "verdict": proved.swept.verdict,
            "records": proved.swept.records,
            "heads": proved.swept.heads,
            "findings": [one._asdict() for one in proved.swept.findings],
        },
    }


def _comes_back(restored: Restored, missing: int) -> list[str]:
    """How what is after the backup comes back, part by part."""
    said = (
        f"records: each machine's journal has what was not answered and the newest {KEPT_ANSWERED:,} "
        "answered records; the machine sends them with its next record"
    )
    found = [said]
    if missing:
        found.append(
            f"{missing:,} anchored records: `counterfoil log fill --data {restored.folder} --from COPY`, from the old "
            "tiles, another node's or a mirror; until then no record is taken"
        )
    if restored.manifest.standing.is_embedded:
        found.append(
            "the ledger: it stands where it stood at the backup; payments, claims and terms since then are to be "
            "entered again, from the bank's statements and from papers"
        )
    else:
        found.append(
            "the ledger: it is the network's, and has everything; what is read of it is read again"
        )
    return found


def _catch_up(house: House, client: ChainClient) -> int:
    """Wait until the tiles are at the newest head, as long as that can be; return its size."""
    head = newest_head(client)
    size = 0 if head is None else int(head["size"])
    again = Retrying(
        retry=retry_if_not_result(bool), wait=wait_fixed(0.1), stop=stop_after_delay(_CAUGHT_UP_S)
    )
    if open_store(house.gateway_database).size() >= size:
        with suppress(RetryError):  # the sweep says how far it is
            again(lambda: read_size(house.tiles)[0] >= size)
    return size


def _facts(house: House) -> dict[bytes, Facts]:
    engine = open_database(house.oracle_database, migrate=False)
    with Session(engine.execution_options(reads_only=True)) as session:
        rows = session.exec(select(Distribution.facts_hash, Distribution.facts)).all()
    engine.dispose()
    return {from_hex(name): decode_facts(facts) for name, facts in rows}
