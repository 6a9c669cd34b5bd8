"""A waterfall's terms, from JSON as stored to the struct on chain. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from counterfoil.chain.abi.enums import Basis, Period, Supply
from counterfoil.chain.address import NOBODY
from counterfoil.gateway.record.identity import on_chain_id
from counterfoil.oracle.rules.investor_pool import Investors


def terms_argument(terms: Mapping[str, Any], pool: str = NOBODY) -> dict[str, Any]:
    """The struct that ``RevenueSplit.setTerms`` takes, from *terms* as JSON.

    ``{effective_from, period: day|month, refund, tax, residual, fee: {account, basis_points}, sweep: {account,
    basis_points, cap}, goods: [{code, supplier, prepaid, unit_cost}], allocations: [{account, basis, value, minimum,
    cap}], investors: [{account, weight}]}``; accounts are addresses; an allocation's account is null for the
    investors' pool, whose account is *pool*; a goods code is empty for all other goods; amounts are in minor units.
    """
    fee = terms.get("fee") or {}
    sweep = terms.get("sweep") or {}
    return {
        "effectiveFrom": int(terms["effective_from"]),
        "period": int(Period.named(terms["period"])),
        "refundAccount": terms["refund"],
        "taxAccount": terms["tax"],
        "feeAccount": fee.get("account", NOBODY),
        "sweepAccount": sweep.get("account", NOBODY),
        "residualAccount": terms["residual"],
        "senior": {
            "feeBasisPoints": fee.get("basis_points", 0),
            "sweepBasisPoints": sweep.get("basis_points", 0),
            "sweepCap": sweep.get("cap", 0),
        },
        "goods": [
            {
                "goods": on_chain_id(line["code"]) if line["code"] else bytes(32),
                "supplier": line["supplier"],
                "supply": int(Supply.PREPAID if line.get("prepaid") else Supply.ON_CREDIT),
                "unitCost": line["unit_cost"],
            }
            for line in terms["goods"]
        ],
        "allocations": [
            {
                "account": line["account"] or pool,
                "basis": int(Basis.named(line["basis"])),
                "value": line["value"],
                "minimum": line.get("minimum", 0),
                "cap": line.get("cap", 0),
            }
            for line in terms["allocations"]
        ],
    }


def investors_of(terms: Mapping[str, Any]) -> Investors:
    """The list of the pool in *terms* as JSON."""
    return [(line["account"], line["weight"]) for line in terms["investors"]]
