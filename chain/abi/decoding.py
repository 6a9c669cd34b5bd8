"""Decodes the bytes of contracts: events, calls and results, by their names. Pure.

Rules that this module keeps:

- The ABIs are those that the package ships. Structs become mappings by their field names, addresses Address.
- Bytes that do not fit raise ``eth_abi``'s DecodingError; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from eth_abi.abi import decode as abi_decode
from eth_utils.abi import event_abi_to_log_topic, function_abi_to_4byte_selector

from counterfoil.chain.abi.artifacts import abi_of
from counterfoil.chain.address import Address


def type_of(item: Mapping[str, Any]) -> str:
    """The canonical type of an ABI item; a struct is a tuple in brackets."""
    kind: str = item["type"]
    if kind.startswith("tuple"):
        inner = ",".join(type_of(part) for part in item["components"])
        return f"({inner}){kind.removeprefix('tuple')}"
    return kind


def decode_event(contract: str, topics: Sequence[bytes], data: bytes) -> tuple[str, dict[str, Any]]:
    """The name and the values of *contract*'s event; ``("", {})`` where its ABI has no such event."""
    abi = _event_abis(contract).get(topics[0]) if topics else None
    if abi is None:
        return "", {}
    indexed = [item for item in abi["inputs"] if item["indexed"]]
    plain = [item for item in abi["inputs"] if not item["indexed"]]
    values = {
        item["name"]: _shaped(item, abi_decode([type_of(item)], topic)[0])
        for item, topic in zip(indexed, topics[1:], strict=True)
    }
    decoded = abi_decode([type_of(item) for item in plain], data)
    values |= {item["name"]: _shaped(item, v) for item, v in zip(plain, decoded, strict=True)}
    return abi["name"], values


def decode_call(contract: str, data: bytes) -> tuple[str, dict[str, Any]] | None:
    """The function that the call data *data* calls on *contract*, and its arguments; None where there is none."""
    abi = _by_selector(contract).get(data[:4])
    if abi is None:
        return None
    values = abi_decode([type_of(item) for item in abi["inputs"]], data[4:])
    parts = zip(abi["inputs"], values, strict=True)
    return abi["name"], {item["name"]: _shaped(item, value) for item, value in parts}


def decode_result(contract: str, function: str, raw: bytes) -> Any:
    """The result of *function*: one value, or a tuple of several."""
    outputs = function_abis(contract)[function]["outputs"]
    values = abi_decode([type_of(item) for item in outputs], raw)
    shaped = [_shaped(item, value) for item, value in zip(outputs, values, strict=True)]
    return shaped[0] if len(shaped) == 1 else tuple(shaped)


@cache
def function_abis(contract: str) -> dict[str, dict[str, Any]]:
    """The ABI of each of *contract*'s functions, by its name."""
    return {item["name"]: item for item in abi_of(contract) if item["type"] == "function"}


@cache
def _by_selector(contract: str) -> dict[bytes, dict[str, Any]]:
    abis = function_abis(contract).values()
    return {function_abi_to_4byte_selector(abi): abi for abi in abis}  # type: ignore[arg-type]


@cache
def _event_abis(contract: str) -> dict[bytes, dict[str, Any]]:
    return {event_abi_to_log_topic(i): i for i in abi_of(contract) if i["type"] == "event"}  # type: ignore[arg-type]


def _shaped(item: Mapping[str, Any], value: Any) -> Any:
    """A struct becomes a mapping by field names, an address an Address; in lists too."""
    kind: str = item["type"]
    if kind.endswith("]"):
        inner = {**item, "type": kind[: kind.rindex("[")]}
        return [_shaped(inner, element) for element in value]
    if kind == "tuple":
        parts = zip(item["components"], value, strict=True)
        return {part["name"]: _shaped(part, element) for part, element in parts}
    return Address(value) if kind == "address" else value
