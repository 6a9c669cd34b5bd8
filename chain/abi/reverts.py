"""Decodes the typed error in a contract's revert. Pure."""

from __future__ import annotations

from functools import cache
from typing import Any

from eth_abi.abi import decode as abi_decode
from eth_abi.exceptions import DecodingError
from eth_utils.abi import function_abi_to_4byte_selector

from counterfoil.chain.abi.artifacts import all_abis
from counterfoil.chain.abi.decoding import type_of
from counterfoil.chain.errors import ContractReverted


def decode_revert(data: bytes) -> ContractReverted:
    """The error in a contract's revert *data*; an unknown one has the name ``UnknownError``."""
    try:
        return _decode_revert(data)
    except (DecodingError, UnicodeDecodeError):
        return ContractReverted("UnknownError", {"data": data}, data)


def _decode_revert(data: bytes) -> ContractReverted:
    if data[:4] == _ERROR_STRING:
        (reason,) = abi_decode(["string"], data[4:])
        return ContractReverted("Error", {"reason": reason}, data)
    if data[:4] == _PANIC:
        (number,) = abi_decode(["uint256"], data[4:])
        return ContractReverted("Panic", {"number": number}, data)
    known = _errors().get(data[:4])
    if known is None:
        return ContractReverted("UnknownError", {"data": data}, data)
    values = abi_decode([type_of(item) for item in known["inputs"]], data[4:])
    names = [item["name"] or str(i) for i, item in enumerate(known["inputs"])]
    return ContractReverted(known["name"], dict(zip(names, values, strict=True)), data)


_ERROR_STRING = bytes.fromhex("08c379a0")
_PANIC = bytes.fromhex("4e487b71")


@cache
def _errors() -> dict[bytes, dict[str, Any]]:
    return {
        function_abi_to_4byte_selector(item): item  # type: ignore[arg-type]
        for abi in all_abis().values()
        for item in abi
        if item["type"] == "error"
    }
