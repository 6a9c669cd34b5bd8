"""Transactions and signatures of participants whose keys this process keeps: the embedded default.

Rules that this module keeps:

- A call is sent with its party's own key. A call that anybody may make is sent with the oracle's key when the party's
  is not kept here.
- The oracle sends for others only the calls in ``ANYONE``: none of them needs a role. It pays for them for
  participants that are certified, and for each up to a number of calls in 24 hours.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from counterfoil.chain.abi.artifacts import selector_of
from counterfoil.chain.client import ChainClient
from counterfoil.chain.errors import ChainError
from counterfoil.chain.hexadecimal import to_hex
from counterfoil.chain.keys.signer import LocalSigner, open_keystore
from counterfoil.chain.sender import Sender
from counterfoil.chain.tables import TransactionRow
from counterfoil.chain.transaction_queue import FAILED, FINAL, enqueue
from counterfoil.fault import Code
from counterfoil.oracle.errors import InputMalformed, OracleError
from counterfoil.oracle.instructions.request import Kind, SignDigest, Transact
from counterfoil.oracle.ledger.participant_registry import ParticipantRow
from counterfoil.oracle.store.clock import now_ms
from counterfoil.oracle.store.instruction_state import InstructionState
from counterfoil.oracle.store.instruction_table import Instruction

_REST_S = 10.0
_DAY_MS = 86_400_000
PAID_A_DAY = 20
"""Calls that the oracle pays for one party within 24 hours."""

ANYONE = frozenset(
    {
        *(
            ("Receivables", name)
            for name in ("confirmBySignature", "poke", "collect", "collectAndWithdraw")
        ),
        *(("CreditLine", name) for name in ("poke", "sweep", "collect")),
        *(("ProjectShare", name) for name in ("receiveIncome", "withdraw")),
        ("WarehouseReceipts", "callTopUp"),
        ("DepositToken", "permit"),
        *(("RevenueSplit", name) for name in ("withdraw", "takePool", "endPool", "addInvestors")),
    }
)
"""Calls that anybody may make: they give nobody what is not theirs."""


class KeyNotHeld(OracleError):
    """The party's key is not kept here: it signs the unsigned transaction where the key is."""

    code = Code("keys.not_held")
    to_do = "Take the unsigned transaction and sign it where the key is."


class NotPaidFor(OracleError):
    """The oracle does not pay for the call: the party takes no part, or has had its calls of the day."""

    code = Code("keys.not_paid_for")
    to_do = "Send the unsigned transaction with the party's own key, or wait a day."


def open_party_keys(folder: Path | None, passphrase: str) -> dict[str, LocalSigner]:
    """The signers of all keystores (``*.json``) in *folder*, by their accounts.

    Raises:
        KeyRefused: one does not open with *passphrase*.
    """
    if folder is None:
        return {}
    signers = [open_keystore(path, passphrase) for path in sorted(folder.glob("*.json"))]
    return {signer.address: signer for signer in signers}


class PartyWrites:
    """Queues parties' transactions and signs for them; the senders of their accounts do the rest."""

    def __init__(
        self,
        client: ChainClient,
        keys: Mapping[str, LocalSigner],
        oracle: str = "",
        paid_a_day: int = PAID_A_DAY,
    ) -> None:
        self._client = client
        self._paid_a_day = paid_a_day
        self._keys = keys
        self._oracle = oracle

    def transact(self, session: Session, key: str, wanted: Transact, party: str) -> int:
        """Queue the transaction that is *wanted*; return its row's id. *party* has asked for it.

        Raises:
            NotPaidFor: it would be sent with the oracle's key, which does not pay for it.
            KeyNotHeld: no key that is kept here may sign it.
            InputMalformed: the data is not a call of that function.
        """
        contract, function, account = wanted.contract, wanted.function, wanted.account
        if contract not in self._client.addresses or not _is_call(contract, function, wanted.data):
            raise InputMalformed(f"no call of {contract}.{function}")
        if account not in self._keys:
            if not self._oracle or (contract, function) not in ANYONE:
                raise KeyNotHeld(f"the key of {account} is not kept here")
            self._check_paid(session, account, party)
            account = self._oracle
        return enqueue(
            session, signer=account, key=key, to=self._client.address_of(contract), data=wanted.data
        )

    def _check_paid(self, session: Session, account: str, party: str) -> None:
        found = session.get(ParticipantRow, account)
        if found is None or found.frozen or found.certified_until * 1000 <= now_ms():
            raise NotPaidFor(f"{account} is no certified participant")
        taken = session.exec(
            select(func.count(col(Instruction.id))).where(
                Instruction.party == party,
                Instruction.kind == Kind.TRANSACT,
                col(Instruction.created_ms) > now_ms() - _DAY_MS,
                col(Instruction.status).in_((InstructionState.SENT, InstructionState.DONE)),
            )
        ).one()
        if taken >= self._paid_a_day:
            raise NotPaidFor(f"{party} has had {self._paid_a_day} calls within a day")

    def sign(self, wanted: SignDigest) -> str:
        """Return the signature (hex) of the account over the digest.

        Raises:
            KeyNotHeld: the account's key is not kept here.
        """
        if wanted.account not in self._keys:
            raise KeyNotHeld(f"the key of {wanted.account} is not kept here")
        return to_hex(self._keys[wanted.account].sign_digest(wanted.digest))


def _is_call(contract: str, function: str, data: bytes) -> bool:
    try:
        return data[:4] == selector_of(contract, function)
    except StopIteration:
        return False


class PartySenders:
    """Sends for the kept keys that have no sender of their own.

    A sender with an open transaction takes a step at each call. The others take one every few seconds, to notice what a
    reorganisation has lost.
    """

    def __init__(
        self,
        engine: Engine,
        client: ChainClient,
        signers: Sequence[LocalSigner],
        on_step: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._engine = engine
        self._senders: dict[str, Sender] = {
            signer.address: Sender(engine, client, signer, on_step=on_step) for signer in signers
        }
        self._all_at = 0.0

    def step(self) -> None:
        """Take one step for every account that is due.

        Raises:
            ChainError: an account could not go on; all were tried.
        """
        failure: ChainError | None = None
        for sender in self._due():
            try:
                sender.step()
            except ChainError as error:
                failure = failure or error
        if failure is not None:
            raise failure

    def _due(self) -> list[Sender]:
        if time.monotonic() >= self._all_at:
            self._all_at = time.monotonic() + _REST_S
            return list(self._senders.values())
        ended = col(TransactionRow.status).in_((FINAL, FAILED))
        with Session(self._engine.execution_options(reads_only=True)) as session:
            waiting = session.exec(select(TransactionRow.signer).where(~ended).distinct()).all()
        return [self._senders[account] for account in waiting if account in self._senders]
