"""The consortium's own writes as unsigned transactions, for keys that are held elsewhere.

Rules kept here:

* Nothing is written here. Sign the response's transaction with the party's own key, and POST it to
  ``/v1/transactions``. Its nonce makes it happen once.
* What the contracts would refuse now is refused here, with their code.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import AfterValidator, BaseModel, Field

from counterfoil.api.access.sight import Sight
from counterfoil.api.bank.statements import StatementEntryIn
from counterfoil.api.http import problems
from counterfoil.api.http.chain_calls import UnsignedOut, client_of, offer
from counterfoil.api.http.context import (
    ApiParts,
    PartsDep,
    PrincipalDep,
    ProjectName,
    SightDep,
)
from counterfoil.api.http.faults import ACCOUNT_MISSING
from counterfoil.api.http.wide import WideIn
from counterfoil.chain.abi.enums import BasisName, PeriodName
from counterfoil.chain.address import NOBODY, Address
from counterfoil.chain.client import ChainClient
from counterfoil.chain.errors import ChainError
from counterfoil.chain.hexadecimal import HEX_32_BYTES, HEX_ADDRESS, from_hex, to_hex
from counterfoil.gateway.record.identity import on_chain_id
from counterfoil.oracle.rules.bank_entry import BankEntry
from counterfoil.oracle.rules.investor_pool import PoolList
from counterfoil.oracle.rules.split_terms import investors_of, terms_argument

router = APIRouter(responses=problems.RESPONSES)

Account = Annotated[
    str,
    Field(pattern=HEX_ADDRESS, examples=["0x90f79bf6eb2c4f870365e785982e1f101e93b906"]),
    AfterValidator(Address),
]
BasisPoints = Annotated[int, Field(ge=0, le=10_000, examples=[1_000])]
Minor = Annotated[WideIn, Field(ge=0, lt=2**96, examples=[400])]


class EntriesIn(BaseModel):
    """Entries of a bank statement; each becomes a mint."""

    entries: list[StatementEntryIn] = Field(min_length=1, max_length=100)


class UnsignedListOut(BaseModel):
    """Unsigned EIP-1559 transactions with consecutive nonces: sign and send them in this order."""

    transactions: list[dict[str, Any]]


class PaymentIn(BaseModel):
    """The bank's reference of the payment, or its hash."""

    payment: str = Field(pattern=HEX_32_BYTES, examples=[to_hex(b"\x5c" * 32)])


class FeeIn(BaseModel):
    """The platform's share of what is left after goods."""

    account: Account
    basis_points: BasisPoints


class SweepIn(FeeIn):
    """The share that a loan takes; `cap` in minor units for each period, 0 for none."""

    cap: Minor = 0


class GoodsIn(BaseModel):
    """What a supplier gets for each unit sold; an empty `code` stands for all other goods."""

    code: str = Field(max_length=64, examples=["04012345678901"])
    supplier: Account
    prepaid: bool = False
    unit_cost: Minor


class AllocationIn(BaseModel):
    """What an account gets; null stands for the investors' pool."""

    account: Account | None
    basis: BasisName
    value: Minor
    minimum: Minor = 0
    cap: Minor = 0


class InvestorIn(BaseModel):
    """An investor and its weight in the pool."""

    account: Account
    weight: WideIn = Field(gt=0, lt=2**64, examples=[50])


class TermsIn(BaseModel):
    """A split's rules from the business date `effective_from` (YYYYMMDD) on."""

    effective_from: int = Field(ge=19700101, le=99991231, examples=[20220801])
    period: PeriodName
    refund: Account
    tax: Account
    residual: Account
    fee: FeeIn | None = None
    sweep: SweepIn | None = None
    goods: list[GoodsIn] = Field(max_length=200)
    allocations: list[AllocationIn] = Field(max_length=200)
    investors: list[InvestorIn] = Field(max_length=20_000)


def _sender(parts: ApiParts, sight: Sight) -> tuple[ChainClient, str]:
    if not sight.account:
        raise problems.conflict(ACCOUNT_MISSING, "this party has no account on the ledger")
    return client_of(parts), sight.account


@router.post("/v1/statements/unsigned", summary="A statement's mints to sign", tags=["statements"])
def unsigned_mints(
    parts: PartsDep, principal: PrincipalDep, sight: SightDep, statement: EntriesIn
) -> UnsignedListOut:
    """For a bank that signs itself. Each entry mints once, into its project's collection account."""
    if any(entry.project not in sight.projects for entry in statement.entries):
        raise problems.not_found("project")
    client, sender = _sender(parts, sight)
    token = client.address_of("DepositToken")
    made: list[dict[str, Any]] = []
    for given in statement.entries:
        entry = BankEntry(**given.model_dump())
        try:
            account = client.call("DepositToken", "collectionOf", on_chain_id(entry.project))
        except ChainError as error:
            raise problems.ApiProblem(503, error.code, str(error)) from error
        data = client.encode("DepositToken", "mint", account, entry.amount_minor, entry.entry_hash)
        nonce = made[0]["nonce"] + len(made) if made else None
        made.append(offer(client, sender, target=token, data=data, nonce=nonce))
    return UnsignedListOut(transactions=made)


@router.post(
    "/v1/withdrawals/{number}/payment/unsigned",
    summary="A payment's confirmation to sign",
    tags=["withdrawals"],
)
def unsigned_payment(
    parts: PartsDep,
    principal: PrincipalDep,
    sight: SightDep,
    number: Annotated[int, Path(ge=1, le=2**53)],
    paid: PaymentIn,
) -> UnsignedOut:
    """For the token's bank: it has paid the withdrawal out."""
    client, sender = _sender(parts, sight)
    data = client.encode("DepositToken", "confirmPaid", number, from_hex(paid.payment))
    token = client.address_of("DepositToken")
    return UnsignedOut(transaction=offer(client, sender, target=token, data=data))


@router.post(
    "/v1/projects/{project}/split-versions/unsigned", summary="New terms to sign", tags=["projects"]
)
def unsigned_terms(
    parts: PartsDep, principal: PrincipalDep, sight: SightDep, project: ProjectName, terms: TermsIn
) -> UnsignedOut:
    """For the registrar: a new version of the project's split, in force from its date on.

    The investors of its pool are added first: see `/v1/projects/{project}/investors`.
    """
    if project not in sight.projects:
        raise problems.not_found("project")
    client, sender = _sender(parts, sight)
    split, name, given = client.address_of("RevenueSplit"), on_chain_id(project), terms.model_dump()
    investors = investors_of(given)
    pool = PoolList.of(investors).account(split, name) if investors else NOBODY
    data = client.encode("RevenueSplit", "setTerms", name, terms_argument(given, pool))
    return UnsignedOut(transaction=offer(client, sender, target=split, data=data))
