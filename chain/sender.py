"""Sends transactions that take effect exactly once, even if the process is killed at any point.

Rules that this module keeps:

- The nonce and the signed bytes are committed before the bytes are sent; a restart sends the same bytes again.
- A row that would revert gets no nonce. It ends as ``failed`` with the contract's code, once this signer has no
  transaction in flight that could change the outcome.
- A transaction that is not mined within the stall time is sent again. If blocks have come without it, a version with
  the same nonce and a higher fee replaces it. Either version may be mined. While no block comes, no fee is raised.
- A transaction that was mined and is lost is sent again: after a reorganisation, or after an embedded chain has lost
  its last blocks.
- A nonce that was used outside this lane fails its row (``chain.nonce_taken``); a person decides whether to ask again.
- One Sender runs for a signer at a time. No database transaction is open during a call to the node.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from eth_utils.crypto import keccak
from sqlalchemy import Engine

from counterfoil.chain.client import ChainClient
from counterfoil.chain.errors import (
    NONCE_TAKEN,
    OUT_OF_GAS,
    REVERTED,
    ChainError,
    ContractReverted,
    NodeUnreachable,
)
from counterfoil.chain.hexadecimal import NO_BYTES, from_hex, to_hex
from counterfoil.chain.keys.signer import Signer
from counterfoil.chain.tables import TransactionRow
from counterfoil.chain.transaction import fees
from counterfoil.chain.transaction_queue import (
    FAILED,
    FINAL,
    MINED,
    PENDING,
    SUBMITTED,
    RowUpdate,
    TransactionQueue,
    back_to_submitted,
    failed,
    now_ms,
)
from counterfoil.fault import Code
from counterfoil.logs import get_logger

log = get_logger("chain.sender")

_GAS_TIMES, _GAS_MORE = 2, 100_000
"""The gas limit above the estimate: earlier transactions of the lane may clear storage that this one fills again."""
_BATCH = 100
_MOST_IN_FLIGHT = 1_000
_MOST_FEE_TIMES = 1_000
"""A replacement offers at most this multiple of the chain's present fee."""


