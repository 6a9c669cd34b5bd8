"""Writes that settle what both sides have signed; the deals and quotes themselves are ``api.proposals``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from counterfoil.api.http import problems
from counterfoil.api.instructions.operation import TRADERS, Call, Operation
from counterfoil.api.settlement import proposals
from counterfoil.chain.hexadecimal import from_hex


def _settle(call: Call) -> Sequence[Any]:
    found = proposals.find(call.parts.oracle, proposals.DEAL, call.key, call.account)
    signatures = [
        {"signer": signer, "signature": from_hex(signature)}
        for signer, signature in sorted(found.signatures.items())
        if signer != call.account
    ]
    return [proposals.argument(found), signatures]


def _discount(call: Call) -> Sequence[Any]:
    found = proposals.find(call.parts.oracle, proposals.QUOTE, call.key, call.account)
    signature = found.signatures.get(found.terms["buyer"])
    if signature is None:
        raise problems.conflict("signature_missing", "the buyer has not signed the quote")
    return [proposals.argument(found), from_hex(signature)]


def _revoke(kind: str) -> Any:
    def arguments(call: Call) -> Sequence[Any]:
        proposals.find(call.parts.oracle, kind, call.key, call.account)
        return [from_hex(call.key)]

    return arguments


OPERATIONS = (
    Operation(
        *("settle_deal", "/settlements/{deal}/settle", "Settlement", "settle", TRADERS),
        *("Settle a deal", _settle),
    ),
    Operation(
        *("accept_quote", "/quotes/{quote}/accept", "Settlement", "discount", TRADERS),
        *("Sell a part at a quote", _discount),
    ),
    Operation(
        *("revoke_deal", "/settlements/{deal}/revoke", "Settlement", "revoke", TRADERS),
        *("Take a signature back", _revoke(proposals.DEAL)),
    ),
    Operation(
        *("revoke_quote", "/quotes/{quote}/revoke", "Settlement", "revoke", TRADERS),
        *("Take a quote back", _revoke(proposals.QUOTE)),
    ),
)
