"""A device's request for enrolment, and its proof that it holds both keys. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from counterfoil.gateway.errors import DeviceError, IdentityError
from counterfoil.gateway.record import cose
from counterfoil.gateway.record.identity import DeviceId, PublicKey, device_hash, parse_device_id

_ENROLMENT = b"counterfoil enrolment v1"
_POSSESSION = b"counterfoil device possession v1"


def make_csr(tls_key: ec.EllipticCurvePrivateKey, device: DeviceId) -> bytes:
    """Return the PEM of a certificate request for *device*: its name as the only SAN, a URI."""
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, device[-64:])]))
        .add_extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(device)]), critical=False
        )
        .sign(tls_key, hashes.SHA256())
    )
    return request.public_bytes(serialization.Encoding.PEM)


@dataclass(frozen=True, slots=True)
class EnrolmentRequest:
    """A device's request to be enrolled: a CSR, and its record key bound to that CSR."""

    device: DeviceId
    csr_pem: bytes
    record_key: PublicKey
    signature: bytes

    def to_json(self) -> dict[str, str]:
        """Return the request as a JSON document; bytes are in hexadecimal."""
        return {
            "device": self.device,
            "csr": self.csr_pem.decode(),
            "record_key_x": self.record_key.x.hex(),
            "record_key_y": self.record_key.y.hex(),
            "record_key_signature": self.signature.hex(),
        }

    @classmethod
    def from_json(cls, document: dict[str, str]) -> EnrolmentRequest:
        """Return the request in *document*, not yet verified; DeviceError when malformed."""
        try:
            return cls(
                parse_device_id(document["device"]),
                document["csr"].encode(),
                PublicKey(
                    bytes.fromhex(document["record_key_x"]), bytes.fromhex(document["record_key_y"])
                ),
                bytes.fromhex(document["record_key_signature"]),
            )
        except (KeyError, TypeError, AttributeError, ValueError, IdentityError) as error:
            raise DeviceError(f"not an enrolment request: {error}") from error

    def verify(self) -> x509.CertificateSigningRequest:
        """Return the CSR, which names this device alone; DeviceError unless the sender holds both keys."""
        try:
            csr = x509.load_pem_x509_csr(self.csr_pem)
            names = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            tls_key = PublicKey.of(csr.public_key())  # type: ignore[arg-type]
        except (ValueError, AttributeError, x509.ExtensionNotFound, IdentityError) as error:
            raise DeviceError(f"not a request for a P-256 device key: {error}") from error
        if list(names) != [x509.UniformResourceIdentifier(self.device)]:
            raise DeviceError(f"the request is not for {self.device} alone")
        if not csr.is_signature_valid:
            raise DeviceError("the request is not signed by its own key")
        if tls_key == self.record_key:
            raise DeviceError("the TLS key and the record key are the same")
        message = _ENROLMENT + sha256(csr.public_bytes(serialization.Encoding.DER)).digest()
        try:
            held = cose.verifies(message, self.signature, self.record_key)
        except IdentityError as error:
            raise DeviceError(error.detail) from error
        if not held:
            raise DeviceError("the record key did not sign this request")
        return csr


def make_enrolment_request(
    device: DeviceId,
    tls_key: ec.EllipticCurvePrivateKey,
    record_key: ec.EllipticCurvePrivateKey,
) -> EnrolmentRequest:
    """Return the request with which *device* shows that it holds both keys."""
    csr_pem = make_csr(tls_key, device)
    der = x509.load_pem_x509_csr(csr_pem).public_bytes(serialization.Encoding.DER)
    signature = cose.sign(_ENROLMENT + sha256(der).digest(), record_key)
    return EnrolmentRequest(
        device, csr_pem, record_key=PublicKey.of(record_key), signature=signature
    )


def possession_message(
    chain_id: int, registry: bytes, device: DeviceId, epoch: int, nonce: bytes
) -> bytes:
    """Return what the record key signs when it is registered on chain.

    The text ``counterfoil device possession v1``, then chain id (32 bytes, big-endian), registry
    address (20), SHA-256 of the device's name (32), epoch (8, big-endian), nonce (32).
    """
    if len(registry) != 20 or len(nonce) != 32:
        raise DeviceError("a registry address has 20 bytes, a nonce 32")
    return (
        _POSSESSION
        + chain_id.to_bytes(32, "big")
        + registry
        + device_hash(device)
        + epoch.to_bytes(8, "big")
        + nonce
    )


def prove_possession(
    record_key: ec.EllipticCurvePrivateKey,
    chain_id: int,
    registry: bytes,
    device: DeviceId,
    epoch: int,
    nonce: bytes,
) -> bytes:
    """Return r || s, s low, over the possession message."""
    return cose.sign(possession_message(chain_id, registry, device, epoch, nonce), record_key)
