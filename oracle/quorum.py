"""Signatures over a head: EIP-712 digests, one signer now, k of n by the same shape."""

from __future__ import annotations

from collections.abc import Sequence

from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

from counterfoil.chain.keys import Signer
from counterfoil.gateway.log.checkpoint import Head
from counterfoil.gateway.log.merkle import EMPTY_ROOT

_TYPES = {
    "Head": [
        {"name": "size", "type": "uint64"},
        {"name": "root", "type": "bytes32"},
        {"name": "state", "type": "bytes32"},
        {"name": "previousSize", "type": "uint64"},
        {"name": "previousRoot", "type": "bytes32"},
    ]
}


def head_digest(head: Head, previous: Head, chain_id: int, anchor: str) -> bytes:
    """What a signer signs (32 bytes): the head, and the head that it extends (size 0 for none)."""
    message = encode_typed_data(
        {
            "name": "Counterfoil RecordAnchor",
            "version": "1",
            "chainId": chain_id,
            "verifyingContract": anchor,
        },
        _TYPES,
        {
            "size": head.size,
            "root": head.root,
            "state": head.state,
            "previousSize": previous.size,
            "previousRoot": previous.root if previous.size else EMPTY_ROOT,
        },
    )
    return keccak(b"\x19" + message.version + message.header + message.body)


class Quorum:
    """The signers that this process holds, in the order that the contract wants."""

    def __init__(self, signers: Sequence[Signer], chain_id: int, anchor: str) -> None:
        self._signers = sorted(signers, key=lambda signer: int(signer.address, 16))
        self._chain_id = chain_id
        self._anchor = anchor

    def sign(self, head: Head, previous: Head) -> list[bytes]:
        """Each signer's signature (65 bytes), ascending by address."""
        digest = head_digest(head, previous, self._chain_id, self._anchor)
        return [signer.sign_digest(digest) for signer in self._signers]
