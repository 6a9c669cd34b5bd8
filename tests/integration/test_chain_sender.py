"""The sender against real nodes: exactly once across kills, reorganisations, stalls and stolen nonces."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import support_chain_driver
from eth_account import Account
from eth_utils.crypto import keccak
from sqlalchemy import Engine, create_engine
from sqlmodel import Session, select
from support_chain import ENGINES, ChainWorld, deployed_world, mining_stopped, wait_blocks
from support_process import Process
from support_waiting import PATIENCE_S

from counterfoil.chain.client import ChainClient, Finality
from counterfoil.chain.errors import NodeUnreachable
from counterfoil.chain.keys.signer import LocalSigner
from counterfoil.chain.sender import Sender
from counterfoil.chain.tables import TransactionRow, metadata
from counterfoil.chain.transaction import send_all, transact, unsigned
from counterfoil.chain.transaction_queue import FAILED, FINAL, MINED, SUBMITTED, enqueue

pytestmark = pytest.mark.integration

CRASH_POINTS = (
    "before_submit_commit",
    "before_send",
    "after_send",
    "before_mined_commit",
    "before_final_commit",
    "before_replace_commit",
    "before_resend",
)


@pytest.fixture(scope="module", params=ENGINES)
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ChainWorld]:
    with deployed_world(request.param, tmp_path_factory.mktemp("chain")) as deployed:
        yield deployed


@pytest.fixture(scope="module")
def anvil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChainWorld]:
    """A chain of our own, whose mining a test may stop."""
    with deployed_world("anvil", tmp_path_factory.mktemp("anvil")) as deployed:
        yield deployed


@pytest.fixture
def database(tmp_path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{tmp_path / 'lane.db'}")
    metadata.create_all(engine)
    return engine


def ask(
    engine: Engine, world: ChainWorld, key: str, parts: int = 1, account: str | None = None
) -> int:
    """Ask, as the registrar, for *parts* to be added to a participant's; its row's id."""
    data = world.client.encode(
        "ParticipantRegistry", "addParts", account or participant(world), parts
    )
    with Session(engine) as session:
        signer = world.signer("registrar").address
        row = enqueue(
            session, signer, key, to=world.client.address_of("ParticipantRegistry"), data=data
        )
        session.commit()
        return row


def participant(world: ChainWorld) -> str:
    """An admitted participant."""
    account = world.signer("operator").address
    if world.client.call("ParticipantRegistry", "participant", account)["profile"] == bytes(32):
        world.send("registrar", "ParticipantRegistry", "admit", account, 1, b"\1" * 32)
    return account


def row_of(engine: Engine, key: str) -> TransactionRow:
    with Session(engine) as session:
        return session.exec(
            select(TransactionRow).where(TransactionRow.idempotency_key == key)
        ).one()


def drain(sender: Sender, within_s: float = 120.0) -> None:
    deadline = time.monotonic() + within_s
    while _is_left(sender):
        assert time.monotonic() < deadline, "the sender does not come to an end"
        time.sleep(0.05)


def _is_left(sender: Sender) -> bool:
    """One step; a node too busy to answer in time is asked again, as the oracle's loop does."""
    try:
        return sender.step()
    except NodeUnreachable:
        return True


def test_a_lane_of_many_is_final_in_order_with_consecutive_nonces(
    world: ChainWorld, database: Engine
) -> None:
    participant(world)
    first = world.client.nonce(world.signer("registrar").address)
    for number in range(120):
        ask(engine=database, world=world, key=f"many:{number}", parts=1 << number)
    drain(Sender(database, world.client, world.signer("registrar")))
    rows = [row_of(database, f"many:{number}") for number in range(120)]
    assert [row.status for row in rows] == [FINAL] * 120
    assert [row.nonce for row in rows] == list(range(first, first + 120))
    kept = world.client.call("ParticipantRegistry", "participant", participant(world))
    assert kept["parts"] == (1 << 120) - 1


def test_the_same_key_is_one_transaction(world: ChainWorld, database: Engine) -> None:
    participant(world)
    before = world.client.nonce(world.signer("registrar").address)
    assert ask(engine=database, world=world, key="same", parts=3) == ask(
        engine=database, world=world, key="same", parts=3
    )
    drain(Sender(database, world.client, world.signer("registrar")))
    ask(engine=database, world=world, key="same", parts=3)
    drain(Sender(database, world.client, world.signer("registrar")))
    assert world.client.nonce(world.signer("registrar").address) == before + 1


