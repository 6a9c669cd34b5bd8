"""The device CA killed while it enrols or renews: what left it is in its register, and every file is whole."""

from __future__ import annotations

import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509

from counterfoil.gateway.pki.authority import CertificateAuthority
from counterfoil.gateway.pki.key_file import create_key

ENROLS = """
import sys
from pathlib import Path
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from counterfoil.gateway.certificate.enrolment import make_enrolment_request
from counterfoil.gateway.record.identity import DeviceId
from counterfoil.gateway.pki.authority import CertificateAuthority
authority = CertificateAuthority(Path(sys.argv[1]))
for number in range(100_000):
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    device = DeviceId(f"urn:dev:os:32473-{number}")
    enrolment = authority.enrol(make_enrolment_request(device, *keys))
    leaf = x509.load_pem_x509_certificates(enrolment.tls_certificate)[0]
    print(f"{leaf.serial_number:x}", flush=True)
"""


@pytest.mark.integration
def test_no_certificate_leaves_before_it_is_registered(tmp_path: Path) -> None:
    CertificateAuthority.create(tmp_path, "correct horse battery").close()
    for lines in (1, 7, 30):
        with subprocess.Popen(
            [sys.executable, "-c", ENROLS, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            seen = [process.stdout.readline().strip() for _ in range(lines)]
            process.kill()
            seen += [line.strip() for line in process.stdout if line.endswith("\n")]
        authority = CertificateAuthority(tmp_path)
        for serial in seen:
            assert authority.certificate(int(serial, 16))
        kinds = [row.kind for row in authority.issued()]
        assert kinds.count("tls") == kinds.count("record") >= len(seen)
        authority.close()


RENEWS = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from counterfoil.gateway.pki.upkeep import renew_due
folder, begun = Path(sys.argv[1]), int(sys.argv[2])
for number in range(100_000):
    at = datetime.now(UTC) + timedelta(days=(begun + number) % 1_700)
    renew_due(folder, [folder / "gateway.crt"], lambda: at)
    print(number, flush=True)
"""


@pytest.mark.integration
def test_a_kill_while_it_renews_leaves_a_whole_list_and_a_certificate_that_fits(
    tmp_path: Path,
) -> None:
    authority = CertificateAuthority.create(tmp_path, "correct horse battery")
    key = create_key(tmp_path / "gateway.key").public_key()
    (tmp_path / "gateway.crt").write_bytes(authority.certify_server(key, ["127.0.0.1"]))
    authority.write_crl()
    authority.close()
    numbers = []
    begun = 0
    for lines in (1, 9, 40, 90):
        with subprocess.Popen(
            [sys.executable, "-c", RENEWS, str(tmp_path), str(begun)],
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            for _ in range(lines):
                process.stdout.readline()
            process.kill()
        begun += lines
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            tmp_path / "gateway.crt", tmp_path / "gateway.key"
        )
        written = x509.load_pem_x509_crl((tmp_path / "crl.pem").read_bytes())
        numbers.append(written.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number)
    assert numbers == sorted(set(numbers))
    leaf = x509.load_pem_x509_certificates((tmp_path / "gateway.crt").read_bytes())[0]
    registered = CertificateAuthority(tmp_path).certificate(leaf.serial_number)
    assert registered == leaf
