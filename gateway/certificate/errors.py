"""What the device CA refuses; every error has a stable code."""

from __future__ import annotations

from counterfoil.fault import Code, fault
from counterfoil.gateway.errors import GatewayError


class PkiError(GatewayError):
    """The CA can't do what was asked."""

    code = Code("pki.error")
    to_do = "Read the detail: it says what the CA could not do."


class AuthorityMissingError(PkiError):
    """There is no issuing CA in the folder, or it can't be read."""

    code = Code("pki.authority_missing")
    to_do = (
        "Name the folder of the CA, or make one with `counterfoil pki init-root` and `init-"
        "issuing`."
    )


class RootLockedError(PkiError):
    """The root's key is needed, and its passphrase is missing or wrong."""

    code = Code("pki.root_locked")
    to_do = "Give the root's passphrase; it is needed only for what the root itself signs."


class CertificateUnknownError(PkiError):
    """No certificate with this serial number was issued here."""

    code = Code("certificate.unknown")
    to_do = "Take the serial number from the CA's list of certificates."


class AlreadyRevokedError(PkiError):
    """The certificate is revoked already."""

    code = Code("certificate.already_revoked")
    to_do = "Nothing: it is revoked, since the time that the list states."


class PathInvalidError(PkiError):
    """The certificate does not lead to the root under this profile."""

    code = Code("certificate.invalid")
    to_do = "Check the root that was given, the certificate's dates and the device it names."


class CertificateEndedError(PathInvalidError):
    """The certificate that is to be renewed has ended, so that its key vouches for nothing any more."""

    code = Code("certificate.ended")
    to_do = (
        "Check the device's clock. If the certificate has ended, enrol the device again with the "
        "keys it has: `pki admit`, `device csr`, `pki enrol`; its journal goes on."
    )


class RequestRefusedError(PkiError):
    """The enrolment request is not one that this CA signs."""

    code = Code("pki.request_refused")
    to_do = "Have the device make its request anew; the detail says what is wrong with this one."


class CertificateRevokedError(PkiError):
    """The issuer's revocation list has the certificate."""

    code = Code("certificate.revoked")
    to_do = (
        "Trust nothing that was signed since the revocation; find out why the certificate was "
        "revoked."
    )


class RevocationListInvalidError(PkiError):
    """The revocation list is stale, or not signed by the issuer."""

    code = Code("certificate.list_invalid")
    to_do = "Fetch the issuer's newest revocation list, and check that it is that issuer's."


class NotAdmittedError(PkiError):
    """The token admits another device, is used up, has expired or is unknown."""

    code = Code("pki.not_admitted")
    to_do = "Make a new token for this device and use it once, in time."


class RevocationTimeError(PkiError):
    """A revocation's time states no zone, or lies in the future."""

    code = Code("pki.revocation_time")
    to_do = "State a time that has passed, with its zone, as in 2026-01-31T12:00:00Z."


ENDS_SOON = fault(
    "certificate.ends_soon",
    "A certificate ends in less than 14 days, or has ended, and nobody has renewed it.",
    (
        "Renew it where the issuing key is (`counterfoil pki renew-due`), and bring it to the "
        "gateway; an issuing CA is replaced by a new one of the root."
    ),
)
LIST_ENDS_SOON = fault(
    "certificate.list_ends_soon",
    (
        "The revocation list ends in less than 3 days, or has ended: from then on no machine can "
        "connect."
    ),
    (
        "Write a new one where the issuing key is (`counterfoil pki renew-due`), and bring it to "
        "the gateway: it is read within a second."
    ),
)
