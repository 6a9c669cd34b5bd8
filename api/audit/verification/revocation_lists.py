"""Whose certificates were revoked, by lists that are their issuers' own and not stale (pure).

Rules kept here:

* For each key's certificate a list of its issuer is needed. Without one, or with one that was overdue when the bundle
  was made or when its newest block was, it can't be told whether the key was stolen: the file is unverifiable. An
  auditor who has a newer list gives it beside the file.
* A list is taken only from an authority that leads to the root, in the form that the profile has: full, direct, without
  critical extensions. A list that isn't in the file can't be held against it; so each that is used is printed.
* A revoked certificate ends its key only where the registry says so, by its sequence ranges. So a revoked key is always
  named; where it is still open that is wrong; and what it signed afterwards and still counts is named too.
* The root gives out no lists here. Where one of it is in the file, the authorities are looked up in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID, SignatureAlgorithmOID

from counterfoil.api.audit.verification.bundle import Bundle, KeyFact
from counterfoil.api.audit.verification.errors import (
    AuditError,
    CertificateError,
    CertificateRevokedError,
    RevocationListMissingError,
    RevocationListStaleError,
    RevokedKeyUsedError,
)
from counterfoil.api.audit.verification.key_certificates import UNREADABLE, Paths, epoch_named
from counterfoil.api.audit.verification.report import Step
from counterfoil.api.audit.verification.said import Joined, Part, Said
from counterfoil.chain.proof.block_proof import BlockProofInvalid, read_header
from counterfoil.gateway.record.signed_record import SignedRecord
from counterfoil.gateway.record.verification import OPEN_SEQUENCE
from counterfoil.printable import printable


@dataclass(frozen=True)
class RevocationList:
    """An authority's list: when it was made, when the next one was due, and since when it revokes which number."""

    issuer: x509.Certificate
    made: datetime
    due: datetime | None
    since: Mapping[int, datetime]

    @property
    def name(self) -> str:
        """The issuer's common name, escaped."""
        found = self.issuer.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return printable(found[0].value if found else self.issuer.subject.rfc4514_string())[:80]


Revoked = dict[int, datetime]
"""Since when the certificate of an epoch's key is revoked; of keys that the registry has ended."""


@dataclass(frozen=True)
class Judged:
    """Since when the certificates are revoked whose keys have an end, and whether a list of the root is there."""

    revoked: Revoked
    root_has_list: bool


def check_lists(bundle: Bundle, own: Sequence[bytes], paths: Paths, step: Step) -> Judged:
    """Judge the lists of *bundle*, and the auditor's *own*, and say in the step's line which they are."""
    lists: list[RevocationList] = []
    named: list[tuple[Said, bytes]] = [
        (Part("revocations", n), der) for n, der in enumerate(bundle.revocations)
    ]
    named += [(Said("your list {number}", number=n + 1), der) for n, der in enumerate(own)]
    for where, der in named:
        found = _read(where, der, paths.authorities)
        if isinstance(found, AuditError):
            step.findings.append(found)
        else:
            lists.append(found)
    as_of = _as_of_ms(bundle)
    step.findings += _missing(paths, lists, as_of)
    said = [
        Said(
            "{name} of {made}, next {due}, {revoked} revoked",
            name=one.name,
            made=_date(one.made),
            due=_date(one.due),
            revoked=len(one.since),
        )
        for one in lists
    ]
    which = Joined("; ", said) if said else Said("none")
    step.add(Said("lists of revoked certificates: {which}", which=which))
    root_has_list = any(one.issuer == paths.root for one in lists)
    if not root_has_list:
        step.add(Said("of the root none, so whether an authority was revoked is not known"))
    revoked: Revoked = {}
    for place, key in enumerate(bundle.registry):
        leaf, *above = _since(paths.chains.get(place, ()), lists)
        if leaf is not None and key.until_sequence != OPEN_SEQUENCE:
            revoked[key.epoch] = leaf
        step.findings += _judged(key, leaf, [at for at in above if at is not None])
        ended = _ended(key, leaf)
        if ended is not None:
            step.add(ended)
    return Judged(revoked, root_has_list)


def check_signed_after(
    signed: Iterable[tuple[Said, SignedRecord]], revoked: Revoked
) -> Iterator[AuditError]:
    """Yield what a revoked key signed after its revocation, by the device's clock, and counts all the same."""
    late: dict[int, list[Said]] = {}
    for where, record in signed:
        since = revoked.get(record.record.epoch)
        if since is not None and record.record.time_ms >= since.timestamp() * 1_000:
            late.setdefault(record.record.epoch, []).append(where)
    for epoch, places in late.items():
        detail = Said(
            (
                "from here on {number} of epoch {epoch} were signed after {revoked}, "
                "when its certificate was revoked, and count"
            ),
            number=len(places),
            epoch=epoch,
            revoked=_date(revoked[epoch]),
        )
        yield RevokedKeyUsedError(places[0], detail)


