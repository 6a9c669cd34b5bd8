"""A device's request to renew its TLS certificate, authorised by the key it replaces. Pure.

Rules kept here:

* The new key signs the CSR, which names the same device; the key of the certificate in force
  signs the CSR and that certificate together, so a request cannot be used for another one.
* The record key is not renewed here: it is replaced by a new epoch, which is a new enrolment.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from counterfoil.gateway.certificate.enrolment import make_csr
from counterfoil.gateway.certificate.errors import PathInvalidError, RequestRefusedError
from counterfoil.gateway.certificate.validation import device_of
from counterfoil.gateway.errors import IdentityError
from counterfoil.gateway.record import cose
from counterfoil.gateway.record.identity import DeviceId, PublicKey

_RENEWAL = b"counterfoil renewal v1"
_DER = serialization.Encoding.DER


@dataclass(frozen=True, slots=True)
class RenewalRequest:
    """The certificate in force, the CSR by the new key, and the current key's r || s over both."""

    current_pem: bytes
    csr_pem: bytes
    signature: bytes

    def to_json(self) -> dict[str, str]:
        """Return the request as a JSON document; the signature is in hexadecimal."""
        return {
            "current": self.current_pem.decode(),
            "csr": self.csr_pem.decode(),
            "signature": self.signature.hex(),
        }

    @classmethod
    def from_json(cls, document: object) -> RenewalRequest:
        """Return the request in *document*, not yet verified.

        Raises:
            RequestRefusedError: it is not of this form.
        """
        try:
            fields = dict(document)  # type: ignore[call-overload]
            return cls(
                fields["current"].encode(),
                fields["csr"].encode(),
                bytes.fromhex(fields["signature"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as failure:
            raise RequestRefusedError("not a renewal request") from failure

    def current(self) -> x509.Certificate:
        """Return the certificate in force.

        Raises:
            RequestRefusedError: there is none.
        """
        try:
            return x509.load_pem_x509_certificates(self.current_pem)[0]
        except (ValueError, UnsupportedAlgorithm) as failure:
            raise RequestRefusedError(f"no current certificate: {failure}") from failure

    def verify(self) -> tuple[DeviceId, ec.EllipticCurvePublicKey]:
        """Return the device and its new key, when both keys signed. The caller checks the path.

        Raises:
            RequestRefusedError: a signature is wrong, or a name or key is not allowed.
        """
        current = self.current()
        try:
            csr = x509.load_pem_x509_csr(self.csr_pem)
            names = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            device = device_of(current)
            old, new = _p256(current.public_key()), _p256(csr.public_key())
        except (ValueError, x509.ExtensionNotFound, PathInvalidError, IdentityError) as failure:
            raise RequestRefusedError(f"not a renewal of a device's key: {failure}") from failure
        if list(names) != [x509.UniformResourceIdentifier(device)]:
            raise RequestRefusedError(f"the request is not for {device} alone")
        if not csr.is_signature_valid:
            raise RequestRefusedError("the request is not signed by its own key")
        if PublicKey.of(old) == PublicKey.of(new):
            raise RequestRefusedError("a renewal brings a new key")
        if not cose.verifies(_message(csr, current), self.signature, PublicKey.of(old)):
            raise RequestRefusedError("the current key did not sign this renewal")
        return device, new


def make_renewal_request(
    current_pem: bytes, current_key: ec.EllipticCurvePrivateKey, new_key: ec.EllipticCurvePrivateKey
) -> RenewalRequest:
    """Return the request with which the device of *current_pem* changes to *new_key*."""
    current = x509.load_pem_x509_certificates(current_pem)[0]
    csr_pem = make_csr(new_key, device_of(current))
    message = _message(x509.load_pem_x509_csr(csr_pem), current)
    return RenewalRequest(current_pem, csr_pem, cose.sign(message, current_key))


def _message(csr: x509.CertificateSigningRequest, current: x509.Certificate) -> bytes:
    digests = sha256(csr.public_bytes(_DER)).digest(), sha256(current.public_bytes(_DER)).digest()
    return _RENEWAL + b"".join(digests)


def _p256(key: object) -> ec.EllipticCurvePublicKey:
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise IdentityError("the key is not on an elliptic curve")
    PublicKey.of(key)
    return key
