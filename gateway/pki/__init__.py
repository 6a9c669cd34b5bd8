"""The device CA: an offline root, an issuing CA, and the certificates of devices and gateways."""

from counterfoil.gateway.pki.authority import CertificateAuthority, Enrolment
from counterfoil.gateway.pki.errors import PkiError

__all__ = ["CertificateAuthority", "Enrolment", "PkiError"]
