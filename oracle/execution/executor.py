"""Carries out each instruction once, and stores its result in the same database transaction.

The instruction is read, then the chain is asked, then it is carried out if it is still pending: no database transaction
is open while the node is asked.

An instruction for a transaction is ``sent`` first. It gets its result once the transaction is final and its events
are read.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, assert_never
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from counterfoil.chain.client import ChainClient
from counterfoil.chain.errors import ChainError
from counterfoil.chain.tables import CursorRow, EventRow, TransactionRow
from counterfoil.chain.transaction_queue import FAILED, FINAL
from counterfoil.gateway.record.identity import DeviceId
from counterfoil.logs import get_logger
from counterfoil.oracle.bank.accounts import register_bank_account, register_payee
from counterfoil.oracle.bank.entries import import_entries
from counterfoil.oracle.bank.payouts import make_file
from counterfoil.oracle.bank.statements import StatementReader, resolve_line
from counterfoil.oracle.day.clock import today_in
from counterfoil.oracle.day.closer import ask_day
from counterfoil.oracle.errors import INSTRUCTION_STUMBLED, InputMalformed, OracleError
from counterfoil.oracle.execution.bank_rights import MintRule, asker_of, check_rights
from counterfoil.oracle.execution.lanes import Lanes
from counterfoil.oracle.execution.party_keys import PartyWrites
from counterfoil.oracle.execution.token_word import TokenWord, ask_token
from counterfoil.oracle.instructions.request import (
    AcceptPlace,
    CloseDay,
    CloseMatching,
    ConfirmMint,
    ImportCamt053,
    ImportSettlement,
    ImportStatement,
    MakePayoutFile,
    RegisterBankAccount,
    RegisterPayeeAccount,
    Request,
    ResolveBankLine,
    ResolveException,
    SignDigest,
    Transact,
)
from counterfoil.oracle.instructions.stored_form import decode
from counterfoil.oracle.revenue.credit_check import check_credits
from counterfoil.oracle.revenue.matcher import close_matching
from counterfoil.oracle.revenue.sale_reader import resolve
from counterfoil.oracle.revenue.settlement_file import import_settlement
from counterfoil.oracle.revenue.standings import Standings
from counterfoil.oracle.rules.bank_entry import BankEntry
from counterfoil.oracle.store.bank_tables import BankAccount
from counterfoil.oracle.store.clock import now_ms
from counterfoil.oracle.store.instruction_state import InstructionState
from counterfoil.oracle.store.instruction_table import Instruction

log = get_logger("oracle.instructions")
_UTC = ZoneInfo("UTC")
_UNREACHED_A_PASS = 3
_MOST_STUMBLES = 4


class InstructionExecutor:
    """Carries out pending instructions, the oldest first; what can't be done now holds back its own lane alone."""

    def __init__(
        self,
        engine: Engine,
        client: ChainClient,
        bank: str,
        zone: ZoneInfo = _UTC,
        on_step: Callable[[str], None] = lambda _: None,
        writes: PartyWrites | None = None,
        mint_rule: MintRule | None = None,
    ) -> None:
        self._engine = engine
        self._client = client
        self._bank = bank
        self._zone = zone
        self._on_step = on_step
        self._writes = writes or PartyWrites(client, {})
        self._mint_rule = mint_rule or MintRule()
        self._lanes = Lanes()

    def step(self) -> int:
        """Carry out pending instructions and finish sent ones; return how many changed."""
        done = self._finish_sent()
        unreached = 0
        for number, lane in self._pending():
            if self._lanes.rests(lane, time.monotonic()):
                continue
            try:
                done += self._carried_out(number)
            except OperationalError:
                raise  # the store is away: no instruction can help it
            except ChainError as failure:
                self._lanes.failed(lane, number, time.monotonic())
                log.warning("instruction_waits", id=number, code=failure.code, why=str(failure))
                unreached += 1
                if unreached >= _UNREACHED_A_PASS:
                    break  # each may have waited for its answer
            except Exception as failure:
                self._stumbled(number, lane, failure)
            else:
                self._lanes.went_on(lane)
        return done

    def _pending(self) -> list[tuple[int, tuple[str, str]]]:
        """The numbers of what is to be carried out, with the lane of each: the oldest first."""
        with Session(self._engine.execution_options(reads_only=True)) as session:
            rows = session.exec(
                select(Instruction.id, Instruction.party, Instruction.door)
                .where(Instruction.status == InstructionState.PENDING)
                .order_by(col(Instruction.id))
            ).all()
        return [(number, (party, door)) for number, party, door in rows if number is not None]

    def _carried_out(self, number: int) -> int:
        """Carry out one instruction in a transaction of its own; return how many changed."""
        with Session(self._engine.execution_options(reads_only=True)) as session:
            row = session.get_one(Instruction, number)
            kind, payload = row.kind, row.payload
        request = _understood(kind, payload)
        token = ask_token(self._client, request)
        self._on_step("instruction_asked")
        with Session(self._engine) as session:
            row = session.get_one(Instruction, number)
            if row.status != InstructionState.PENDING:
                return 0
            self._carry_out(session, row, request, token)
            session.commit()
        self._on_step("after_instruction_commit")
        return 1

    def _stumbled(self, number: int, lane: tuple[str, str], failure: Exception) -> None:
        """Try again what failed for no known reason, a few times; then it is refused, and its lane goes on."""
        tries = self._lanes.failed(lane, number, time.monotonic())
        log.error("instruction_stumbled", id=number, tries=tries, exc_info=failure)
        if tries < _MOST_STUMBLES:
            return
        with Session(self._engine) as session:
            row = session.get_one(Instruction, number)
            row.finished_ms = now_ms()
            _refuse(row, INSTRUCTION_STUMBLED, type(failure).__name__)
            session.commit()
        self._lanes.went_on(lane)

    def _carry_out(
        self,
        session: Session,
        row: Instruction,
        request: Request | InputMalformed,
        token: TokenWord,
    ) -> None:
        row.finished_ms = now_ms()
        try:
            if isinstance(request, InputMalformed):
                raise request
            check_rights(session, token, self._mint_rule, row=row, request=request)
            with session.begin_nested():
                row_result = self._result(session, row, request, token=token)
            row.result, row.status = row_result, InstructionState.DONE
            if isinstance(request, Transact):
                row.status, row.finished_ms = InstructionState.SENT, None
        except OracleError as failure:
            _refuse(row, failure.code, str(failure))
        except (KeyError, TypeError, ValueError) as failure:
            _refuse(row, InputMalformed.code, repr(failure))
        log.info("instruction_finished", kind=row.kind, status=row.status, id=row.id)

    def _result(  # noqa: PLR0912 - a branch for each kind
        self, session: Session, row: Instruction, request: Request, token: TokenWord
    ) -> dict[str, Any]:
        """Carry *request* out and return its instruction's result; the bank's requests have the *token*'s word."""
        match request:
            case ResolveException():
                return _resolve_exception(session, row.party, request)
            case ImportSettlement():
                return _import_settlement(session, request)
            case ImportStatement():
                return self._import_statement(session, request)
            case CloseMatching():
                return _close_matching(session, request)
            case AcceptPlace():
                return _accept_place(session, request)
            case CloseDay():
                return self._close_day(session, row.party, request)
            case ImportCamt053():
                taken = self._statements(session, row, token).take(request.text)
                return {"statements": [one.to_json() for one in taken]}
            case RegisterBankAccount():
                return _register_bank_account(session, request, token.currency)
            case RegisterPayeeAccount():
                return _register_payee(session, request)
            case MakePayoutFile():
                return self._make_payout_file(session, request, token)
            case ResolveBankLine():
                line = resolve_line(
                    session, number=request.line, party=row.party, note=request.note
                )
                return {"line": line.id, "outcome": line.outcome}
            case ConfirmMint():
                line = self._statements(session, row, token).confirm(
                    request.line, by=asker_of(session, row)
                )
                return {"line": line.id, "outcome": line.outcome}
            case Transact():
                number = self._writes.transact(
                    session, row.idempotency_key, request, party=row.party
                )
                return {"transaction": number}
            case SignDigest():
                return {"signature": self._writes.sign(request)}
            case _:
                assert_never(request)

    def _finish_sent(self) -> int:
        """Finish the instructions whose transactions are final or failed; return how many."""
        finished = 0
        with Session(self._engine.execution_options(reads_only=True)) as session:
            waiting = session.exec(
                select(Instruction.id)
                .where(Instruction.status == InstructionState.SENT)
                .order_by(col(Instruction.id))
            ).all()
        for number in waiting:
            try:
                with Session(self._engine) as session:
                    finished += _finish(session, session.get_one(Instruction, number))
                    session.commit()
            except OperationalError:
                raise
            except Exception as failure:  # it is said, and the others are finished
                log.error("instruction_unfinished", id=number, exc_info=failure)
        return finished

    def _statements(self, session: Session, row: Instruction, token: TokenWord) -> StatementReader:
        return StatementReader(
            session,
            self._client,
            bank=self._bank,
            currency=token.currency,
            brought_by=asker_of(session, row),
            limit_minor=self._mint_rule.limit_minor,
        )

    def _import_statement(self, session: Session, request: ImportStatement) -> dict[str, Any]:
        entries = [BankEntry(**vars(entry)) for entry in request.entries]
        taken = import_entries(
            session,
            self._client,
            bank=self._bank,
            entries=entries,
            limit_minor=self._mint_rule.limit_minor,
        )
        return {"taken": taken.taken, "known": taken.known}

    def _close_day(self, session: Session, party: str, request: CloseDay) -> dict[str, Any]:
        date = today_in(self._zone) if request.date is None else request.date
        day = ask_day(session, date, party, is_far_meant=request.far is True)
        return {"date": day.date, "attempt": day.attempt, "status": day.status}

    def _make_payout_file(
        self, session: Session, request: MakePayoutFile, token: TokenWord
    ) -> dict[str, Any]:
        date = request.execution_date or today_in(self._zone)
        made = make_file(
            session,
            token.token,
            account=request.account,
            execution_date=date,
            final_block=token.final_block,
        )
        if made is None:
            return {"file": None, "payouts": 0, "total_minor": 0}
        return {
            "file": made.id,
            "message": made.message,
            "payouts": made.payouts,
            "total_minor": made.total_minor,
        }


