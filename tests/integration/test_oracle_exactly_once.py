"""The oracle on a real chain, killed at each of its steps, and on a chain that takes blocks back."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session, select
from support_chain import deployed_world, mining_stopped
from support_oracle import FIRST_DATE, PROJECT, OracleHouse, check_books
from support_world import FIRST_MS

from counterfoil.chain.tables import TransactionRow
from counterfoil.gateway.record.bodies import Sale
from counterfoil.gateway.record.sale_line import SaleLine
from counterfoil.oracle.revenue.distributor import Distributor
from counterfoil.oracle.rules.judging.call import CALL_LIFE_S
from counterfoil.oracle.run.composition import OracleParts
from counterfoil.oracle.run.loop import step_all
from counterfoil.oracle.store.head_tables import HeadRow
from counterfoil.oracle.store.revenue_tables import MatchException

pytestmark = pytest.mark.integration

CRASHES = (
    ("before_collect", "after_collect", "after_head", "before_submit_commit"),
    ("before_send", "after_send"),
    ("before_mined_commit", "before_final_commit"),
)
"""Where the process is killed, by the day of sales that is then on its way."""


@pytest.fixture
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OracleHouse]:
    engine = getattr(request, "param", "anvil")
    with deployed_world(engine, tmp_path) as chain:
        house = OracleHouse(chain, tmp_path)
        yield house
        house.engine.dispose()


@pytest.mark.parametrize("house", ["anvil", "ganache"], indirect=True)
def test_killed_at_every_step_each_record_and_each_entry_counts_once(house: OracleHouse) -> None:
    is_anvil = house.chain.node.engine == "anvil"
    for points in CRASHES if is_anvil else (("after_head",), ("after_send",)):
        house.sell_a_day()
        for point in points:
            assert house.crash_at(point) == -signal.SIGKILL, point
    parts = house.parts()
    revenue = parts.steps.pop("revenue")
    while house.open_work()["transactions"] or not house.count_facts("matched"):
        step_all(parts)
    for point in ("before_submit_commit", "after_send"):
        assert house.crash_at(point) == -signal.SIGKILL, f"{point}, distributing"

    parts = house.parts()
    assert revenue is not parts.steps["revenue"]
    house.run_until_quiet(parts)
    check_whole(house)
    kept = house.projected()
    assert parts.feed.rebuild() > 0
    assert house.projected() == kept


def test_a_chain_that_takes_blocks_back_ends_with_the_same_books(house: OracleHouse) -> None:
    house.sell_a_day()
    parts = house.parts()
    house.run_until_quiet(parts)
    first = house.chain.client.latest().number
    house.sell_a_day()
    house.run_until_quiet(parts)
    check_whole(house)
    heads = len(house.on_chain("RecordAnchor", "HeadAnchored"))
    with mining_stopped(house.chain):
        client = house.chain.client
        client.rpc("anvil_reorg", client.latest().number - first, [])
        assert len(house.on_chain("RecordAnchor", "HeadAnchored")) < heads, "it took them back"
        step_all(parts)
        assert not house.is_quiet()
    house.run_until_quiet(parts)
    check_whole(house)
    kept = house.projected()
    parts.feed.rebuild()
    assert house.projected() == kept


def test_a_day_without_its_money_holds_up_no_other(house: OracleHouse) -> None:
    """The provider has settled a great sale that the bank has not booked; the next day's money is there."""
    big = Sale(
        amount_minor=1_000_000,
        currency="USD",
        payment_method="card",
        payment_reference="pay-big",
        lines=(SaleLine("Oreo Mini", 1, 1_000_000),),
    )
    house.world.add(house.world.devices[0], big, FIRST_MS)
    text = f"reference,method,business_date,amount,currency,device\npay-big,card,{FIRST_DATE},10000.00,USD,\n"
    house.instruct("import_settlement", {"project": PROJECT, "text": text, "source": "f.csv"})
    house.day = 1
    house.sell_a_day()
    parts = house.parts()
    client, signer = house.chain.client, house.chain.signer("oracle")
    one_at_a_time = Distributor(
        house.engine, client, sender=signer.address, cosign=parts.collector.cosign
    )
    parts.steps["revenue"] = lambda: one_at_a_time.step(most=1)
    run_until_distributed(house, parts, 1)
    assert house.distributed_by_date() == {FIRST_DATE + 1: house.takings[FIRST_DATE + 1]}
    house.book(1_000_000, "pay-big")
    run_until_distributed(house, parts, 2)
    assert house.distributed_by_date()[FIRST_DATE] == 1_000_000


