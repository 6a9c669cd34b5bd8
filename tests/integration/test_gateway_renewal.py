"""A running gateway whose list and certificate end: it takes new ones without a restart, and says who it refuses."""

from __future__ import annotations

import json
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from support_gateway import GatewayProcess, Member, Site, free_port, gateway_process, utc_now
from support_mqtt import connect_packet
from support_waiting import wait_until

from counterfoil.gateway.pki.authority import CertificateAuthority
from counterfoil.gateway.pki.key_file import create_key, load_key

pytestmark = pytest.mark.integration


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "site")


def authority_of(site: Site, **off: float) -> CertificateAuthority:
    """The site's CA with its clock off by so much."""
    return CertificateAuthority(site.folder / "pki", lambda: utc_now() + timedelta(**off))


def said(site: Site, member: Member | None, port: int) -> str:
    """What a client hears: ``in`` when the CONNECT is answered, else the words of its TLS."""
    context = ssl.create_default_context(cafile=str(site.server_ca))
    if member is not None:
        context.load_cert_chain(member.certificate, member.key)
    try:
        with (
            socket.create_connection(("127.0.0.1", port), 20) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as tls,
        ):
            tls.sendall(connect_packet())
            return "in" if tls.recv(100)[:1] == b"\x20" else "closed"
    except OSError as failure:
        return str(failure)


def refusals(gateway: GatewayProcess) -> list[tuple[str, int]]:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", gateway.log())
    found = []
    for line in plain.splitlines():
        if "handshake_refused" in line:
            fields = dict(re.findall(r"(\w+)=(\S+)", line))
            found.append((fields["reason"], int(fields["count"])))
    return found


def test_a_list_that_has_ended_lets_nobody_in_until_the_next_one_comes(site: Site) -> None:
    member, revoked = site.enrol(1), site.enrol(2)
    authority_of(site, days=-8).write_crl()
    https = free_port()
    with gateway_process(site, https_port=https) as gateway:
        assert "expired" in said(site, member, gateway.mqtt_port).lower()
        assert refusals(gateway) == [("list_overdue", 1)]
        (alarm,) = httpx.get(f"{gateway.url}/healthz").json()["alarms"]
        assert alarm["code"] == "certificate.list_ends_soon"
        site.pki.revoke(revoked.serial)
        wait_until(lambda: said(site, member, gateway.mqtt_port) == "in")
        assert "revoked" in said(site, revoked, gateway.mqtt_port).lower()
        url = f"https://127.0.0.1:{https}/v1/{member.device}/records"
        answer = httpx.post(url, content=b"", verify=member.context(site))
        assert answer.status_code == 422
        assert httpx.get(f"{gateway.url}/healthz").json()["alarms"] == []


@pytest.mark.parametrize(
    ("made", "reason", "heard"),
    [
        (lambda site: site.enrol(1, authority_of(site, days=-91)), "certificate_ended", "expired"),
        (
            lambda site: site.enrol(1, authority_of(site, days=1)),
            "certificate_not_yet_valid",
            "bad",
        ),
        (
            lambda site: site.enrol(
                1, CertificateAuthority.create(site.folder / "foreign", "a passphrase")
            ),
            "not_of_this_ca",
            "unknown ca",
        ),
        (lambda _: None, "no_certificate", "required"),
    ],
)
def test_a_refused_handshake_has_its_reason_in_the_log_and_at_the_peer(
    site: Site, made: Callable[[Site], Member | None], reason: str, heard: str
) -> None:
    member = made(site)
    with gateway_process(site) as gateway:
        for _ in range(5):
            assert heard in said(site, member, gateway.mqtt_port).lower()
        assert refusals(gateway) == [(reason, 1)]
        figures = httpx.get(f"{gateway.url}/metrics").text
        assert f'counterfoil_gateway_handshakes_refused_total{{reason="{reason}"}} 5.0' in figures


