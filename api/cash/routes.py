"""The bank's token: what an account has, what it lets contracts take, and allowances that are signed elsewhere."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlmodel import Session, col

from counterfoil.api.cash.writes import SPENDERS, PermitIn
from counterfoil.api.http import problems, typed_data
from counterfoil.api.http.chain_calls import client_of, refusable
from counterfoil.api.http.context import PartsDep, PrincipalDep, SightDep
from counterfoil.api.http.faults import ACCOUNT_MISSING
from counterfoil.api.http.typed_data import TypedDataOut
from counterfoil.api.http.wide import Wide
from counterfoil.api.projects.pool_reads import complete_pools_of
from counterfoil.chain.hexadecimal import to_hex
from counterfoil.oracle.ledger.receivables import ClaimRow, PartRow, paid_on, waiting_parts

router = APIRouter(tags=["cash"], responses=problems.RESPONSES)


class CashOut(BaseModel):
    """An account's money. What claims, lines of credit and the split owe it enters the balance when it is withdrawn.

    An allowance may have no limit: 2^256 - 1.
    """

    account: str
    token: str
    currency: str
    balance_minor: Wide = Field(examples=[184_210_00])
    claims_minor: Wide = Field(
        description="Paid on its parts of claims, to withdraw.", examples=[0]
    )
    credit_minor: Wide = Field(
        description="Paid by lines of credit while the account could not receive, to withdraw.",
        examples=[0],
    )
    split_minor: Wide = Field(description="Credited by the split, to withdraw.", examples=[0])
    pools_minor: dict[str, Wide] = Field(
        description="What it can take of pools of investors, by the pool's account.",
        examples=[{"0x8ba1f109551bD432803012645Ac136ddd64DBA72": 35_000}],
    )
    allowances_minor: dict[str, Wide] = Field(examples=[{"receivables": 1_000_000_00}])


@router.get("/v1/cash", summary="The asker's money")
def get_cash(parts: PartsDep, sight: SightDep) -> CashOut:
    """As the contracts say now."""
    if not sight.account:
        raise problems.conflict(ACCOUNT_MISSING, "this party has no account on the ledger")
    client = client_of(parts)
    token = client.address_of("DepositToken")
    with Session(parts.reads) as session:
        mine = (col(PartRow.holder) == sight.account, ClaimRow.token == token)
        waiting = sum(
            paid_on(part, claim) - part.credited_minor
            for part, claim in waiting_parts(session, *mine)
        )
    with refusable():
        return CashOut(
            account=sight.account,
            token=token,
            currency=client.call("DepositToken", "currency"),
            balance_minor=client.call("DepositToken", "balanceOf", sight.account),
            claims_minor=client.call("Receivables", "claimable", token, sight.account) + waiting,
            credit_minor=client.call("CreditLine", "claimable", token, sight.account),
            split_minor=client.call("RevenueSplit", "claimable", token, sight.account),
            pools_minor={
                pool: client.call("RevenueSplit", "claimableOfPool", pool, sight.account)
                for pool in complete_pools_of(parts.reads, sight.account)
            },
            allowances_minor={
                name: client.call(
                    "DepositToken", "allowance", sight.account, client.address_of(contract)
                )
                for name, contract in SPENDERS.items()
            },
        )


@router.post("/v1/cash/permits/typed-data", summary="An allowance to sign")
def permit_typed_data(
    parts: PartsDep, principal: PrincipalDep, sight: SightDep, permit: PermitIn
) -> TypedDataOut:
    """The ERC-2612 permit as EIP-712 typed data; bring the signature with a POST to `/v1/cash/permits`."""
    client = client_of(parts)
    owner = parts.directory.account_of(permit.owner)
    if not owner or (owner != sight.account and not sight.everything):
        raise problems.not_found("party")
    spender = client.address_of(SPENDERS[permit.spender])
    with refusable():
        message = typed_data.permit(client, owner, spender, permit.amount_minor, permit.deadline)
    digest = typed_data.digest(message)
    return TypedDataOut(typed_data=message, digest=to_hex(digest))
