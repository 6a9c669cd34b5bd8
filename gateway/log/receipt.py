"""What the gateway signs for a record: a promise at once, a receipt once the log is anchored.

Rules kept here:

* A promise says that a record was accepted and will be under an anchored head by a deadline. It
  is a COSE_Sign1 (ES256) over a small deterministic CBOR map.
* A receipt is a COSE Receipt (RFC 9942) with an RFC9162_SHA256 inclusion proof: the signature is
  over the log's root as detached payload, so one signature serves every record under a head. The
  tree's size stands in the protected header too, which makes (size, root) a signed pair.
* Both are cumulative: a record names its predecessor's digest, so whoever vouches for one record
  of a device vouches for all records before it in that device's chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec

from counterfoil.gateway.errors import IdentityError, ProofError, ReceiptError
from counterfoil.gateway.log.merkle import hash_leaf, root_from_inclusion_proof
from counterfoil.gateway.record import cose
from counterfoil.gateway.record.cbor import (
    expect,
    read_array,
    read_bytes32,
    read_int,
    read_map,
    read_text,
)
from counterfoil.gateway.record.cbor import read_uint as uint
from counterfoil.gateway.record.identity import DeviceId, Digest, KeyId, PublicKey, parse_device_id
from counterfoil.gateway.record.signed_record import SignedRecord

HEADER_VDS = 395
HEADER_VDP = 396
RFC9162_SHA256 = 1
PROOF_INCLUSION = -1
HEADER_TREE_SIZE = -65537
MAX_ORIGIN = 255
_MAX_RECEIPT_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Promise:
    """The record (device, epoch, sequence) with *payload_digest* was accepted and is durable.

    *accepted_ms* and *deadline_ms* are the gateway's UTC clock; by the deadline a head over the
    record is to be anchored. *log_index* is absent where a sequencer assigns it later.
    """

    device: DeviceId
    epoch: int
    sequence: int
    payload_digest: Digest
    accepted_ms: int
    deadline_ms: int
    log_index: int | None = None

    def covers(self, signed: SignedRecord) -> bool:
        """Whether this promise is for the very record *signed*."""
        record = signed.record
        return (self.device, self.epoch, self.sequence, self.payload_digest) == (
            record.device,
            record.epoch,
            record.sequence,
            signed.payload_digest,
        )


@dataclass(frozen=True, slots=True)
class Receipt:
    """A verified receipt: the record is entry *log_index* under *root* over *tree_size* records."""

    origin: str
    tree_size: int
    log_index: int
    root: Digest


class ReceiptSigner:
    """Signs promises and receipts of the log named *origin* with the gateway's receipt key."""

    def __init__(self, origin: str, private_key: ec.EllipticCurvePrivateKey) -> None:
        if not 0 < len(origin) <= MAX_ORIGIN:
            raise ReceiptError(f"an origin has 1 to {MAX_ORIGIN} characters")
        self.origin = origin
        self.public_key = PublicKey.of(private_key)
        self._private_key = private_key

    def sign_promise(self, promise: Promise) -> bytes:
        """Return the COSE_Sign1 of *promise*."""
        payload: dict[int, object] = {
            1: 1,
            2: promise.epoch,
            3: promise.sequence,
            4: promise.payload_digest,
            5: promise.accepted_ms,
            6: promise.deadline_ms,
        }
        if promise.log_index is not None:
            payload[7] = promise.log_index
        claims = {1: self.origin, 2: promise.device}
        protected = cbor2.dumps({1: -7, 4: self.public_key.kid, 15: claims})
        return cose.sign1(protected, cbor2.dumps(payload), self._private_key)

    def sign_root(self, tree_size: int, root: Digest) -> SignedRoot:
        """Return the signature over *root* that every receipt under this head carries."""
        protected = cbor2.dumps(
            {
                1: -7,
                4: self.public_key.kid,
                15: {1: self.origin},
                HEADER_VDS: RFC9162_SHA256,
                HEADER_TREE_SIZE: tree_size,
            }
        )
        signature = cose.sign(cose.signed_bytes(protected, root), self._private_key)
        return SignedRoot(tree_size, root, protected, signature)


@dataclass(frozen=True, slots=True)
class SignedRoot:
    """A head's root and its signature, which all receipts under it share; keep it with the head."""

    tree_size: int
    root: Digest
    protected: bytes
    signature: bytes

    def receipt(self, log_index: int, path: Sequence[bytes]) -> bytes:
        """Return the COSE Receipt of entry *log_index*, whose inclusion proof is *path*."""
        proof = cbor2.dumps([self.tree_size, log_index, list(path)])
        return (
            b"\xd2\x84"
            + cose.encode_bstr(self.protected)
            + cbor2.dumps({HEADER_VDP: {PROOF_INCLUSION: [proof]}})
            + b"\xf6\x58\x40"
            + self.signature
        )


