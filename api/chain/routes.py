"""The chain: its health, who takes part, and transactions for keys that are held elsewhere.

Rules kept here:

* A withdrawal needs the holder's own key, so it is offered as an unsigned transaction. Sign it where
  the key is, and send it back. The API holds no key.
* Only transactions to the consortium's own contracts are passed on.
"""

from __future__ import annotations

from typing import Annotated, Literal

import rlp
from eth_account import Account
from eth_utils.crypto import keccak
from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

import counterfoil.chain.recursion_limit  # noqa: F401  # eth_account brings py_ecc
from counterfoil.api.heads.reads import HeadReads
from counterfoil.api.http import problems
from counterfoil.api.http.chain_calls import UnsignedOut, client_of, offer, refusable
from counterfoil.api.http.context import PartsDep, PrincipalDep, SightDep
from counterfoil.api.http.faults import ACCOUNT_MISSING, TARGET_NOT_OURS
from counterfoil.api.http.paging import Cursor, Limit, Page, page_of
from counterfoil.api.http.wide import Plain, Wide, WideIn
from counterfoil.chain.address import Address
from counterfoil.chain.errors import ChainError
from counterfoil.chain.events import json_value
from counterfoil.chain.hexadecimal import HEX_32_BYTES, HEX_BYTES, NO_BYTES, from_hex, to_hex

router = APIRouter(tags=["chain"], responses=problems.RESPONSES)


class HealthOut(BaseModel):
    """The state of the nodes; `final` is the newest block that can't be undone."""

    good: bool
    height: int
    age_s: int
    final: int
    nodes: int
    agreeing: int
    anchored_records: int


class ParticipantOut(BaseModel):
    """A participant, with its entry on chain."""

    party: str = Field(examples=["lakeside"])
    account: str
    name: str
    parts: str
    certified_until: Wide
    frozen: bool


class WithdrawalIn(BaseModel):
    """`from_split`: what the split owes, to the holder's token balance. `to_bank`: tokens are burnt
    and the bank pays `amount_minor` to the account committed to by `payout_account`.

    An investor's share of a pool comes by `/v1/cash/pool-payouts`.
    """

    step: Literal["from_split", "to_bank"]
    amount_minor: WideIn | None = Field(default=None, gt=0, lt=2**128, examples=[84210])
    payout_account: str | None = Field(default=None, pattern=HEX_32_BYTES)


class SignedIn(BaseModel):
    """The bytes of a signed transaction."""

    raw: str = Field(pattern=HEX_BYTES, max_length=262_144, examples=["0x02f8c0"])


class EventOut(BaseModel):
    """An event of a contract in a transaction; `arguments` by the contract's names."""

    name: str = Field(examples=["ClaimRegistered"])
    arguments: Plain = Field(examples=[{"root": 17, "part": 21}])


class TransactionOut(BaseModel):
    """A transaction: `waiting`, then `succeeded` or `failed`; its events once it has succeeded."""

    transaction_hash: str
    status: str = Field(examples=["succeeded"])
    block_number: int | None
    final: bool
    events: list[EventOut]


class SentOut(BaseModel):
    """The node accepted it, or had it already."""

    transaction_hash: str


@router.get("/v1/chain", summary="The chain's health")
def get_chain(parts: PartsDep, _: PrincipalDep) -> HealthOut:
    """As the nodes say, at most a second ago."""
    health, head = parts.health(), HeadReads(parts.reads).newest()
    return HealthOut(
        good=health.good,
        height=health.height,
        age_s=health.age_s,
        final=health.final,
        nodes=health.nodes,
        agreeing=health.agreeing,
        anchored_records=0 if head is None else head.size,
    )


