"""The path of a key's certificate, each check alone: what can be read, whose key it is, and when it was registered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from cryptography import x509
from support_bundles import bundle_of, one_machine
from support_world import DEVICES, World, der, private_key

from counterfoil.api.audit.verification import key_certificates as certs
from counterfoil.api.audit.verification.bundle import Bundle, KeyFact
from counterfoil.api.audit.verification.evidence import KeyShown, evidence_of
from counterfoil.api.audit.verification.key_certificates import MOST_AUTHORITIES, Paths
from counterfoil.gateway.certificate import profile

DEVICE = DEVICES[0]
P256_PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1


@pytest.fixture(scope="module")
def world() -> World:
    return one_machine(days=1)


@pytest.fixture(scope="module")
def bundle(world: World) -> Bundle:
    return bundle_of(world, days=1)


def paths(
    bundle: Bundle, world: World, certificates: Sequence[bytes] = (), **key: Any
) -> tuple[Paths, list[str]]:
    """The paths of the changed key under the world's root, with more *certificates*, and what is wrong with them."""
    (fact,) = bundle.registry
    loaded, unreadable = certs.load_all([*bundle.certificates, *certificates])
    found, errors = certs.check_paths(
        [fact._replace(**key)], DEVICE, loaded=loaded, root=world.root, unreadable=unreadable
    )
    return found, [error.detail for error in errors]


def damaged(certificate: x509.Certificate) -> bytes:
    """The certificate with a point that is not on the curve: all of it parses but its key."""
    raw = der(certificate)
    point = certificate.public_key().public_numbers()  # type: ignore[union-attr]
    x = point.x.to_bytes(32)  # type: ignore[union-attr]
    at = raw.index(b"\4" + x) + 1
    return raw[:at] + bytes(63) + b"\1" + raw[at + 64 :]


def test_a_certificate_whose_key_does_not_read_is_none(bundle: Bundle, world: World) -> None:
    """It is passed over, and named where a key needs it."""
    broken = damaged(world.certificates[DEVICE])
    loaded, unreadable = certs.load_all([broken])
    name = sha256(broken).digest()
    assert (loaded, list(unreadable)) == ({}, [name])
    assert paths(bundle, world, [broken])[1] == []
    (said,) = paths(bundle, world, [broken], certificate_hash=name)[1]
    assert said.startswith("not a certificate: ")


def test_as_many_authorities_as_allowed_are_looked_at(bundle: Bundle, world: World) -> None:
    start = world.root.not_valid_before_utc
    crowd = [
        der(profile.root_certificate("Another", private_key(500), start))
        for _ in range(MOST_AUTHORITIES)
    ]
    assert paths(bundle, world, crowd[1:])[1] == []
    assert paths(bundle, world, crowd)[1] == [f"more than {MOST_AUTHORITIES} authorities"]


def test_what_was_passed_over_is_counted(bundle: Bundle) -> None:
    keys = bundle.registry
    assert str(certs.paths_text(keys, {})) == "1 certificate path to the root given"
    _, unreadable = certs.load_all([b"\1"])
    said = "1 certificate path to the root given; 1 certificate that can't be read, passed over"
    assert str(certs.paths_text(keys, unreadable)) == said


def test_both_coordinates_are_the_certified_keys(bundle: Bundle) -> None:
    (key,) = bundle.registry
    loaded, _ = certs.load_all(bundle.certificates)

    def judged(fact: KeyFact) -> str | None:
        error = certs.check_key(certs.epoch_named(1), fact, loaded)
        return None if error is None else error.detail

    assert judged(key) is None
    other_side = (P256_PRIME - int.from_bytes(key.y)).to_bytes(32)
    for change in ({"y": other_side}, {"x": bytes(32)}):
        assert judged(key._replace(**change)) == "the certificate is for another key"


def test_a_path_is_of_the_time_of_the_registration(bundle: Bundle, world: World) -> None:
    """Without a chain the certificate's own beginning stands for it."""
    leaf = world.certificates[DEVICE]
    begins, ends = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    for at_s in (0, int(begins.timestamp()), int((ends - timedelta(days=1)).timestamp())):
        assert paths(bundle, world, registered_at=at_s)[1] == []
    for at in (begins - timedelta(days=1), ends + timedelta(days=1)):
        (said,) = paths(bundle, world, registered_at=int(at.timestamp()))[1]
        assert said.startswith("it does not lead to the root given: ")


def test_a_keys_certificate_is_shown_with_its_validity(bundle: Bundle, world: World) -> None:
    loaded, _ = certs.load_all(bundle.certificates)
    (key,) = bundle.registry
    missing = key._replace(epoch=2, certificate_hash=bytes(32))
    shown = evidence_of(
        replace(bundle, registry=(key, missing)), [], loaded, root_has_list=False
    ).keys
    leaf = world.certificates[DEVICE]
    validity = [
        int(at.timestamp()) * 1_000 for at in (leaf.not_valid_before_utc, leaf.not_valid_after_utc)
    ]
    fingerprint, registered_ms = sha256(key.x + key.y).hexdigest(), key.registered_at * 1_000
    assert shown == [
        KeyShown(1, fingerprint, registered_ms, *validity),
        KeyShown(2, fingerprint, registered_ms, None, None),
    ]
