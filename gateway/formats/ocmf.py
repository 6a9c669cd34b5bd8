"""OCMF: a charging meter's readings, signed by the meter itself (Open Charge Metering Format).

Rules kept here:

* ``OCMF|<payload JSON>|<signature JSON>``: the signature is over the payload's bytes exactly as
  they stand between the bars. SA names curve and hash (ECDSA-secp256r1-SHA256 by default), SE the
  encoding of SD (hex by default, base64), SD is the DER signature.
* The public key is stated beside the record, never in it. It must be on the curve that SA
  names. Without a usable key the record is unverifiable, not invalid.
* Numbers are Decimal; energy is in Wh (a meter may state parts of one Wh), read from Wh or kWh, and
  only from OBIS energy registers.
* Within a transaction, readings never go back in time or in energy. Across the records of one
  meter the pagination number goes up by one.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from counterfoil.fault import Code
from counterfoil.gateway.formats.errors import (
    FormatError,
    QuantityError,
    SignatureMissingError,
    TimeError,
)
from counterfoil.gateway.formats.quantity import json_decimal

CURVES: dict[str, ec.EllipticCurve] = {
    "secp192r1": ec.SECP192R1(),
    "secp256r1": ec.SECP256R1(),
    "secp384r1": ec.SECP384R1(),
    "secp521r1": ec.SECP521R1(),
    "secp256k1": ec.SECP256K1(),
    "brainpool256r1": ec.BrainpoolP256R1(),
    "brainpoolP256r1": ec.BrainpoolP256R1(),
    "brainpool384r1": ec.BrainpoolP384R1(),
    "brainpoolP384r1": ec.BrainpoolP384R1(),
}
HASHES: dict[str, hashes.HashAlgorithm] = {
    "SHA256": hashes.SHA256(),
    "SHA384": hashes.SHA384(),
    "SHA512": hashes.SHA512(),
}
DEFAULT_ALGORITHM = "ECDSA-secp256r1-SHA256"
_CLOCKS = {"U": "unknown", "I": "informative", "S": "synchronised", "R": "relative"}
_ENERGY = re.compile(r"(?:\d+-[0-9a-z]+:)?\d*1\.8\.\d+(?:\*[0-9A-Fa-f]+)?|01-00:.*", re.ASCII)
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d),(\d{3})([+-]\d{4}) ([UISR])", re.ASCII)
_CARRIED = ("TM", "TX", "RI", "RU", "ST", "EF")
_SCALES = {"kWh": 3, "Wh": 0}


class OcmfSignatureError(FormatError):
    """The meter's signature does not verify under the key beside the record."""

    code = Code("ocmf.signature_invalid")
    to_do = (
        "Do not bill by it: ask for the record again, and for the meter's key from another source."
    )


class OcmfContentError(FormatError):
    """The record is signed but contradicts itself."""

    code = Code("ocmf.content_inconsistent")
    to_do = "Do not bill by it: ask the charging point's operator what the meter did."


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading. ``time_ms`` is UTC; ``kind`` is B, C, E, L, R, A, P, S or T, copied
    from the reading before where it is left out; ``energy_wh`` is None for other quantities."""

    time_ms: int
    clock: str
    kind: str
    value: Decimal
    unit: str
    register: str
    energy_wh: Decimal | None
    meter_status: str
    error_flags: str


@dataclass(frozen=True, slots=True)
class ChargingRecord:
    """A parsed record. ``meter`` is MS, else GS: the serial that the signature vouches for."""

    version: str
    vendor: str
    meter: str
    pagination: str
    identification: str
    readings: tuple[Reading, ...]
    algorithm: str
    payload: bytes
    signature: bytes

    @property
    def energy_wh(self) -> Decimal | None:
        """Return the exact energy between the first and the last reading of the first energy register."""
        energies = [r for r in self.readings if r.energy_wh is not None]
        same = [r for r in energies if r.register == energies[0].register]
        first, last = (same[0].energy_wh, same[-1].energy_wh) if same else (None, None)
        return None if first is None or last is None or len(same) < 2 else last - first

    @property
    def page(self) -> tuple[str, int] | None:
        """Return the pagination's context (T transaction, F fiscal) and number; None when absent."""
        match = re.fullmatch(r"([TF])(\d{1,18})", self.pagination, re.ASCII)
        return (match[1], int(match[2])) if match else None


def parse_ocmf(text: str) -> ChargingRecord:
    """Return the record in *text*, not verified; or a FormatError."""
    parts = text.strip().split("|", 2)
    if len(parts) != 3 or parts[0] != "OCMF":
        raise FormatError("not OCMF|payload|signature")
    middle = _end_of_object(parts[1] + "|" + parts[2])
    payload_text, signature_text = middle
    payload, signature = json_object(payload_text), json_object(signature_text)
    readings = payload.get("RD")
    if not isinstance(readings, list) or not readings:
        raise FormatError("no readings (RD)")
    return ChargingRecord(
        version=str(payload.get("FV", "")),
        vendor=str(payload.get("GI", payload.get("MV", ""))),
        meter=str(payload.get("MS") or payload.get("GS") or ""),
        pagination=str(payload.get("PG", "")),
        identification=str(payload.get("ID", "")),
        readings=tuple(_readings(readings)),
        algorithm=str(signature.get("SA", DEFAULT_ALGORITHM)),
        payload=payload_text.encode(),
        signature=_signature_bytes(signature),
    )


