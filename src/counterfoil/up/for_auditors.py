"""What an auditor from outside needs of an installation: where to read, and what to hold against the members' word."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes

from counterfoil.api.audit.verification.deployment_pin import deployment_hash
from counterfoil.chain.deployment_file import Deployment
from counterfoil.gateway.log.checkpoint import log_key_of
from counterfoil.gateway.pki.certificate_file import read_certificates
from counterfoil.gateway.pki.key_file import log_private_key
from counterfoil.up.data_folder import LOG_ORIGIN, House

TITLE = "What an auditor needs (docs/auditing.md); the hashes and the key are to be compared with what members say:"


def for_auditors(house: House) -> dict[str, str]:
    """Return the addresses, files, hashes and the log's key, by what they are."""
    root = house.folder / "pki" / "root.pem"
    (certificate, *_) = read_certificates(root)
    deployment = Deployment.read(house.deployment)
    key = log_private_key(house.folder / "keys" / "log.pem")
    return {
        "tiles": house.gateway_url,
        "log_key": log_key_of(LOG_ORIGIN, key).verifier_key(),
        "node": house.rpc_url,
        "api": house.api_url,
        "root": str(root),
        "root_sha256": certificate.fingerprint(hashes.SHA256()).hex(),
        "deployment": str(house.deployment),
        "deployment_hash": deployment_hash(deployment.chain_id, deployment.addresses).hex(),
    }
