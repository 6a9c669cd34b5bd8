"""Makes ``proposals.json``: what oracle nodes ask each other to sign, written out field by field and signed here.

It uses nothing of ours, so that it is a second opinion on the messages' bytes and on the EIP-712 digests. The key is
published: nothing signed with it proves anything.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import cbor2
from eth_account import Account
from eth_utils.crypto import keccak

CHAIN_ID = 31_337
ANCHOR, QUORUM, SPLIT = (bytes([digit * 17]) * 20 for digit in (0xA, 0xB, 0xC))
KEY = b"\7" * 32


def word(value: int | bytes) -> bytes:
    """One word of an ABI encoding."""
    return value.to_bytes(32, "big") if isinstance(value, int) else value.rjust(32, b"\0")


def digest_of(name: str, contract: bytes, kind: str, *words: bytes) -> bytes:
    """The EIP-712 digest of a struct of type *kind* under the contract's domain."""
    domain = keccak(
        keccak(
            b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
        )
        + keccak(name.encode())
        + keccak(b"1")
        + word(CHAIN_ID)
        + word(contract)
    )
    return keccak(b"\x19\x01" + domain + keccak(keccak(kind.encode()) + b"".join(words)))


def signed(digest: bytes, fields: list[Any]) -> dict[str, str]:
    """The vector: the message, its digest, and who signed it."""
    account = Account.from_key(KEY)
    signature = bytes(account.unsafe_sign_hash(digest).signature)
    message = cbor2.dumps([*fields, signature], canonical=True)
    return {
        "message": message.hex(),
        "digest": digest.hex(),
        "signer": account.address,
        "signature": signature.hex(),
    }


def vectors() -> dict[str, dict[str, str]]:
    """A head and a call."""
    figures = cbor2.dumps(
        [
            "counterfoil figures",
            1,
            10,
            16,
            7,
            [[b"\1" * 32, "USD", 2, 750, 1, 300, [["cola", 4, 600]]]],
            [[b"\2" * 32, 3, 2, 2_000]],
        ],
        canonical=True,
    )
    root, state, previous, annex = b"\3" * 32, b"\4" * 32, b"\5" * 32, b"\6" * 32
    head = digest_of(
        "Counterfoil RecordAnchor",
        ANCHOR,
        "Head(uint64 size,bytes32 root,bytes32 state,bytes32 figures,bytes32 annex,"
        "uint64 previousSize,bytes32 previousRoot)",
        word(16),
        root,
        state,
        sha256(figures).digest(),
        annex,
        word(10),
        previous,
    )
    data, label = b"\x12\x34", b"\6" * 32
    call = digest_of(
        "Counterfoil OracleQuorum",
        QUORUM,
        "Call(address target,bytes data,bytes32 label,uint64 deadline)",
        word(SPLIT),
        keccak(data),
        label,
        word(1_800_000_000),
    )
    return {
        "head": signed(
            head,
            [
                "counterfoil head proposal",
                2,
                CHAIN_ID,
                ANCHOR,
                16,
                root,
                state,
                figures,
                annex,
                10,
                previous,
            ],
        ),
        "call": signed(
            call,
            [
                "counterfoil call proposal",
                2,
                CHAIN_ID,
                QUORUM,
                SPLIT,
                data,
                label,
                1_800_000_000,
                b"\x80",
                16,
            ],
        ),
    }


if __name__ == "__main__":
    text = json.dumps(vectors(), indent=1) + "\n"
    (Path(__file__).resolve().parent / "proposals.json").write_text(text)