def test_what_would_revert_fails_with_its_code_and_burns_no_nonce(
    world: ChainWorld, database: Engine
) -> None:
    participant(world)
    before = world.client.nonce(world.signer("registrar").address)
    ask(database, world, "bad", account=world.signer("guardian").address)
    ask(engine=database, world=world, key="good", parts=4)
    drain(Sender(database, world.client, world.signer("registrar")))
    bad = row_of(database, "bad")
    assert (bad.status, bad.error_code) == (FAILED, "contract.participant_unknown")
    assert bad.nonce is None
    assert row_of(database, "good").nonce == before
    assert row_of(database, "good").status == FINAL


def test_final_is_said_only_at_the_engines_depth(world: ChainWorld, database: Engine) -> None:
    ask(engine=database, world=world, key="deep", parts=6)
    client = world.new_client(Finality(depth=3))
    sender = Sender(database, client, world.signer("registrar"))
    while (row := row_of(database, "deep")).status != MINED:
        assert row.status != FINAL
        sender.step()
    drain(sender)
    row = row_of(database, "deep")
    assert row.status == FINAL
    assert client.latest().number >= (row.block_number or 0) + 3


@pytest.mark.parametrize("point", CRASH_POINTS)
def test_a_killed_process_sends_exactly_one_transaction(
    world: ChainWorld, tmp_path: Path, point: str
) -> None:
    account = participant(world)
    registrar = world.node.account(1)
    before = world.client.nonce(registrar.address)

    def run(crash_at: str) -> int:
        registry = world.client.address_of("ParticipantRegistry")
        arguments = [world.node.rpc_url, str(tmp_path / "lane.db"), registry, account, crash_at]
        env = {**os.environ, "SIGNER_KEY": registrar.key.hex()}
        log = tmp_path / "driver.log"
        return Process(arguments, env, log, main=support_chain_driver.main).status_within(
            PATIENCE_S
        )

    if "re" in point.removeprefix("before_"):
        with mining_stopped(world):
            assert run(point) == -9
    else:
        assert run(point) == -9
    assert run("none") == 0
    assert world.client.nonce(registrar.address) == before + 1
    engine = create_engine(f"sqlite:///{tmp_path / 'lane.db'}")
    assert row_of(engine, "parts:5").status == FINAL


@pytest.mark.parametrize("depth", [0, 5], ids=["was-final", "was-mined"])
def test_what_a_reorganisation_undid_is_sent_again(
    anvil: ChainWorld, database: Engine, depth: int
) -> None:
    participant(anvil)
    wait_blocks(anvil.client, 3)
    registrar = anvil.signer("registrar")
    before = anvil.client.nonce(registrar.address)
    ask(engine=database, world=anvil, key="gone", parts=40 + depth)
    sender = Sender(database, anvil.new_client(Finality(depth=depth)), registrar)
    wanted = FINAL if depth == 0 else MINED
    while row_of(database, "gone").status != wanted:
        sender.step()
    height = row_of(database, "gone").block_number or 0
    with mining_stopped(anvil):
        anvil.client.rpc("anvil_reorg", anvil.client.latest().number - height + 2, [])
        assert anvil.client.nonce(registrar.address) == before, "the reorganisation took it away"
        sender.step()
        assert row_of(database, "gone").status == SUBMITTED
    drain(sender)
    row = row_of(database, "gone")
    assert (row.status, len(row.hashes)) == (FINAL, 1), "the same bytes, mined again"
    assert anvil.client.nonce(registrar.address) == before + 1


def test_a_transaction_that_blocks_pass_by_is_replaced_under_its_nonce(
    anvil: ChainWorld, database: Engine
) -> None:
    participant(anvil)
    registrar = anvil.signer("registrar")
    before = anvil.client.nonce(registrar.address)
    with mining_stopped(anvil):
        ask(engine=database, world=anvil, key="stalled", parts=50)
        sender = Sender(database, anvil.client, registrar, stall_s=0.0)
        sender.step()
        assert row_of(database, "stalled").status == SUBMITTED
        first_fee = row_of(database, "stalled").max_fee_wei or 0
        anvil.client.rpc("anvil_setNextBlockBaseFeePerGas", hex(first_fee * 100))
        anvil.client.rpc("evm_mine")
        sender.step()
    drain(sender)
    row = row_of(database, "stalled")
    assert row.status == FINAL
    assert len(row.hashes) > 1
    assert anvil.client.nonce(registrar.address) == before + 1
    anvil.client.rpc("anvil_setNextBlockBaseFeePerGas", "0x1")


