"""Who may connect: only whoever holds the TLS key of a device that the CA has certified and not revoked."""

from __future__ import annotations

import ssl
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from support_gateway import Member, Site, endpoint, gateway_process, register, stored, utc_now
from support_mqtt import PahoPeer, bare, connect_packet, is_closed_by_peer
from support_waiting import wait_until

from counterfoil.gateway.pki.authority import CertificateAuthority
from counterfoil.gateway.pki.revocation_list import revoked_serials
from counterfoil.gateway.store.gateway_store import GatewayStore, open_store

pytestmark = pytest.mark.integration


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "site")


@pytest.fixture
def store(site: Site) -> GatewayStore:
    return open_store(site.database_url)


def is_let_in(site: Site, port: int, context: ssl.SSLContext) -> bool:
    """Whether a CONNECT over this TLS is answered."""
    import socket

    try:
        with (
            socket.create_connection(("127.0.0.1", port), 20) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as tls,
        ):
            tls.sendall(connect_packet())
            answer = tls.recv(100)
    except OSError:
        return False
    return answer[:1] == b"\x20" and answer[3] == 0


def test_a_certified_device_is_let_in_and_nobody_without_a_certificate(
    site: Site, store: GatewayStore
) -> None:
    member = site.enrol(1)
    with endpoint(site, store) as (_, port):
        assert is_let_in(site, port, member.context(site))
        assert not is_let_in(site, port, ssl.create_default_context(cafile=str(site.server_ca)))


def test_a_foreign_ca_s_device_of_the_same_name_is_refused(
    site: Site, store: GatewayStore, tmp_path: Path
) -> None:
    site.enrol(1)
    foreign = CertificateAuthority.create(tmp_path / "foreign", "another passphrase")
    with endpoint(site, store) as (_, port):
        assert not is_let_in(site, port, site.enrol(1, foreign).context(site))


def test_an_expired_certificate_is_refused(site: Site, store: GatewayStore) -> None:
    long_ago = CertificateAuthority(site.folder / "pki", lambda: utc_now() - timedelta(days=91))
    member = site.enrol(1, long_ago)
    certificate = x509.load_pem_x509_certificate(member.certificate.read_bytes())
    assert certificate.not_valid_after_utc < utc_now()
    with endpoint(site, store) as (_, port):
        assert not is_let_in(site, port, member.context(site))


def test_a_record_certificate_opens_no_connection(site: Site, store: GatewayStore) -> None:
    """Its extended key usage is record signing, not client authentication."""
    member = site.enrol(1)
    folder = member.certificate.parent
    chain = (folder / "record.crt").read_bytes() + (site.folder / "pki/issuing.pem").read_bytes()
    (folder / "record-chain.crt").write_bytes(chain)
    from cryptography.hazmat.primitives import serialization

    (folder / "record.key").write_bytes(
        member.record_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    as_record = Member(
        member.device,
        certificate=folder / "record-chain.crt",
        key=folder / "record.key",
        record_key=member.record_key,
        serial=0,
    )
    with endpoint(site, store) as (_, port):
        assert not is_let_in(site, port, as_record.context(site))


def test_a_server_certificate_opens_no_connection(site: Site, store: GatewayStore) -> None:
    context = ssl.create_default_context(cafile=str(site.server_ca))
    context.load_cert_chain(site.folder / "gateway.crt", site.folder / "gateway.key")
    with endpoint(site, store) as (_, port):
        assert not is_let_in(site, port, context)


def test_a_revoked_certificate_is_refused_when_tls_begins(site: Site, store: GatewayStore) -> None:
    member, other = site.enrol(1), site.enrol(2)
    site.pki.revoke(member.serial)
    with endpoint(site, store) as (_, port):
        assert not is_let_in(site, port, member.context(site))
        assert is_let_in(site, port, other.context(site))


def test_a_revocation_ends_the_open_connection_and_keeps_it_out(site: Site) -> None:
    store = open_store(site.database_url)
    member, other = site.enrol(1), site.enrol(2)
    register(store, member, other)
    raws = member.records(2)
    with gateway_process(site) as gateway:
        with PahoPeer(site, other, gateway.mqtt_port) as good:
            with PahoPeer(site, member, gateway.mqtt_port) as peer:
                peer.publish(raws[0])
                peer.wait_acks(1)
                site.pki.revoke(member.serial)
                wait_until(lambda: peer.disconnect_reason is not None)
                assert peer.disconnect_reason.value == 0x87
            assert not is_let_in(site, gateway.mqtt_port, member.context(site))
            good.publish(other.records(1)[0])
            good.wait_acks(1)
        renewed = site.enrol(1)
        with PahoPeer(site, renewed, gateway.mqtt_port) as peer:
            peer.publish(raws[1])
            peer.wait_acks(1)
        assert httpx.get(f"{gateway.url}/healthz").json()["records"] == 3
    assert stored(store) == {member.device: [1, 2], other.device: [1]}


def test_a_connection_ends_when_its_certificate_runs_out(site: Site, store: GatewayStore) -> None:
    almost = CertificateAuthority(
        site.folder / "pki",
        lambda: utc_now() - timedelta(days=90) + timedelta(minutes=5, seconds=4),
    )
    member = site.enrol(1, almost)
    with endpoint(site, store) as (_, port):
        connection = bare(site, member, port)
        connection.sendall(connect_packet())
        assert connection.recv(100)[:1] == b"\x20"
        assert is_closed_by_peer(connection)


def test_all_lists_of_a_file_are_read(site: Site, tmp_path: Path) -> None:
    first, second = site.enrol(1), site.enrol(2)
    site.pki.revoke(first.serial)
    one = site.pki.crl_path.read_bytes()
    other = CertificateAuthority.create(tmp_path / "other", "another passphrase")
    assert revoked_serials(one) == {first.serial}
    assert revoked_serials(other.write_crl().read_bytes()) == frozenset()
    site.pki.revoke(second.serial)
    both = other.crl_path.read_bytes() + site.pki.crl_path.read_bytes()
    assert revoked_serials(both) == {first.serial, second.serial}
