"""Machines that sell all the time, the oracle that anchors it, and what every bank's node has of it in the end."""

from __future__ import annotations

import time

from support_network import BankNetwork
from support_oracle import OracleHouse
from support_waiting import wait_until
from support_world import FIRST_MS

from counterfoil.chain.client import ChainClient
from counterfoil.gateway.record.bodies import Sale
from counterfoil.gateway.record.sale_line import SaleLine
from counterfoil.oracle.run.composition import OracleParts
from counterfoil.oracle.run.loop import step_all

_WITHIN_S = 240


class Load:
    """Machines that go on selling, and the oracle that anchors it."""

    def __init__(self, house: OracleHouse, parts: OracleParts) -> None:
        self.house = house
        self.parts = parts

    @property
    def size(self) -> int:
        """Records that were taken in."""
        return self.house.store.size()

    def in_flight(self) -> int:
        """Records that were taken in and are under no head yet."""
        return self.house.open_work()["records"]

    def sell(self, sales: int = 4) -> None:
        """Some sales on, all of them stored."""
        world = self.house.world
        for _ in range(sales):
            number = len(world.records)
            device = world.devices[number % len(world.devices)]
            sale = Sale(
                amount_minor=100,
                currency="USD",
                payment_method="card",
                payment_reference=f"load-{number}",
                lines=(SaleLine("Oreo Mini", 1, 100),),
            )
            world.add(device, sale, FIRST_MS + 10 * number)
        self.house.keep()

    def go_on(self, seconds: float) -> None:
        """Sell and turn for so long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.sell()
            step_all(self.parts)
            time.sleep(0.1)

    def go_on_until_anchored(self) -> float:
        """Sell once more and turn until all of it is under a head that is final; the seconds."""
        self.sell()

        def settled() -> bool:
            step_all(self.parts)
            work = self.house.open_work()
            return work["records"] == 0 and work["transactions"] == 0

        return wait_until(settled, "all records are anchored", within_s=_WITHIN_S)

    def check_anchored(self, network: BankNetwork) -> tuple[int, int]:
        """(lost, twice) as every node's own chain has it: heads that grow, the last one over all records."""
        self.go_on_until_anchored()
        running = [name for name in network.members if network.is_running(name)]
        network.wait_same_head(*running)
        addresses = self.house.chain.client.addresses
        lost = twice = 0
        for name in running:
            client = ChainClient(network.engine.rpc_url(network.members[name]), addresses)
            events = client.events(["RecordAnchor"], 0, client.latest().number)
            heads = [event.values for event in events if event.name == "HeadAnchored"]
            sizes = [head["size"] for head in heads]
            lost += self.size - sizes[-1]
            twice += len(sizes) - len(set(sizes))
            assert sizes == sorted(sizes)
            assert heads[-1]["root"] == self.house.world.tree.root(), "each record in its place"
        return lost, twice