@pytest.fixture
def doors(site: Site, tmp_path: Path) -> Iterator[tuple[GatewayProcess, list[int]]]:
    """A gateway with all its doors over TLS, and their ports."""
    readers = tmp_path / "readers.pem"
    shutil.copy(site.enrol(9).certificate, readers)
    https, reader = free_port(), free_port()
    with gateway_process(site, https_port=https, reader_port=reader, readers=readers) as gateway:
        yield gateway, [gateway.mqtt_port, https, reader]


def presented(site: Site, port: int) -> x509.Certificate:
    """The certificate that the gateway shows at *port*."""
    context = ssl.create_default_context(cafile=str(site.server_ca))
    with (
        socket.create_connection(("127.0.0.1", port), 20) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as tls,
    ):
        der = tls.getpeercert(binary_form=True)
    assert der is not None
    return x509.load_der_x509_certificate(der)


def test_all_doors_show_the_gateway_s_new_certificate_without_a_restart(
    site: Site, doors: tuple[GatewayProcess, list[int]]
) -> None:
    gateway, ports = doors
    path = site.folder / "gateway.crt"
    first = {presented(site, port).serial_number for port in ports}
    key = load_key(site.folder / "gateway.key").public_key()
    path.write_bytes(authority_of(site, days=-80).certify_server(key, ["127.0.0.1"]))
    ending = x509.load_pem_x509_certificates(path.read_bytes())[0].serial_number
    wait_until(lambda: all(presented(site, port).serial_number == ending for port in ports))
    assert first != {ending}
    (alarm,) = httpx.get(f"{gateway.url}/healthz").json()["alarms"]
    assert alarm["code"] == "certificate.ends_soon"
    assert "gateway certificate ends" in alarm["detail"]
    renewal = [sys.executable, "-m", "counterfoil", "pki", "renew-due", "--server", str(path)]
    subprocess.run([*renewal, "--ca", str(site.folder / "pki")], check=True)
    renewed = x509.load_pem_x509_certificates(path.read_bytes())[0].serial_number
    wait_until(lambda: all(presented(site, port).serial_number == renewed for port in ports))
    assert httpx.get(f"{gateway.url}/healthz").json()["alarms"] == []


def test_a_certificate_that_does_not_fit_its_key_is_not_taken(
    site: Site, doors: tuple[GatewayProcess, list[int]]
) -> None:
    gateway, ports = doors
    before = [presented(site, port).serial_number for port in ports]
    other = create_key(site.folder / "other.key").public_key()
    (site.folder / "gateway.crt").write_bytes(site.pki.certify_server(other, ["127.0.0.1"]))
    wait_until(lambda: "certificate_not_read" in gateway.log())
    assert [presented(site, port).serial_number for port in ports] == before


def test_files_that_are_gone_are_logged_once_and_told(site: Site) -> None:
    member = site.enrol(1)
    with gateway_process(site) as gateway:
        for name in ("gateway.crt", "pki/crl.pem"):
            (site.folder / name).unlink()
        wait_until(lambda: "crl_not_read" in gateway.log())
        time.sleep(2.5)
        assert gateway.log().count("crl_not_read") == 1
        assert gateway.log().count("certificate_not_read") == 1
        alarms = httpx.get(f"{gateway.url}/healthz").json()["alarms"]
        assert [alarm["code"] for alarm in alarms] == ["file.unreadable", "file.unreadable"]
        assert said(site, member, gateway.mqtt_port) == "in"


def test_status_and_figures_say_until_when_all_is_in_force(site: Site) -> None:
    authority_of(site, days=-5).write_crl()
    with gateway_process(site) as gateway:
        command = [sys.executable, "-m", "counterfoil", "gateway", "status", "--url", gateway.url]
        shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        assert "ALARM certificate.list_ends_soon: revocation list ends 20" in shown
        assert "gateway certificate ends: 20" in shown
        whole = json.loads(
            subprocess.run([*command, "--json"], check=True, capture_output=True).stdout
        )
        assert list(whole["ends"]) == ["gateway certificate", "device CA", "revocation list"]
        figures = httpx.get(f"{gateway.url}/metrics").text
        (until,) = re.findall(r'ends_timestamp_seconds\{what="revocation_list"\} (\S+)', figures)
        assert 1.9 * 86_400 < float(until) - utc_now().timestamp() < 2.1 * 86_400
