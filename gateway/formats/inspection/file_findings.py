"""A file's findings, one for each record inside. No content of a file makes this raise."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from counterfoil.fault import FILE_EMPTY
from counterfoil.gateway.errors import GatewayError
from counterfoil.gateway.formats import senml
from counterfoil.gateway.formats.detection import Format, detect
from counterfoil.gateway.formats.errors import (
    FORMAT_UNKNOWN,
    FileTooLargeError,
    FileUnreadableError,
    FormatError,
)
from counterfoil.gateway.formats.files import read_bytes, text_of
from counterfoil.gateway.formats.inspection import signed_findings as signed
from counterfoil.gateway.formats.inspection import unsigned_findings as unsigned
from counterfoil.gateway.formats.inspection.bundle_findings import inspect_bundle
from counterfoil.gateway.formats.inspection.finding import Finding, Verdict
from counterfoil.gateway.formats.inspection.log_findings import (
    inspect_checkpoint,
    inspect_tlog_proof,
)


def inspect_file(path: Path, at: datetime) -> list[Finding]:
    """Return the findings on the file at *path*, at least one; certificates are judged at *at*."""
    try:
        content = read_bytes(path)
    except (FileUnreadableError, FileTooLargeError) as error:
        return [Finding(Format.UNKNOWN, Verdict.UNVERIFIABLE, str(error))]
    return inspect_content(content, at)


def inspect_content(content: bytes, at: datetime) -> list[Finding]:
    """Return the findings on *content*, decompressed already, at least one."""
    if not content:
        return [Finding(Format.UNKNOWN, Verdict.UNVERIFIABLE, f"{FILE_EMPTY}: the file is empty")]
    found = detect(content)
    name = "senml" if found in {Format.SENML_JSON, Format.SENML_CBOR} else found.value
    findings: list[Finding] = []
    try:
        findings.extend(_findings(found, content, at))
    except FormatError as error:
        findings.append(Finding(name, Verdict.INVALID, str(error)))
    except GatewayError as error:
        findings.append(Finding(name, Verdict.UNVERIFIABLE, str(error)))
    if not findings:
        reason = f"{FILE_EMPTY}: the file holds no record"
        findings.append(Finding(name, Verdict.UNVERIFIABLE, reason))
    return findings


def _findings(found: Format, content: bytes, at: datetime) -> Iterator[Finding]:  # noqa: PLR0912
    match found:
        case Format.RECORD:
            yield from signed.inspect_records(content)
        case Format.RECEIPT:
            yield from signed.inspect_receipt(content)
        case Format.BUNDLE:
            yield from inspect_bundle(content)
        case Format.CHECKPOINT:
            yield from inspect_checkpoint(content)
        case Format.TLOG_PROOF:
            yield from inspect_tlog_proof(content)
        case Format.CERTIFICATE:
            yield from signed.inspect_certificates(content, at)
        case Format.OCMF:
            yield from signed.inspect_ocmf(text_of(content))
        case Format.EVA_DTS:
            yield from unsigned.inspect_dex(content)
        case Format.SENML_JSON:
            yield from unsigned.inspect_senml(senml.parse_senml_json(text_of(content)))
        case Format.SENML_CBOR:
            yield from unsigned.inspect_senml(senml.parse_senml_cbor(content))
        case Format.SPARKPLUG_B:
            yield from unsigned.inspect_sparkplug(content)
        case Format.CAMT_053:
            yield from unsigned.inspect_camt053(text_of(content))
        case Format.SALES_CSV:
            yield from unsigned.inspect_sales(text_of(content))
        case Format.METER_CSV:
            yield from unsigned.inspect_meter(text_of(content))
        case Format.UNKNOWN:
            reason = f"{FORMAT_UNKNOWN}: no format that is known here"
            yield Finding(
                format=found,
                verdict=Verdict.UNVERIFIABLE,
                reason=reason,
                summary={"bytes": len(content)},
            )
