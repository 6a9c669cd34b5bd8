"""What the stores, the certificates' folder and a node know for a bundle: the I/O of making one."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from counterfoil.api.audit.bundle import (
    CreditFact,
    DistributionFact,
    HeadFact,
    KeyFact,
    Scope,
)
from counterfoil.api.audit.collect import KnownFacts, NothingToBundleError
from counterfoil.api.auth import now_ms
from counterfoil.api.reads.ledger import TIERS, Ledger, Machine, Shared, Sight
from counterfoil.chain.client import ChainClient
from counterfoil.gateway.identity import DeviceId, device_hash, on_chain_id
from counterfoil.oracle.store.tables import AnchoredHead, DeviceKeyEntry


def known_facts(
    ledger: Ledger,
    device: DeviceId,
    first_ms: int,
    until_ms: int,
    dates: tuple[int, int],
    certificates: Path | None,
    client: ChainClient | None,
    with_distributions: bool = True,
) -> KnownFacts:
    """Return all that is known for a bundle of *device*; *dates* are the business dates meant.

    Raises NothingToBundleError when no such device is registered.
    """
    machine = next((m for m in ledger.machines() if m.device == device), None)
    if machine is None:
        raise NothingToBundleError(f"no device {device} is registered")
    name = device_hash(device)
    keys = [_key(row, name, client) for row in ledger.registry_keys("0x" + name.hex())]
    heads = [_head(row) for row in ledger.all_heads()]
    newest = heads[-1].size if heads else 0
    certificate_hashes = {key.certificate_hash for key in keys}
    kept, revocations = load_folder(certificates, certificate_hashes)
    return KnownFacts(
        Scope(
            device,
            first_ms,
            until_ms,
            now_ms(),
            client.chain_id() if client else 0,
            _address(client, "RecordAnchor"),
            _address(client, "DeviceRegistry"),
            _address(client, "RevenueSplit"),
            machine.project,
        ),
        keys,
        heads,
        kept,
        revocations,
        [
            _distribution(shared)
            for shared in (_shared(ledger, machine, dates) if with_distributions else ())
            if shared.head_size <= newest
        ],
    )


def load_folder(folder: Path | None, wanted: Iterable[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Return (certificates, revocation lists) below *folder*, DER, in a fixed order.

    Of the devices' certificates only those whose SHA-256 is *wanted*; every authority's.
    """
    certificates: dict[bytes, bytes] = {}
    revocations: dict[bytes, bytes] = {}
    hashes = set(wanted)
    for path in sorted(folder.glob("*.pem")) if folder is not None else ():
        text = path.read_bytes()
        if b"BEGIN X509 CRL" in text:
            crl = x509.load_pem_x509_crl(text).public_bytes(serialization.Encoding.DER)
            revocations[sha256(crl).digest()] = crl
            continue
        for certificate in x509.load_pem_x509_certificates(text):
            der = certificate.public_bytes(serialization.Encoding.DER)
            digest = sha256(der).digest()
            if digest in hashes or path.name == "authorities.pem":
                certificates[digest] = der
    return list(certificates.values()), list(revocations.values())


def _address(client: ChainClient | None, contract: str) -> str:
    return "" if client is None else client.addresses.get(contract, "")


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def _key(row: DeviceKeyEntry, name: bytes, client: ChainClient | None) -> KeyFact:
    registered = 0
    if client is not None:
        registered = client.call("DeviceRegistry", "signingKey", name, row.epoch)["registeredAt"]
    return KeyFact(
        row.epoch,
        _bytes(row.x),
        _bytes(row.y),
        row.from_sequence,
        int(row.until_sequence),
        int(row.revoked_at is not None),
        _bytes(row.certificate_hash),
        registered,
    )


def _head(row: AnchoredHead) -> HeadFact:
    return HeadFact(
        row.size,
        _bytes(row.root),
        _bytes(row.state),
        row.block_number,
        _bytes(row.block_hash),
        _bytes(row.transaction_hash),
    )


def _shared(ledger: Ledger, machine: Machine, dates: tuple[int, int]) -> list[Shared]:
    if not machine.project:
        return []
    everything = Sight("", frozenset(), frozenset(), frozenset(), everything=True)
    return ledger.distributions(everything, {machine.project}, *dates)


def _distribution(shared: Shared) -> DistributionFact:
    return DistributionFact(
        on_chain_id(shared.project),
        _bytes(shared.batch),
        shared.version,
        shared.business_date,
        shared.business_date,
        shared.gross_minor,
        shared.refunds_minor,
        shared.tax_minor,
        shared.head_size,
        _bytes(shared.facts_hash),
        shared.carried_before_minor,
        shared.carried_minor,
        shared.block_number,
        _bytes(shared.transaction_hash),
        tuple(
            CreditFact(TIERS.index(tier), _bytes(account), minor)
            for tier, account, minor in shared.credits
        ),
    )
