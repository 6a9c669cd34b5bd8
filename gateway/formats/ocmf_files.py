"""Files of OCMF records with their keys: plain OCMF, SAFE's XML, and JSON lines."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from counterfoil.gateway.formats.errors import (
    FormatError,
)
from counterfoil.gateway.formats.ocmf import json_object


@dataclass(frozen=True, slots=True)
class StatedKey:
    """The public key stated beside a record, and the record's text, both as written."""

    text: str
    public_key: str | None


def find_stated_keys(text: str) -> list[StatedKey]:
    """Return the records in *text*, each with its key: plain OCMF, SAFE's XML, or JSON lines; or FormatError."""
    start = text.lstrip()
    if start.startswith("OCMF|"):
        return [StatedKey(line, None) for line in start.splitlines() if line.strip()]
    if start.startswith("<"):
        return list(_stated_in_xml(text))
    return list(_stated_in_json(text))


def _stated_in_json(text: str) -> Iterator[StatedKey]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        entry = json_object(line)
        record = entry.get("ocmf")
        if not isinstance(record, str):
            raise FormatError(f"line {number} has no text under 'ocmf'")
        keys = (entry.get(name) for name in ("public_key_hex", "public_key", "public_key_raw"))
        yield StatedKey(record, next((key for key in keys if isinstance(key, str) and key), None))


def _stated_in_xml(text: str) -> Iterator[StatedKey]:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise FormatError("XML with a document type is not read")
    try:
        root = ET.fromstring(text)  # noqa: S314  # no document type, so no entities to expand
    except ET.ParseError as error:
        raise FormatError(f"not well-formed XML: {error}") from error
    found = False
    for value in root.iter():
        signed = _child(value, "signedData") or _child(value, "encodedData")
        if signed is None:
            continue
        found = True
        yield StatedKey(_decoded(signed), _child(value, "publicKey"))
    if not found:
        raise FormatError("no signedData in the XML")


def _child(node: ET.Element, name: str) -> str | None:
    for child in node:
        if child.tag.rsplit("}", 1)[-1] == name and child.text:
            return child.text.strip()
    return None


def _decoded(text: str) -> str:
    if text.startswith("OCMF"):
        return text
    compact = "".join(text.split())
    try:
        if re.fullmatch(r"(?:[0-9A-Fa-f]{2})+", compact, re.ASCII):
            return bytes.fromhex(compact).decode()
        return base64.b64decode(compact, validate=True).decode()
    except (ValueError, binascii.Error) as error:
        raise FormatError("signedData is neither OCMF, hex nor base64") from error
