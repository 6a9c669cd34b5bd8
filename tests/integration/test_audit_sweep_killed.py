"""A sweep that is killed between two pieces goes on from the last one that it kept, and comes to the same report."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from support_chain import deployed_world
from support_oracle import PROJECT, OracleHouse
from support_waiting import PATIENCE_S
from support_world import DAY_MS, FIRST_MS

from counterfoil.gateway.log.tile_format import (
    TILE_WIDTH,
    decode_bundle,
    encode_bundle,
    entries_path,
)
from counterfoil.gateway.record.bodies import Status

pytestmark = pytest.mark.integration

PIECE = 64
HELD = 5
"""The first bundle of entries that the log's server keeps back until the sweep is killed."""
KEPT = HELD * TILE_WIDTH


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OracleHouse]:
    """Two days' sales shared out among many records of other kinds, under several heads."""
    folder = tmp_path_factory.mktemp("sweep")
    with deployed_world("anvil", folder) as chain:
        house = OracleHouse(chain, folder)
        parts = house.parts()
        for day in range(2):
            house.sell_a_day()
            for number in range(900):
                at = FIRST_MS + day * DAY_MS + 60_000 + 1_000 * number
                house.world.add(house.world.devices[number % 2], Status("running"), at)
            house.keep()
            house.run_until_quiet(parts)
        yield house
        house.engine.dispose()


class LogServer(ThreadingHTTPServer):
    """Serves the tiles in a folder; entries from ``held`` on wait for ever, and everything asked for is noted."""

    daemon_threads = True

    def __init__(self, tiles: Path, held: int | None, altered: range = range(0)) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.tiles, self.altered = tiles, {entries_path(number): number for number in altered}
        self.gone = threading.Event()
        self.held = held
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    server: LogServer

    def do_GET(self) -> None:
        path = self.path.lstrip("/")
        self.server.asked.append(path)
        if path.startswith("tile/entries/") and self.server.held is not None:
            number = int(path.removeprefix("tile/entries/")[:3])
            if number >= self.server.held:
                self.server.gone.wait(60)
                return
        file = self.server.tiles / path
        if not file.is_file():
            self.send_error(404)
            return
        data = file.read_bytes()
        if path in self.server.altered:
            data = encode_bundle([raw[:-64] + bytes(64) for raw in decode_bundle(data, TILE_WIDTH)])
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: Any, **more: Any) -> None:
        """Say nothing."""


@contextmanager
def log_server(
    house: OracleHouse, held: int | None = None, altered: range = range(0)
) -> Iterator[LogServer]:
    server = LogServer(house.folder / "tiles", held, altered)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.gone.set()
        server.shutdown()
        thread.join()
        server.server_close()


def command(house: OracleHouse, log: str, *more: object) -> list[str]:
    words = ("audit", "sweep", "--rpc", house.chain.node.rpc_url, "--log", log, "--processes", 2)
    words += ("--deployment", house.chain.path, "--project", PROJECT, "--piece", PIECE, "--json")
    return [sys.executable, "-m", "counterfoil", *(str(word) for word in (*words, *more))]


def report(words: list[str]) -> dict[str, Any]:
    """What the command says but its speed, what was asked when, and the block: the chain goes on."""
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert done.stdout, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    others = ("records_per_s", "block", "asked", "asked_text", "not_looked_at")
    return {name: value for name, value in said.items() if name not in others}


def kept_size(state: Path) -> int:
    try:
        with sqlite3.connect(f"file:{state}?mode=ro", uri=True) as db:
            return int(db.execute("SELECT size FROM sweep").fetchone()[0])
    except (sqlite3.OperationalError, TypeError):
        return 0


def children_of(pid: int) -> set[int]:
    return {int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(is_so: Any, what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.05)


def killed_after(house: OracleHouse, state: Path, size: int) -> None:
    """Begin a sweep, and SIGKILL it when it has kept *size* records and waits for more."""
    with log_server(house, held=size // TILE_WIDTH) as server:
        words = command(house, server.url, "--state", state)
        began = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        wait_for(lambda: kept_size(state) == size, f"{size} records are kept")
        workers = children_of(began.pid)
        began.send_signal(signal.SIGKILL)
        assert began.communicate()[0] == b"", "it had not come to its end"
        wait_for(lambda: not any(map(is_running, workers)), "no process of it is left")
        assert len(workers) >= 2


def test_killed_between_pieces_it_goes_on_and_reports_the_same(
    house: OracleHouse, tmp_path: Path
) -> None:
    whole = report(command(house, str(house.folder / "tiles")))
    assert (whole["verdict"], whole["records_before"]) == ("valid", 0)
    assert whole["records"] == len(house.world.records) > KEPT + 3 * PIECE
    state = tmp_path / "sweep.db"
    killed_after(house, state, 2 * TILE_WIDTH)
    killed_after(house, state, KEPT)
    with log_server(house) as server:
        again = report(command(house, server.url, "--state", state))
    assert again == whole | {"records_before": KEPT}
    asked = set(server.asked)
    last_head = max(e["size"] for e in heads(house) if e["size"] <= KEPT)
    for number in range(last_head // TILE_WIDTH):
        assert entries_path(number) not in asked, "what was kept under a head is not read again"
    assert entries_path(HELD) in asked


def test_what_was_verified_before_is_not_verified_again(house: OracleHouse, tmp_path: Path) -> None:
    state = tmp_path / "sweep.db"
    killed_after(house, state, KEPT)
    with log_server(house, altered=range(HELD)) as server:
        fresh = report(command(house, server.url))
        again = report(command(house, server.url, "--state", state))
    refused = [f for f in fresh["findings"] if f["code"] == "record.refused"]
    assert len(refused) == KEPT, "whoever verifies them sees that no signature holds"
    assert (again["verdict"], again["findings"]) == ("valid", [])


def test_going_on_with_pieces_of_another_width_comes_to_the_same(
    house: OracleHouse, tmp_path: Path
) -> None:
    state = tmp_path / "sweep.db"
    killed_after(house, state, KEPT)
    words = command(house, str(house.folder / "tiles"), "--state", state)
    words[words.index("--piece") + 1] = "1024"
    again = report(words)
    assert (again["verdict"], again["findings"]) == ("valid", [])
    assert again["records"] == len(house.world.records)


def heads(house: OracleHouse) -> list[dict[str, Any]]:
    return [dict(one) for one in house.on_chain("RecordAnchor", "HeadAnchored")]


def test_a_process_that_tells_nothing_ends_the_sweep_with_a_word(
    house: OracleHouse, tmp_path: Path
) -> None:
    """As a stopped one does: it is not waited for for ever, and what was kept is gone on from."""
    state = tmp_path / "sweep.db"
    sooner = (
        "from counterfoil.api.audit.sweep import log_sweep; log_sweep.HUNG_S = 2.0\n"
        "from counterfoil.__main__ import main; main()"
    )
    with log_server(house, held=HELD) as server:
        _, _, _, *words = command(house, server.url, "--state", state)
        done = subprocess.run(
            [sys.executable, "-c", sooner, *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
        assert not server.gone.is_set()
    assert done.returncode == 2, done.stdout
    assert json.loads(done.stderr.splitlines()[-1])["code"] == "process.worker_lost"
    with log_server(house) as server:
        again = report(command(house, server.url, "--state", state))
    assert again["verdict"] == "valid"
