"""Signatures that a quorum gives: EIP-712 digests of a head, and of a call that moves money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

from counterfoil.chain.keys import Signer
from counterfoil.gateway.identity import Digest
from counterfoil.gateway.log.checkpoint import Head
from counterfoil.gateway.log.merkle import EMPTY_ROOT

_HEAD = {
    "Head": [
        {"name": "size", "type": "uint64"},
        {"name": "root", "type": "bytes32"},
        {"name": "state", "type": "bytes32"},
        {"name": "figures", "type": "bytes32"},
        {"name": "previousSize", "type": "uint64"},
        {"name": "previousRoot", "type": "bytes32"},
    ]
}
_CALL = {
    "Call": [
        {"name": "target", "type": "address"},
        {"name": "data", "type": "bytes"},
        {"name": "label", "type": "bytes32"},
    ]
}


def head_digest(head: Head, figures: Digest, previous: Head, chain_id: int, anchor: str) -> bytes:
    """What a signer signs (32 bytes): the head, its figures, and the head that it extends (size 0 for none)."""
    return _digest(
        *("Counterfoil RecordAnchor", chain_id, anchor, _HEAD),
        {
            "size": head.size,
            "root": head.root,
            "state": head.state,
            "figures": figures,
            "previousSize": previous.size,
            "previousRoot": previous.root if previous.size else EMPTY_ROOT,
        },
    )


def call_digest(target: str, data: bytes, label: bytes, chain_id: int, contract: str) -> bytes:
    """What a signer signs (32 bytes) so that ``OracleQuorum`` makes the call *data* to *target*, once."""
    values = {"target": target, "data": data, "label": label}
    return _digest("Counterfoil OracleQuorum", chain_id, contract, _CALL, values)


def _digest(
    name: str,
    chain_id: int,
    contract: str,
    types: Mapping[str, Any],
    values: Mapping[str, Any],
) -> bytes:
    domain = {
        "name": name,
        "version": "1",
        "chainId": chain_id,
        "verifyingContract": contract,
    }
    message = encode_typed_data(domain, dict(types), dict(values))
    return keccak(b"\x19" + message.version + message.header + message.body)


class Quorum:
    """The signers that this process holds, in the order that the contract wants."""

    def __init__(self, signers: Sequence[Signer], chain_id: int, anchor: str, calls: str) -> None:
        self._signers = sorted(signers, key=lambda signer: int(signer.address, 16))
        self._chain_id = chain_id
        self._anchor = anchor
        self._calls = calls

    def sign(self, head: Head, figures: Digest, previous: Head) -> list[bytes]:
        """Each signer's signature (65 bytes) over a head, ascending by address."""
        digest = head_digest(head, figures, previous, self._chain_id, self._anchor)
        return [signer.sign_digest(digest) for signer in self._signers]

    def sign_call(
        self, target: str, data: bytes, label: bytes, facts: bytes = b"", head_size: int = 0
    ) -> list[bytes]:
        """Each signer's signature over a call, ascending by address."""
        digest = call_digest(target, data, label, self._chain_id, self._calls)
        return [signer.sign_digest(digest) for signer in self._signers]
