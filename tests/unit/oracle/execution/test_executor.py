"""Instructions are carried out one by one: each kind by somebody, and a bad one stops nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, cast

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select
from support_instructions import ENTRY, WRITTEN, stored

from counterfoil.chain.abi.artifacts import selector_of
from counterfoil.chain.address import Address
from counterfoil.chain.client import ChainClient
from counterfoil.chain.errors import ChainError, NodeUnreachable, RpcRefused
from counterfoil.chain.tables import TransactionRow
from counterfoil.oracle.execution.executor import InstructionExecutor
from counterfoil.oracle.execution.party_keys import PartyWrites
from counterfoil.oracle.instructions.inbox import ask
from counterfoil.oracle.instructions.request import CloseMatching, Kind, Transact
from counterfoil.oracle.instructions.stored_form import decode
from counterfoil.oracle.ledger.participant_registry import ParticipantRow
from counterfoil.oracle.store.database import open_database
from counterfoil.oracle.store.directory_tables import KnownProject
from counterfoil.oracle.store.instruction_state import InstructionState
from counterfoil.oracle.store.instruction_table import Instruction


class NoChain:
    """Answers what an instruction asks a chain for before it refuses."""

    addresses = ("Receivables",)

    def call(self, _: str, function: str, *_rest: object) -> str:
        return "USD" if function == "currency" else "0x" + "11" * 20

    def address_of(self, _: str) -> str:
        return "0x" + "22" * 20

    def final_number(self) -> int:
        return 0

    def encode(self, *_: object) -> bytes:
        return b"mint"


CLIENT = cast("ChainClient", NoChain())
COMES_TO = {
    Kind.RESOLVE_EXCEPTION: "name.unknown",
    Kind.IMPORT_SETTLEMENT: "input.malformed",
    Kind.IMPORT_STATEMENT: None,
    Kind.CLOSE_MATCHING: None,
    Kind.ACCEPT_PLACE: "name.unknown",
    Kind.CLOSE_DAY: None,
    Kind.IMPORT_CAMT053: "bank.statement_refused",
    Kind.REGISTER_BANK_ACCOUNT: None,
    Kind.REGISTER_PAYEE_ACCOUNT: None,
    Kind.MAKE_PAYOUT_FILE: "name.unknown",
    Kind.RESOLVE_BANK_LINE: "name.unknown",
    Kind.CONFIRM_MINT: "name.unknown",
    Kind.TRANSACT: "input.malformed",
    Kind.SIGN_DIGEST: "keys.not_held",
}
"""What becomes of each kind in an oracle that knows one project; None: it is done."""


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = open_database("sqlite://")
    with Session(engine) as session:
        session.add(
            KnownProject(
                project="lakeside",
                project_hash="0x00",
                name="Lakeside",
                operator="0x",
                currency="USD",
            )
        )
        session.commit()
    yield engine
    engine.dispose()


def carried_out(engine: Engine, *rows: Instruction) -> list[Instruction]:
    """The rows after one step, and one more that was asked for after them."""
    with Session(engine) as session:
        session.add_all(rows)
        session.flush()
        ask(session, key="last", party="operator", request=CloseMatching("lakeside", 1))
        session.commit()
    InstructionExecutor(engine, CLIENT, "0x" + "33" * 20).step()
    with Session(engine, expire_on_commit=False) as session:
        return list(session.exec(select(Instruction).order_by(Instruction.id)))


@pytest.mark.parametrize(("kind", "payload"), WRITTEN)
def test_every_kind_is_carried_out_by_somebody(
    engine: Engine, kind: str, payload: dict[str, Any]
) -> None:
    row, _ = carried_out(engine, stored("k", kind, payload))
    code = COMES_TO[decode(kind, payload).kind]
    state = InstructionState.DONE if code is None else InstructionState.FAILED
    assert (row.status, row.error_code) == (state, code), row.error_detail


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("buy_cake", {}),
        ("", {}),
        ("close_day", None),
        ("close_day", []),
        ("close_day", {"date": 10**30}),
        ("resolve_exception", {"exception": 2**64, "resolution": "accepted"}),
        ("resolve_bank_line", {"line": 2**64, "note": "x"}),
        ("resolve_bank_line", {"line": {"$gt": 0}, "note": "x"}),
        ("register_bank_account", {"account": "A", "name": "N", "currency": "USD", "bic": None}),
        ("import_statement", {"entries": [ENTRY | {"business_date": 2**64}]}),
        ("import_statement", {"entries": [ENTRY | {"reference": "\ud800"}]}),
        (
            "transact",
            {"account": "0x", "contract": "Receivables", "function": "no_such", "data": "0x"},
        ),
        ("sign_digest", {"account": "0x", "digest": "0x"}),
    ],
)
def test_a_hostile_row_is_refused_with_its_reason_and_stops_nothing(
    engine: Engine, kind: str, payload: Any
) -> None:
    row, last = carried_out(engine, stored("k", kind, payload))
    assert (row.status, row.error_code) == (InstructionState.FAILED, "input.malformed")
    assert row.error_detail
    assert last.status == InstructionState.DONE
    with Session(engine) as session:
        assert session.exec(select(TransactionRow)).all() == []


@pytest.mark.parametrize("result", [None, {}, {"transaction": 99}, {"transaction": "1"}])
def test_a_sent_row_without_a_transaction_is_refused_and_stops_nothing(
    engine: Engine, result: dict[str, Any] | None
) -> None:
    sent = stored("k", "transact", {})
    sent.status, sent.result = InstructionState.SENT, result
    row, last = carried_out(engine, sent)
    assert (row.status, row.error_code) == (InstructionState.FAILED, "input.malformed")
    assert row.finished_ms is not None
    assert last.status == InstructionState.DONE


class Stumbling(InstructionExecutor):
    """Fails at one instruction, as a fault in the program or a node that is away would."""

    def __init__(self, engine: Engine, failure: Exception) -> None:
        super().__init__(engine, CLIENT, "0x" + "33" * 20)
        self._failure = failure

    def _result(self, session: Session, row: Instruction, *asked: Any, **word: Any) -> Any:
        if row.idempotency_key == "first":
            raise self._failure
        return super()._result(session, row, *asked, **word)


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(AttributeError("a fault in the program"), id="a fault"),
        pytest.param(RuntimeError("a fault in the program"), id="another"),
        pytest.param(NodeUnreachable("no answer"), id="the node is away"),
        pytest.param(RpcRefused("busy"), id="the node refuses"),
    ],
)
def test_an_instruction_that_raises_holds_back_its_own_lane_alone(
    engine: Engine, failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with Session(engine) as session:
        for key, party in (("first", "a"), ("second", "a"), ("third", "b")):
            ask(session, key=key, party=party, request=CloseMatching("lakeside", 1))
        session.commit()
    executor = Stumbling(engine, failure)

    def states() -> dict[str, InstructionState]:
        executor.step()
        with Session(engine) as session:
            rows = session.exec(select(Instruction))
            return {row.idempotency_key: InstructionState(row.status) for row in rows}

    pending, done = InstructionState.PENDING, InstructionState.DONE
    assert states() == {"first": pending, "second": pending, "third": done}
    for _ in range(8):
        now[0] += 61
        found = states()
    if isinstance(failure, ChainError):
        assert found == {"first": pending, "second": pending, "third": done}, "it is tried for ever"
    else:
        assert found == {"first": InstructionState.FAILED, "second": done, "third": done}
        with Session(engine) as session:
            assert session.exec(select(Instruction)).first().error_code == "instruction.stumbled"  # type: ignore[union-attr]


def test_a_node_that_is_away_is_not_waited_for_once_a_lane(engine: Engine) -> None:
    with Session(engine) as session:
        for number in range(20):
            key = f"first{number}"
            ask(session, key=key, party=f"p{number}", request=CloseMatching("lakeside", 1))
        session.commit()
    tried = []

    class Away(InstructionExecutor):
        def _result(self, session: Session, row: Instruction, *asked: Any, **word: Any) -> Any:
            tried.append(row.id)
            raise NodeUnreachable("no answer")

    executor = Away(engine, CLIENT, "0x" + "33" * 20)
    executor.step()
    assert len(tried) == 3
    executor.step()
    assert len(set(tried)) == 6, "the others have their turn"


def test_the_oracle_pays_for_certified_participants_and_not_without_end(engine: Engine) -> None:
    """A stranger's token had thirty pokes sent and paid for."""
    known, frozen, ended, stranger = ("0x" + f"{n}{n}" * 20 for n in "4567")
    data = selector_of("Receivables", "poke") + bytes(32)
    writes = PartyWrites(CLIENT, keys={}, oracle="0x" + "33" * 20, paid_a_day=3)
    with Session(engine) as session:
        for account, is_frozen, until in ((known, False, 2**40), (frozen, True, 2**40)):
            session.add(
                ParticipantRow(
                    account=Address(account), parts="1", frozen=is_frozen, certified_until=until
                )
            )
        session.add(ParticipantRow(account=Address(ended), parts="1", certified_until=1))
        for number, account in enumerate((stranger, frozen, ended, *[known] * 30)):
            request = Transact(account, "Receivables", "poke", data=data)
            ask(session, key=str(number), party=account, request=request)
        session.commit()
    InstructionExecutor(engine, CLIENT, "0x" + "33" * 20, writes=writes).step()
    with Session(engine) as session:
        rows = session.exec(select(Instruction).where(Instruction.kind == Kind.TRANSACT)).all()
        assert len(session.exec(select(TransactionRow)).all()) == 3
        assert [row.party for row in rows if row.status == InstructionState.SENT] == [known] * 3
        refused = {row.error_code for row in rows if row.status == InstructionState.FAILED}
    assert refused == {"keys.not_paid_for"}
