"""Transactions that take effect exactly once, across kill -9 at any point.

Rules that this module keeps:

- :func:`enqueue` writes a row in the caller's own database transaction, under the caller's business key.
- The nonce and the signed bytes are committed before the bytes are sent; a restart sends the same bytes again.
- A row that would revert is not given a nonce; it ends as ``failed`` with the contract's code, once nothing of this
  signer is in flight that could still change the outcome.
- What is not mined within the stall time is replaced under the same nonce with a higher fee; whichever version is
  mined counts.
- What was mined and is gone (a reorganisation, or an embedded chain that lost its last blocks) is sent again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog
from eth_utils.crypto import keccak
from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from counterfoil.chain.client import ChainClient
from counterfoil.chain.errors import ChainError, ContractReverted, NodeUnreachable
from counterfoil.chain.keys import Signer
from counterfoil.chain.tables import ChainTransaction
from counterfoil.chain.transact import fees

log = structlog.get_logger("chain.sender")

PENDING, SUBMITTED, MINED, FINAL, FAILED = "pending", "submitted", "mined", "final", "failed"

_GAS_MARGIN_PERCENT = 30
_BATCH = 100


def enqueue(session: Session, signer: str, key: str, to: str, data: bytes) -> int:
    """Ask for one transaction under the business key *key*; answer its row's id.

    A second call with the same key answers the first one's row and asks for nothing.
    """
    known = session.exec(
        select(ChainTransaction.id).where(ChainTransaction.idempotency_key == key)
    ).first()
    if known is not None:
        return known
    row = ChainTransaction(
        idempotency_key=key,
        signer=signer,
        to_address=to,
        data=data,
        hashes=[],
        created_ms=_now_ms(),
    )
    session.add(row)
    session.flush()
    return row.id or 0


class Sender:
    """The nonce lane of one signer."""

    def __init__(
        self,
        engine: Engine,
        client: ChainClient,
        signer: Signer,
        *,
        stall_s: float = 30.0,
        crash: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._engine = engine
        self._client = client
        self._signer = signer
        self._stall_ms = int(stall_s * 1000)
        self._crash = crash
        self._resend_all = True

    def step(self) -> bool:
        """Bring every row as far as it goes now; True while any is not final or failed.

        Raises:
            NodeUnreachable: the node did not answer; nothing is lost, call again.
        """
        self._take_receipts()
        self._confirm_final()
        self._resend_stalled()
        self._submit_pending()
        with Session(self._engine) as session:
            open_rows = session.exec(
                select(func.count()).where(
                    ChainTransaction.signer == self._signer.address,
                    col(ChainTransaction.status).in_([PENDING, SUBMITTED, MINED]),
                )
            ).one()
        return open_rows > 0

    # ---- the steps

    def _take_receipts(self) -> None:
        """submitted → mined, by any version's hash."""
        with Session(self._engine) as session:
            rows = self._rows(session, SUBMITTED)
            asked = [(row, h) for row in rows for h in row.hashes]
            receipts = self._client.receipts([bytes.fromhex(h[2:]) for _, h in asked])
            for (row, tx_hash), receipt in zip(asked, receipts, strict=True):
                if receipt is not None and row.status == SUBMITTED:
                    self._mark_mined(row, tx_hash, receipt)
            self._crash("before_mined_commit")
            session.commit()

    def _mark_mined(self, row: ChainTransaction, tx_hash: str, receipt: Mapping[str, Any]) -> None:
        row.tx_hash = tx_hash
        row.block_number = int(receipt["blockNumber"], 16)
        row.block_hash = receipt["blockHash"]
        row.gas_used = int(receipt["gasUsed"], 16)
        row.status = MINED
        if int(receipt["status"], 16) != 1:
            row.status = FAILED
            row.error_code, row.error_detail = self._why_reverted(row)
        log.info(
            "transaction_mined", key=row.idempotency_key, block=row.block_number, status=row.status
        )

    def _confirm_final(self) -> None:
        """mined → final, or back to submitted when its block is gone."""
        with Session(self._engine) as session:
            rows = self._rows(session, MINED)
            if not rows:
                return
            final_number = self._client.final_number()
            receipts = self._client.receipts(
                [bytes.fromhex((row.tx_hash or "0x")[2:]) for row in rows]
            )
            for row, receipt in zip(rows, receipts, strict=True):
                if receipt is None:
                    log.warning(
                        "transaction_unmined", key=row.idempotency_key, block=row.block_number
                    )
                    row.status, row.block_number, row.block_hash = SUBMITTED, None, None
                    self._resend_all = True
                    continue
                row.block_number = int(receipt["blockNumber"], 16)
                row.block_hash = receipt["blockHash"]
                if row.block_number <= final_number:
                    row.status = FINAL
            self._crash("before_final_commit")
            session.commit()

    def _resend_stalled(self) -> None:
        """Send the same bytes again after a start; raise the fee of what has waited too long."""
        with Session(self._engine) as session:
            rows = self._rows(session, SUBMITTED)
            now = _now_ms()
            again: list[ChainTransaction] = []
            for row in rows:
                if now - (row.submitted_ms or 0) >= self._stall_ms:
                    self._sign(row, row.nonce or 0, (row.max_fee_wei or 1) * 5 // 4 + 1)
                    log.warning("transaction_replaced", key=row.idempotency_key, nonce=row.nonce)
                    again.append(row)
                elif self._resend_all:
                    again.append(row)
            session.commit()
            raws = [row.raw or b"" for row in again]
        if raws:
            self._send(raws)
        self._resend_all = False

    def _submit_pending(self) -> None:
        """pending → submitted: nonce and bytes committed first, then sent."""
        with Session(self._engine) as session:
            rows = self._rows(session, PENDING)[:_BATCH]
            if not rows:
                return
            in_flight = bool(self._rows(session, SUBMITTED))
            nonce = self._next_nonce(session)
            taken: list[ChainTransaction] = []
            for row in rows:
                try:
                    gas = self._client.estimate_gas(self._signer.address, row.to_address, row.data)
                except ContractReverted as reverted:
                    if in_flight or taken:
                        break
                    row.status, row.error_code, row.error_detail = (
                        FAILED,
                        reverted.code,
                        str(reverted),
                    )
                    log.warning("transaction_refused", key=row.idempotency_key, code=reverted.code)
                    continue
                row.gas = gas + gas * _GAS_MARGIN_PERCENT // 100
                self._sign(row, nonce, fees(self._client)["maxFeePerGas"])
                row.status = SUBMITTED
                nonce += 1
                taken.append(row)
            raws = [row.raw or b"" for row in taken]
            self._crash("before_submit_commit")
            session.commit()
        self._crash("before_send")
        if raws:
            self._send(raws)
        self._crash("after_send")

    # ---- parts

    def _rows(self, session: Session, status: str) -> Sequence[ChainTransaction]:
        return session.exec(
            select(ChainTransaction)
            .where(
                ChainTransaction.signer == self._signer.address, ChainTransaction.status == status
            )
            .order_by(col(ChainTransaction.id))
        ).all()

    def _next_nonce(self, session: Session) -> int:
        highest = session.exec(
            select(func.max(ChainTransaction.nonce)).where(
                ChainTransaction.signer == self._signer.address,
                ChainTransaction.status == SUBMITTED,
            )
        ).one()
        mined = self._client.nonce(self._signer.address, "latest")
        return max(mined, -1 if highest is None else highest + 1)

    def _sign(self, row: ChainTransaction, nonce: int, max_fee_wei: int) -> None:
        raw = self._signer.sign_transaction(
            {
                "chainId": self._client.chain_id(),
                "nonce": nonce,
                "gas": row.gas,
                "to": row.to_address,
                "value": 0,
                "data": "0x" + row.data.hex(),
                "type": 2,
                "maxFeePerGas": max_fee_wei,
                "maxPriorityFeePerGas": min(max_fee_wei, max(1, max_fee_wei // 10)),
            }
        )
        row.nonce, row.raw, row.max_fee_wei, row.submitted_ms = nonce, raw, max_fee_wei, _now_ms()
        row.hashes = [*row.hashes, "0x" + keccak(raw).hex()]

    def _send(self, raws: Sequence[bytes]) -> None:
        for raw, error in zip(raws, self._client.send_raw(raws), strict=True):
            if isinstance(error, NodeUnreachable):
                raise error
            if error is not None:
                # Mined meanwhile ("nonce too low") or replaced: the receipts decide at the next step.
                log.info("transaction_not_taken", hash="0x" + keccak(raw).hex(), why=str(error))

    def _why_reverted(self, row: ChainTransaction) -> tuple[str, str]:
        try:
            self._client.estimate_gas(self._signer.address, row.to_address, row.data)
        except ChainError as refused:
            return refused.code, str(refused)
        return "contract.reverted", "reverted for a reason that has passed"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
