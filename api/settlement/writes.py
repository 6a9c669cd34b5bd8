"""Writes that settle what both sides have signed; the deals and quotes themselves are in ``proposals``."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from counterfoil.api.http import problems
from counterfoil.api.http.faults import PROPOSAL_NOT_SIGNED
from counterfoil.api.instructions.operation import Arguments, Call, Minor, Operation
from counterfoil.api.settlement import proposals
from counterfoil.chain.hexadecimal import from_hex


def _settle(call: Call[object]) -> Sequence[object]:
    found = proposals.find(
        engine=call.parts.oracle, kind=proposals.DEAL, digest=call.key_text, account=call.account
    )
    signatures = [
        {"signer": signer, "signature": from_hex(signature)}
        for signer, signature in sorted(found.signatures.items())
        if signer != call.account
    ]
    return [proposals.argument(found), signatures]


class SaleIn(BaseModel):
    """What the seller takes at least for the part."""

    least_price_minor: Minor


def _discount(call: Call[SaleIn]) -> Sequence[object]:
    found = proposals.find(
        engine=call.parts.oracle, kind=proposals.QUOTE, digest=call.key_text, account=call.account
    )
    signature = found.signatures.get(found.terms["buyer"])
    if signature is None:
        raise problems.conflict(PROPOSAL_NOT_SIGNED, "the buyer has not signed the quote")
    return [proposals.argument(found), call.body.least_price_minor, from_hex(signature)]


def _revoke(kind: str) -> Arguments[object]:
    def arguments(call: Call[object]) -> Sequence[object]:
        proposals.find(
            engine=call.parts.oracle, kind=kind, digest=call.key_text, account=call.account
        )
        return [from_hex(call.key_text)]

    return arguments


OPERATIONS = (
    Operation(
        "settle_deal",
        "/v1/settlements/{deal}/settle",
        contract="Settlement",
        function="settle",
        says="Settle a deal",
        arguments=_settle,
    ),
    Operation(
        "accept_quote",
        "/v1/quotes/{quote}/accept",
        contract="Settlement",
        function="discount",
        says="Sell a part at a quote",
        arguments=_discount,
        body=SaleIn,
    ),
    Operation(
        "revoke_deal",
        "/v1/settlements/{deal}/revoke",
        contract="Settlement",
        function="revoke",
        says="Take a signature back",
        arguments=_revoke(proposals.DEAL),
    ),
    Operation(
        "revoke_quote",
        "/v1/quotes/{quote}/revoke",
        contract="Settlement",
        function="revoke",
        says="Take a quote back",
        arguments=_revoke(proposals.QUOTE),
    ),
)