@router.get("/v1/participants", summary="Who takes part", tags=["participants"])
def list_participants(
    parts: PartsDep, sight: SightDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[ParticipantOut]:
    """The asker itself; all participants for those who may see everything."""
    rows = [
        ParticipantOut(
            party=known.party,
            account=known.account,
            name=known.name,
            parts=entry.parts if entry else "0",
            certified_until=entry.certified_until if entry else 0,
            frozen=entry.frozen if entry else False,
        )
        for known, entry in parts.directory.participants()
        if sight.everything or known.account == sight.account
    ]
    return page_of(
        rows,
        name="participants",
        place=lambda row: row.party,
        cursor=cursor,
        limit=limit,
        show=lambda row: row,
    )


@router.post("/v1/withdrawals/unsigned", summary="A withdrawal to sign", tags=["withdrawals"])
def unsigned_withdrawal(
    parts: PartsDep, principal: PrincipalDep, sight: SightDep, withdrawal: WithdrawalIn
) -> UnsignedOut:
    """The asker's withdrawal as an unsigned transaction. 409 with the contract's code if refused."""
    if not sight.account:
        raise problems.conflict(ACCOUNT_MISSING, "this party has no account on the ledger")
    to_bank = withdrawal.step == "to_bank"
    if to_bank and (withdrawal.amount_minor is None or withdrawal.payout_account is None):
        raise problems.malformed("to_bank needs amount_minor and payout_account")
    client = client_of(parts)
    token = client.address_of("DepositToken")
    if to_bank:
        account = from_hex(withdrawal.payout_account or NO_BYTES)
        data = client.encode("DepositToken", "withdraw", withdrawal.amount_minor, account)
        target = token
    else:
        data, target = (
            client.encode("RevenueSplit", "withdraw", token, sight.account),
            client.address_of("RevenueSplit"),
        )
    return UnsignedOut(transaction=offer(client, sender=sight.account, target=target, data=data))


@router.post("/v1/transactions", status_code=202, summary="Send a signed transaction")
def send_transaction(parts: PartsDep, principal: PrincipalDep, signed: SignedIn) -> SentOut:
    """Passes a signed transaction to the node. Sending it again changes nothing: its hash names it."""
    raw = from_hex(signed.raw)
    client = client_of(parts)
    if _target(raw) not in client.addresses.values():
        raise problems.conflict(TARGET_NOT_OURS, "it is for none of the consortium's contracts")
    try:
        (refused,) = client.send_raw([raw])
    except ChainError as error:
        raise problems.ApiProblem(503, error.code, str(error)) from error
    if refused is not None:
        raise problems.conflict(refused.code, str(refused))
    return SentOut(transaction_hash=to_hex(keccak(raw)))


@router.get("/v1/transactions/{transaction}", summary="What became of a transaction")
def get_transaction(
    parts: PartsDep,
    sight: SightDep,
    transaction: Annotated[str, Path(pattern=HEX_32_BYTES, examples=[to_hex(b"\x5c" * 32)])],
) -> TransactionOut:
    """One of the asker's own transactions, as the node says now; any for those who may see everything."""
    client = client_of(parts)
    name = from_hex(transaction)
    with refusable():
        sent = client.rpc("eth_getTransactionByHash", transaction)
        if sent is None or not (sight.everything or Address(sent["from"]) == sight.account):
            raise problems.not_found("transaction")
        (receipt,) = client.receipts([name])
        if receipt is None:
            return TransactionOut(
                transaction_hash=transaction,
                status="waiting",
                block_number=None,
                final=False,
                events=[],
            )
        number = int(receipt["blockNumber"], 16)
        events = [
            EventOut(name=event.name, arguments=json_value(dict(event.values)))
            for event in client.decode_receipt(receipt)
            if event.name
        ]
        return TransactionOut(
            transaction_hash=transaction,
            status="succeeded" if int(receipt["status"], 16) == 1 else "failed",
            block_number=number,
            final=number <= client.final_number(),
            events=events,
        )


def _target(raw: bytes) -> Address | None:
    """Return the recipient of a signed EIP-1559 transaction, None where it makes a contract; 422 when it is none."""
    try:
        if raw[0] != 2:
            raise ValueError("not an EIP-1559 transaction")
        fields = rlp.decode(raw[1:])
        Account.recover_transaction(raw)
        return Address(bytes(fields[5])) if fields[5] else None
    except Exception as error:  # rlp and eth_keys raise bases of their own
        raise problems.malformed(f"not a signed EIP-1559 transaction: {error}"[:200]) from error
