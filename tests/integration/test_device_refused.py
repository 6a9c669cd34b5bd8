"""A device whose TLS fails says plainly why, over MQTT and over HTTPS, as far as TLS lets it know."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from support_gateway import (
    GatewayProcess,
    Site,
    free_port,
    gateway_process,
    register,
    sales,
    stored,
    utc_now,
)

from counterfoil.gateway.device.device import Device, Event
from counterfoil.gateway.device.https_sender import HttpsSender
from counterfoil.gateway.device.mqtt_sender import Endpoint, MqttSender
from counterfoil.gateway.pki.authority import CertificateAuthority
from counterfoil.gateway.pki.key_file import load_key
from counterfoil.gateway.store.gateway_store import open_store

pytestmark = pytest.mark.integration


def authority_of(site: Site, **off: float) -> CertificateAuthority:
    return CertificateAuthority(site.folder / "pki", lambda: utc_now() + timedelta(**off))


def certify(site: Site, device: Device, authority: CertificateAuthority) -> None:
    enrolment = authority.enrol(device.enrolment_request())
    (device.folder / "tls.crt").write_bytes(enrolment.tls_certificate)


def gateway_off_by(site: Site, **off: float) -> None:
    """Let the gateway's certificate be made while its CA's clock was off by so much."""
    key = load_key(site.folder / "gateway.key").public_key()
    (site.folder / "gateway.crt").write_bytes(
        authority_of(site, **off).certify_server(key, ["127.0.0.1"])
    )


def foreign(site: Site) -> CertificateAuthority:
    return CertificateAuthority.create(site.folder / "foreign", "another passphrase")


def own_ended(site: Site, device: Device) -> str:
    certify(site, device, authority_of(site, days=-95))
    return "this device's own certificate ended on 20"


def own_begins_later(site: Site, device: Device) -> str:
    certify(site, device, authority_of(site, days=4, hours=1))
    return "this device's clock is off by 4 days or more: its own certificate begins on 20"


def own_is_foreign(site: Site, device: Device) -> str:
    certify(site, device, foreign(site))
    return "this device's certificate is not of its CA"


def own_is_revoked(site: Site, device: Device) -> str:
    own = x509.load_pem_x509_certificate((device.folder / "tls.crt").read_bytes())
    site.pki.revoke(own.serial_number)
    return "this device's certificate is revoked"


def list_is_overdue(site: Site, _: Device) -> str:
    authority_of(site, days=-8).write_crl()
    return "or its revocation list is overdue"


def gateway_ended(site: Site, _: Device) -> str:
    gateway_off_by(site, days=-95)
    return "this device's clock is off by 5 days or more, or the gateway was not renewed"


def gateway_begins_later(site: Site, _: Device) -> str:
    gateway_off_by(site, days=10, hours=1)
    return "this device's clock is off by 10 days or more: the gateway's certificate begins on 20"


def gateway_is_foreign(site: Site, _: Device) -> str:
    key = load_key(site.folder / "gateway.key").public_key()
    (site.folder / "gateway.crt").write_bytes(foreign(site).certify_server(key, ["127.0.0.1"]))
    return "the gateway's certificate is not of the CA that this device trusts"


def check_said(device: Device, site: Site, gateway: GatewayProcess, https: int, why: str) -> None:
    """Both of the device's senders say *why* they do not reach the gateway."""
    device.append_all(Event(body, at) for at, body in enumerate(sales(1)))
    endpoint = Endpoint("127.0.0.1", gateway.mqtt_port, site.server_ca)
    mqtt = MqttSender(device, endpoint, longest_pause=1.0)
    assert not mqtt.run(until_done=True, timeout_s=1.0)
    assert why in str(mqtt.last_error)
    url = f"https://127.0.0.1:{https}"
    web = HttpsSender(device, url, site.server_ca, longest_pause=0.5)
    assert not web.run(until_done=True, timeout_s=0.5)
    assert why in str(web.last_error)
    device.close()


def test_what_is_wrong_with_its_own_certificate_is_said(tmp_path: Path) -> None:
    site, https = Site(tmp_path / "site"), free_port()
    with gateway_process(site, https_port=https) as gateway:
        spoils = (own_ended, own_begins_later, own_is_foreign)
        for number, spoil in enumerate(spoils, 1):
            device = site.enrol_device(number)
            check_said(device, site=site, gateway=gateway, https=https, why=spoil(site, device))


@pytest.mark.parametrize(
    "spoil",
    [own_is_revoked, list_is_overdue, gateway_ended, gateway_begins_later, gateway_is_foreign],
)
def test_what_keeps_it_out_at_the_gateway_is_said(
    spoil: Callable[[Site, Device], str], tmp_path: Path
) -> None:
    site, https = Site(tmp_path / "site"), free_port()
    device = site.enrol_device(1)
    why = spoil(site, device)
    with gateway_process(site, https_port=https) as gateway:
        check_said(device, site=site, gateway=gateway, https=https, why=why)


def run(*arguments: str | Path) -> str:
    """What ``counterfoil`` with these arguments prints."""
    command = [sys.executable, "-m", "counterfoil", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_a_machine_that_was_off_for_too_long_comes_back_as_documented(tmp_path: Path) -> None:
    """docs/formats/certificates.md, *Renewal*: enrolled again with the keys it has, its journal goes on."""
    site = Site(tmp_path / "site")
    store = open_store(site.database_url)
    device = site.enrol_device(1)
    register(store, device)
    device.append_all(Event(body, at) for at, body in enumerate(sales(3)))
    with gateway_process(site) as gateway:
        endpoint = Endpoint("127.0.0.1", gateway.mqtt_port, site.server_ca)
        assert MqttSender(device, endpoint).run(until_done=True, timeout_s=30)
        certify(site, device, authority_of(site, days=-180))
        device.append_all(Event(body, at) for at, body in enumerate(sales(2), 3))
        assert not MqttSender(device, endpoint).run(until_done=True, timeout_s=1)
        folder, pki, made = device.folder, site.folder / "pki", tmp_path / "device-certificates"
        ended = json.loads(run("device", "status", folder, "--json"))["certificate_ends"]
        assert datetime.fromisoformat(ended) < utc_now() - timedelta(days=89)
        token = run("pki", "admit", device.device_id, "--ca", pki).strip()
        request = tmp_path / "request.json"
        run("device", "csr", folder, "--out", request)
        run("pki", "enrol", request, "--token", token, "--out", made, "--ca", pki)
        shutil.copy(made / "tls.pem", folder / "tls.crt")
        assert MqttSender(device, endpoint).run(until_done=True, timeout_s=30)
    assert stored(store) == {device.device_id: [1, 2, 3, 4, 5]}
    device.close()


def test_a_gateway_that_is_not_there_is_no_matter_of_certificates(tmp_path: Path) -> None:
    site = Site(tmp_path / "site")
    device = site.enrol_device(1)
    device.append_all(Event(body, at) for at, body in enumerate(sales(1)))
    sender = MqttSender(device, Endpoint("127.0.0.1", free_port(), site.server_ca))
    assert not sender.run(until_done=True, timeout_s=0.5)
    assert "refused" in str(sender.last_error)
    device.close()