def test_a_transaction_outlives_a_rush_of_full_blocks(anvil: ChainWorld) -> None:
    """Full blocks raise the base fee by an eighth each; what was sent before them must not be left behind."""
    data = anvil.client.encode("ParticipantRegistry", "addParts", participant(anvil), 60)
    signer, to = anvil.signer("registrar"), anvil.client.address_of("ParticipantRegistry")
    with mining_stopped(anvil):
        raw = signer.sign_transaction(
            unsigned(anvil.client, sender=signer.address, to=to, data=data)
        )
        assert anvil.client.send_raw([raw]) == [None]
        anvil.client.rpc("anvil_setNextBlockBaseFeePerGas", hex(50_000))
        anvil.client.rpc("evm_mine")
        (receipt,) = anvil.client.receipts([keccak(raw)])
    assert receipt is not None
    assert int(receipt["status"], 16) == 1
    anvil.client.rpc("anvil_setNextBlockBaseFeePerGas", "0x1")


def test_what_the_node_forgets_of_a_set_up_is_given_again(anvil: ChainWorld) -> None:
    client, signer = anvil.client, anvil.signer("registrar")
    data = client.encode("ParticipantRegistry", "addParts", participant(anvil), 61)
    to = client.address_of("ParticipantRegistry")
    raw = signer.sign_transaction(unsigned(client, sender=signer.address, to=to, data=data))
    with ThreadPoolExecutor(1) as threads:
        with mining_stopped(anvil):
            sent = threads.submit(send_all, client, [raw])
            until_known(client, raw)
            client.rpc("anvil_dropTransaction", "0x" + keccak(raw).hex())
            assert client.knows([keccak(raw)]) == [False]
            until_known(client, raw)
        (receipt,) = sent.result(timeout=PATIENCE_S)
    assert int(receipt["status"], 16) == 1


def until_known(client: ChainClient, raw: bytes) -> None:
    """Return once the node has the transaction."""
    deadline = time.monotonic() + PATIENCE_S
    while client.knows([keccak(raw)]) != [True]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_no_fee_is_raised_while_the_chain_stands_still(anvil: ChainWorld, database: Engine) -> None:
    participant(anvil)
    registrar = anvil.signer("registrar")
    with mining_stopped(anvil):
        ask(engine=database, world=anvil, key="halted", parts=51)
        sender = Sender(database, anvil.client, registrar, stall_s=0.0)
        while anvil.client.latest().timestamp * 1000 > time.time() * 1000:
            time.sleep(0.1)
        for _ in range(5):
            sender.step()
        assert len(row_of(database, "halted").hashes) == 1
    drain(Sender(database, anvil.client, registrar))


def test_bytes_that_the_node_forgot_are_sent_again_after_a_start(
    anvil: ChainWorld, database: Engine
) -> None:
    participant(anvil)
    registrar = anvil.signer("registrar")
    with mining_stopped(anvil):
        ask(engine=database, world=anvil, key="dropped", parts=52)
        Sender(database, anvil.client, registrar).step()
        (sent,) = row_of(database, "dropped").hashes
        anvil.client.rpc("anvil_dropTransaction", sent)
    drain(Sender(database, anvil.client, registrar))
    assert row_of(database, "dropped").tx_hash == sent


def test_a_nonce_used_outside_the_lane_fails_its_row_and_blocks_nothing(
    world: ChainWorld, database: Engine
) -> None:
    account = participant(world)
    registrar = world.signer("registrar")

    class Interrupted(Exception):
        pass

    def interrupt(point: str) -> None:
        if point == "before_send":
            raise Interrupted

    ask(engine=database, world=world, key="taken", parts=60)
    with pytest.raises(Interrupted):
        Sender(database, world.client, registrar, on_step=interrupt).step()
    transact(world.client, signer=registrar, to=account, data=b"")
    ask(engine=database, world=world, key="next", parts=61)
    drain(Sender(database, world.client, registrar))
    assert row_of(database, "taken").error_code == "chain.nonce_taken"
    assert row_of(database, "next").status == FINAL


def test_a_signer_without_funds_goes_on_once_it_has_some(
    world: ChainWorld, database: Engine
) -> None:
    poor = LocalSigner(Account.create())
    with Session(database) as session:
        enqueue(session, signer=poor.address, key="poor", to=world.signer("bank").address, data=b"")
        session.commit()
    sender = Sender(database, world.client, poor, stall_s=0.0)
    sender.step()
    assert world.client.nonce(poor.address, "pending") == 0
    fund(world, poor.address)
    drain(sender)
    assert row_of(database, "poor").status == FINAL
    assert world.client.nonce(poor.address) == 1


def fund(world: ChainWorld, account: str) -> None:
    admin = world.signer("admin")
    asked = unsigned(world.client, sender=admin.address, to=account, data=b"") | {"value": 10**18}
    world.client.send_raw([admin.sign_transaction(asked)])
    while int(world.client.rpc("eth_getBalance", account, "latest"), 16) == 0:
        time.sleep(0.05)
