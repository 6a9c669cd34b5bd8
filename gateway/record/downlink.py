"""What goes down to a device on ``v1/{device}/rcpt``: promises, receipts and refusals.

Rules kept here (docs/formats/receipt.md is the byte-exact description):

* One message is one deterministic CBOR map: {1: version, 2: type, …}. Promises and
  receipts are signed by themselves. A refusal is advice: a false one can only delay a device.
* A refusal names the bytes sent by their SHA-256, because a broken record may have no sequence
  number. Where there is one, the refusal states it too.
"""

from __future__ import annotations

from dataclasses import dataclass

import cbor2

from counterfoil.gateway.errors import ReceiptError
from counterfoil.gateway.record.cbor import MAX_INTEGER, expect, read_bytes32, read_map, read_text
from counterfoil.gateway.record.cbor import read_uint as uint
from counterfoil.gateway.record.cose import encode_bstr, read_bstr
from counterfoil.gateway.record.identity import DeviceId, Digest

VERSION = 1
MAX_MESSAGE_BYTES = 8192
_PROMISE, _RECEIPT, _REFUSAL = 1, 2, 3


def record_topic(device: DeviceId) -> str:
    """Return the topic on which *device* publishes its records."""
    return f"v1/{device}/rec"


def receipt_topic(device: DeviceId) -> str:
    """Return the topic on which *device* is sent promises, receipts and refusals."""
    return f"v1/{device}/rcpt"


@dataclass(frozen=True, slots=True)
class PromiseMessage:
    """A signed promise (``receipt.verify_promise``)."""

    promise: bytes

    def encode(self) -> bytes:
        """Return the message's bytes."""
        return bytes((0xA3, 1, VERSION, 2, _PROMISE, 3)) + encode_bstr(self.promise)


@dataclass(frozen=True, slots=True)
class ReceiptMessage:
    """A COSE Receipt (``receipt.verify_receipt``) for the record at (*epoch*, *sequence*)."""

    receipt: bytes
    epoch: int
    sequence: int

    def encode(self) -> bytes:
        """Return the message's bytes."""
        return (
            bytes((0xA4, 1, VERSION, 2, _RECEIPT, 3))
            + encode_bstr(self.receipt)
            + b"\x04"
            + cbor2.dumps([self.epoch, self.sequence])
        )


@dataclass(frozen=True, slots=True)
class RefusalMessage:
    """The gateway refused the bytes whose SHA-256 is *raw_digest*. *code* is stable, *detail* is for people.

    ``position`` is (epoch, sequence) where it could be read. ``expected`` comes with ``record.sequence_gap``:
    the (epoch, sequence) that the gateway takes next, so that the device can go back.
    """

    raw_digest: Digest
    code: str
    detail: str
    position: tuple[int, int] | None = None
    expected: tuple[int, int] | None = None

    def encode(self) -> bytes:
        """Return the message's bytes."""
        message: dict[int, object] = {1: VERSION, 2: _REFUSAL}
        if self.position is not None and max(self.position) <= MAX_INTEGER:
            message[4] = list(self.position)
        message |= {5: self.raw_digest, 6: self.code, 7: self.detail[:500]}
        if self.expected is not None:
            message[8] = list(self.expected)
        return cbor2.dumps(message)


Message = PromiseMessage | ReceiptMessage | RefusalMessage


def decode_message(data: bytes) -> Message:
    """Return the message in *data*, not yet verified; ReceiptError when it is malformed."""
    try:
        message, end = _read(data)
    except (ValueError, IndexError) as error:
        raise ReceiptError(f"not a message of this version: {error}") from error
    if end != len(data):
        raise ReceiptError("the message is cut off, or bytes follow it")
    return message


def _read(data: bytes) -> tuple[Message, int]:
    if len(data) > MAX_MESSAGE_BYTES:
        raise ReceiptError(f"longer than {MAX_MESSAGE_BYTES} bytes")
    left, at = read_map(data, 0)
    at = expect(data, expect(data, at, 1), VERSION)
    kind, at = uint(data, at, 2)
    left -= 2
    if kind in (_PROMISE, _RECEIPT):
        first, at = read_bstr(data, expect(data, at, 3))
        signed = data[first:at]
        if kind == _PROMISE and left == 1:
            return PromiseMessage(signed), at
        if kind == _RECEIPT and left == 2:
            position, at = _read_position(data, expect(data, at, 4))
            return ReceiptMessage(signed, *position), at
    elif kind == _REFUSAL:
        position_: tuple[int, int] | None = None
        expected: tuple[int, int] | None = None
        if data[at] == 4:
            position_, at = _read_position(data, at + 1)
            left -= 1
        raw_digest, at = read_bytes32(data, expect(data, at, 5))
        code, at = read_text(data, at, 6)
        detail, at = read_text(data, at, 7)
        left -= 3
        if left:
            expected, at = _read_position(data, expect(data, at, 8))
            left -= 1
        if left == 0:
            return RefusalMessage(
                raw_digest=Digest(raw_digest),
                code=code,
                detail=detail,
                position=position_,
                expected=expected,
            ), at
    raise ReceiptError(f"no message of type {kind} with such keys")


def _read_position(data: bytes, at: int) -> tuple[tuple[int, int], int]:
    epoch, at = uint(data, expect(data, at, 0x82))
    sequence, at = uint(data, at)
    return (epoch, sequence), at
