"""EIP-712 messages as wallets and signing services take them, one for each thing that is signed off chain.

Rules kept here:

* The digest of each message equals the digest that the contract checks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak
from pydantic import BaseModel, Field, PlainSerializer

import counterfoil.chain.recursion_limit  # noqa: F401  # eth_account brings py_ecc
from counterfoil.chain.client import ChainClient
from counterfoil.chain.hexadecimal import to_hex

_EXACT_BITS = 53
_DOMAIN = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
]
_LEG = (
    ("asset", "uint8"),
    ("from", "address"),
    ("to", "address"),
    ("id", "bytes32"),
    ("amount", "uint256"),
    ("supply", "uint256"),
    ("recourse", "bool"),
)
_QUOTE = (
    ("part", "uint64"),
    ("seller", "address"),
    ("buyer", "address"),
    ("token", "address"),
    ("unpaid", "uint128"),
    ("mostPrice", "uint128"),
    ("ratePpm", "uint32"),
    ("convention", "uint8"),
    ("recourse", "bool"),
    ("nonce", "uint256"),
    ("deadline", "uint64"),
)
_CONFIRMATION = (
    ("root", "uint64"),
    ("deadline", "uint64"),
    ("kind", "uint8"),
    ("obligor", "address"),
    ("creditor", "address"),
    ("token", "address"),
    ("face", "uint128"),
    ("issueDate", "uint32"),
    ("dueDate", "uint32"),
    ("defaultDays", "uint16"),
    ("invoice", "bytes32"),
    ("document", "bytes32"),
    ("tag", "bytes32"),
)
_PERMIT = (
    ("owner", "address"),
    ("spender", "address"),
    ("value", "uint256"),
    ("nonce", "uint256"),
    ("deadline", "uint256"),
)


def confirmation(
    client: ChainClient, root: int, deadline: int, terms: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what the obligor signs to confirm the claim of *terms* until chain time *deadline*."""
    message = {name: _plain(terms[name]) for name, _ in _CONFIRMATION if name in terms}
    return _message(
        client,
        contract="Receivables",
        name="Counterfoil Receivables",
        types={"Confirmation": _CONFIRMATION},
        message={"root": root, "deadline": deadline, **message},
    )


def deal(client: ChainClient, terms: Mapping[str, Any]) -> dict[str, Any]:
    """Return what each party signs that gives something in the deal."""
    types = {
        "Deal": (("legs", "Leg[]"), ("nonce", "uint256"), ("deadline", "uint64")),
        "Leg": _LEG,
    }
    return _message(
        client, contract="Settlement", name="Counterfoil Settlement", types=types, message=terms
    )


def quote(client: ChainClient, terms: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a buyer signs to buy a part at a rate."""
    return _message(
        client,
        contract="Settlement",
        name="Counterfoil Settlement",
        types={"Quote": _QUOTE},
        message=terms,
    )


def permit(
    client: ChainClient, owner: str, spender: str, amount_minor: int, deadline: int
) -> dict[str, Any]:
    """Return what an account signs to let *spender* take its money."""
    message = {
        "owner": owner,
        "spender": spender,
        "value": amount_minor,
        "nonce": client.call("DepositToken", "nonces", owner),
        "deadline": deadline,
    }
    name = client.call("DepositToken", "name")
    return _message(
        client, contract="DepositToken", name=name, types={"Permit": _PERMIT}, message=message
    )


def digest(message: Mapping[str, Any]) -> bytes:
    """Return the 32 bytes that are signed for *message*."""
    signable = encode_typed_data(full_message=dict(message))
    return keccak(b"\x19" + signable.version + signable.header + signable.body)


def signer(message: Mapping[str, Any], signature: str) -> str:
    """Return the account that signed *message*; "" when *signature* is none."""
    try:
        signable = encode_typed_data(full_message=dict(message))
        return str(Account.recover_message(signable, signature=signature))
    except Exception:  # eth_keys raises bases of its own for what is no signature
        return ""


def _message(
    client: ChainClient,
    contract: str,
    name: str,
    types: Mapping[str, Any],
    message: Mapping[str, Any],
) -> dict[str, Any]:
    listed = {
        kind: [{"name": field, "type": of} for field, of in fields]
        for kind, fields in types.items()
    }
    return {
        "domain": {
            "name": name,
            "version": "1",
            "chainId": client.chain_id(),
            "verifyingContract": client.address_of(contract),
        },
        "types": {"EIP712Domain": _DOMAIN, **listed},
        "primaryType": next(iter(types)),
        "message": dict(message),
    }


def _plain(value: Any) -> Any:
    return to_hex(value) if isinstance(value, bytes) else value


def _digits(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return *message* for JSON: an integer of a type above 53 bits is a string of digits, which wallets read."""
    types = message["types"]

    def of(kind: str, value: Any) -> Any:
        if kind.endswith("[]"):
            return [of(kind.removesuffix("[]"), item) for item in value]
        if kind in types:
            fields = {field["name"]: field["type"] for field in types[kind]}
            return {name: of(fields[name], item) for name, item in value.items()}
        wide = kind.startswith("uint") and int(kind.removeprefix("uint")) > _EXACT_BITS
        return str(value) if wide else value

    domain = {**message["domain"]}
    return {**message, "domain": domain, "message": of(message["primaryType"], message["message"])}


TypedData = Annotated[
    dict[str, Any], PlainSerializer(_digits, return_type=dict[str, Any], when_used="json")
]
"""An EIP-712 message, as wallets take it."""


class TypedDataOut(BaseModel):
    """An EIP-712 message to sign, and the digest that is signed for it."""

    typed_data: TypedData
    digest: str = Field(examples=[to_hex(b"\xd1" * 32)])
