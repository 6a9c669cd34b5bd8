"""EVA-DTS audit data (DEX): a vending machine's counters, and whether they arrived whole.

Rules kept here:

* A transfer is DXS, ST … G85, SE, DXE; a segment is a line, with ``*`` between its elements. Lines
  before DXS are no part of it (a warning).
* G85 is the CRC-16/ARC (polynomial x^16 + x^15 + x^2 + 1, reflected, from 0) of everything from
  ST up to G85, lines ending in CR LF whatever the file's own line ends are. SE counts the
  segments from ST to SE; some machines leave the loop marks LS and LE out (a warning).
* A missing end, a wrong count or a wrong G85 makes the transfer invalid. Without a G85 it is
  unverifiable. Counters that do not add up are warnings: real machines have such counters.
* Amounts are in minor units, scaled by ID4's decimal places; the file says no more about the currency.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from counterfoil.fault import Code
from counterfoil.gateway.formats.errors import FormatError, SignatureMissingError


def _shifted(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ 0xA001 if byte & 1 else byte >> 1
    return byte


_TABLE = tuple(_shifted(byte) for byte in range(256))


class DexIncompleteError(FormatError):
    """The transfer has no end, or lacks a part that every transfer has."""

    code = Code("dex.transfer_incomplete")
    to_do = "Read the machine out again."


class DexCountError(FormatError):
    """SE counts another number of segments than there are."""

    code = Code("dex.segment_count_wrong")
    to_do = "Read the machine out again; if it stays so, the machine's software counts wrong."


class DexChecksumError(FormatError):
    """G85 is not the checksum of what arrived."""

    code = Code("dex.checksum_wrong")
    to_do = "Read the machine out again."


@dataclass(frozen=True, slots=True)
class Segment:
    """One line: its identifier and its elements, from 1 in the standard, from 0 here."""

    name: str
    elements: tuple[str, ...]
    line: int

    def number(self, place: int) -> int | None:
        """Element *place* (from 1) as a whole number; None when absent, empty or no number."""
        text = self.elements[place - 1] if place <= len(self.elements) else ""
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else None


@dataclass(frozen=True, slots=True)
class Product:
    """A selection's counters since initialisation; ``price_minor`` is its price now."""

    selection: str
    price_minor: int | None
    vends: int | None
    value_minor: int | None


@dataclass(frozen=True, slots=True)
class DexTransfer:
    """A parsed transfer. Totals are since initialisation, None where the machine has
    none; ``checked`` are the bytes that G85 covers; ``has_end`` says that DXE is the last segment."""

    machine: str
    communication_id: str
    decimals: int | None
    currency_code: str
    value_minor: int | None
    vends: int | None
    cash_minor: int | None
    cash_vends: int | None
    cashless_minor: int | None
    cashless_vends: int | None
    products: tuple[Product, ...]
    segments: tuple[Segment, ...]
    warnings: tuple[str, ...]
    checked: bytes
    has_end: bool


def crc16_arc(data: bytes) -> int:
    """Return the CRC-16/ARC of *data*: 0xBB3D for ``123456789``."""
    crc = 0
    for byte in data:
        crc = (crc >> 8) ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc


def parse_dex(content: bytes) -> DexTransfer:
    """Return the transfer in *content*, not checked; FormatError when no transfer begins in it."""
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    start = next((n for n, line in enumerate(lines) if line.startswith(b"DXS*")), None)
    if start is None:
        raise FormatError("no DXS segment")
    warnings = [f"{start} lines before DXS"] if start else []
    segments = []
    for number, line in enumerate(lines[start:], start + 1):
        if line.strip():
            name, *elements = line.decode("latin-1").split("*")
            segments.append(Segment(name, tuple(elements), number))
    first = {segment.name: segment for segment in reversed(segments)}
    products = _products(segments)
    absent = Segment("", (), 0)
    total, cash, cashless = (first.get(name, absent) for name in ("VA1", "CA2", "DA2"))
    identity, currency = first.get("ID1", absent), first.get("ID4", absent)
    machine = identity.elements[0].strip() if identity.elements else ""
    transfer = DexTransfer(
        machine,
        communication_id=first["DXS"].elements[0] if first["DXS"].elements else "",
        decimals=currency.number(1),
        currency_code=currency.elements[1] if len(currency.elements) > 1 else "",
        value_minor=total.number(1),
        vends=total.number(2),
        cash_minor=cash.number(1),
        cash_vends=cash.number(2),
        cashless_minor=cashless.number(1),
        cashless_vends=cashless.number(2),
        products=products,
        segments=tuple(segments),
        warnings=(),
        checked=_checked_span(lines[start:]),
        has_end=segments[-1].name == "DXE",
    )
    warnings += _reconciliation(transfer)
    return replace(transfer, warnings=tuple(warnings))


