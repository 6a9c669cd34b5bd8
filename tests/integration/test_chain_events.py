"""The feed of the chain's events over a real chain, and a node that does not answer for what it has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, func, select
from support_chain import deployed_world
from support_lying_node import lying_node

from counterfoil.chain.client import ChainClient
from counterfoil.chain.errors import RpcRefused
from counterfoil.chain.events import EventFeed
from counterfoil.chain.tables import BlockRow, CursorRow, EventRow
from counterfoil.oracle.ledger.projection import CONTRACTS, LedgerProjection
from counterfoil.oracle.store.database import open_database

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("is_only_the_newest", [True, False])
def test_a_block_that_is_answered_by_null_is_no_reorganisation(
    tmp_path: Path, is_only_the_newest: bool
) -> None:
    """Nothing that was projected is forgotten, and the feed goes on once the node answers again."""
    engine = open_database(f"sqlite:///{tmp_path}/oracle.db")
    with deployed_world("anvil", tmp_path) as world, lying_node(world.node.rpc_url) as node:
        client = ChainClient(node.url, world.client.addresses)
        feed = EventFeed(
            name="ledger",
            engine=engine,
            client=client,
            contracts=CONTRACTS,
            projection=LedgerProjection(),
            first_block=0,
        )

        def kept() -> tuple[int, int, int]:
            with Session(engine) as session:
                cursor = session.get_one(CursorRow, "ledger")
                events = session.exec(select(func.count()).select_from(EventRow)).one()
                newest = session.exec(select(func.max(BlockRow.number))).one()
                return cursor.block_number, events, newest or 0

        assert feed.poll() > 0
        before = kept()
        newest = hex(before[2])

        def lie(request: dict[str, Any], result: Any) -> Any:
            asked = request["params"][0] if request["params"] else ""
            is_meant = asked == newest if is_only_the_newest else asked != "latest"
            is_block = request["method"] == "eth_getBlockByNumber"
            return None if is_block and is_meant else result

        node.lie = lie
        with pytest.raises(RpcRefused, match="gives no block"):
            feed.poll()
        assert kept() == before
        node.lie = lambda _, result: result
        feed.poll()
        assert kept()[0] >= before[0]
        assert kept()[1] == before[1]
    engine.dispose()
