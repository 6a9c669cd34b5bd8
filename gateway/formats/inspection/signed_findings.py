"""Findings on what carries signatures: records, receipts, certificates and OCMF."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

from counterfoil.gateway.certificate.errors import (
    PathInvalidError,
    PkiError,
    RevocationListInvalidError,
)
from counterfoil.gateway.certificate.profile import RECORD_SIGNING
from counterfoil.gateway.certificate.validation import device_of, validate_device
from counterfoil.gateway.errors import GatewayError, ReceiptError
from counterfoil.gateway.formats import ocmf
from counterfoil.gateway.formats.errors import (
    CERTIFICATE_MALFORMED,
    FormatError,
    SignatureMissingError,
)
from counterfoil.gateway.formats.inspection.finding import Finding, Verdict
from counterfoil.gateway.formats.ocmf_files import find_stated_keys
from counterfoil.gateway.record.cbor import any_item
from counterfoil.gateway.record.cbor_bounds import item_end
from counterfoil.gateway.record.signed_record import SignedRecord, decode

_COSE_SIGN1 = 18
_MAX_CERTIFICATES = 1000


def inspect_records(content: bytes) -> Iterator[Finding]:
    """Yield a finding for each record in *content*, one record after the other."""
    previous: SignedRecord | None = None
    for raw in _items(content):
        try:
            signed = decode(raw)
        except GatewayError as error:
            yield Finding(
                format="record",
                verdict=Verdict.INVALID,
                reason=str(error),
                summary={"bytes": len(raw)},
            )
            continue
        follows = None
        if previous is not None and previous.iss == signed.iss:
            follows = signed.record.prev == previous.payload_digest
        previous = signed
        reason = "well formed; its key is in the registry, not in the file"
        yield Finding(
            format="record",
            verdict=Verdict.UNVERIFIABLE,
            reason=reason,
            summary=_record(signed, follows),
        )


def _items(content: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(content):
        try:
            end = item_end(content, start, tags=(_COSE_SIGN1,))
        except ValueError:
            end = len(content)
        yield content[start:end]
        start = end


def _record(signed: SignedRecord, follows: bool | None) -> dict[str, Any]:
    record = signed.record
    summary: dict[str, Any] = {
        "device": record.device,
        "stream": record.stream,
        "epoch": record.epoch,
        "sequence": record.sequence,
        "kind": record.kind.name.lower(),
        "time_ms": record.time_ms,
        "clock": record.clock.name.lower(),
        "kid": signed.kid,
        "previous": record.prev,
        "payload_digest": signed.payload_digest,
        "counters": {
            "count": record.counters.count,
            "amount_minor": record.counters.amount_minor,
            "energy_register_wh": record.counters.energy_register_wh,
        },
    }
    amount = getattr(record.body, "amount_minor", None)
    if amount is not None:
        summary |= {"amount_minor": amount, "currency": getattr(record.body, "currency", None)}
    if follows is not None:
        summary["follows_the_record_before"] = follows
    return summary


def inspect_receipt(content: bytes) -> Iterator[Finding]:
    """Yield the finding on a receipt or a promise: neither proves anything without its record."""
    try:
        item = any_item(content, tags=(_COSE_SIGN1,))
        protected, unprotected, payload, signature = item.value
        header = any_item(protected)
        is_receipt = payload is None and 396 in unprotected
        size, index, path = any_item(unprotected[396][-1][0]) if is_receipt else (None, None, [])
        issuer = header[15][1]
        if len(signature) != 64:
            raise ValueError("a signature of another length than 64 bytes")
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        detail = f"{ReceiptError.code}: not a receipt: {type(error).__name__}"
        yield Finding("receipt", Verdict.INVALID, detail)
        return
    summary: dict[str, Any] = {"origin": issuer, "kid": header.get(4)}
    if is_receipt:
        summary |= {"tree_size": size, "log_index": index, "path_length": len(path)}
    reason = "well formed; it proves its record, which is not in the file, under the log's key"
    yield Finding(format="receipt", verdict=Verdict.UNVERIFIABLE, reason=reason, summary=summary)


def inspect_certificates(content: bytes, at: datetime) -> Iterator[Finding]:
    """Yield a finding for each certificate in *content*, PEM or DER, at the time *at*.

    A path may lead to a root in the same file. No file can say whether that root is trusted.
    """
    try:
        if content.lstrip().startswith(b"-----BEGIN X509 CRL"):
            yield _revocation_list(x509.load_pem_x509_crl(content), at)
            return
        is_pem = content.lstrip().startswith(b"-----")
        found = (
            x509.load_pem_x509_certificates(content)
            if is_pem
            else [x509.load_der_x509_certificate(content)]
        )
        if len(found) > _MAX_CERTIFICATES:
            raise ValueError("more certificates than are read")
    except (ValueError, UnsupportedAlgorithm) as error:
        detail = f"{CERTIFICATE_MALFORMED}: {error}"
        yield Finding("certificate", Verdict.INVALID, detail)
        return
    for certificate in found:
        yield _certificate(certificate, found, at)


def _revocation_list(crl: x509.CertificateRevocationList, at: datetime) -> Finding:
    summary = {
        "kind": "revocation_list",
        "issuer": crl.issuer.rfc4514_string(),
        "revoked": len(crl),
        "next_update": crl.next_update_utc.isoformat() if crl.next_update_utc else None,
    }
    if crl.next_update_utc is not None and crl.next_update_utc < at:
        return Finding(
            format="certificate",
            verdict=Verdict.INVALID,
            reason=f"{RevocationListInvalidError.code}: a newer list is due",
            summary=summary,
        )
    reason = "well formed; its issuer's key is not in the file"
    return Finding(
        format="certificate", verdict=Verdict.UNVERIFIABLE, reason=reason, summary=summary
    )


def _certificate(
    certificate: x509.Certificate, others: list[x509.Certificate], at: datetime
) -> Finding:
    summary: dict[str, Any] = {
        "kind": "certificate",
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "serial": f"{certificate.serial_number:x}",
        "not_before": certificate.not_valid_before_utc.isoformat(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
        "sha256": certificate.fingerprint(hashes.SHA256()),
    }

    def finding(verdict: Verdict, reason: str) -> Finding:
        return Finding(format="certificate", verdict=verdict, reason=reason, summary=summary)

    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        signs_records = RECORD_SIGNING in usages
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        signs_records = False
    try:
        summary["device"] = device_of(certificate)
        summary["for"] = "records" if signs_records else "tls"
    except PkiError:
        pass
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        return finding(Verdict.INVALID, f"{PathInvalidError.code}: it is not in force now")
    roots = [other for other in others if other.issuer == other.subject]
    if certificate.issuer == certificate.subject:
        try:
            certificate.verify_directly_issued_by(certificate)
        except (ValueError, TypeError, InvalidSignature):
            return finding(
                Verdict.INVALID, f"{PathInvalidError.code}: it is not signed by its own key"
            )
        return finding(
            Verdict.VALID, "self-signed and in force; trust in a root comes from outside"
        )
    if not roots or "device" not in summary:
        return _by_its_issuer(certificate, others, finding)
    try:
        validate_device(
            leaf=certificate, intermediates=others, roots=roots, at=at, signs_records=signs_records
        )
    except PkiError as error:
        return finding(Verdict.INVALID, str(error))
    return finding(Verdict.VALID, "in force, and leads to the root in the same file")


def _by_its_issuer(
    certificate: x509.Certificate,
    others: list[x509.Certificate],
    finding: Callable[[Verdict, str], Finding],
) -> Finding:
    issuers = [other for other in others if other.subject == certificate.issuer]
    for issuer in issuers:
        try:
            certificate.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            continue
        return finding(Verdict.VALID, "in force, and signed by an issuer in the same file")
    if issuers:
        return finding(
            Verdict.INVALID, f"{PathInvalidError.code}: not signed by the issuer in the file"
        )
    return finding(Verdict.UNVERIFIABLE, "in force; its issuer's certificate is not in the file")


def inspect_ocmf(text: str) -> Iterator[Finding]:
    """Yield a finding for each charging record in *text*."""
    last: dict[tuple[str, str], int] = {}
    for stated in find_stated_keys(text):
        try:
            record = ocmf.parse_ocmf(stated.text)
        except FormatError as error:
            yield Finding("ocmf", Verdict.INVALID, str(error))
            continue
        summary: dict[str, Any] = {
            "meter": record.meter,
            "vendor": record.vendor,
            "pagination": record.pagination,
            "identification": record.identification,
            "algorithm": record.algorithm,
            "readings": len(record.readings),
            "energy_wh": record.energy_wh,
            "first_time_ms": record.readings[0].time_ms,
            "last_time_ms": record.readings[-1].time_ms,
            "clock": record.readings[-1].clock,
            "warnings": [],
        }
        if record.page is not None:
            key, number = (record.meter, record.page[0]), record.page[1]
            if key in last and number != last[key] + 1:
                summary["warnings"] = [f"pagination {number} follows {last[key]}"]
            last[key] = number
        try:
            ocmf.verify_ocmf(record, stated.public_key)
            ocmf.check_content(record)
        except SignatureMissingError as error:
            yield Finding(
                format="ocmf", verdict=Verdict.UNVERIFIABLE, reason=str(error), summary=summary
            )
        except FormatError as error:
            yield Finding(
                format="ocmf", verdict=Verdict.INVALID, reason=str(error), summary=summary
            )
        else:
            reason = "signed by the meter under the public key beside the record"
            yield Finding(format="ocmf", verdict=Verdict.VALID, reason=reason, summary=summary)
