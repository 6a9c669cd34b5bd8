"""Four oracle nodes of which three are a quorum, as processes of their own: running, killed, away and come back."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from eth_utils.address import to_checksum_address
from sqlmodel import Session, select
from support_chain import mining_stopped
from support_oracle import FIRST_DATE, PROJECT, check_books
from support_quorum import NAMES, NODES, QuorumHouse, quorum_house, run_turns
from support_waiting import wait_until

from counterfoil.gateway.store.gateway_store import open_store
from counterfoil.oracle.rules.facts import Facts, names_of
from counterfoil.oracle.run.loop import step_all
from counterfoil.oracle.status.quorum_state import quorum_state
from counterfoil.oracle.status.rota import Turn
from counterfoil.oracle.store.quorum_tables import OracleNode
from counterfoil.oracle.store.revenue_tables import Distribution

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture
def quorum(tmp_path: Path) -> Iterator[QuorumHouse]:
    with quorum_house(tmp_path) as house:
        house.tell()
        yield house


def is_anchored(quorum: QuorumHouse) -> bool:
    return quorum.anchored_size() == len(quorum.house.world.records)


def copies(quorum: QuorumHouse, number: int) -> list[bytes]:
    store = open_store(f"sqlite:///{quorum.folder / NAMES[number]}/records.db")
    found = [raw for _, raw in store.records(0, 10_000)]
    store.engine.dispose()
    return found


def test_four_nodes_anchor_in_turn_and_money_moves_by_three_signatures(quorum: QuorumHouse) -> None:
    house = quorum.house
    quorum.round_ms = 60_000  # nobody takes a turn over, however busy the machine is
    quorum.start(*range(NODES))
    for _ in range(3):
        house.sell_a_day()
        wait_until(lambda: is_anchored(quorum), "the day is anchored")
    wait_until(house.is_quiet, f"all is distributed: {house.open_work()}")
    check_books(house)
    assert len(set(quorum.senders())) >= 3, "the turn goes round"
    raws = [one.raw for one in house.world.records]
    for number in range(NODES):
        wait_until(lambda n=number: copies(quorum, n) == raws, "each has a copy of its own")
    assert [row for number in range(NODES) for row in quorum.dissents(number)] == []
    executed = house.on_chain("OracleQuorum", "Executed")
    assert len(executed) == len(house.on_chain("RevenueSplit", "Distributed")) > 0

    def all_seen() -> bool:
        with Session(house.reads) as session:
            rows = session.exec(select(OracleNode)).all()
            return {r.records for r in rows if r.answered_ms and not r.error} == {len(raws)}

    wait_until(all_seen, "how every node is doing is known")


@pytest.mark.parametrize("point", ["before_collect", "after_collect", "after_head", "after_send"])
def test_a_proposer_killed_in_its_turn_is_followed_by_the_next(
    quorum: QuorumHouse, point: str
) -> None:
    first, *others = quorum.by_turn
    quorum.round_ms = (
        8_000  # on a busy machine too the first has its turn before the next takes it over
    )
    quorum.start(first, crash_at=point)
    quorum.start(*others)
    quorum.house.sell_a_day(is_settled=False)
    assert quorum.processes[first].wait(240) == -signal.SIGKILL
    wait_until(lambda: is_anchored(quorum), "the next one anchors it")

    def shown() -> list[Turn]:
        return quorum_state(quorum.engine(others[0]), client=quorum.house.chain.client).turns

    wait_until(lambda: bool(shown()), "the next one has seen it")
    began, sender = shown()[-1], to_checksum_address(quorum.senders()[0])
    assert (began.number, began.turn, began.sent_by) == (0, quorum.addresses[first], sender)
    assert began.taken_over is (point != "after_send"), "what it sent before it died was its own"
    quorum.start(first)
    quorum.house.sell_a_day(is_settled=False)
    wait_until(lambda: is_anchored(quorum), "and all four go on")
    check_log(quorum)


def test_one_node_down_holds_nobody_up(quorum: QuorumHouse) -> None:
    house = quorum.house
    quorum.start(0, 1, 2)
    for _ in range(3):
        house.sell_a_day()
        wait_until(lambda: is_anchored(quorum), "three of four anchor")
    wait_until(house.is_quiet, f"and distribute: {house.open_work()}")
    check_books(house)


def test_a_node_that_hangs_holds_nobody_up(quorum: QuorumHouse) -> None:
    quorum.start(*range(NODES))
    hung = quorum.processes[quorum.by_turn[2]]
    hung.send_signal(signal.SIGSTOP)
    try:
        for _ in range(3):
            quorum.house.sell_a_day(is_settled=False)
            wait_until(lambda: is_anchored(quorum), "three of four anchor")
    finally:
        hung.send_signal(signal.SIGCONT)
    check_log(quorum)


def test_a_distribution_that_nobody_signs_holds_up_no_other(quorum: QuorumHouse) -> None:
    house = quorum.house
    facts = Facts(
        PROJECT,
        business_date=FIRST_DATE,
        entries=((10_000, False, 500),),
        units=(("Oreo Mini", 1),),
    )
    facts_hash, batch = names_of(facts.encode())
    with Session(house.engine) as session:
        session.add(
            Distribution(
                batch="0x" + batch.hex(),
                project=PROJECT,
                business_date=FIRST_DATE,
                gross_minor=500,
                refunds_minor=0,
                tax_minor=0,
                units=[["Oreo Mini", 1]],
                head_size=1,
                facts_hash="0x" + facts_hash.hex(),
                facts=facts.encode(),
            )
        )
        session.commit()
    quorum.start(*range(NODES))
    house.day = 1
    house.sell_a_day()
    house.book(500, "which that distribution holds back")

    def shared_out() -> int:
        return sum(d["gross"] for d in house.on_chain("RevenueSplit", "Distributed"))

    wait_until(lambda: shared_out() == sum(house.takings.values()), "the sales are shared out")
    with Session(house.reads) as session:
        assert session.get_one(Distribution, "0x" + batch.hex()).transaction_id is None


def test_with_two_down_nothing_is_anchored_and_nothing_is_lost(quorum: QuorumHouse) -> None:
    house = quorum.house
    quorum.start(*range(NODES))
    house.sell_a_day()
    wait_until(house.is_quiet, "a first day")
    size = quorum.anchored_size()
    quorum.kill(2, 3)
    house.sell_a_day()
    wait_until(lambda: len(copies(quorum, 0)) == len(house.world.records), "records are kept")
    log_path = quorum.folder / f"{NAMES[0]}.log"
    wait_until(lambda: b"quorum_not_reached" in log_path.read_bytes(), "it was tried")
    assert quorum.anchored_size() == size
    quorum.start(3)
    wait_until(lambda: is_anchored(quorum), "three are enough")
    quorum.start(2)
    wait_until(house.is_quiet, f"and the money follows: {house.open_work()}")
    check_books(house)


def test_a_node_with_an_empty_store_catches_up_and_signs(quorum: QuorumHouse) -> None:
    house = quorum.house
    quorum.start(*range(NODES))
    for _ in range(2):
        house.sell_a_day(is_settled=False)
        wait_until(lambda: is_anchored(quorum), "a day is anchored")
    quorum.kill(3)
    shutil.rmtree(quorum.folder / NAMES[3])
    quorum.kill(1)
    quorum.start(3)
    house.sell_a_day(is_settled=False)
    wait_until(lambda: is_anchored(quorum), "its signature is one of three")
    raws = [one.raw for one in house.world.records]
    assert copies(quorum, 3) == raws
    check_log(quorum)


def test_a_chain_that_takes_heads_back_gets_the_same_ones_again(quorum: QuorumHouse) -> None:
    """The heads of several nodes are taken back at once; distributions name them, so they must come again."""
    house = quorum.house
    with ExitStack() as stack:
        nodes = [stack.enter_context(quorum.node(number)) for number in range(NODES)]
        house.sell_a_day()
        run_turns(nodes, house.is_quiet)
        first = house.chain.client.latest().number
        for _ in range(2):
            house.sell_a_day()
            run_turns(nodes, house.is_quiet)
        check_books(house)
        sizes = [head["size"] for head in house.on_chain("RecordAnchor", "HeadAnchored")]
        with mining_stopped(house.chain):
            client = house.chain.client
            client.rpc("anvil_reorg", client.latest().number - first, [])
            assert quorum.anchored_size() < sizes[-1], "it took them back"
            for node in nodes:
                step_all(node)
        run_turns(nodes, house.is_quiet)
        check_books(house)
        again = [head["size"] for head in house.on_chain("RecordAnchor", "HeadAnchored")]
        assert again == sizes, "no other heads than before"


def check_log(quorum: QuorumHouse) -> None:
    """The chain's heads are the log's, each once."""
    world = quorum.house.world
    heads = quorum.house.on_chain("RecordAnchor", "HeadAnchored")
    sizes = [head["size"] for head in heads]
    assert sizes == sorted(set(sizes))
    assert (heads[-1]["root"], heads[-1]["state"]) == (world.tree.root(), world.state.root())
