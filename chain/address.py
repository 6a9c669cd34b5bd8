"""An account's or a contract's address: 20 bytes, and one spelling of them. Pure.

Rules that this module keeps:

- An :class:`Address` is made of any spelling and is always the one of EIP-55: ``0x`` and 40 digits whose case is their
  checksum. So it is the text that databases hold and the API shows, and needs no conversion there.
- Two addresses are equal when their 20 bytes are, and hash alike.
- An address equals a plain text that spells it, whatever the case: comparing the two can't be False in silence. It
  compares and does not raise, for libraries compare texts of their own with ours, and a lookup by hash could not raise
  anyway.
- A plain text in another spelling hashes differently. What is looked up in a set or a mapping of addresses is an
  Address; mypy refuses a plain ``str`` as the key of a mapping.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Self

from eth_utils.address import (
    is_checksum_address,
    is_checksum_formatted_address,
    to_checksum_address,
)

from counterfoil.chain.errors import AddressMalformed
from counterfoil.chain.hexadecimal import HexMalformed, from_any_hex, from_hex, to_hex

BYTES = 20


class Address(str):
    """An account or a contract, in the one spelling of EIP-55.

    Raises:
        AddressMalformed: it is made of what is no address. Bytes must be 20; of a text, the prefix may be missing and
            the case may be any: :meth:`checked` refuses a checksum that is wrong.
    """

    __slots__ = ()

    def __new__(cls, value: str | bytes) -> Self:
        return value if type(value) is cls else super().__new__(cls, _checksummed(value))

    @classmethod
    def checked(cls, value: object) -> Self:
        """*value* as a person wrote it down: where its digits are in both cases, they must be their checksum.

        Raises:
            AddressMalformed: it is no text, or no address, or somebody mistyped it.
        """
        if not isinstance(value, str):
            raise AddressMalformed(f"{value!r} is no address: 0x and 40 hex digits")
        address = cls(value)
        if is_checksum_formatted_address(value) and not is_checksum_address(value):
            raise AddressMalformed(f"{value!r} is mistyped: its checksum is wrong")
        return address

    @property
    def raw(self) -> bytes:
        """The 20 bytes."""
        return from_hex(self, BYTES)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Address) or not isinstance(other, str):
            return super().__eq__(other)
        return super().__eq__(canonical(other))

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Callable[[Any], Any]) -> Any:
        """For pydantic a text that is made an Address: this is its protocol, so that nothing of it is imported here."""
        return {
            "type": "function-after",
            "function": {"type": "no-info", "function": cls},
            "schema": handler(str),
        }


def canonical(text: str) -> str:
    """*text* as an Address where it is one, and as it is else: what is known by a name or by an account."""
    try:
        return Address(text)
    except AddressMalformed:
        return text


@lru_cache(maxsize=65_536)
def _checksummed(value: str | bytes) -> str:
    try:
        raw = from_any_hex(value, BYTES) if isinstance(value, str) else value
    except HexMalformed:
        raise AddressMalformed(f"{value[:80]!r} is no address: 0x and 40 hex digits") from None
    if len(raw) != BYTES:
        raise AddressMalformed(f"{len(raw)} bytes are no address, which has {BYTES}")
    text = to_hex(raw)
    # Digits alone have no case: nothing is hashed for them, and keccak is not loaded for NOBODY.
    return text if text[2:].isdigit() else str(to_checksum_address(raw))


NOBODY = Address(bytes(BYTES))
"""The zero address: minted from, burnt to, and what a contract says for none."""
