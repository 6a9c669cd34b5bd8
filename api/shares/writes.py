"""Writes on projects' shares."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from counterfoil.api.instructions.operation import (
    ADMINS,
    EVERY_WRITER,
    TRADERS,
    AccountIn,
    Call,
    Operation,
    PartyName,
)
from counterfoil.gateway.record.identity import on_chain_id

Shares = Annotated[int, Field(gt=0, lt=2**63, examples=[1_000])]


class ShareProjectIn(BaseModel):
    """A project's shares; `issuer` issues and redeems them."""

    project: str = Field(min_length=1, max_length=64, examples=["lakeside-vending"])
    issuer: PartyName


class IssueIn(BaseModel):
    """New shares."""

    holder: PartyName
    shares: Shares


class ShareTransferIn(BaseModel):
    """Shares that move."""

    to: PartyName
    shares: Shares


class RedemptionIn(BaseModel):
    """What a share is bought back for; 0 ends the offer."""

    price_minor: int = Field(ge=0, lt=2**63, examples=[1_250])


class SharesIn(BaseModel):
    """A number of shares."""

    shares: Shares


def _named(*arguments: Any) -> Any:
    """Arguments after the project's name on chain, each made of the call."""
    return lambda call: [on_chain_id(call.key), *(make(call) for make in arguments)]


def _holder(call: Call) -> str:
    return call.account if call.body.account is None else call.party(call.body.account)


def _share(
    name: str,
    path: str,
    *,
    function: str,
    says: str,
    arguments: Any,
    body: type[BaseModel] | None = None,
    may: Any = TRADERS,
) -> Operation:
    return Operation(
        name,
        path,
        contract="ProjectShare",
        function=function,
        may=may,
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
        arguments=lambda c: [on_chain_id(c.body.project), c.token, c.party(c.body.issuer)],
        body=ShareProjectIn,
        may=ADMINS,
    ),
    _share(
        "issue_shares",
        "/v1/shares/{project}/issue",
        function="issue",
        says="Issue shares",
        arguments=_named(lambda c: c.party(c.body.holder), lambda c: c.body.shares),
        body=IssueIn,
    ),
    _share(
        "transfer_shares",
        "/v1/shares/{project}/transfer",
        function="transfer",
        says="Pass shares on",
        arguments=_named(lambda c: c.party(c.body.to), lambda c: c.body.shares),
        body=ShareTransferIn,
    ),
    _share(
        "receive_income",
        "/v1/shares/{project}/income",
        function="receiveIncome",
        says="Share income out",
        arguments=_named(),
        body=None,
        may=EVERY_WRITER,
    ),
    _share(
        "withdraw_income",
        "/v1/shares/{project}/withdrawals",
        function="withdraw",
        says="Withdraw income",
        arguments=_named(_holder),
        body=AccountIn,
        may=EVERY_WRITER,
    ),
    _share(
        "offer_redemption",
        "/v1/shares/{project}/redemption-offer",
        function="offerRedemption",
        says="Offer to buy shares back",
        arguments=_named(lambda c: c.body.price_minor),
        body=RedemptionIn,
    ),
    _share(
        "redeem_shares",
        "/v1/shares/{project}/redeem",
        function="redeem",
        says="Give shares back",
        arguments=_named(lambda c: c.body.shares),
        body=SharesIn,
    ),
)