def _read_issuer(protected: bytes) -> tuple[KeyId, str, int, int]:
    """Return (kid, issuer, number of header entries, position after the issuer)."""
    entries, at = read_map(protected, 0)
    at = expect(protected, expect(protected, at, 1), 0x26)
    kid, at = read_bytes32(protected, expect(protected, at, 4))
    at = expect(protected, at, 15)
    at = expect(protected, at, 0xA1 if entries == 5 else 0xA2)
    issuer, at = read_text(protected, at, 1)
    if not 0 < len(issuer) <= MAX_ORIGIN:
        raise ReceiptError(f"an origin has 1 to {MAX_ORIGIN} characters")
    return KeyId(kid), issuer, entries, at


def verify_promise(data: bytes, key: PublicKey) -> tuple[Promise, str]:
    """Return the promise in *data* and the origin it speaks for, signed by the gateway's *key*.

    Raises ReceiptError when it is malformed or not by that key. The caller compares it with the
    record that it was given for: ``Promise.covers``.
    """
    try:
        parts = cose.split_sign1(data)
        kid, origin, entries, at = _read_issuer(parts.protected)
        subject, at = read_text(parts.protected, at, 2)
        device = parse_device_id(subject)
        if entries != 3 or at != len(parts.protected):
            raise ReceiptError("not a promise's header")
        payload = parts.payload
        left, at = read_map(payload, 0)
        at = expect(payload, expect(payload, at, 1), 1)
        epoch, at = uint(payload, at, 2)
        sequence, at = uint(payload, at, 3)
        digest, at = read_bytes32(payload, expect(payload, at, 4))
        accepted, at = uint(payload, at, 5)
        deadline, at = uint(payload, at, 6)
        log_index: int | None = None
        if left == 7:
            log_index, at = uint(payload, at, 7)
        if at != len(payload) or left not in (6, 7):
            raise ReceiptError("not a promise's payload")
    except (ValueError, IndexError, IdentityError) as error:
        raise ReceiptError(f"not a promise: {error}") from error
    if kid != key.kid or not cose.verifies(parts.signed_bytes, parts.signature, key):
        raise ReceiptError("the promise is not signed by the gateway's key")
    promise = Promise(
        device,
        epoch,
        sequence,
        payload_digest=Digest(digest),
        accepted_ms=accepted,
        deadline_ms=deadline,
        log_index=log_index,
    )
    return promise, origin


def verify_receipt(data: bytes, entry: bytes, key: PublicKey) -> Receipt:
    """Return the receipt in *data*, which proves *entry* under a root signed by *key*.

    *entry* is the record's whole COSE_Sign1. Raises ReceiptError when the receipt is malformed,
    does not lead from *entry* to a root that *key* signed, or states another tree size than the signed one.
    """
    try:
        if len(data) > _MAX_RECEIPT_BYTES or data[:2] != b"\xd2\x84":
            raise ReceiptError("not a tagged COSE_Sign1 of a receipt's length")
        first, end = cose.read_bstr(data, 2)
        protected = data[first:end]
        kid, origin, signed_size = _read_receipt_header(protected)
        tree_size, log_index, path, at = _read_inclusion_proof(data, end)
        if data[at : at + 3] != b"\xf6\x58\x40" or len(data) != at + 67:
            raise ReceiptError("no detached payload, or no signature of 64 bytes")
        root = root_from_inclusion_proof(
            log_index, tree_size, leaf_hash=hash_leaf(entry), proof=path
        )
    except (ValueError, IndexError, ProofError) as error:
        raise ReceiptError(f"not a receipt: {error}") from error
    if signed_size != tree_size:
        raise ReceiptError(f"a proof for {tree_size} leaves under a root over {signed_size}")
    message = cose.signed_bytes(protected, root)
    if kid != key.kid or not cose.verifies(message, data[at + 3 :], key):
        raise ReceiptError("the record is under no root that the gateway's key signed")
    return Receipt(origin, tree_size, log_index, root)


def _read_receipt_header(protected: bytes) -> tuple[KeyId, str, int]:
    kid, origin, entries, at = _read_issuer(protected)
    if entries != 5 or protected[at : at + 4] != b"\x19\x01\x8b\x01":
        raise ReceiptError("no RFC9162_SHA256 (1) as verifiable data structure (395)")
    label, at = read_int(protected, at + 4)
    tree_size, at = uint(protected, at)
    if label != HEADER_TREE_SIZE or at != len(protected):
        raise ReceiptError("no tree size in the protected header")
    return kid, origin, tree_size


def _read_inclusion_proof(data: bytes, at: int) -> tuple[int, int, list[bytes], int]:
    """Return (tree size, leaf index, path, position after) of {396: {-1: [bstr .cbor proof]}}."""
    if data[at : at + 7] != b"\xa1\x19\x01\x8c\xa1\x20\x81":
        raise ReceiptError("no single inclusion proof (-1) under (396)")
    at, end = cose.read_bstr(data, at + 7)
    tree_size, at = uint(data, expect(data, at, 0x83))
    log_index, at = uint(data, at)
    count, at = read_array(data, at)
    path: list[bytes] = []
    for _ in range(count):
        node, at = read_bytes32(data, at)
        path.append(node)
    if at != end:
        raise ReceiptError("bytes follow the inclusion proof")
    return tree_size, log_index, path, end
