"""A file's format, told by its first bytes and by the parsers that accept it. Nothing is said about its truth."""

from __future__ import annotations

import re
from enum import StrEnum

from counterfoil.gateway.formats import meter_csv
from counterfoil.gateway.formats.coffee_sales import COFFEE_COLUMNS
from counterfoil.gateway.formats.errors import FormatError
from counterfoil.gateway.formats.files import header_of, text_of
from counterfoil.gateway.formats.sparkplug import parse_sparkplug
from counterfoil.gateway.formats.vending_sales import VENDING_COLUMNS
from counterfoil.gateway.record.cbor import any_item
from counterfoil.gateway.record.cose import read_bstr

BUNDLE_MAGIC = b"\x83\x72counterfoil bundle"
_COSE_SIGN1 = b"\xd2\x84"
_RECEIPT_PROOF = b"\xa1\x19\x01\x8c\xa1\x20\x81"
_TLOG_PROOF = b"c2sp.org/tlog-proof@v1\n"
_CHECKPOINT = re.compile(rb"[!-~]{1,255}\n[0-9]{1,19}\n[A-Za-z0-9+/=]{44}\n")
_DEX = re.compile(rb"^DXS\*", re.MULTILINE)
_HEAD = 65_536


class Format(StrEnum):
    """The known formats, by the names that ``inspect`` prints."""

    RECORD = "record"
    RECEIPT = "receipt"
    BUNDLE = "bundle"
    CHECKPOINT = "checkpoint"
    TLOG_PROOF = "tlog-proof"
    CERTIFICATE = "certificate"
    OCMF = "ocmf"
    EVA_DTS = "eva-dts"
    SENML_JSON = "senml-json"
    SENML_CBOR = "senml-cbor"
    SPARKPLUG_B = "sparkplug-b"
    CAMT_053 = "camt.053"
    SALES_CSV = "sales-csv"
    METER_CSV = "meter-csv"
    UNKNOWN = "unknown"


def detect(content: bytes) -> Format:
    """Return the format of *content*, which is decompressed already; UNKNOWN when none fits."""
    if content.startswith(_COSE_SIGN1):
        return Format.RECEIPT if _is_receipt(content) else Format.RECORD
    if content.startswith(BUNDLE_MAGIC):
        return Format.BUNDLE
    if content.startswith(_TLOG_PROOF):
        return Format.TLOG_PROOF
    if _CHECKPOINT.match(content[:_HEAD]):
        return Format.CHECKPOINT
    if content.startswith((b"-----BEGIN CERTIFICATE", b"-----BEGIN X509 CRL")) or _is_der(content):
        return Format.CERTIFICATE
    if _DEX.search(content[:_HEAD]):
        return Format.EVA_DTS
    found = _detect_text(content)
    return found if found is not Format.UNKNOWN else _detect_binary(content)


def _is_receipt(content: bytes) -> bool:
    """Return whether a log signed it, not a device: it has a proof, or an issuer that is no device."""
    try:
        start, end = read_bstr(content, 2)
        issuer = any_item(content[start:end])[15][1]
    except (ValueError, IndexError, KeyError, TypeError):
        return False
    is_proof = content[end : end + len(_RECEIPT_PROOF)] == _RECEIPT_PROOF
    return is_proof or (isinstance(issuer, str) and not issuer.startswith("urn:dev:"))


def _is_der(content: bytes) -> bool:
    return content[:2] == b"\x30\x82" and len(content) == int.from_bytes(content[2:4], "big") + 4


def _detect_text(content: bytes) -> Format:
    try:
        text = text_of(content)
    except FormatError:
        return Format.UNKNOWN
    start = text.lstrip()[:_HEAD]
    if start.startswith("OCMF|"):
        return Format.OCMF
    if start.startswith("<"):
        if "camt.053" in start or "BkToCstmrStmt" in start:
            return Format.CAMT_053
        is_safe = "signedData" in start or "encodedData" in start or "OCMF" in start
        return Format.OCMF if is_safe else Format.UNKNOWN
    if start.startswith("{"):
        return Format.OCMF if '"ocmf"' in start.splitlines()[0] else Format.UNKNOWN
    if re.match(r"\[\s*\{", start):
        return Format.SENML_JSON if re.search(r'"(?:bn|n|v|vs|vb|vd|bver|bt|s)"\s*:', start) else (
            Format.UNKNOWN
        )  # fmt: skip
    header = header_of(text)
    if header >= VENDING_COLUMNS or header >= COFFEE_COLUMNS:
        return Format.SALES_CSV
    if header >= meter_csv.STEEL_COLUMNS or header >= meter_csv.FACTORY_COLUMNS:
        return Format.METER_CSV
    return Format.UNKNOWN


def _detect_binary(content: bytes) -> Format:
    if content and (0x81 <= content[0] <= 0x9F) and len(content) > 1 and 0xA0 <= content[1] <= 0xBF:
        return Format.SENML_CBOR
    try:
        parse_sparkplug(content)
    except FormatError:
        return Format.UNKNOWN
    return Format.SPARKPLUG_B