def _understood(kind: str, payload: object) -> Request | InputMalformed:
    """The request, or why there is none."""
    try:
        return decode(kind, payload)
    except InputMalformed as failure:
        return failure


def _resolve_exception(session: Session, party: str, request: ResolveException) -> dict[str, Any]:
    resolve(
        session,
        exception_id=request.exception,
        resolution=request.resolution,
        by=party,
        note=request.note,
    )
    return {"exception": request.exception, "resolution": request.resolution}


def _import_settlement(session: Session, request: ImportSettlement) -> dict[str, Any]:
    taken = import_settlement(session, request.project, request.text, request.source)
    return {"taken": taken.taken, "known": taken.known}


def _close_matching(session: Session, request: CloseMatching) -> dict[str, Any]:
    matched, exceptions = close_matching(session, request.project, request.through)
    exceptions += check_credits(session, request.project, request.through)
    return {"matched": matched, "exceptions": exceptions}


def _accept_place(session: Session, request: AcceptPlace) -> dict[str, Any]:
    device = DeviceId(request.device)
    standing = Standings(session).settle(device)
    return {"device": device, "place": list(standing.place or ())}


def _register_bank_account(
    session: Session, request: RegisterBankAccount, currency: str
) -> dict[str, Any]:
    kept = register_bank_account(session, BankAccount(**vars(request)), currency)
    return {"account": kept.account, "project": kept.project, "holder": kept.holder}