def _read(
    where: Said, der: bytes, authorities: Sequence[x509.Certificate]
) -> RevocationList | AuditError:
    try:
        crl = x509.load_der_x509_crl(der)
        name = (
            crl.issuer.public_bytes()
        )  # two names are one by their DER; equal values may have other types
        issuers = [one for one in authorities if one.subject.public_bytes() == name]
        by = next((one for one in issuers if _is_by(crl, one)), None)
        if by is None:
            return CertificateError(
                where, Said("not signed by an authority that leads to the root given")
            )
        entries = list(crl)
        critical = any(e.critical for e in crl.extensions) or any(
            e.critical for entry in entries for e in entry.extensions
        )
        if critical or crl.signature_algorithm_oid != SignatureAlgorithmOID.ECDSA_WITH_SHA256:
            detail = Said("not a full and direct list of the profile's form")
            return CertificateError(where, detail)
        since: dict[int, datetime] = {}
        for entry in entries:
            at = entry.revocation_date_utc
            since[entry.serial_number] = min(at, since.get(entry.serial_number, at))
        return RevocationList(by, made=crl.last_update_utc, due=crl.next_update_utc, since=since)
    except UNREADABLE as error:
        return CertificateError(where, Said("not a revocation list: {error}", error=error))


def _is_by(crl: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    try:
        return crl.is_signature_valid(authority.public_key())  # type: ignore[arg-type]
    except UNREADABLE:
        return False


def _as_of_ms(bundle: Bundle) -> int:
    """When the bundle was made, or its newest block, whichever was later: no list may have been overdue then."""
    newest = 0
    for block in bundle.blocks[-1:]:
        try:
            newest = read_header(block.header).timestamp * 1_000
        except BlockProofInvalid:
            continue  # step 11 names it
    return max(bundle.scope.made_ms, newest)


def _missing(paths: Paths, lists: Sequence[RevocationList], as_of_ms: int) -> Iterator[AuditError]:
    """Yield an error for each issuer of a key's certificate that has no list here, or a stale one alone."""
    issuers = {chain[1].fingerprint(_SHA256): chain[1] for chain in paths.chains.values()}
    for issuer in issuers.values():
        mine = [one for one in lists if one.issuer == issuer]
        name = printable(issuer.subject.rfc4514_string())[:80]
        if not mine:
            detail = Said("there is no list of {name}", name=name)
            yield RevocationListMissingError(Part("revocations"), detail)
        elif not any(one.due and one.due.timestamp() * 1_000 >= as_of_ms for one in mine):
            newest = max(mine, key=lambda one: one.made)
            detail = Said(
                "the list of {name} is of {made}, and the next one was due on {due}, before this bundle was made",
                name=name,
                made=_date(newest.made),
                due=_date(newest.due),
            )
            yield RevocationListStaleError(Part("revocations"), detail)


def _since(
    chain: Sequence[x509.Certificate], lists: Sequence[RevocationList]
) -> list[datetime | None]:
    """Since when each certificate of the path is revoked, the key's first; None where it is not."""
    found: list[datetime | None] = []
    for certificate, issuer in pairwise(chain):
        dates = (one.since.get(certificate.serial_number) for one in lists if one.issuer == issuer)
        found.append(min((at for at in dates if at is not None), default=None))
    return found or [None]


def _judged(
    key: KeyFact, leaf: datetime | None, authorities: Sequence[datetime]
) -> Iterator[AuditError]:
    """A revoked certificate ends its key; a revoked authority certifies nothing any more."""
    where = epoch_named(key.epoch)
    if leaf is not None and key.until_sequence == OPEN_SEQUENCE:
        detail = Said("revoked on {date}, its key still open", date=_date(leaf))
        yield CertificateRevokedError(where, detail)
    for at in authorities:
        if at.timestamp() <= key.registered_at:
            detail = Said(
                "registered after {date}, when the authority that certified it was revoked",
                date=_date(at),
            )
            yield CertificateRevokedError(where, detail)


def _ended(key: KeyFact, since: datetime | None) -> Said | None:
    """A revoked key, in words; None for one that is not."""
    if since is None and not key.revoked:
        return None
    until = Said("is open")
    if key.until_sequence != OPEN_SEQUENCE:
        until = Said(
            "ends with number {number}, and what it signed up to there counts",
            number=key.until_sequence,
        )
    how = Said("in the registry, on no list")
    if since is not None:
        how = Said("since {date}", date=_date(since))
    return Said(
        "the key of epoch {epoch} IS REVOKED {how}: it {until}",
        epoch=key.epoch,
        how=how,
        until=until,
    )


_SHA256 = hashes.SHA256()


def _date(at: datetime | None) -> str | Said:
    return Said("never") if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M}Z"
