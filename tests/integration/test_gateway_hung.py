"""A gateway whose worker, database or disk does not go on: what is told, and that nothing acknowledged is lost."""

from __future__ import annotations

import os
import signal
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest
from support_gateway import GatewayProcess, Member, Site, gateway_process, register
from support_waiting import wait_until

from counterfoil.gateway.store.gateway_store import open_store

pytestmark = pytest.mark.integration


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "site")


def post(gateway: GatewayProcess, member: Member, raw: bytes) -> httpx.Response:
    return httpx.post(f"{gateway.url}/v1/{member.device}/records", content=raw, timeout=60)


def health(gateway: GatewayProcess) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{gateway.url}/healthz", timeout=60).json()
    return found


def workers_of(gateway: GatewayProcess) -> set[int]:
    """The processes that verify, by the system's own table."""
    children = Path(f"/proc/{gateway.pid}/task").glob("*/children")
    found = {int(pid) for one in children for pid in one.read_text().split()}
    return {
        pid for pid in found if b"signature_worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    }


def test_stopped_workers_stop_no_intake_and_are_told_of(site: Site) -> None:
    member = site.enrol(1)
    records = member.records(2)
    with gateway_process(site, verify_processes=2, verify_silent_s=1) as gateway:
        register(open_store(site.database_url), member)
        assert post(gateway, member, records[0]).status_code == 201
        assert health(gateway)["alarms"] == []
        stopped = workers_of(gateway)
        assert len(stopped) == 2
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        assert post(gateway, member, records[1]).status_code == 201
        (alarm,) = health(gateway)["alarms"]
        assert (alarm["code"], alarm["part"]) == ("process.worker_hung", "verify worker")
        figures = httpx.get(f"{gateway.url}/metrics").text
        told = 'counterfoil_gateway_alarms{code="process.worker_hung",part="verify worker"} 1.0'
        assert told in figures
        assert "counterfoil_gateway_verify_workers_replaced" in figures
        assert health(gateway)["records"] == 2


def test_an_intake_that_stands_still_says_so_and_goes_on(site: Site) -> None:
    member = site.enrol(1)
    (record,) = member.records(1)
    with gateway_process(site, stalled_after_s=0.5) as gateway:
        register(open_store(site.database_url), member)
        database = sqlite3.connect(site.database_url.removeprefix("sqlite:///"))
        database.execute("BEGIN IMMEDIATE")
        url = f"{gateway.url}/v1/{member.device}/records"
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(url, content=record, timeout=1)
        wait_until(lambda: health(gateway)["alarms"] != [])
        found = httpx.get(f"{gateway.url}/healthz")
        assert found.status_code == 503
        assert found.json()["alarms"][0]["code"] in ("intake.stalled", "store.not_committed")
        database.rollback()
        database.close()
        wait_until(lambda: health(gateway)["alarms"] == [])
        assert post(gateway, member, record).status_code == 200  # it was committed meanwhile
