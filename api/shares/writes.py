"""Writes on projects' shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, Field

from counterfoil.api.http.wide import WideIn
from counterfoil.api.instructions.operation import (
    AccountIn,
    Arguments,
    BodyT_co,
    Call,
    ChainTime,
    Minor,
    Operation,
    PartyName,
)
from counterfoil.gateway.record.identity import on_chain_id

Shares = Annotated[WideIn, Field(gt=0, lt=2**63, examples=[1_000])]


class ShareProjectIn(BaseModel):
    """A project's shares, at most `cap` of them for good; `issuer` issues and redeems them."""

    project: str = Field(min_length=1, max_length=64, examples=["lakeside-vending"])
    issuer: PartyName
    cap: Shares


class IssueIn(BaseModel):
    """New shares for `holder`."""

    holder: PartyName
    shares: Shares


class ConsentIn(IssueIn):
    """A holder's consent to new shares beside the `supply` that there are, until a time (seconds); 0 takes it back."""

    supply: Shares
    until: int = Field(ge=0, lt=2**53, examples=[1_798_761_600])


class IncreaseIn(IssueIn):
    """New shares for `holder`, and everybody else who holds shares but the issuer."""

    holders: list[PartyName] = Field(max_length=1_000)


class ShareTransferIn(BaseModel):
    """Shares that move."""

    to: PartyName
    shares: Shares


class RedemptionIn(BaseModel):
    """The price at which a share is bought back; 0 ends the offer."""

    price_minor: WideIn = Field(ge=0, lt=2**63, examples=[1_250])


class RedeemIn(BaseModel):
    """A number of shares, what each must bring at least, and the chain time until which they are given back."""

    shares: Shares
    least_price_minor: Minor
    deadline: ChainTime


def _project(call: Call[object]) -> bytes:
    """Return the project's name on chain."""
    return on_chain_id(call.key_text)


def _holder(call: Call[AccountIn]) -> str:
    return call.account if call.body.account is None else call.party(call.body.account)


def _redeem(call: Call[RedeemIn]) -> Sequence[object]:
    body = call.body
    return [_project(call), body.shares, body.least_price_minor, body.deadline]


def _share(
    name: str,
    path: str,
    *,
    function: str,
    says: str,
    arguments: Arguments[BodyT_co],
    body: type[BodyT_co] | None = None,
) -> Operation[BodyT_co]:
    return Operation(
        name,
        path,
        contract="ProjectShare",
        function=function,
        says=says,
        arguments=arguments,
        body=body,
    )


OPERATIONS = (
    _share(
        "open_shares",
        "/v1/shares",
        function="openProject",
        says="Open a project's shares",
        arguments=lambda c: [
            on_chain_id(c.body.project),
            c.token,
            c.party(c.body.issuer),
            c.body.cap,
        ],
        body=ShareProjectIn,
    ),
    _share(
        "issue_shares",
        "/v1/shares/{project}/issue",
        function="issue",
        says="Issue the first shares",
        arguments=lambda c: [_project(c), c.party(c.body.holder), c.body.shares],
        body=IssueIn,
    ),
    _share(
        "consent_to_shares",
        "/v1/shares/{project}/consents",
        function="consent",
        says="Consent to new shares",
        arguments=lambda c: [
            _project(c),
            c.party(c.body.holder),
            c.body.shares,
            c.body.supply,
            c.body.until,
        ],
        body=ConsentIn,
    ),
    _share(
        "increase_shares",
        "/v1/shares/{project}/increase",
        function="increase",
        says="Issue new shares to which their holders have consented",
        arguments=lambda c: [
            _project(c),
            c.party(c.body.holder),
            c.body.shares,
            sorted((c.party(name) for name in c.body.holders), key=str.lower),
        ],
        body=IncreaseIn,
    ),
    _share(
        "transfer_shares",
        "/v1/shares/{project}/transfer",
        function="transfer",
        says="Pass shares on",
        arguments=lambda c: [_project(c), c.party(c.body.to), c.body.shares],
        body=ShareTransferIn,
    ),
    _share(
        "receive_income",
        "/v1/shares/{project}/income",
        function="receiveIncome",
        says="Share income out",
        arguments=lambda c: [_project(c)],
        body=None,
    ),
    _share(
        "withdraw_income",
        "/v1/shares/{project}/withdrawals",
        function="withdraw",
        says="Withdraw income",
        arguments=lambda c: [_project(c), _holder(c)],
        body=AccountIn,
    ),
    _share(
        "offer_redemption",
        "/v1/shares/{project}/redemption-offer",
        function="offerRedemption",
        says="Offer to buy shares back",
        arguments=lambda c: [_project(c), c.body.price_minor],
        body=RedemptionIn,
    ),
    _share(
        "redeem_shares",
        "/v1/shares/{project}/redeem",
        function="redeem",
        says="Give shares back",
        arguments=_redeem,
        body=RedeemIn,
    ),
)
