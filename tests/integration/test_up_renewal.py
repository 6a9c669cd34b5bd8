"""The process tree renews what its device CA must renew, and the gateway takes it without a restart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from support_waiting import wait_until

from counterfoil.gateway.pki.authority import CertificateAuthority
from counterfoil.gateway.pki.key_file import load_key
from counterfoil.up.data_folder import open_house
from counterfoil.up.process_tree import Tree

pytestmark = pytest.mark.integration


def test_a_house_that_runs_renews_its_list_and_its_gateway_s_certificate(tmp_path: Path) -> None:
    house = open_house(tmp_path / "house")
    (house.folder / "certificates").mkdir()
    now = datetime.now(UTC)
    long_ago = CertificateAuthority(house.pki, lambda: now - timedelta(days=80))
    key = load_key(house.folder / "keys" / "gateway.key").public_key()
    house.gateway_certificate.write_bytes(long_ago.certify_server(key, ["127.0.0.1"]))
    long_ago.write_crl()
    long_ago.close()
    with Tree(house):
        health = f"{house.gateway_url}/healthz"
        wait_until(lambda: httpx.get(health, trust_env=False).json()["alarms"] == [])
        for name in ("pki", "certificates"):
            written = x509.load_pem_x509_crl((house.folder / name / "crl.pem").read_bytes())
            assert written.next_update_utc is not None
            assert written.next_update_utc > now + timedelta(days=6)
    leaf = x509.load_pem_x509_certificates(house.gateway_certificate.read_bytes())[0]
    assert leaf.not_valid_after_utc > now + timedelta(days=89)
