"""Reads the distribution in a transaction's call data. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from counterfoil.chain.abi.decoding import decode_call
from counterfoil.oracle.rules.waterfall import SoldBatch


def distribution_in(data: bytes) -> Mapping[str, Any] | None:
    """The argument of the distribution in the call *data*, direct or through the quorum; None for another call."""
    called = decode_call("RevenueSplit", data)
    if called is None:
        through = decode_call("OracleQuorum", data)
        if through is None or through[0] != "execute":
            return None
        called = decode_call("RevenueSplit", through[1]["data"])
    if called is None or called[0] != "distribute":
        return None
    argument: Mapping[str, Any] = called[1]["d"]
    return argument


def sold_by(call: Mapping[str, Any]) -> SoldBatch:
    """The batch in the distribution argument *call*, for the waterfall."""
    return SoldBatch(
        batch=call["batch"],
        start=call["periodStart"],
        end=call["periodEnd"],
        gross=call["gross"],
        refunds=call["refunds"],
        tax=call["tax"],
        units=tuple((unit["goods"], unit["count"]) for unit in call["units"]),
    )
