"""The device CA killed while it enrols: every certificate that left it is in its register."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from counterfoil.gateway.pki.authority import CertificateAuthority

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
