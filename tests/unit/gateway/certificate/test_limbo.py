"""Published path validation cases: every case to refuse is refused; every case to accept that is
in this profile is accepted; those outside it are counted by their reason."""

from __future__ import annotations

import gzip
import json
import warnings
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.utils import CryptographyDeprecationWarning

from counterfoil.gateway.certificate.errors import PathInvalidError
from counterfoil.gateway.certificate.validation import MAX_CHAIN_DEPTH, validate_server

OUTSIDE = {
    "pathlen::validation-ignores-pathlen-in-leaf": "an end entity that claims to be a CA",
    "pathlen::self-issued-certs-pathlen": "self-issued intermediates",
    "pathlen::max-chain-depth-1-self-issued": "self-issued intermediates",
    "rfc5280::eku::ee-without-eku": "no extended key usage (webpki has it as a failure)",
    "rfc5280::nc::permitted-dn-match": "a name in the subject only",
    "webpki::nc::permitted-dns-match-noncritical": "name constraints that RFC 5280 refuses",
    "webpki::san::leftmost-wildcard-san": "wildcard names",
}


@pytest.fixture(scope="module")
def cases(shared_data: Path) -> list[dict[str, Any]]:
    with gzip.open(shared_data / "crypto" / "x509_limbo_2023.json.gz") as file:
        found: list[dict[str, Any]] = json.load(file)["testcases"]
    return found


def _load(pems: list[str]) -> list[x509.Certificate]:
    return [x509.load_pem_x509_certificate(pem.encode()) for pem in pems]


def _accepts(case: dict[str, Any]) -> bool:
    stated = case["validation_time"]
    at = datetime.fromisoformat(stated) if stated else datetime(2024, 1, 1, tzinfo=UTC)
    depth = case["max_chain_depth"]
    try:
        (leaf,) = _load([case["peer_certificate"]])
        intermediates = _load(case["untrusted_intermediates"])
        roots = _load(case["trusted_certs"])
        name = case["expected_peer_name"]["value"]
        validate_server(
            leaf,
            intermediates,
            roots,
            at=at,
            name=name,
            max_chain_depth=8 if depth is None else depth,
        )
    except (PathInvalidError, ValueError, x509.DuplicateExtension):
        return False
    return True


def _is_p256(case: dict[str, Any]) -> bool:
    keys = [c.public_key() for c in _load([case["peer_certificate"], *case["trusted_certs"]])]
    return all(
        isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
        for key in keys
    )


def test_every_published_failure_is_refused(cases: list[dict[str, Any]]) -> None:
    failures = [case for case in cases if case["expected_result"] == "FAILURE"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        accepted = [case["id"] for case in failures if _accepts(case)]
    assert len(failures) == 94
    assert accepted == []


def test_every_published_success_in_this_profile_is_accepted(cases: list[dict[str, Any]]) -> None:
    outside: Counter[str] = Counter()
    refused = []
    successes = [case for case in cases if case["expected_result"] == "SUCCESS"]
    for case in successes:
        if not _is_p256(case):
            outside["a key that is not P-256"] += 1
        elif case["id"] in OUTSIDE:
            assert not _accepts(case), case["id"]
            outside[OUTSIDE[case["id"]]] += 1
        elif not _accepts(case):
            refused.append(case["id"])
    assert refused == []
    assert len(successes) == 41
    assert outside == Counter(OUTSIDE.values()) + Counter({"a key that is not P-256": 15})


def test_the_default_depth_is_two() -> None:
    assert MAX_CHAIN_DEPTH == 2
