"""An account has one value whatever its spelling, and hex is read as strictly as it is written."""

from __future__ import annotations

import json
import operator

import pytest
from eth_utils.address import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from counterfoil.chain.address import NOBODY, Address, canonical
from counterfoil.chain.errors import AddressMalformed
from counterfoil.chain.hexadecimal import HexMalformed, from_any_hex, from_hex, to_hex

RAW = st.binary(min_size=20, max_size=20)


@st.composite
def spellings(draw: st.DrawFn, raw: bytes) -> str:
    """Any of the ways to write *raw* down: each digit in either case, the prefix as one likes."""
    digits = "".join(draw(st.sampled_from((d.lower(), d.upper()))) for d in raw.hex())
    return draw(st.sampled_from(("0x", "0X", ""))) + digits


@given(st.data(), RAW)
def test_any_spelling_of_an_address_is_one_value(data: st.DataObject, raw: bytes) -> None:
    one, other = Address(data.draw(spellings(raw))), Address(data.draw(spellings(raw)))
    assert one == other
    assert not operator.ne(one, other)
    assert hash(one) == hash(other) == hash(Address(raw))
    assert len({one, other, Address(raw)}) == 1
    assert str(one) == to_checksum_address(raw)
    assert one.raw == raw
    assert json.loads(json.dumps({"account": one})) == {"account": to_checksum_address(raw)}


@given(st.data(), RAW)
def test_an_address_equals_a_plain_text_that_spells_it_from_either_side(
    data: st.DataObject, raw: bytes
) -> None:
    address, text = Address(raw), data.draw(spellings(raw))
    assert address == text
    assert text == address
    assert not operator.ne(address, text)
    assert not operator.ne(text, address)
    assert canonical(text) == address


@given(RAW, RAW)
def test_two_accounts_are_equal_only_when_their_bytes_are(one: bytes, other: bytes) -> None:
    assert (Address(one) == Address(other)) is (one == other)
    assert (Address(one) == "0x" + other.hex().upper()) is (one == other)


@given(st.one_of(st.text(max_size=60), st.from_regex(r"0x[0-9a-fA-F ]{38,44}", fullmatch=True)))
def test_what_is_no_address_is_refused_with_its_code_and_equals_none(text: str) -> None:
    digits = text[2:] if text[:2] in ("0x", "0X") else text
    if len(digits) == 40 and all(d in "0123456789abcdefABCDEF" for d in digits):
        return
    with pytest.raises(AddressMalformed) as refused:
        Address(text)
    assert refused.value.code == "address.malformed"
    assert canonical(text) == text
    assert text != NOBODY


@given(st.binary(max_size=64).filter(lambda raw: len(raw) != 20))
def test_bytes_of_another_length_are_no_address(raw: bytes) -> None:
    with pytest.raises(AddressMalformed):
        Address(raw)


def test_a_mistyped_checksum_is_refused_where_a_person_wrote_it() -> None:
    right = "0x90F79bf6EB2c4f870365E785982E1f101E93b906"
    assert Address.checked(right) == Address.checked(right.lower()) == right
    with pytest.raises(AddressMalformed, match="mistyped"):
        Address.checked(right.replace("90F7", "90f7"))
    with pytest.raises(AddressMalformed):
        Address.checked(int(right, 16))


def test_a_model_takes_any_spelling_and_says_what_is_wrong() -> None:
    class Payee(BaseModel):
        account: Address

    assert Payee.model_validate({"account": "0x" + "AB" * 20}).account == "0x" + "ab" * 20
    with pytest.raises(ValueError, match="no address"):
        Payee.model_validate({"account": "0x12"})


@given(st.binary(max_size=100))
def test_bytes_come_back_from_hex_in_either_case_of_digits(raw: bytes) -> None:
    text = to_hex(raw)
    assert text == "0x" + raw.hex()
    assert from_hex(text, len(raw)) == from_hex("0x" + raw.hex().upper()) == raw
    assert from_any_hex(raw.hex(), len(raw)) == from_any_hex("0X" + raw.hex()) == raw
    with pytest.raises(HexMalformed):
        from_hex(text, len(raw) + 1)


@pytest.mark.parametrize("text", ["", "12", "0X12", "0x1", "0x12 34", "0x12\n", "0xgg", "0x٣٣"])
def test_hex_without_prefix_or_with_anything_but_digits_is_refused(text: str) -> None:
    with pytest.raises(HexMalformed) as refused:
        from_hex(text)
    assert refused.value.code == "hex.malformed"
