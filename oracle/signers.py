"""Signatures over a head, and over a call that moves money (EIP-712), by the keys that this process holds."""

from __future__ import annotations

from collections.abc import Sequence

from counterfoil.chain.keys.signer import Signer
from counterfoil.gateway.log.checkpoint import Head
from counterfoil.gateway.record.identity import Digest
from counterfoil.oracle.rules.judging.digest import call_digest, head_digest


class HeldSigners:
    """The signers that this process holds, in the contract's order: ascending by address."""

    def __init__(self, signers: Sequence[Signer], chain_id: int, anchor: str, calls: str) -> None:
        self._signers = sorted(signers, key=lambda signer: int(signer.address, 16))
        self._chain_id = chain_id
        self._anchor = anchor
        self._calls = calls

    def sign(self, head: Head, figures: Digest, annex: Digest, previous: Head) -> list[bytes]:
        """Each signer's signature (65 bytes) over a head, ascending by address."""
        digest = head_digest(head, figures, annex, previous, self._chain_id, self._anchor)
        return [signer.sign_digest(digest) for signer in self._signers]

    def sign_call(
        self,
        target: str,
        data: bytes,
        label: bytes,
        deadline: int,
        facts: bytes = b"",
        head_size: int = 0,
    ) -> list[bytes]:
        """Each signer's signature over a call, ascending by address."""
        digest = call_digest(
            target, data, label, deadline, chain_id=self._chain_id, contract=self._calls
        )
        return [signer.sign_digest(digest) for signer in self._signers]