def verify_ocmf(record: ChargingRecord, public_key: str | None) -> None:
    """Check that *public_key* (SubjectPublicKeyInfo, hex or base64) signed *record*.

    Raises SignatureMissingError where that can't be checked: there is no readable key, it is on
    another curve, or the algorithm is unknown. Raises OcmfSignatureError where it did not sign.
    """
    curve, digest = _algorithm(record.algorithm)
    key = load_public_key(public_key)
    if key.curve.name != curve.name:
        raise SignatureMissingError(f"the key is on {key.curve.name}, SA names {curve.name}")
    try:
        key.verify(record.signature, record.payload, ec.ECDSA(digest))
    except InvalidSignature as error:
        raise OcmfSignatureError("the meter's signature does not verify") from error
    except UnsupportedAlgorithm as error:
        raise SignatureMissingError(f"{curve.name} is not in this build") from error


def check_content(record: ChargingRecord) -> None:
    """Raise OcmfContentError when the readings go back in time or in energy."""
    last_energy: dict[str, Decimal] = {}
    last_time = record.readings[0].time_ms
    for reading in record.readings:
        if reading.time_ms < last_time:
            raise OcmfContentError("a reading is earlier than the one before it")
        last_time = reading.time_ms
        if reading.energy_wh is None:
            continue
        if reading.energy_wh < last_energy.get(reading.register, reading.energy_wh):
            raise OcmfContentError("an energy register runs backwards")
        last_energy[reading.register] = reading.energy_wh


def pagination_breaks(records: Iterable[ChargingRecord]) -> list[str]:
    """Return what is missing or repeated in the pagination of each meter, in the order given."""
    last: dict[tuple[str, str], int] = {}
    breaks = []
    for record in records:
        if record.page is None:
            continue
        context, number = record.page
        before = last.get((record.meter, context))
        if before is not None and number != before + 1:
            breaks.append(f"{record.meter}: {context}{number} follows {context}{before}")
        last[record.meter, context] = number
    return breaks


def load_public_key(text: str | None) -> ec.EllipticCurvePublicKey:
    """Return the elliptic curve key in *text*, DER in hex or base64; or SignatureMissingError."""
    if not text:
        raise SignatureMissingError("no public key beside the record")
    compact = "".join(text.split())
    try:
        is_hex = re.fullmatch(r"(?:[0-9A-Fa-f]{2})+", compact, re.ASCII)
        der = bytes.fromhex(compact) if is_hex else base64.b64decode(compact, validate=True)
        key = serialization.load_der_public_key(der)
    except (ValueError, binascii.Error, UnsupportedAlgorithm) as error:
        raise SignatureMissingError("the public key is not decodable") from error
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise SignatureMissingError("the public key is not on an elliptic curve")
    return key


def _end_of_object(text: str) -> tuple[str, str]:
    try:
        _, end = json.JSONDecoder(parse_float=json_decimal).raw_decode(text)
    except (ValueError, RecursionError) as error:
        raise FormatError("the payload is not JSON") from error
    if text[end : end + 1] != "|":
        raise FormatError("no bar after the payload")
    return text[:end], text[end + 1 :]


def json_object(text: str) -> dict[str, Any]:
    """Return the JSON object in *text*, its numbers Decimal; or FormatError."""
    try:
        value = json.loads(text, parse_float=json_decimal)
    except (ValueError, RecursionError) as error:
        raise FormatError("not JSON") from error
    if not isinstance(value, dict):
        raise FormatError("not a JSON object")
    return value


def _signature_bytes(signature: dict[str, Any]) -> bytes:
    data, encoding = signature.get("SD"), signature.get("SE", "hex")
    if not isinstance(data, str) or not data:
        raise FormatError("no signature (SD)")
    try:
        return bytes.fromhex(data) if encoding == "hex" else base64.b64decode(data, validate=True)
    except (ValueError, binascii.Error) as error:
        raise FormatError("the signature (SD) is not decodable") from error


def _algorithm(name: str) -> tuple[ec.EllipticCurve, hashes.HashAlgorithm]:
    parts = name.split("-")
    if len(parts) != 3 or parts[0] != "ECDSA" or parts[1] not in CURVES or parts[2] not in HASHES:
        raise SignatureMissingError(f"the algorithm {name[:60]!r} is not known here")
    return CURVES[parts[1]], HASHES[parts[2]]


def _readings(entries: Sequence[Any]) -> Iterator[Reading]:
    carried: dict[str, Any] = {}
    for entry in entries:
        if not isinstance(entry, dict):
            raise FormatError("a reading is not a JSON object")
        carried |= {name: entry[name] for name in _CARRIED if name in entry}
        value = entry.get("RV")
        if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
            raise QuantityError("a reading has no value (RV)")
        try:
            number = Decimal(value)
        except ArithmeticError as error:
            raise QuantityError(f"a reading's value {str(value)[:40]!r} is no number") from error
        if not number.is_finite() or abs(number.adjusted()) > 15:
            raise QuantityError(f"a reading's value {str(value)[:40]!r} is out of range")
        unit, register = str(carried.get("RU", "")), str(carried.get("RI", ""))
        is_energy = unit in _SCALES and (not register or _ENERGY.fullmatch(register) is not None)
        energy = number.scaleb(_SCALES[unit]) if is_energy else None
        time_ms, clock = _time(carried.get("TM"))
        yield Reading(
            time_ms,
            clock,
            kind=str(carried.get("TX", "")),
            value=number,
            unit=unit,
            register=register,
            energy_wh=energy,
            meter_status=str(carried.get("ST", "")),
            error_flags=str(carried.get("EF", "")),
        )


def _time(text: object) -> tuple[int, str]:
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise TimeError(f"{str(text)[:40]!r} is not an OCMF time")
    try:
        moment = datetime.strptime(match[1] + match[3], "%Y-%m-%dT%H:%M:%S%z")
    except ValueError as error:
        raise TimeError(f"{str(text)[:40]!r} is not an OCMF time") from error
    return int(moment.timestamp()) * 1000 + int(match[2]), _CLOCKS[match[4]]
