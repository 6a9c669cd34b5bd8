"""A network cut into two halves while the oracle anchors what comes in, and joined again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support_load import Load
from support_network import BANKS, BankNetwork, network_world, running_network
from support_oracle import OracleHouse
from support_relays import Relays, hide_behind_relays
from support_waiting import wait_until

pytestmark = pytest.mark.integration

HALVES = (BANKS[:2], BANKS[2:])


@pytest.fixture(scope="module")
def cuttable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[BankNetwork, Relays]]:
    found: list[Relays] = []

    def arrange(network: BankNetwork) -> None:
        hide_behind_relays(network)
        found.append(Relays(network))
        found[0].__enter__()

    with running_network(tmp_path_factory.mktemp("network"), arrange=arrange) as network:
        yield network, found[0]
    found[0].__exit__()


def test_two_halves_decide_nothing_alone_and_heal_without_a_fork(
    cuttable: tuple[BankNetwork, Relays], tmp_path_factory: pytest.TempPathFactory
) -> None:
    network, relays = cuttable
    folder = tmp_path_factory.mktemp("oracle")
    house = OracleHouse(network_world(network, BANKS[0], folder), folder)
    load = Load(house, house.parts())
    load.go_on_until_anchored()
    load.go_on(3)

    relays.cut(*HALVES)
    for half in HALVES:
        wait_until(lambda half=half: connected(network, half[0]) == 2, "the half sees itself")  # type: ignore[misc]
    load.go_on(5)  # what was proposed before may still be decided
    heights = {bank: network.height(bank) for bank in BANKS}
    load.go_on(20)
    assert {bank: network.height(bank) for bank in BANKS} == heights, "neither half goes on alone"
    in_flight = load.in_flight()
    assert in_flight > 0
    for mine, others in (HALVES, HALVES[::-1]):
        status, said = network.status(mine[0])
        assert (status, said["verdict"]) == (1, "still")
        assert set(said["missing"]) == set(others)
        assert "2 of 4 validators are connected, 3 are needed" in said["why"]

    relays.heal()
    seconds = load.go_on_until_anchored()
    for bank in BANKS:  # three are enough to go on; the last may come back to each a little later
        wait_until(lambda bank=bank: connected(network, bank) == 4, "everybody is back")  # type: ignore[misc]
    lost, twice = load.check_anchored(network)
    print(
        f"two and two: {in_flight} records in flight; all was anchored {seconds:.1f} s after the ",
        end="",
    )
    print(f"halves saw each other again; lost = {lost}, twice = {twice}")
    assert (lost, twice) == (0, 0)
    house.engine.dispose()


def connected(network: BankNetwork, member: str) -> int:
    return int(network.status(member)[1]["connected"])