class Sender:
    """The nonce lane of one signer."""

    def __init__(
        self,
        engine: Engine,
        client: ChainClient,
        signer: Signer,
        *,
        stall_s: float = 30.0,
        on_step: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._queue = TransactionQueue(engine, signer.address)
        self._client = client
        self._signer = signer
        self._stall_ms = int(stall_s * 1000)
        self._on_step = on_step
        self._resend_all = True
        self._seen_nonce: int | None = None

    def step(self) -> bool:
        """Take every row as far as it goes now. Returns True while any row is not final or failed.

        Raises:
            NodeUnreachable: the node did not answer; nothing is lost, call again.
            RpcRefused: the node could not run a transaction; call again.
        """
        chain_nonce = self._client.nonce(self._signer.address)
        self._take_back_lost(chain_nonce)
        self._take_receipts(chain_nonce)
        self._confirm_final()
        self._resend_waiting()
        self._submit_pending()
        return self._queue.count(PENDING, SUBMITTED, MINED) > 0

    # ---- the steps

    def _take_back_lost(self, chain_nonce: int) -> None:
        """A row whose nonce the chain has not used, or no longer has → submitted, and sent again."""
        if self._seen_nonce is None or chain_nonce < self._seen_nonce:
            lost = self._queue.rows(MINED, FINAL, FAILED, least_nonce=chain_nonce)
            for row in lost:
                log.warning("transaction_lost", key=row.idempotency_key, nonce=row.nonce)
            self._write([back_to_submitted(row) for row in lost])
            self._resend_all = True
        self._seen_nonce = chain_nonce

    def _take_receipts(self, chain_nonce: int) -> None:
        """submitted → mined, by the hash of any version. *chain_nonce* was read before the receipts."""
        rows = self._queue.rows(SUBMITTED)
        receipts = iter(self._client.receipts([from_hex(h) for row in rows for h in row.hashes]))
        updates: list[RowUpdate] = []
        for row in rows:
            found = [(h, next(receipts)) for h in row.hashes]
            mined = next(((h, receipt) for h, receipt in found if receipt is not None), None)
            if mined is not None:
                updates.append(self._mined(row, *mined))
                self._seen_nonce = max(self._seen_nonce or 0, (row.nonce or 0) + 1)
            elif row.nonce is not None and row.nonce < chain_nonce and self._is_nonce_taken(row):
                log.error("nonce_taken", key=row.idempotency_key, nonce=row.nonce)
                why = f"nonce {row.nonce} was used by another transaction of this account"
                updates.append(failed(row, NONCE_TAKEN, why))
        self._write(updates, "before_mined_commit")

    def _mined(self, row: TransactionRow, tx_hash: str, receipt: Mapping[str, Any]) -> RowUpdate:
        row_update: RowUpdate = {
            "id": row.id,
            "status": MINED,
            "tx_hash": tx_hash,
            "block_number": int(receipt["blockNumber"], 16),
            "block_hash": receipt["blockHash"],
            "gas_used": int(receipt["gasUsed"], 16),
        }
        if int(receipt["status"], 16) != 1:
            why = self._why_reverted(row, row_update["gas_used"])
            row_update["error_code"], row_update["error_detail"] = why
        log.info("transaction_mined", key=row.idempotency_key, block=row_update["block_number"])
        return row_update

    def _confirm_final(self) -> None:
        """mined → final, or failed where it reverted; back to submitted when its block is lost."""
        rows = self._queue.rows(MINED)
        if not rows:
            return
        final_number = self._client.final_number()
        updates: list[RowUpdate] = []
        receipts = self._client.receipts([from_hex(row.tx_hash or NO_BYTES) for row in rows])
        for row, receipt in zip(rows, receipts, strict=True):
            if receipt is None or (int(receipt["status"], 16) == 1) == (row.error_code is not None):
                log.warning("transaction_unmined", key=row.idempotency_key, block=row.block_number)
                updates.append(back_to_submitted(row))
                self._resend_all = True
                continue
            number = int(receipt["blockNumber"], 16)
            status = MINED
            if number <= final_number:
                status = FINAL if row.error_code is None else FAILED
            if (status, number, receipt["blockHash"]) != (MINED, row.block_number, row.block_hash):
                updates.append(
                    {
                        "id": row.id,
                        "status": status,
                        "block_number": number,
                        "block_hash": receipt["blockHash"],
                    }
                )
        self._write(updates, "before_final_commit")

    def _resend_waiting(self) -> None:
        """Send the same bytes again after a start or a loss. Raise the fee of a transaction that blocks left out."""
        rows = self._queue.rows(SUBMITTED)
        stalled = [r for r in rows if now_ms() - (r.submitted_ms or 0) >= self._stall_ms]
        again = {row.id: row.raw or b"" for row in (rows if self._resend_all else stalled)}
        if stalled:
            asked = fees(self._client)["maxFeePerGas"]
            newest_ms = self._client.latest().timestamp * 1000
            updates: list[RowUpdate] = []
            for row in stalled:
                old = row.max_fee_wei or 1
                is_passed_by = newest_ms > (row.submitted_ms or 0) or asked > old
                fee = min(max(old * 5 // 4 + 1, asked), asked * _MOST_FEE_TIMES)
                if is_passed_by and fee > old:
                    row_update = self._signed(
                        row, nonce=row.nonce or 0, gas=row.gas or 0, max_fee_wei=fee
                    )
                    log.warning("transaction_replaced", key=row.idempotency_key, nonce=row.nonce)
                else:
                    row_update = {"id": row.id, "submitted_ms": now_ms()}
                updates.append(row_update)
                again[row.id] = row_update.get("raw", row.raw or b"")
            self._write(updates, "before_replace_commit")
        if again:
            self._on_step("before_resend")
            # ganache would run a waiting transaction once for each time that it is sent.
            self._send(self._client.forgotten(list(again.values())))
        self._resend_all = False

    def _submit_pending(self) -> None:
        """pending → submitted: nonce and bytes are committed first, then sent."""
        in_flight = self._queue.count(SUBMITTED)
        rows = self._queue.rows(PENDING, limit=max(0, min(_BATCH, _MOST_IN_FLIGHT - in_flight)))
        if not rows:
            return
        estimates = self._estimates(rows)
        block_limit = self._client.latest().gas_limit
        nonce = self._next_nonce()
        max_fee_wei = fees(self._client)["maxFeePerGas"]
        updates: list[RowUpdate] = []
        for row, gas in zip(rows, estimates, strict=True):
            may_change = in_flight or any(u["status"] == SUBMITTED for u in updates)
            if isinstance(gas, ChainError):
                if may_change:
                    break
                if not isinstance(gas, ContractReverted):
                    self._write(updates)
                    raise gas
                log.warning("transaction_refused", key=row.idempotency_key, code=gas.code)
                updates.append(failed(row, gas.code, str(gas)))
                continue
            limit = row.gas or max(gas, min(gas * _GAS_TIMES + _GAS_MORE, block_limit))
            updates.append(
                {
                    **self._signed(row, nonce, gas=limit, max_fee_wei=max_fee_wei),
                    "status": SUBMITTED,
                }
            )
            nonce += 1
        self._write(updates, "before_submit_commit")
        self._on_step("before_send")
        self._send([u["raw"] for u in updates if "raw" in u])
        self._on_step("after_send")

    # ---- nonces, versions, gas

    def _estimates(self, rows: Sequence[TransactionRow]) -> list[int | ChainError]:
        """For each row, its own gas limit or else the estimate; or why the node refuses it."""
        checked = self._client.try_all(
            self._signer.address, [(r.to_address, r.data, r.gas) for r in rows if r.gas]
        )
        estimated = self._client.estimate_gas_all(
            self._signer.address, [(r.to_address, r.data) for r in rows if not r.gas]
        )
        by_limit = {True: iter(checked), False: iter(estimated)}
        return [next(by_limit[bool(row.gas)]) for row in rows]

    def _write(self, updates: Sequence[RowUpdate], point: str = "before_commit") -> None:
        """Commit *updates* together, after the step called *point*."""
        if updates:
            self._on_step(point)
            self._queue.write(updates)

    def _next_nonce(self) -> int:
        highest = self._queue.highest_nonce()
        mined = self._client.nonce(self._signer.address)
        return max(mined, -1 if highest is None else highest + 1)

    def _is_nonce_taken(self, row: TransactionRow) -> bool:
        """Whether the row's nonce is used for good, and not by one of the row's own versions.

        A node may show the nonces of a block before its receipts. So the nonce is read one block before the newest
        final one, and the receipts are read after it.
        """
        try:
            at = hex(max(0, self._client.final_number() - 1))
            if self._client.nonce(self._signer.address, at) <= (row.nonce or 0):
                return False
        except NodeUnreachable:
            raise
        except ChainError:
            return False
        return not any(self._client.receipts([from_hex(h) for h in row.hashes]))

    @cached_property
    def _chain_id(self) -> int:
        return self._client.chain_id()

    def _signed(self, row: TransactionRow, nonce: int, gas: int, max_fee_wei: int) -> RowUpdate:
        """The row's next version. Half of the fee is the tip, so that a replacement raises both."""
        raw = self._signer.sign_transaction(
            {
                "chainId": self._chain_id,
                "nonce": nonce,
                "gas": gas,
                "to": row.to_address,
                "value": 0,
                "data": to_hex(row.data),
                "type": 2,
                "maxFeePerGas": max_fee_wei,
                "maxPriorityFeePerGas": max(1, max_fee_wei // 2),
            }
        )
        return {
            "id": row.id,
            "nonce": nonce,
            "gas": gas,
            "max_fee_wei": max_fee_wei,
            "raw": raw,
            "hashes": [*row.hashes, to_hex(keccak(raw))],
            "submitted_ms": now_ms(),
        }

    def _send(self, raws: Sequence[bytes]) -> None:
        for raw, error in zip(raws, self._client.send_raw(raws), strict=True):
            if error is not None:
                # Mined meanwhile ("nonce too low"), replaced, or without funds: the next step reads the receipts,
                # and a transaction without one is sent again after the stall time.
                log.warning("transaction_not_taken", hash=to_hex(keccak(raw)), why=str(error))

    def _why_reverted(self, row: TransactionRow, gas_used: int) -> tuple[Code, str]:
        if gas_used >= (row.gas or 0) * 63 // 64:
            return OUT_OF_GAS, f"used all of its {row.gas} gas"
        try:
            self._client.estimate_gas(self._signer.address, row.to_address, row.data)
        except NodeUnreachable:
            raise
        except ChainError as refused:
            return refused.code, str(refused)
        return REVERTED, "reverted for a reason that has passed"
