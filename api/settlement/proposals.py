"""Deals and quotes before they are settled: their terms, and the signatures gathered under them.

Rules kept here:

* A proposal's name is the EIP-712 digest that is signed for it; the same terms are the same proposal.
* Only its parties see it, those who give or get something in it, even where others may see everything: it is not on
  chain, and one bank's quotes are not another's business. Only its parties' signatures count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select
from tenacity import RetryCallState, retry, retry_if_exception_type, stop_after_attempt

from counterfoil.api.access.auth import now_ms
from counterfoil.api.http import problems
from counterfoil.api.http.faults import PROPOSAL_IN_USE
from counterfoil.api.store.tables import ApiProposal
from counterfoil.chain.hexadecimal import from_hex

DEAL, QUOTE = "deal", "quote"


def _in_use(_: RetryCallState) -> NoReturn:
    raise problems.conflict(PROPOSAL_IN_USE, "another request is proposing the same")


@retry(
    retry=retry_if_exception_type(IntegrityError),
    stop=stop_after_attempt(2),
    retry_error_callback=_in_use,
)
def propose(
    engine: Engine, kind: str, digest: str, terms: Mapping[str, Any], parties: Sequence[str]
) -> ApiProposal:
    """Keep the proposal of these terms, and return it."""
    with Session(engine, expire_on_commit=False) as session:
        known = session.get(ApiProposal, digest)
        if known is not None:
            return known
        made = ApiProposal(
            digest=digest,
            kind=kind,
            terms=dict(terms),
            parties=sorted(set(parties)),
            signatures={},
            deadline=int(terms["deadline"]),
            created_ms=now_ms(),
        )
        session.add(made)
        session.commit()
        return made


def find(engine: Engine, kind: str, digest: str, account: str) -> ApiProposal:
    """Return the proposal *digest*; 404 when *account* is no party of it."""
    with Session(engine, expire_on_commit=False) as session:
        found = session.get(ApiProposal, digest)
    if found is None or found.kind != kind or account not in found.parties:
        raise problems.not_found(kind)
    return found


def sign(engine: Engine, kind: str, digest: str, account: str, signature: str) -> ApiProposal:
    """Add *account*'s signature, which the caller has checked, and return the proposal."""
    with Session(engine, expire_on_commit=False) as session:
        row = session.get(ApiProposal, digest, with_for_update=True)
        if row is None or row.kind != kind or account not in row.parties:
            raise problems.not_found(kind)
        row.signatures = {**row.signatures, account: signature}
        session.commit()
        return row


def of_party(engine: Engine, kind: str, account: str) -> list[ApiProposal]:
    """Return the proposals that *account* is a party of, the newest first."""
    query = select(ApiProposal).where(ApiProposal.kind == kind)
    with Session(engine, expire_on_commit=False) as session:
        rows = session.exec(query.order_by(col(ApiProposal.created_ms).desc())).all()
    return [row for row in rows if account in row.parties]


def argument(row: ApiProposal) -> dict[str, Any]:
    """Return the terms as the contract takes them."""
    if row.kind == QUOTE:
        return dict(row.terms)
    legs = [{**leg, "id": from_hex(leg["id"])} for leg in row.terms["legs"]]
    return {**row.terms, "legs": legs}