def _register_payee(session: Session, request: RegisterPayeeAccount) -> dict[str, Any]:
    kept = register_payee(session, **vars(request))
    return {"commitment": kept.commitment, "salt": kept.salt}


def _finish(session: Session, row: Instruction) -> bool:
    """Finish *row* if its transaction is final, failed or missing; return whether it was finished."""
    number = (row.result or {}).get("transaction")
    sent = session.get(TransactionRow, number) if type(number) is int else None
    read_to = session.exec(select(CursorRow.block_number)).first()
    if sent is None:
        _refuse(row, InputMalformed.code, "it is sent, and has no transaction")
    elif sent.status == FAILED:
        _refuse(row, sent.error_code, sent.error_detail)
    elif sent.status == FINAL and read_to is not None and read_to >= (sent.block_number or 0):
        events = session.exec(
            select(EventRow)
            .where(EventRow.transaction_hash == sent.tx_hash)
            .order_by(col(EventRow.log_index))
        )
        row.status = InstructionState.DONE
        row.result = {
            "transaction_hash": sent.tx_hash,
            "block_number": sent.block_number,
            "events": [{"name": e.name, "arguments": e.arguments} for e in events],
        }
    else:
        return False
    row.finished_ms = now_ms()
    log.info("instruction_finished", kind=row.kind, status=row.status, id=row.id)
    return True


def _refuse(row: Instruction, code: str | None, detail: str | None) -> None:
    row.status, row.error_code, row.error_detail = InstructionState.FAILED, code, detail