def check_dex(transfer: DexTransfer) -> tuple[str, ...]:
    """Return the warnings of *transfer* when it arrived whole.

    Raises DexIncompleteError, DexCountError, DexChecksumError; SignatureMissingError where only
    the G85 is missing.
    """
    names = [segment.name for segment in transfer.segments]
    for name in ("ST", "SE", "DXE"):
        if name not in names:
            raise DexIncompleteError(f"no {name} segment: the transfer was cut off")
    if not transfer.has_end:
        raise DexIncompleteError("segments after DXE")
    begin, end = names.index("ST"), names.index("SE")
    stated = transfer.segments[end].number(1)
    counted = end - begin + 1
    marks = sum(name in {"LS", "LE"} for name in names[begin : end + 1])
    warnings = list(transfer.warnings)
    if stated != counted:
        if stated is None or not marks or stated != counted - marks:
            raise DexCountError(f"SE states {stated} segments, there are {counted}")
        warnings.append(f"SE counts {stated} segments without the {marks} loop marks LS and LE")
    if "G85" not in names:
        raise SignatureMissingError("no G85 segment to check the transfer by")
    written = "".join(transfer.segments[names.index("G85")].elements[:1]).strip().upper()
    found = f"{crc16_arc(transfer.checked):04X}"
    if written != found:
        raise DexChecksumError(f"G85 is {written[:8]}, the transfer's checksum is {found}")
    return tuple(warnings)


def _checked_span(lines: Sequence[bytes]) -> bytes:
    begin = next((n for n, line in enumerate(lines) if line.startswith(b"ST*")), 0)
    end = next((n for n, line in enumerate(lines) if line.startswith(b"G85*")), len(lines))
    return b"".join(line + b"\r\n" for line in lines[begin:end])


def _products(segments: Sequence[Segment]) -> tuple[Product, ...]:
    products: list[Product] = []
    for segment in segments:
        if segment.name == "PA1" and segment.elements:
            products.append(
                Product(
                    selection=segment.elements[0],
                    price_minor=segment.number(2),
                    vends=None,
                    value_minor=None,
                )
            )
        elif segment.name == "PA2" and products and products[-1].vends is None:
            last = products[-1]
            products[-1] = Product(
                last.selection,
                last.price_minor,
                vends=segment.number(1),
                value_minor=segment.number(2),
            )
    return tuple(products)


def _reconciliation(transfer: DexTransfer) -> list[str]:
    warnings = []
    vends = sum(product.vends or 0 for product in transfer.products)
    value = sum(product.value_minor or 0 for product in transfer.products)
    if transfer.vends is not None and transfer.products and vends != transfer.vends:
        warnings.append(f"PA2 counts {vends} vends, VA1 {transfer.vends}")
    if transfer.value_minor is not None and transfer.products and value != transfer.value_minor:
        warnings.append(f"PA2 sums to {value}, VA1 is {transfer.value_minor}")
    paid = (transfer.cash_minor or 0) + (transfer.cashless_minor or 0)
    if (
        transfer.value_minor is not None
        and transfer.cash_minor is not None
        and paid != transfer.value_minor
    ):
        warnings.append(f"CA2 and DA2 sum to {paid}, VA1 is {transfer.value_minor}")
    return warnings
