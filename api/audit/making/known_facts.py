"""The known facts for a bundle, read from the oracle's database, the certificates' folder and a node."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from sqlalchemy import Engine

from counterfoil.api.access.auth import now_ms
from counterfoil.api.access.directory import Directory
from counterfoil.api.audit.making.chain_facts import SplitHistory, prove_blocks, read_splits
from counterfoil.api.audit.making.collection import KnownFacts, NothingToBundleError
from counterfoil.api.audit.making.ledger_reads import (
    anchored_heads,
    assignment_events,
    facts_of,
    pool_lists,
    split_events,
)
from counterfoil.api.audit.verification.bundle import (
    AssignmentFact,
    HeadFact,
    KeyFact,
    PoolFact,
    Scope,
)
from counterfoil.chain.client import ChainClient
from counterfoil.chain.hexadecimal import from_any_hex, to_hex
from counterfoil.chain.tables import EventRow
from counterfoil.gateway.record.identity import DeviceId, device_hash
from counterfoil.gateway.record.proof_class import ProofClass
from counterfoil.given_file import read_file
from counterfoil.oracle.ledger.device_registry import RegistryKeyRow
from counterfoil.oracle.ledger.record_anchor import AnchoredHeadRow
from counterfoil.oracle.rules.project_history import Assignment, ProjectHistory


def known_facts(
    engine: Engine,
    device: DeviceId,
    first_ms: int,
    until_ms: int,
    certificates: Path | None,
    client: ChainClient | None,
    shows: Callable[[str], bool] = lambda _: True,
) -> KnownFacts:
    """Return all that is known for a bundle of *device*.

    Without *client* there are no blocks and no distributions; with it, those of the project that the device was in at
    the period's end, where the reader may see that project's (*shows*). Raises NothingToBundleError when no such
    device is registered, ChainError when the node fails.
    """
    directory = Directory(engine)
    machine = next((m for m in directory.machines() if m.device == device), None)
    if machine is None:
        raise NothingToBundleError(f"no device {device} is registered")
    name = device_hash(device)
    keys = [_key(row, name, client) for row in directory.registry_keys(to_hex(name))]
    heads = [_head(row) for row in anchored_heads(engine)]
    certificate_hashes = {key.certificate_hash for key in keys}
    kept, revocations = load_folder(certificates, certificate_hashes)
    events = assignment_events(engine, to_hex(name))
    project = machine.project
    if client is not None:
        project = _project(directory, events, until_ms, client)
    scope = Scope(
        device,
        first_ms,
        until_ms,
        made_ms=now_ms(),
        chain_id=client.chain_id() if client else 0,
        record_anchor=_address(client, "RecordAnchor"),
        device_registry=_address(client, "DeviceRegistry"),
        revenue_split=_address(client, "RevenueSplit"),
        project=project,
        proof_class=ProofClass.MACHINE,
    )
    known = KnownFacts(
        scope,
        keys,
        heads,
        assignments=[_assignment(event) for event in events],
        certificates=kept,
        revocations=revocations,
    )
    if client is None:
        return known
    splits, pools = SplitHistory(), list[PoolFact]()
    if project and shows(project):
        splits = _splits(engine, scope, client)
        lists = pool_lists(engine, to_hex(scope.project_id))
        pools = [one for one in lists if one.account in splits.pools]
    return replace(
        known,
        terms=splits.terms,
        distributions=splits.distributions,
        pools=pools,
        takes=splits.takes,
        prove=partial(prove_blocks, client),
    )


def load_folder(folder: Path | None, wanted: Iterable[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Return (certificates, revocation lists) below *folder*, DER, in a fixed order.

    Of the devices' certificates only those whose SHA-256 is *wanted*; every authority's.
    """
    certificates: dict[bytes, bytes] = {}
    revocations: dict[bytes, bytes] = {}
    hashes = set(wanted)
    for path in sorted(folder.glob("*.pem")) if folder is not None else ():
        text = read_file(path)
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
    return from_any_hex(text)


def _key(row: RegistryKeyRow, name: bytes, client: ChainClient | None) -> KeyFact:
    registered = 0
    if client is not None:
        registered = client.call("DeviceRegistry", "signingKey", name, row.epoch)["registeredAt"]
    return KeyFact(
        row.epoch,
        x=_bytes(row.x),
        y=_bytes(row.y),
        from_sequence=row.from_sequence,
        until_sequence=int(row.until_sequence),
        revoked=int(row.revoked_at is not None),
        certificate_hash=_bytes(row.certificate_hash),
        registered_at=registered,
    )


def _head(row: AnchoredHeadRow) -> HeadFact:
    return HeadFact(
        row.size,
        root=_bytes(row.root),
        state=_bytes(row.state),
        block_number=row.block_number,
        block_hash=_bytes(row.block_hash),
        transaction_hash=_bytes(row.transaction_hash),
    )


def _assignment(event: EventRow) -> AssignmentFact:
    return AssignmentFact(
        _bytes(str(event.arguments["project"])),
        block_number=event.block_number,
        block_hash=_bytes(event.block_hash),
        transaction_hash=_bytes(event.transaction_hash),
    )


def _project(
    directory: Directory, events: Sequence[EventRow], until_ms: int, client: ChainClient
) -> str:
    """The name of the project that a device with these assignments was in at *until_ms*; empty for none."""
    numbers = [event.block_number for event in events]
    blocks = [client.block(number) for number in numbers]
    history = ProjectHistory(
        [
            Assignment(block.number, block.timestamp * 1_000, _assignment(event).project)
            for block, event in zip(blocks, events, strict=True)
            if block is not None
        ]
    )
    found = to_hex(history.at_time(until_ms - 1))
    return next((p.project for p in directory.projects() if p.project_hash == found), "")


def _splits(engine: Engine, scope: Scope, client: ChainClient) -> SplitHistory:
    places = split_events(engine, to_hex(scope.project_id))
    return read_splits(
        client, scope, scope.project_id, places=places, contents=facts_of(engine, scope.project)
    )
