"""The main job on a network of four; its validators killed and emptied while the oracle anchors what comes in.

Each test prints its figures: seconds to recover, records in flight when it happened, lost and twice, which are 0.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from support_load import Load
from support_network import (
    BANKS,
    NETWORK_ENGINES,
    BankNetwork,
    network_world,
    running_network,
)
from support_oracle import OracleHouse
from support_waiting import PATIENCE_S

from counterfoil.chain.errors import ChainError

pytestmark = pytest.mark.integration

OURS, OTHERS = BANKS[0], BANKS[1:]
_WITHIN_S = 240


@pytest.fixture(scope="module", params=NETWORK_ENGINES)
def network(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BankNetwork]:
    with running_network(tmp_path_factory.mktemp("network"), request.param) as network:
        yield network


@pytest.fixture(scope="module")
def load(network: BankNetwork, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Load]:
    folder = tmp_path_factory.mktemp("oracle")
    house = OracleHouse(network_world(network, OURS, folder), folder)
    yield Load(house, house.parts())
    house.engine.dispose()


@pytest.fixture
def whole(network: BankNetwork, load: Load) -> Iterator[None]:
    """Every node runs before the test, and after it what was recorded is on the chain, once, on every node."""
    network.start(*[n for n, f in network.members.items() if not network.is_running(n)])
    load.go_on_until_anchored()
    yield
    lost, twice = load.check_anchored(network)
    print(f"  {load.size} records, lost = {lost}, twice = {twice}")
    assert (lost, twice) == (0, 0)


def test_the_main_job_runs_on_the_network_unchanged(network: BankNetwork, tmp_path: Path) -> None:
    member = BANKS[0]
    env = os.environ | {"COUNTERFOIL_NETWORK_PASSPHRASE": network.passphrases[member]}
    began = time.monotonic()
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "counterfoil",
            "replay",
            "--data",
            str(tmp_path / "house"),
            "--network",
            str(network.members[member].path),
            "--days",
            "1",
            "--exit",
            "--json",
        ],
        env=env,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    report = json.loads(done.stdout)
    assert report["adds_up"] is True
    records = report["records"]
    assert records["anchored"] == records["sent"] > 0
    network.wait_same_head()
    print(
        f"the main job on the network: {records['sent']} records, {records['heads']} heads, ",
        end="",
    )
    print(f"{time.monotonic() - began:.0f} s; lost = {records['sent'] - records['anchored']}")


def test_contracts_check_p256_by_the_precompile_where_there_is_one(
    network: BankNetwork, load: Load
) -> None:
    """OpenZeppelin's P256 asks the precompile by itself; in Solidity the check alone would take 260,000 gas."""
    if network.engine.name != "avalanche":
        pytest.skip("its rules are those of London: no precompile")
    client = load.house.chain.client
    events = client.events(["DeviceRegistry"], 0, client.latest().number)
    hashes = [e.transaction_hash for e in events if e.name == "DeviceRegistered"]
    receipts = [receipt for receipt in client.receipts(hashes) if receipt is not None]
    gas = [int(receipt["gasUsed"], 16) for receipt in receipts]
    print(f"registering a device, its signature checked on chain: {max(gas):,} gas")
    assert 0 < max(gas) < 260_000


@pytest.mark.usefixtures("whole")
def test_a_killed_nodes_plugin_ends_with_it_though_its_output_is_read_on(
    network: BankNetwork,
) -> None:
    """It holds the folder's lock too: were it left over, the node could not be started again."""
    if network.engine.name != "avalanche":
        pytest.skip("its node is one process")
    plugins = network.plugins(OTHERS[0])
    with ExitStack() as readers:
        for pid in plugins:
            readers.enter_context(Path(f"/proc/{pid}/fd/1").open("rb"))
        network.kill(OTHERS[0])
    assert len(plugins) == 1
    network.start(OTHERS[0])


@pytest.mark.usefixtures("whole")
def test_one_validator_killed_under_load_stops_nothing(network: BankNetwork, load: Load) -> None:
    load.go_on(3)
    in_flight = load.in_flight()
    network.kill(OTHERS[0])
    seconds = load.go_on_until_anchored()
    status, said = network.status(OURS)
    assert (status, said["verdict"], said["missing"]) == (0, "running", [OTHERS[0]])
    assert said["disk_bytes"] > said["disk_free_bytes"] > 0
    assert network.status(OTHERS[0])[0] == 1
    back = network.start(OTHERS[0])
    network.wait_same_head()
    print(
        f"one killed: {in_flight} records in flight, all anchored {seconds:.1f} s later; ", end=""
    )
    print(f"it was back after {back:.1f} s")


@pytest.mark.usefixtures("whole")
def test_two_validators_killed_stop_the_chain_and_the_oracle_keeps_all(
    network: BankNetwork, load: Load
) -> None:
    load.go_on(2)
    network.kill(*OTHERS[:2])
    # What was proposed before may still be decided; then nothing is.
    load.go_on(3)
    height = network.client(OURS).latest().number
    load.go_on(15)
    assert network.client(OURS).latest().number == height, "two of four decide nothing"
    in_flight = load.in_flight()
    assert in_flight > 0
    status, said = network.status(OURS)
    assert (status, said["verdict"]) == (1, "still")
    assert set(said["missing"]) == set(OTHERS[:2])
    assert "2 of 4 validators are connected, 3 are needed" in said["why"]
    third = network.start(OTHERS[0])
    seconds = load.go_on_until_anchored()
    fourth = network.start(OTHERS[1])
    print(
        f"two killed: {in_flight} records in flight; the third was back after {third:.1f} s ",
        end="",
    )
    print(f"and all was anchored {seconds:.1f} s later; the fourth came back in {fourth:.1f} s")


@pytest.mark.usefixtures("whole")
def test_all_four_killed_at_once_come_back_and_go_on(network: BankNetwork, load: Load) -> None:
    load.go_on(3)
    in_flight, before = load.in_flight(), network.client(OURS).latest()
    network.kill(*BANKS)
    load.go_on(2)
    back = network.start(*BANKS)
    assert network.client(OURS).block(before.number) == before, "what was final is there"
    seconds = load.go_on_until_anchored()
    print(
        f"all four killed: {in_flight} records in flight; all serve again after {back:.1f} s, ",
        end="",
    )
    print(f"all was anchored {seconds:.1f} s after that")


@pytest.mark.usefixtures("whole")
def test_a_node_whose_data_is_gone_fetches_it_again(network: BankNetwork, load: Load) -> None:
    load.go_on(2)
    network.kill(OTHERS[2])
    shutil.rmtree(network.members[OTHERS[2]].data)
    load.go_on(2)
    seconds = network.start(OTHERS[2])
    assert network.status(OTHERS[2])[1]["is_validator"] is True
    network.wait_same_head()
    print(f"data deleted: the node has the whole chain again after {seconds:.1f} s")


def test_an_oracle_whose_node_is_away_says_so_and_loses_nothing(
    network: BankNetwork, load: Load
) -> None:
    network.stop(OURS)
    with pytest.raises(ChainError):
        load.house.chain.client.latest()
    load.go_on(2)
    in_flight = load.in_flight()
    network.start(OURS)
    load.go_on_until_anchored()
    assert load.check_anchored(network) == (0, 0)
    print(f"the oracle's own node away: {in_flight} records waited and were anchored")
