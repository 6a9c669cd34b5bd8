"""Reads contract events by block range into the database, and projects them in the same database transaction.

Rules that this module keeps:

- The cursor, the events and the projection's rows are committed together or not at all.
- An event is unique by (block hash, log index). An event that a projection can't take becomes a dead letter and stops
  nothing.
- After a reorganisation, the events of the lost blocks are dropped and the projection is rebuilt from the other events.
  :meth:`EventFeed.rebuild` reads the whole chain again.
- Events are committed only if the chain was the same before and after they were read.
- A database has one feed: its events, blocks and dead letters fill the whole tables. No database transaction is open
  during a call to the node.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import Engine, delete
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from counterfoil.chain.client import Block, ChainClient, ContractEvent
from counterfoil.chain.errors import RpcRefused
from counterfoil.chain.hexadecimal import to_hex
from counterfoil.chain.tables import BlockRow, CursorRow, DeadLetterRow, EventRow
from counterfoil.logs import get_logger

log = get_logger("chain.events")

_LONGEST_RANGE = 2_000
_KEPT_BLOCKS = 256


class Projection(Protocol):
    """Rows made from events. Both methods run inside the feed's database transaction and never commit."""

    def apply(self, session: Session, event: EventRow) -> None:
        """Take one event."""
        ...

    def reset(self, session: Session) -> None:
        """Delete all rows that were made from events."""
        ...


class EventFeed:
    """The events of some contracts, from one block on, into one projection."""

    def __init__(
        self,
        name: str,
        engine: Engine,
        client: ChainClient,
        contracts: Sequence[str],
        projection: Projection,
        first_block: int = 0,
    ) -> None:
        self._name = name
        self._engine = engine
        self._client = client
        self._contracts = contracts
        self._projection = projection
        self._first_block = first_block
        self._range = _LONGEST_RANGE

    def poll(self) -> int:
        """Read all blocks up to the newest. Returns the number of new events.

        Raises:
            NodeUnreachable: the node did not answer; committed ranges stay.
        """
        taken = 0
        while True:
            self._undo_reorganised()
            with Session(self._engine) as session:
                known = session.get(CursorRow, self._name)
                at = known.block_number if known is not None else self._first_block - 1
            newest = self._client.latest().number
            if at >= newest:
                return taken
            last = min(newest, at + self._range)
            try:
                fetched = self._fetch(at, last)
            except RpcRefused:
                if self._range == 1:
                    raise
                self._range = max(1, self._range // 2)
                continue
            if fetched is None:
                continue
            events, block = fetched
            with Session(self._engine) as session:
                cursor = self._cursor(session)
                cursor.block_number = last
                session.flush()
                for event in events:
                    taken += self._take(session, event)
                session.merge(BlockRow(number=last, hash=to_hex(block.hash)))
                session.exec(delete(BlockRow).where(col(BlockRow.number) <= last - _KEPT_BLOCKS))
                session.commit()
            self._range = min(_LONGEST_RANGE, self._range * 2)

    def rebuild(self) -> int:
        """Forget everything and read the chain again. Returns the number of events."""
        with Session(self._engine) as session:
            for table in (EventRow, BlockRow, DeadLetterRow):
                session.exec(delete(table))
            self._cursor(session).block_number = self._first_block - 1
            self._projection.reset(session)
            session.commit()
        return self.poll()

    # ---- one range

    def _cursor(self, session: Session) -> CursorRow:
        cursor = session.get(CursorRow, self._name)
        if cursor is None:
            cursor = CursorRow(feed=self._name, block_number=self._first_block - 1)
            session.add(cursor)
        return cursor

    def _take(self, session: Session, event: ContractEvent) -> int:
        block_hash = to_hex(event.block_hash)
        known = session.exec(
            select(EventRow.id).where(
                EventRow.block_hash == block_hash, EventRow.log_index == event.log_index
            )
        ).first()
        if known is not None:
            return 0
        row = EventRow(
            block_number=event.block_number,
            block_hash=block_hash,
            log_index=event.log_index,
            transaction_hash=to_hex(event.transaction_hash),
            contract=event.contract,
            name=event.name,
            arguments={key: json_value(value) for key, value in event.values.items()},
        )
        session.add(row)
        session.flush()
        self._apply(session, row)
        return 1

    def _apply(self, session: Session, row: EventRow) -> None:
        try:
            with session.begin_nested():
                self._projection.apply(session, row)
                session.flush()
        except OperationalError:
            raise  # the database failed, not the event: the whole range is read again
        except Exception as failure:
            log.exception("event_not_projected", name=row.name, block=row.block_number)
            session.add(
                DeadLetterRow(
                    block_hash=row.block_hash,
                    log_index=row.log_index,
                    contract=row.contract,
                    name=row.name,
                    error=f"{type(failure).__name__}: {failure}"[:2000],
                    created_ms=time.time_ns() // 1_000_000,
                )
            )

    def _fetch(self, at: int, last: int) -> tuple[list[ContractEvent], Block] | None:
        """The events after block *at* up to *last*, and block *last*. None when the chain changed meanwhile."""
        before = self._client.block(last)
        events = self._client.events(self._contracts, at + 1, last)
        with Session(self._engine) as session:
            stored = session.get(BlockRow, at)
            session.expunge_all()
        if stored is not None and not self._is_on_chain(stored):
            return None
        block = self._client.block(last)
        if block is None or before is None or block.hash != before.hash:
            return None
        return events, block

    def _undo_reorganised(self) -> None:
        """After a reorganisation, go back to the newest stored block that is still on the chain."""
        with Session(self._engine) as session:
            kept = session.exec(select(BlockRow).order_by(col(BlockRow.number).desc())).all()
            session.expunge_all()
        if not kept or self._is_on_chain(kept[0]):
            return
        common = next((row.number for row in kept if self._is_on_chain(row)), self._first_block - 1)
        log.warning("chain_reorganised", back_to=common, from_block=kept[0].number)
        with Session(self._engine) as session:
            session.exec(delete(BlockRow).where(col(BlockRow.number) > common))
            session.exec(delete(EventRow).where(col(EventRow.block_number) > common))
            session.exec(delete(DeadLetterRow))
            self._cursor(session).block_number = common
            self._projection.reset(session)
            for row in session.exec(select(EventRow).order_by(col(EventRow.id))).all():
                self._apply(session, row)
            session.commit()

    def _is_on_chain(self, row: BlockRow) -> bool:
        block = self._client.block(row.number)
        if block is None and self._client.latest().number >= row.number:
            # A block below the newest one is there: the node has only not answered for it.
            raise RpcRefused(f"the node gives no block {row.number}, though its newest is later")
        return block is not None and to_hex(block.hash) == row.hash


def json_value(value: Any) -> Any:
    """*value* for JSON: bytes as 0x hex, integers from 2^53 on as decimal text."""
    if isinstance(value, bytes):
        return to_hex(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
        return str(value)
    if isinstance(value, list | tuple):
        return [json_value(item) for item in value]
    if isinstance(value, dict):
        return {key: json_value(item) for key, item in value.items()}
    return value
