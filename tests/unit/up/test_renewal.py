"""A year of a house on a moved clock: list and certificate are always in force; a machine finds its way back."""

from __future__ import annotations

import sqlite3
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from counterfoil.gateway.certificate.enrolment import make_enrolment_request
from counterfoil.gateway.certificate.errors import CertificateEndedError, PkiError
from counterfoil.gateway.certificate.renewal import make_renewal_request
from counterfoil.gateway.certificate.validation import validate_device, validate_server
from counterfoil.gateway.pki.authority import CertificateAuthority, Enrolment
from counterfoil.gateway.pki.key_file import load_key
from counterfoil.gateway.record.identity import DeviceId
from counterfoil.up.data_folder import House, export_certificates, open_house
from counterfoil.up.renewal import Renewal

RENEWS, RESTS = DeviceId("urn:dev:os:32473-renews"), DeviceId("urn:dev:os:32473-rests")


class Clock:
    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


class Machine:
    """A device as its CA sees it: two keys, and the TLS certificate that it has."""

    def __init__(self, device: DeviceId, house: House, clock: Clock) -> None:
        self.device, self._house, self._clock = device, house, clock
        self._key, self._record_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self.enrol()

    @property
    def ends_at(self) -> datetime:
        return x509.load_pem_x509_certificate(self.certificate).not_valid_after_utc

    def enrol(self) -> None:
        def enrolled(authority: CertificateAuthority) -> Enrolment:
            token = authority.admit(self.device)
            request = make_enrolment_request(self.device, self._key, self._record_key)
            return authority.enrol(request, token)

        authority = CertificateAuthority(self._house.pki, self._clock)
        self.certificate = enrolled(authority).tls_certificate
        authority.close()

    def renew(self) -> None:
        follows = ec.generate_private_key(ec.SECP256R1())
        request = make_renewal_request(self.certificate, self._key, follows)
        authority = CertificateAuthority(self._house.pki, self._clock)
        try:
            self.certificate = authority.renew(request)
        finally:
            authority.close()
        self._key = follows

    def is_let_in(self) -> bool:
        """Whether path, dates and the revocation list let this machine in, as TLS judges them."""
        pki = self._house.pki
        leaf, *others = x509.load_pem_x509_certificates(self.certificate)
        try:
            validate_device(
                leaf,
                intermediates=others,
                roots=x509.load_pem_x509_certificates((pki / "root.pem").read_bytes()),
                at=self._clock(),
                signs_records=False,
                crl=x509.load_pem_x509_crl((pki / "crl.pem").read_bytes()),
            )
        except PkiError:
            return False
        return True


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = open_house(tmp_path)
    authority = made.authority()
    export_certificates(made, authority)
    authority.close()
    return made


def check_gateway(house: House, now: datetime) -> None:
    """The gateway's certificate is in force and is of the key that lies beside it; the exported list is the CA's."""
    leaf, *others = x509.load_pem_x509_certificates(house.gateway_certificate.read_bytes())
    roots = x509.load_pem_x509_certificates((house.pki / "root.pem").read_bytes())
    validate_server(leaf, others, roots, at=now, name="127.0.0.1")
    assert leaf.public_key() == load_key(house.folder / "keys/gateway.key").public_key()
    exported = (house.folder / "certificates/crl.pem").read_bytes()
    assert exported == (house.pki / "crl.pem").read_bytes()


def test_a_year_with_a_machine_that_renews_and_one_that_was_off_for_half_of_it(
    house: House,
) -> None:
    clock = Clock()
    renewal = Renewal(house, clock)
    renews, rests = Machine(RENEWS, house, clock), Machine(RESTS, house, clock)
    lists, certificates = 0, 0
    for day in range(366):
        clock.move(days=1)
        written = renewal.look()
        lists += sum(path.name == "crl.pem" for path in written)
        certificates += sum(path.name == "gateway.crt" for path in written)
        assert renewal.look() == []
        check_gateway(house, clock())
        is_off = 100 <= day < 282
        for machine in (renews, rests):
            if (machine is rests and is_off) or machine.ends_at - clock() > timedelta(days=30):
                continue
            if machine.ends_at > clock():
                machine.renew()
                continue
            assert machine is rests
            assert not machine.is_let_in()
            with pytest.raises(CertificateEndedError, match=r"it ended 20.*: enrol urn:dev:"):
                machine.renew()
            machine.enrol()
        assert renews.is_let_in()
        assert is_off or rests.is_let_in()
    assert (lists > 100, 5 <= certificates <= 7) == (True, True)


def test_a_house_that_was_off_for_a_year_is_in_force_after_the_first_look(house: House) -> None:
    clock = Clock()
    clock.move(days=365)
    written = Renewal(house, clock).look()
    assert {path.name for path in written} == {"crl.pem", "gateway.crt"}
    check_gateway(house, clock())
    assert Machine(RENEWS, house, clock).is_let_in()


def test_a_revocation_by_command_is_exported_at_the_next_look(house: House) -> None:
    clock = Clock()
    machine = Machine(RENEWS, house, clock)
    authority = CertificateAuthority(house.pki, clock)
    authority.revoke(x509.load_pem_x509_certificate(machine.certificate).serial_number)
    authority.close()
    Renewal(house, clock).look()
    check_gateway(house, clock())


def test_a_start_that_was_killed_between_key_and_certificate_goes_on(house: House) -> None:
    key = (house.folder / "keys/gateway.key").read_bytes()
    house.gateway_certificate.unlink()
    open_house(house.folder)
    assert (house.folder / "keys/gateway.key").read_bytes() == key
    check_gateway(house, datetime.now(UTC))


def test_the_thread_renews_and_survives_a_failure(house: House) -> None:
    clock = Clock()
    clock.move(days=6)
    key = (house.pki / "issuing.key").read_bytes()
    (house.pki / "issuing.key").write_bytes(b"")
    before = (house.pki / "crl.pem").read_bytes()
    renewal = Renewal(house, clock, look_s=0.02)
    renewal.start()
    time.sleep(0.2)
    assert (house.pki / "crl.pem").read_bytes() == before
    (house.pki / "issuing.key").write_bytes(key)
    deadline = time.monotonic() + 10
    while (house.folder / "certificates/crl.pem").read_bytes() == before:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    renewal.stop()
    check_gateway(house, clock())


def test_of_two_lists_written_at_once_the_one_with_the_higher_number_stays(house: House) -> None:
    slow, quick = CertificateAuthority(house.pki), CertificateAuthority(house.pki)
    begin = slow._register.begin_list

    def begin_and_be_overtaken(now: datetime) -> int:
        number = begin(now)
        quick.write_crl()
        return number

    slow._register.begin_list = begin_and_be_overtaken  # type: ignore[method-assign]
    slow.write_crl()
    written = x509.load_pem_x509_crl((house.pki / "crl.pem").read_bytes())
    with sqlite3.connect(house.pki / "register.db") as register:
        (newest,) = register.execute("SELECT max(number) FROM crl").fetchone()
    assert written.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == newest
