"""What users ask for through the API, carried out once and answered in the same database transaction.

A transaction that is asked for is ``sent`` first, and answered once it is final and its events have been taken in.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from counterfoil.chain.client import ChainClient
from counterfoil.chain.sender import FAILED, FINAL
from counterfoil.chain.tables import ChainCursor, ChainEvent, ChainTransaction
from counterfoil.gateway.record.identity import DeviceId
from counterfoil.oracle.bank.accounts import register_bank_account, register_payee
from counterfoil.oracle.bank.entries import import_entries
from counterfoil.oracle.bank.payouts import make_file
from counterfoil.oracle.bank.statements import Reader, resolve_line
from counterfoil.oracle.day.closer import ask_day
from counterfoil.oracle.errors import InputMalformed, OracleError
from counterfoil.oracle.execution.party_keys import PartyWrites
from counterfoil.oracle.instructions.request import DONE, PENDING, REFUSED, SENT, TRANSACT
from counterfoil.oracle.revenue.matcher import close_matching
from counterfoil.oracle.revenue.sale_reader import resolve
from counterfoil.oracle.revenue.settlement_file import import_settlement
from counterfoil.oracle.revenue.standings import Standings
from counterfoil.oracle.rules.bank_entry import BankEntry
from counterfoil.oracle.rules.business_date import date_in
from counterfoil.oracle.store.bank_tables import BankAccount
from counterfoil.oracle.store.instruction_table import Instruction

log = structlog.get_logger("oracle.instructions")
_UTC = ZoneInfo("UTC")


class Instructions:
    """Carries out pending instructions, the oldest first."""

    def __init__(
        self,
        engine: Engine,
        client: ChainClient,
        bank: str,
        zone: ZoneInfo = _UTC,
        crash: Callable[[str], None] = lambda _: None,
        writes: PartyWrites | None = None,
    ) -> None:
        self._engine = engine
        self._client = client
        self._bank = bank
        self._zone = zone
        self._crash = crash
        self._writes = writes or PartyWrites(client, {})
        self._kinds: Mapping[str, Callable[[Session, Instruction], dict[str, Any]]] = {
            "resolve_exception": self._resolve,
            "import_settlement": self._settlement,
            "import_statement": self._statement,
            "close_matching": self._close,
            "accept_place": self._place,
            "close_day": self._close_day,
            "import_camt053": self._camt053,
            "register_bank_account": self._bank_account,
            "register_payee_account": self._payee_account,
            "make_payout_file": self._payout_file,
            "resolve_bank_line": self._bank_line,
            TRANSACT: self._transact,
            "sign_digest": lambda _, row: {"signature": self._writes.sign(row.payload)},
        }

    def step(self) -> int:
        """Carry out what is pending, answer what was sent; the number of instructions that went on."""
        done = self._answer_sent()
        while True:
            with Session(self._engine) as session:
                row = session.exec(
                    select(Instruction)
                    .where(Instruction.status == PENDING)
                    .order_by(col(Instruction.id))
                ).first()
                if row is None:
                    return done
                self._carry_out(session, row)
                session.commit()
            self._crash("after_instruction_commit")
            done += 1

    def _carry_out(self, session: Session, row: Instruction) -> None:
        row.finished_ms = time.time_ns() // 1_000_000
        try:
            kind = self._kinds.get(row.kind)
            if kind is None:
                raise InputMalformed(f"no instruction is called {row.kind}")
            with session.begin_nested():
                row_result = kind(session, row)
            row.result, row.status = row_result, DONE
            if row.kind == TRANSACT:
                row.status, row.finished_ms = SENT, None
        except OracleError as failure:
            row.status, row.error_code, row.error_detail = REFUSED, failure.code, str(failure)
        except (KeyError, TypeError, ValueError) as failure:
            row.status, row.error_code, row.error_detail = (
                REFUSED,
                InputMalformed.code,
                repr(failure),
            )
        log.info("instruction_finished", kind=row.kind, status=row.status, id=row.id)

    def _transact(self, session: Session, row: Instruction) -> dict[str, Any]:
        return {"transaction": self._writes.transact(session, row.idempotency_key, row.payload)}

    def _answer_sent(self) -> int:
        """Answer the instructions whose transactions are at their end."""
        answered = 0
        with Session(self._engine.execution_options(reads_only=True)) as session:
            waiting = session.exec(
                select(Instruction.id)
                .where(Instruction.status == SENT)
                .order_by(col(Instruction.id))
            ).all()
        for number in waiting:
            with Session(self._engine) as session:
                answered += _answer(session, session.get_one(Instruction, number))
                session.commit()
        return answered

    def _resolve(self, session: Session, row: Instruction) -> dict[str, Any]:
        p = row.payload
        resolve(
            session, int(p["exception"]), str(p["resolution"]), row.party, str(p.get("note", ""))
        )
        return {"exception": p["exception"], "resolution": p["resolution"]}

    def _settlement(self, session: Session, row: Instruction) -> dict[str, Any]:
        p = row.payload
        taken = import_settlement(session, str(p["project"]), str(p["text"]), str(p["source"]))
        return {"taken": taken.taken, "known": taken.known}

    def _close(self, session: Session, row: Instruction) -> dict[str, Any]:
        p = row.payload
        matched, exceptions = close_matching(session, str(p["project"]), int(p["through"]))
        return {"matched": matched, "exceptions": exceptions}

    def _place(self, session: Session, row: Instruction) -> dict[str, Any]:
        device = DeviceId(str(row.payload["device"]))
        standing = Standings(session).settle(device)
        return {"device": device, "place": list(standing.place or ())}

    def _close_day(self, session: Session, row: Instruction) -> dict[str, Any]:
        date = row.payload.get("date")
        if date is not None and type(date) is not int:
            raise InputMalformed(f"{date!r} is no date YYYYMMDD")
        day = ask_day(
            session,
            date_in(self._zone) if date is None else date,
            row.party,
            is_far_meant=row.payload.get("far") is True,
        )
        return {"date": day.date, "attempt": day.attempt, "status": day.status}

    def _camt053(self, session: Session, row: Instruction) -> dict[str, Any]:
        taken = Reader(session, self._client, self._bank).take(str(row.payload["text"]))
        return {"statements": [one.to_json() for one in taken]}

    def _bank_account(self, session: Session, row: Instruction) -> dict[str, Any]:
        kept = register_bank_account(session, BankAccount(**row.payload))
        return {"account": kept.account, "project": kept.project, "holder": kept.holder}

    def _payee_account(self, session: Session, row: Instruction) -> dict[str, Any]:
        kept = register_payee(session, **row.payload)
        return {"commitment": kept.commitment, "salt": kept.salt}

    def _payout_file(self, session: Session, row: Instruction) -> dict[str, Any]:
        p = row.payload
        date = p.get("execution_date") or date_in(self._zone)
        made = make_file(session, self._client, str(p["account"]), int(date))
        if made is None:
            return {"file": None, "payouts": 0, "total_minor": 0}
        return {
            "file": made.id,
            "message": made.message,
            "payouts": made.payouts,
            "total_minor": made.total_minor,
        }

    def _bank_line(self, session: Session, row: Instruction) -> dict[str, Any]:
        p = row.payload
        line = resolve_line(session, int(p["line"]), row.party, str(p.get("note", "")))
        return {"line": line.id, "outcome": line.outcome}

    def _statement(self, session: Session, row: Instruction) -> dict[str, Any]:
        entries = [_entry(entry) for entry in row.payload["entries"]]
        taken = import_entries(session, self._client, self._bank, entries)
        return {"taken": taken.taken, "known": taken.known}


def _answer(session: Session, row: Instruction) -> bool:
    sent = session.get_one(ChainTransaction, (row.result or {})["transaction"])
    read_to = session.exec(select(ChainCursor.block_number)).first()
    if sent.status == FAILED:
        row.status, row.error_code, row.error_detail = REFUSED, sent.error_code, sent.error_detail
    elif sent.status == FINAL and read_to is not None and read_to >= (sent.block_number or 0):
        events = session.exec(
            select(ChainEvent)
            .where(ChainEvent.transaction_hash == sent.tx_hash)
            .order_by(col(ChainEvent.log_index))
        )
        row.status = DONE
        row.result = {
            "transaction_hash": sent.tx_hash,
            "block_number": sent.block_number,
            "events": [{"name": e.name, "arguments": e.arguments} for e in events],
        }
    else:
        return False
    row.finished_ms = time.time_ns() // 1_000_000
    log.info("instruction_finished", kind=row.kind, status=row.status, id=row.id)
    return True


def _entry(fields: Mapping[str, Any]) -> BankEntry:
    entry = BankEntry(**fields)
    texts = (entry.statement, entry.reference, entry.project, entry.currency)
    if not all(isinstance(text, str) and text for text in texts):
        raise InputMalformed(
            f"{entry.reference!r}: statement, reference, project and currency are text"
        )
    if type(entry.business_date) is not int:
        raise InputMalformed(f"{entry.reference}: {entry.business_date!r} is no date YYYYMMDD")
    return entry
