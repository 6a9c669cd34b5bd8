"""What one party, and somebody who is nobody, may use of a real API process: memory, streams, writes."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from support_api import Site, build
from support_gateway import free_port
from support_waiting import PATIENCE_S, wait_until

pytestmark = pytest.mark.integration
_MB = 1024 * 1024
_STREAMS, _WRITES = 3, 5


@dataclass
class Served:
    """The API's process over a site, with small limits."""

    site: Site
    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def peak_mb(self) -> int:
        """The most memory that the process has had."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) // 1024

    def send(self, head: str, pieces: Iterator[bytes]) -> tuple[int, str]:
        """Send a request by hand; the status and the code of the response, which may come before the end."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as peer:
            peer.sendall(head.encode())
            with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                for piece in pieces:
                    if select.select([peer], [], [], 0)[0]:
                        break  # a response, before the end of the request
                    peer.sendall(piece)
            got = b""
            with contextlib.suppress(ConnectionResetError):
                while b"}" not in got and (more := peer.recv(65_536)):
                    got += more
        body = got[got.index(b"\r\n\r\n") :]
        return int(got.split()[1]), json.loads(body[body.index(b"{") : body.rindex(b"}") + 1])[
            "code"
        ]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("limits")
    site, port = build(folder, days=1), free_port()
    env = os.environ | {
        "COUNTERFOIL_API_GATEWAY_URL": f"sqlite:///{folder}/gateway.db",
        "COUNTERFOIL_API_ORACLE_URL": f"sqlite:///{folder}/oracle.db",
        "COUNTERFOIL_API_PORT": str(port),
        "COUNTERFOIL_API_STREAMS_A_PARTY": str(_STREAMS),
        "COUNTERFOIL_API_WRITES_AT_ONCE": str(_WRITES),
        "COUNTERFOIL_API_WRITES_A_MINUTE": "1",
        "COUNTERFOIL_API_UPLOADS_AT_ONCE": "1",
        "COUNTERFOIL_API_HTTP_HEAD_WITHIN_S": "2",
        "COUNTERFOIL_API_HTTP_BODY_WITHIN_S": "20",
    }
    with (folder / "api.log").open("wb") as log:
        argv = [sys.executable, "-m", "counterfoil", "api", "run"]
        process = subprocess.Popen(argv, env=env, stdout=log, stderr=subprocess.STDOUT)
    made = Served(site, port, process)

    def answers() -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{made.url}/livez", trust_env=False).status_code < 500
        return False

    try:
        wait_until(answers)
        yield made
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def _head(path: str, length: int | None, token: str = "") -> str:  # none is nobody
    how = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    who = f"Authorization: Bearer {token}\r\n" if token else ""
    more = "Content-Type: application/json\r\nIdempotency-Key: k\r\n"
    return f"POST {path} HTTP/1.1\r\nHost: api\r\n{who}{more}{how}\r\n\r\n"


def _pieces(size: int, *, in_chunks: bool) -> Iterator[bytes]:
    piece = b" " * _MB
    for _ in range(size // _MB):
        yield b"%x\r\n%s\r\n" % (len(piece), piece) if in_chunks else piece
    if in_chunks:
        yield b"0\r\n\r\n"


@pytest.mark.parametrize("in_chunks", [False, True], ids=["stated", "in chunks"])
@pytest.mark.parametrize("who", ["", "wrong", "bank"])
@pytest.mark.parametrize(
    "path", ["/v1/statements", "/v1/statements/camt053", "/v1/settlement-files"]
)
def test_a_huge_body_takes_no_memory(served: Served, path: str, who: str, in_chunks: bool) -> None:
    before = served.peak_mb()
    token = served.site.tokens.get(who, who)
    size = 400 * _MB
    status, code = served.send(
        _head(path, None if in_chunks else size, token), _pieces(size, in_chunks=in_chunks)
    )
    if who == "bank":
        assert (status, code) == (413, "file.too_large")
    else:
        assert (status, code) in ((401, "request.unauthorised"), (413, "file.too_large"))
    assert served.peak_mb() - before < 120


def test_what_a_limit_allows_is_read(served: Served) -> None:
    """A file above the limit for other bodies, and below its own, comes through to what reads it."""
    headers = served.site.headers("bank") | {"Idempotency-Key": "large"}
    for size, expected in ((3 * _MB, 422), (100, 422)):
        found = httpx.post(
            f"{served.url}/v1/statements",
            content=b'{"entries": "' + b"x" * size + b'"}',
            headers=headers | {"Content-Type": "application/json"},
            trust_env=False,
            timeout=PATIENCE_S,
        )
        assert (found.status_code, found.json()["code"]) == (expected, "request.malformed")


def test_a_second_large_file_waits_its_turn(served: Served) -> None:
    token = served.site.tokens["bank"]
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_S) as first:
        first.sendall(_head("/v1/statements", 9 * _MB, token).encode())

        def second() -> tuple[int, str]:
            return served.send(_head("/v1/statements", 8 * _MB, token), iter(()))

        wait_until(lambda: served_one_only(second))
    found = served.send(_head("/v1/statements", 40 * _MB, token), iter(()))
    assert found == (413, "file.too_large")


def served_one_only(second: object) -> bool:
    assert callable(second)
    return second() == (503, "request.uploads_busy")


def test_streams_of_a_party_are_counted_and_end(served: Served) -> None:
    headers = served.site.headers("lakeside")
    with contextlib.ExitStack() as opened, httpx.Client(trust_env=False, timeout=30) as client:
        url = f"{served.url}/v1/stream"
        for _ in range(_STREAMS):
            stream = opened.enter_context(client.stream("GET", url, headers=headers))
            assert stream.status_code == 200
        refused = client.get(url, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (429, "request.streams_too_many")
        assert int(refused.headers["retry-after"]) > 0
        others = served.site.headers("harbour")
        with client.stream("GET", url, headers=others) as theirs:
            assert theirs.status_code == 200, "it is a party's number"

    def is_free() -> bool:
        with httpx.stream("GET", url, headers=headers, trust_env=False) as again:
            return again.status_code == 200

    wait_until(is_free)


def test_writes_of_a_party_are_counted_with_a_word_when_to_come_again(served: Served) -> None:
    with httpx.Client(base_url=served.url, trust_env=False, timeout=30) as client:

        def write(party: str, number: int) -> httpx.Response:
            key = {"Idempotency-Key": f"write-{number}"}
            return client.post(
                "/v1/payout-accounts",
                json={"account": "DE1", "name": "L"},
                headers=served.site.headers(party) | key,
            )

        found = [write("investor", number) for number in range(_WRITES + 1)]
        assert [one.status_code for one in found] == [202] * _WRITES + [429]
        assert found[-1].json()["code"] == "request.writes_too_many"
        assert 0 < int(found[-1].headers["retry-after"]) <= 60
        assert write("site", 1).status_code == 202, "it is a party's number"
        read = client.get("/v1/instructions", headers=served.site.headers("investor"))
        assert read.status_code == 200, "reads go on"


def test_half_a_request_is_dropped_here_too(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_S) as peer:
        peer.sendall(b"GET /healthz HTTP/1.1\r\nHost:")
        assert peer.recv(100) == b""
