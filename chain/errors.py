"""Every failure of the chain has a stable code, and a contract's typed error keeps its values.

A contract's error ``HeadNotGrowing(uint64 anchoredSize, uint64 size)`` becomes :class:`ContractReverted` with the code
``contract.head_not_growing`` and ``values == {"anchoredSize": …, "size": …}``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from eth_abi.abi import decode as abi_decode
from eth_abi.exceptions import DecodingError
from eth_utils.abi import function_abi_to_4byte_selector

from counterfoil.chain.artifacts import all_abis


class ChainError(Exception):
    """Base of all errors of this package; ``code`` is stable."""

    code = "chain.error"


class NodeUnreachable(ChainError):
    """The node did not answer; what was asked may be asked again."""

    code = "chain.node_unreachable"


class RpcRefused(ChainError):
    """The node answered with an error that no contract raised."""

    code = "chain.rpc_refused"

    def __init__(self, message: str, number: int | None = None) -> None:
        super().__init__(message)
        self.number = number


class StateNotKept(RpcRefused):
    """The node has the block but no longer the state that it left: a node that keeps all states has it."""

    code = "chain.state_not_kept"


class TransactionStuck(ChainError):
    """A transaction was not mined in the time that was given."""

    code = "chain.transaction_stuck"


class DeploymentMismatch(ChainError):
    """The recorded deployment is not what this chain holds."""

    code = "chain.deployment_mismatch"


class NodeMissing(ChainError):
    """The program of an embedded chain is not installed; the message says the line that mends it."""

    code = "chain.node_missing"


class NodeNotReady(ChainError):
    """An embedded chain was started and did not answer in time."""

    code = "chain.node_not_ready"


class KeyRefused(ChainError):
    """A keystore could not be opened."""

    code = "chain.key_refused"


class ContractReverted(ChainError):
    """A contract refused; ``name`` and ``values`` are the typed error's own."""

    def __init__(self, name: str, values: Mapping[str, Any], raw: bytes = b"") -> None:
        self.name = name
        self.values = dict(values)
        self.raw = raw
        self.code = "contract." + snake_case(name)
        listed = ", ".join(f"{key}={_shown(value)}" for key, value in self.values.items())
        super().__init__(f"{name}({listed})")


def snake_case(name: str) -> str:
    """``HeadNotGrowing`` → ``head_not_growing``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def decode_revert(data: bytes) -> ContractReverted:
    """Name the error that a contract's revert *data* carries; an unknown one is named ``UnknownError``."""
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


def type_of(item: Mapping[str, Any]) -> str:
    """The canonical type of an ABI item, structs as tuples in brackets."""
    kind: str = item["type"]
    if kind.startswith("tuple"):
        inner = ",".join(type_of(part) for part in item["components"])
        return f"({inner}){kind.removeprefix('tuple')}"
    return kind


def _shown(value: Any) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
