"""Writes on the bank's token and on the business calendar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from counterfoil.api.http.wide import WideIn
from counterfoil.api.instructions.operation import (
    Call,
    ChainTime,
    Date,
    Minor,
    Operation,
    Papers,
    PartyName,
)
from counterfoil.chain.address import Address
from counterfoil.chain.hexadecimal import HEX_ADDRESS, HEX_SIGNATURE, from_hex, to_hex
from counterfoil.gateway.record.identity import on_chain_id
from counterfoil.oracle.rules.investor_pool import PoolList

SPENDERS = {
    "receivables": "Receivables",
    "credit_line": "CreditLine",
    "settlement": "Settlement",
    "project_share": "ProjectShare",
}
"""What may be allowed to take an account's money, by its name here."""
Spender = Literal["receivables", "credit_line", "settlement", "project_share"]


class ApprovalIn(BaseModel):
    """How much a contract may take from the asker's balance; 0 takes the allowance back."""

    spender: Spender
    amount_minor: WideIn = Field(ge=0, lt=2**63, examples=[1_000_000_00])


class PermitIn(ApprovalIn):
    """An allowance that its owner gives by an EIP-712 signature, until chain time `deadline`."""

    owner: PartyName
    deadline: ChainTime


class SignedPermitIn(PermitIn):
    """The same, signed; anybody may bring it."""

    signature: str = Field(pattern=HEX_SIGNATURE, examples=[to_hex(b"\x1b" * 65)])


class TransferIn(BaseModel):
    """Money that moves to another participant, or into the account of a line or a project's shares."""

    to: PartyName
    amount_minor: Minor


class DateIn(BaseModel):
    """The business date that becomes today's."""

    date: Date


class JumpIn(BaseModel):
    """A committee member's vote for a business date, and what it rests on."""

    date: Date
    evidence: Papers


Account = Annotated[
    str,
    Field(pattern=HEX_ADDRESS, examples=["0x90f79bf6eb2c4f870365e785982e1f101e93b906"]),
    AfterValidator(Address),
]


class PoolPayoutIn(BaseModel):
    """The pool whose share is paid out, and to whom; by default to the asker itself."""

    pool: Account
    account: PartyName | None = None


class PoolIn(BaseModel):
    """A pool of investors."""

    pool: Account


class InvestorIn(BaseModel):
    """An investor and its weight in the pool."""

    account: PartyName
    weight: WideIn = Field(gt=0, lt=2**64, examples=[50])


class InvestorsIn(BaseModel):
    """The whole list of a pool, in its order: the next 200 of it are added. Send it again until all are there."""

    investors: list[InvestorIn] = Field(min_length=1, max_length=20_000)


class PayoutIn(BaseModel):
    """The account to which its credits from the split are pushed; a line's sweep account by its address."""

    account: PartyName


def _approve(call: Call[ApprovalIn]) -> Sequence[object]:
    return [call.client.address_of(SPENDERS[call.body.spender]), call.body.amount_minor]


def _permit(call: Call[SignedPermitIn]) -> Sequence[object]:
    body = call.body
    signature = from_hex(body.signature)
    r, s, v = signature[:32], signature[32:64], signature[64]
    spender = call.client.address_of(SPENDERS[body.spender])
    return [call.party(body.owner), spender, body.amount_minor, body.deadline, v, r, s]


def _jump(call: Call[JumpIn]) -> Sequence[object]:
    """Return a vote for going from the business date as it is now to another one."""
    today = call.client.call("BusinessCalendar", "today")
    data = call.client.encode("BusinessCalendar", "jump", today, call.body.date)
    evidence = call.commit("evidence", call.body.evidence)
    return [call.client.address_of("BusinessCalendar"), data, evidence]


def _next_investors(call: Call[InvestorsIn]) -> Sequence[object]:
    investors = [(call.party(one.account), one.weight) for one in call.body.investors]
    project, found = on_chain_id(call.key_text), PoolList.of(investors)
    left = call.client.call("RevenueSplit", "nextInvestors", project, found.name)
    return found.calls(project, left if any(left) else found.name)[0]


def _of_pool(call: Call[PoolPayoutIn]) -> Sequence[object]:
    name = call.body.account
    return [call.body.pool, call.account if name is None else call.party(name)]


OPERATIONS = (
    Operation(
        "approve",
        "/v1/cash/approvals",
        contract="DepositToken",
        function="approve",
        says="Let a contract take money",
        arguments=_approve,
        body=ApprovalIn,
    ),
    Operation(
        "permit",
        "/v1/cash/permits",
        contract="DepositToken",
        function="permit",
        says="Bring a signed allowance",
        arguments=_permit,
        body=SignedPermitIn,
    ),
    Operation(
        "transfer_cash",
        "/v1/cash/transfers",
        contract="DepositToken",
        function="transfer",
        says="Pass money on",
        arguments=lambda c: [c.party(c.body.to), c.body.amount_minor],
        body=TransferIn,
    ),
    Operation(
        "pay_out_split",
        "/v1/cash/split-payouts",
        contract="RevenueSplit",
        function="withdraw",
        says="Push what the split has credited",
        arguments=lambda c: [c.token, c.party(c.body.account)],
        body=PayoutIn,
    ),
    Operation(
        "take_pool",
        "/v1/cash/pool-payouts",
        contract="RevenueSplit",
        function="takePool",
        says="Pay an investor its share of a pool",
        arguments=_of_pool,
        body=PoolPayoutIn,
    ),
    Operation(
        "end_pool",
        "/v1/cash/pool-ends",
        contract="RevenueSplit",
        function="endPool",
        says="Give a pool that terms no longer name to its investors whole",
        arguments=lambda c: [c.body.pool],
        body=PoolIn,
    ),
    Operation(
        "add_investors",
        "/v1/projects/{project}/investors",
        contract="RevenueSplit",
        function="addInvestors",
        says="Add the next investors of a pool's list",
        arguments=_next_investors,
        body=InvestorsIn,
    ),
    Operation(
        "advance_date",
        "/v1/business-dates",
        contract="BusinessCalendar",
        function="advance",
        says="Move the business date forward",
        arguments=lambda c: [c.body.date],
        body=DateIn,
    ),
    Operation(
        "vote_date",
        "/v1/business-dates/votes",
        contract="Committee",
        function="vote",
        says="Vote for a business date far ahead",
        arguments=_jump,
        body=JumpIn,
    ),
)
