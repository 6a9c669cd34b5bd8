"""A sweep where banks run the nodes: against any bank's chain node, over any oracle node's own copy of the log."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select
from support_network import BANKS, CHAIN_ID, network_world, running_network
from support_oracle import PROJECT, OracleHouse, check_books
from support_quorum import NAMES, NODES, THRESHOLD, QuorumHouse, quorum_house
from support_waiting import PATIENCE_S, wait_until

from counterfoil.chain.abi.decoding import decode_call
from counterfoil.chain.proof.signature import recover
from counterfoil.gateway.logfiles.tiles import read_size
from counterfoil.oracle.store.database import open_database
from counterfoil.oracle.store.directory_tables import KnownProject

pytestmark = [pytest.mark.integration, pytest.mark.slow]

DISSENTER = NODES - 1


def swept(rpc: str, log: Path, deployment: Path, *more: str) -> dict[str, Any]:
    words = ["audit", "sweep", "--rpc", rpc, "--log", str(log), "--deployment", str(deployment)]
    words += ["--project", PROJECT, "--piece", "8", "--json", *more]
    done = subprocess.run(
        [sys.executable, "-m", "counterfoil", *words],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.stdout, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def what_holds(said: dict[str, Any]) -> dict[str, Any]:
    """All but how fast it went, what was asked when, and which block was the newest."""
    others = ("records_per_s", "block", "asked", "asked_text", "not_looked_at")
    return {name: value for name, value in said.items() if name not in others}


@pytest.fixture
def quorum(tmp_path: Path) -> Iterator[QuorumHouse]:
    """Four nodes, of which one believes in another tax: it dissents from every distribution."""
    with quorum_house(tmp_path) as house:
        house.tell()
        with Session(open_database(house.database_url(DISSENTER))) as session:
            session.exec(select(KnownProject)).one().tax_basis_points = 700
            session.commit()
        yield house


def signers_of_calls(quorum: QuorumHouse) -> list[set[str | None]]:
    """Who signed each call that the quorum made on chain, recovered from the transactions."""
    client = quorum.house.chain.client
    events = client.events(["OracleQuorum"], 0, client.latest().number)
    found = []
    for event in events:
        if event.name != "Executed":
            continue
        sent = client.rpc("eth_getTransactionByHash", "0x" + event.transaction_hash.hex())
        call = decode_call("OracleQuorum", bytes.fromhex(sent["input"][2:]))
        assert call is not None
        digest, signatures = event.values["digest"], call[1]["signatures"]
        found.append({recover(digest, one) for one in signatures})
    return found


def test_each_oracle_nodes_own_log_gives_the_same_and_three_signers_carry_what_one_refused(
    quorum: QuorumHouse,
) -> None:
    house = quorum.house
    quorum.start(*range(NODES))
    for _ in range(2):
        house.sell_a_day()
        wait_until(house.is_quiet, f"the day is shared out: {house.open_work()}")
    check_books(house)
    refused = {row.code for row in quorum.dissents(0) if row.node == quorum.addresses[DISSENTER]}
    assert refused == {"proposal.call_differs"}
    signers = signers_of_calls(quorum)
    assert signers == [set(quorum.addresses[:THRESHOLD])] * len(signers)
    reports, size = [], len(house.world.records)

    def is_complete(tiles: Path) -> bool:
        return read_size(tiles)[0] == size

    for number in (1, DISSENTER):
        tiles = quorum.folder / NAMES[number] / "tiles"
        wait_until(partial(is_complete, tiles), "the node's own log is complete")
        reports.append(swept(house.chain.node.rpc_url, tiles, house.chain.path))
    assert what_holds(reports[0]) == what_holds(reports[1])
    assert (reports[0]["verdict"], reports[0]["findings"]) == ("valid", [])
    assert reports[0]["records"] == size
    (asked,) = reports[0]["quorums"]
    assert (asked["threshold"], asked["heads"]) == (THRESHOLD, reports[0]["heads"])
    assert sorted(asked["signers"]) == sorted(quorum.addresses)
    assert reports[0]["distributions"] == reports[0]["distributions_proved"] == len(signers) == 2


def test_every_banks_node_of_the_network_gives_the_same_report(tmp_path: Path) -> None:
    with running_network(tmp_path) as network:
        house = OracleHouse(network_world(network, BANKS[0], tmp_path), tmp_path)
        house.sell_a_day()
        house.run_until_quiet(house.parts())
        network.wait_same_head()
        network.kill(BANKS[0])
        reports = [
            swept(
                network.engine.rpc_url(network.members[member]),
                house.folder / "tiles",
                house.chain.path,
            )
            for member in BANKS[2:]
        ]
        house.engine.dispose()
    assert what_holds(reports[0]) == what_holds(reports[1])
    assert (reports[0]["verdict"], reports[0]["findings"]) == ("valid", [])
    assert reports[0]["chain_id"] == CHAIN_ID
    assert reports[0]["records"] == len(house.world.records)
    assert reports[0]["distributions"] == reports[0]["distributions_proved"] == 1
