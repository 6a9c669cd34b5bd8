"""What the device CA refuses; every error has a stable code."""

from __future__ import annotations

from counterfoil.gateway.errors import GatewayError


class PkiError(GatewayError):
    """The CA can't do what was asked."""

    code = "pki_error"


class AuthorityMissingError(PkiError):
    """There is no issuing CA in the folder, or it can't be read."""

    code = "pki_authority_missing"


class RootLockedError(PkiError):
    """The root's key is needed, and its passphrase is missing or wrong."""

    code = "pki_root_locked"


class CertificateUnknownError(PkiError):
    """No certificate with this serial number was issued here."""

    code = "pki_certificate_unknown"


class AlreadyRevokedError(PkiError):
    """The certificate is revoked already."""

    code = "pki_already_revoked"


class PathInvalidError(PkiError):
    """The certificate does not lead to the root under this profile."""

    code = "pki_path_invalid"


class RequestRefusedError(PkiError):
    """The enrolment request is not one that this CA signs."""

    code = "pki_request_refused"


class CertificateRevokedError(PkiError):
    """The issuer's revocation list has the certificate."""

    code = "pki_certificate_revoked"


class RevocationListInvalidError(PkiError):
    """The revocation list is stale, or not signed by the issuer."""

    code = "pki_crl_invalid"


class NotAdmittedError(PkiError):
    """The token admits another device, is used up, has expired or is unknown."""

    code = "pki_not_admitted"


class RevocationTimeError(PkiError):
    """A revocation's time states no zone, or lies in the future."""

    code = "pki_revocation_time"
