"""The EIP-712 digests of a head and of a call that moves money. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from counterfoil.gateway.log.checkpoint import Head
from counterfoil.gateway.log.merkle import EMPTY_ROOT
from counterfoil.gateway.record.identity import Digest

_DOMAIN = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
_HEAD = {
    "Head": [
        {"name": "size", "type": "uint64"},
        {"name": "root", "type": "bytes32"},
        {"name": "state", "type": "bytes32"},
        {"name": "figures", "type": "bytes32"},
        {"name": "annex", "type": "bytes32"},
        {"name": "previousSize", "type": "uint64"},
        {"name": "previousRoot", "type": "bytes32"},
    ]
}
_CALL = {
    "Call": [
        {"name": "target", "type": "address"},
        {"name": "data", "type": "bytes"},
        {"name": "label", "type": "bytes32"},
        {"name": "deadline", "type": "uint64"},
    ]
}
_REVOCATION = {"Revocation": [{"name": "call", "type": "bytes32"}]}


def head_digest(
    head: Head, figures: Digest, annex: Digest, previous: Head, chain_id: int, anchor: str
) -> bytes:
    """The digest that a signer signs (32 bytes): a head, its figures and annex, and the head that it extends.

    That one's size is 0 where there is none.
    """
    return _digest(
        name="Counterfoil RecordAnchor",
        chain_id=chain_id,
        contract=anchor,
        types=_HEAD,
        values={
            "size": head.size,
            "root": head.root,
            "state": head.state,
            "figures": figures,
            "annex": annex,
            "previousSize": previous.size,
            "previousRoot": previous.root if previous.size else EMPTY_ROOT,
        },
    )


def call_digest(
    target: str, data: bytes, label: bytes, deadline: int, chain_id: int, contract: str
) -> bytes:
    """The digest that a signer signs (32 bytes) so that ``OracleQuorum`` calls *target* with *data*, once.

    *deadline* is the last second of chain time at which it does.
    """
    values = {"target": target, "data": data, "label": label, "deadline": deadline}
    return _digest(
        name="Counterfoil OracleQuorum",
        chain_id=chain_id,
        contract=contract,
        types=_CALL,
        values=values,
    )


def revocation_digest(call: bytes, chain_id: int, contract: str) -> bytes:
    """The digest that a signer signs (32 bytes) so that ``OracleQuorum`` never makes the call with that digest."""
    return _digest(
        name="Counterfoil OracleQuorum",
        chain_id=chain_id,
        contract=contract,
        types=_REVOCATION,
        values={"call": call},
    )


def _digest(
    name: str,
    chain_id: int,
    contract: str,
    types: Mapping[str, Any],
    values: Mapping[str, Any],
) -> bytes:
    domain = keccak(
        encode(
            ["bytes32", "bytes32", "bytes32", "uint256", "address"],
            [keccak(_DOMAIN), keccak(name.encode()), keccak(b"1"), chain_id, contract],
        )
    )
    ((kind, fields),) = types.items()
    members = ",".join(field["type"] + " " + field["name"] for field in fields)
    written = f"{kind}({members})"
    shapes, found = ["bytes32"], [keccak(written.encode())]
    for field in fields:
        value = values[field["name"]]
        is_bytes = field["type"] == "bytes"
        shapes.append("bytes32" if is_bytes else field["type"])
        found.append(keccak(value) if is_bytes else value)
    return keccak(b"\x19\x01" + domain + keccak(encode(shapes, found)))
