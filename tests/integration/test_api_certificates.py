"""The API and the page say days before that a list or an authority in the certificates' folder ends."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from fastapi.testclient import TestClient
from sqlmodel import Session
from support_api import Site, build
from support_gateway import utc_now

from counterfoil.api.run import create_app
from counterfoil.oracle.errors import RECORD_NOT_BELIEVED
from counterfoil.oracle.store.alarm_table import end_alarms, raise_once
from counterfoil.oracle.store.database import open_database

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return build(tmp_path_factory.mktemp("site"), days=2)


def write_list(site: Site, days: float) -> None:
    """Write a list of the world's CA that ends in so many days."""
    end = utc_now() + timedelta(days=days)
    made = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(site.world.issuing.subject)
        .last_update(end - timedelta(days=7))
        .next_update(end)
        .sign(site.world.issuing_key, hashes.SHA256())
    )
    folder = site.settings.certificates
    assert folder is not None
    (folder / "crl.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))


def line_of(client: TestClient, language: str) -> str:
    client.cookies.set("counterfoil_language", language)
    answer = client.get("/parts/health")
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize(
    ("days", "code", "english", "chinese"),
    [
        (2, "certificate.list_ends_soon", "list of revoked certificates ends 20", "将于 20"),
        (-2, "certificate.list_ends_soon", "list of revoked certificates ended 20", "已于 20"),
    ],
)
def test_a_list_that_ends_soon_is_told(
    site: Site, days: float, code: str, english: str, chinese: str
) -> None:
    write_list(site, days)
    client = TestClient(create_app(site.settings))
    ready = client.get("/readyz").json()
    assert (ready["ready"], [alarm["code"] for alarm in ready["alarms"]]) == (True, [code])
    client.post("/login", data={"secret": site.tokens["admin"]})
    assert english in line_of(client, "en")
    assert chinese in line_of(client, "zh")


def test_a_list_in_force_is_no_alarm(site: Site) -> None:
    write_list(site, 6)
    client = TestClient(create_app(site.settings))
    assert client.get("/readyz").json()["alarms"] == []
    client.post("/login", data={"secret": site.tokens["admin"]})
    assert "revoked" not in line_of(client, "en")


def test_a_file_that_holds_no_list_is_told(site: Site, tmp_path: Path) -> None:
    (tmp_path / "crl.pem").write_text("nothing")
    settings = site.settings.model_copy(update={"certificates": tmp_path})
    client = TestClient(create_app(settings))
    (alarm,) = client.get("/readyz").json()["alarms"]
    assert alarm["code"] == "file.unreadable"


def test_an_alarm_of_the_oracle_is_in_both_languages_and_its_detail_not_for_anybody(
    site: Site,
) -> None:
    """And it is gone everywhere once it has ended."""
    write_list(site, 6)
    engine = open_database(site.settings.oracle_url)
    with Session(engine) as session:
        raise_once(session, RECORD_NOT_BELIEVED, "record 5 of somebody's machine")
        session.commit()
    client = TestClient(create_app(site.settings))
    (told,) = client.get("/readyz").json()["alarms"]
    assert told == {"code": RECORD_NOT_BELIEVED, "detail": "", "part": "oracle"}
    line = f'counterfoil_alarms{{code="{RECORD_NOT_BELIEVED}",part="oracle"}} 1.0'
    assert line in client.get("/metrics").text
    client.post("/login", data={"secret": site.tokens["admin"]})
    assert "The log has stopped" in line_of(client, "en")
    assert "somebody" in line_of(client, "en")
    assert "日志已停止" in line_of(client, "zh")
    other = TestClient(create_app(site.settings))
    other.post("/login", data={"secret": site.tokens["lakeside"]})
    assert "The log has stopped" in line_of(other, "en")
    assert "somebody" not in line_of(other, "en")
    with Session(engine) as session:
        end_alarms(session, RECORD_NOT_BELIEVED)
        session.commit()
    engine.dispose()
    client = TestClient(create_app(site.settings))
    assert client.get("/readyz").json()["alarms"] == []
    assert "counterfoil_alarms{" not in client.get("/metrics").text