def run_until_distributed(house: OracleHouse, parts: OracleParts, count: int) -> None:
    """Turn after turn until the chain has *count* distributions."""
    for _ in range(600):
        step_all(parts)
        if len(house.on_chain("RevenueSplit", "Distributed")) == count:
            return
        time.sleep(0.05)
    raise AssertionError(f"{count} distributions did not come: {house.open_work()}")


def test_what_can_not_be_matched_goes_to_a_person_and_then_on(house: OracleHouse) -> None:
    house.sell_a_day(is_settled=False)
    house.book(500, "nobody knows for what")
    stray = "reference,method,business_date,amount,currency,device\n"
    stray += f"pay-stray,card,{FIRST_DATE},5.00,USD,\n"
    house.instruct("import_settlement", {"project": PROJECT, "text": stray, "source": "f.csv"})
    parts = house.parts()
    house.run_until_quiet(parts)
    assert house.distributed_by_date() == {}, "nothing is settled"
    house.instruct("close_matching", {"project": PROJECT, "through": FIRST_DATE})
    house.run_until_quiet(parts)
    with Session(house.engine) as session:
        found = session.exec(select(MatchException)).all()
        codes = sorted(e.code for e in found)
        assert codes == [
            "payment.without_sale",
            *["sale.cash_not_counted"] * 2,
            *["sale.payment_missing"] * 4,
        ]
        accepted = next(e for e in found if e.code == "sale.payment_missing")
        refused = [e for e in found if e is not accepted]
        assert accepted.amount_minor <= 500
        gross, number = accepted.amount_minor, accepted.id
        others = [e.id for e in refused]
    said = house.instruct(
        "resolve_exception", {"exception": number, "resolution": "accepted", "note": "paid by hand"}
    )
    for other in others:
        payload = {"exception": other, "resolution": "excluded", "note": "a test"}
        house.instruct("resolve_exception", payload)
    again = house.instruct("resolve_exception", {"exception": number, "resolution": "excluded"})
    house.chain.send("guardian", "RevenueSplit", "pause")
    while not refusals(house):
        step_all(parts)
    assert refusals(house) == ["contract.enforced_pause"]
    house.chain.decide("RevenueSplit", "unpause")
    house.run_until_quiet(parts)
    assert house.answer(said).status == "done"
    assert house.answer(again).error_code == "instruction.not_allowed_now"
    assert house.distributed_by_date() == {FIRST_DATE: gross}
    assert [d["gross"] for d in house.on_chain("RevenueSplit", "Distributed")] == [gross]
    assert house.count_facts("excluded") == 5


def test_a_distribution_that_came_too_late_is_signed_anew_and_paid_once(
    house: OracleHouse,
) -> None:
    house.sell_a_day()
    parts = house.parts()
    house.chain.send("guardian", "RevenueSplit", "pause")
    while not refusals(house):
        step_all(parts)
    node = house.chain.client
    node.rpc("evm_increaseTime", CALL_LIFE_S + 60)
    node.rpc("evm_mine")
    house.chain.decide("RevenueSplit", "unpause")
    run_until_distributed(house, parts, 1)
    house.run_until_quiet(parts)
    assert set(refusals(house)) == {"contract.enforced_pause", "contract.call_expired"}
    assert house.distributed_by_date() == house.takings
    check_books(house)


def refusals(house: OracleHouse) -> list[str | None]:
    """Why transactions were refused."""
    with Session(house.reads) as session:
        query = select(TransactionRow.error_code).where(TransactionRow.status == "failed")
        return list(session.exec(query))


def check_whole(house: OracleHouse) -> None:
    """The books are whole, and every head on chain was sent by the one oracle."""
    check_books(house)
    with Session(house.engine) as session:
        sizes = [head["size"] for head in house.on_chain("RecordAnchor", "HeadAnchored")]
        assert sorted(session.exec(select(HeadRow.size))) == sizes


def test_an_anchored_day_is_not_called_quiet_before_its_money_has_moved(house: OracleHouse) -> None:
    """What the other tests wait for: a reader from outside may look between any two steps of a turn."""
    house.sell_a_day()
    parts = house.parts()
    held = {name: parts.steps.pop(name) for name in ("facts", "matching", "revenue")}
    while any(house.open_work()[kind] for kind in ("records", "transactions", "instructions")):
        step_all(parts)
    sales = len(house.world.records)
    assert house.open_work()["unread"] == sales
    held["facts"]()
    assert (house.open_work()["unread"], house.open_work()["unmatched"]) == (0, sales)
    held["matching"]()
    assert (house.open_work()["unmatched"], house.open_work()["matched"]) == (0, sales)
    parts.steps["revenue"] = held["revenue"]
    house.run_until_quiet(parts)
    check_whole(house)
