"""Bytes as text and back: the one place that writes and reads the prefix ``0x``. Pure.

Rules that this module keeps:

- Text is written in lower case, two digits a byte, after ``0x``.
- Text is read in either case. A missing prefix, an odd number of digits, anything that is no digit, and a length other
  than the one asked for raise :class:`HexMalformed`.
"""

from __future__ import annotations

from counterfoil.fault import Code

_PREFIX = "0x"
HEX_32_BYTES = "^0x[0-9a-f]{64}$"
"""The pattern of a hash or of any other word of 32 bytes, as it is stored and as the API shows it."""
HEX_SIGNATURE = "^0x[0-9a-f]{130}$"
"""The pattern of a signature, r || s || v."""
HEX_BYTES = "^0x([0-9a-f]{2})+$"
"""The pattern of one byte or more."""
HEX_ADDRESS = "^0x[0-9a-fA-F]{40}$"
"""The pattern of an account in any spelling."""
NO_BYTES = _PREFIX
"""A node's response where there is nothing."""


class HexMalformed(ValueError):
    """A text that should be 0x and hex digits is not.

    ``chain.errors`` stands above this module, as it writes hex.
    """

    code = Code("hex.malformed")
    to_do = "Copy the text whole: 0x and two hex digits a byte."


def to_hex(data: bytes) -> str:
    """*data* as ``0x`` and two digits a byte."""
    return _PREFIX + data.hex()


def from_hex(text: str, length: int | None = None) -> bytes:
    """The bytes of ``0x…`` *text*, which are *length* where that is given.

    Raises:
        HexMalformed: it has no prefix, is no hex, or is of another length.
    """
    if not text.startswith(_PREFIX):
        raise HexMalformed(f"{text[:80]!r} does not begin with 0x")
    return _bytes(text, text[len(_PREFIX) :], length)


def from_any_hex(text: str, length: int | None = None) -> bytes:
    """The same for what people type and other programs write: the prefix may be missing, or be ``0X``."""
    prefixed = text[: len(_PREFIX)].lower() == _PREFIX
    return _bytes(text, text[len(_PREFIX) :] if prefixed else text, length)


def has_prefix(text: str) -> bool:
    """Whether *text* begins as hex does; what follows may be anything."""
    return text.startswith(_PREFIX)


def _bytes(text: str, digits: str, length: int | None) -> bytes:
    try:
        data = bytes.fromhex(digits)
    except ValueError:
        raise HexMalformed(f"{text[:80]!r} is not 0x and pairs of hex digits") from None
    if len(digits) != 2 * len(data):  # bytes.fromhex passes over white space
        raise HexMalformed(f"{text[:80]!r} has white space among its digits")
    if length is not None and len(data) != length:
        raise HexMalformed(f"{text[:80]!r} is {len(data)} bytes, not {length}")
    return data
