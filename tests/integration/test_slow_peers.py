"""Peers that send half and wait, on every HTTP door of a real gateway process: they lose their connection."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support_gateway import GatewayProcess, Site, device_name, free_port
from support_waiting import PATIENCE_S

pytestmark = pytest.mark.integration
_WITHIN_S = 2.0
_HEAD = f"POST /v1/{device_name(1)}/records HTTP/1.1\r\nHost: gateway\r\n".encode()


class Doors:
    """A gateway process with all its HTTP doors, and a device of its own."""

    def __init__(self, folder: Path) -> None:
        self.site = Site(folder)
        self.member = self.site.enrol(1)
        self.https_port, self.reader_port = free_port(), free_port()
        self.gateway = GatewayProcess(
            self.site,
            verify_processes=0,
            https_port=self.https_port,
            reader_port=self.reader_port,
            readers=self.site.server_ca,
            http_handshake_within_s=_WITHIN_S,
            http_head_within_s=_WITHIN_S,
            http_body_within_s=_WITHIN_S,
            http_body_bytes_a_second=1_000,
            http_unread_within_s=_WITHIN_S,
            http_connections=40,
        )
        self.gateway.start()

    def plain(self) -> socket.socket:
        port = int(self.gateway.url.rsplit(":", 1)[1])
        return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)

    def https(self) -> socket.socket:
        return self._tls(self.https_port)

    def reader(self) -> socket.socket:
        return self._tls(self.reader_port)

    def _tls(self, port: int) -> socket.socket:
        raw = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        return self.member.context(self.site).wrap_socket(raw, server_hostname="localhost")


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    made = Doors(tmp_path_factory.mktemp("doors"))
    try:
        yield made
    finally:
        made.gateway.stop()


def is_closed(peer: socket.socket) -> bool:
    """Read until the other side has closed; False when it has not within the time of a test."""
    try:
        while peer.recv(65_536):
            pass
    except (ConnectionResetError, BrokenPipeError, ssl.SSLError):
        return True
    except TimeoutError:
        return False
    return True


def dribble(peer: socket.socket) -> None:
    """Send a byte now and then, until the connection is gone."""
    for _ in range(int(PATIENCE_S / 0.2)):
        peer.sendall(b"x")
        time.sleep(0.2)


def flood(peer: socket.socket, request: bytes) -> None:
    """Send one request after the other and read nothing, until the responses stand in the way."""
    for _ in range(100_000):
        peer.sendall(request * 20)


@pytest.mark.parametrize("door", ["plain", "https", "reader"])
@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"POST /v1/x", id="half a line"),
        pytest.param(_HEAD + b"X-Half: ", id="half a header"),
        pytest.param(_HEAD + b"Content-Length: 400\r\n\r\nhalf", id="half a body"),
        pytest.param(
            _HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", id="half in chunks"
        ),
    ],
)
def test_who_sends_half_of_a_request_is_dropped(doors: Doors, door: str, sent: bytes) -> None:
    with contextlib.closing(getattr(doors, door)()) as peer:
        peer.sendall(sent)
        assert is_closed(peer)


def test_who_sends_a_byte_now_and_then_is_dropped_all_the_same(doors: Doors) -> None:
    for begun in (_HEAD + b"X-Slow: ", _HEAD + b"Content-Length: 30000\r\n\r\n"):
        with contextlib.closing(doors.plain()) as peer:
            peer.sendall(begun)
            with pytest.raises((ConnectionResetError, BrokenPipeError)):
                dribble(peer)


@pytest.mark.parametrize("port", ["https_port", "reader_port"])
def test_a_peer_that_is_silent_in_its_handshake_is_dropped(doors: Doors, port: str) -> None:
    with socket.create_connection(("127.0.0.1", getattr(doors, port)), timeout=PATIENCE_S) as peer:
        assert is_closed(peer)


def test_a_refused_peer_that_stays_silent_does_not_keep_its_socket(doors: Doors) -> None:
    """Its certificate is refused, and it neither reads the alert nor closes."""
    began = time.monotonic()
    raw = socket.create_connection(("127.0.0.1", doors.reader_port), timeout=PATIENCE_S)
    context = ssl.create_default_context(cafile=str(doors.site.server_ca))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with contextlib.closing(raw):
        for _ in range(10):  # a handshake without a certificate, up to the client's last word
            with contextlib.suppress(ssl.SSLWantReadError):
                tls.do_handshake()
                raw.sendall(outgoing.read())
                break
            raw.sendall(outgoing.read())
            incoming.write(raw.recv(65_536))
        assert is_closed(raw)
    assert time.monotonic() - began < PATIENCE_S, "not the minute that asyncio waits"


def test_six_hundred_half_sent_requests_do_not_keep_others_out(doors: Doors) -> None:
    """There are more than the door takes: they end, and the door serves again."""
    peers = []
    for _ in range(600):
        with contextlib.suppress(OSError):
            peer = doors.plain()
            peers.append(peer)
            with contextlib.suppress(OSError):
                peer.sendall(_HEAD)
    try:
        assert all(is_closed(peer) for peer in peers)
        with contextlib.closing(doors.plain()) as honest:
            honest.sendall(b"GET /healthz HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n")
            assert b" 200 " in honest.recv(100)
    finally:
        for peer in peers:
            peer.close()


def test_a_patient_honest_peer_is_served(doors: Doors) -> None:
    """A body that comes slower than at once, and faster than the least rate, is read to its end."""
    with contextlib.closing(doors.plain()) as peer:
        peer.sendall(_HEAD + b"Connection: close\r\nContent-Length: 4000\r\n\r\n")
        for _ in range(8):
            peer.sendall(b"x" * 500)
            time.sleep(0.3)
        assert b" 422 " in peer.recv(65_536)


def test_who_reads_nothing_of_a_response_is_dropped(doors: Doors) -> None:
    request = b"GET /metrics HTTP/1.1\r\nHost: g\r\n\r\n"
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    raw.settimeout(PATIENCE_S)
    raw.connect(("127.0.0.1", int(doors.gateway.url.rsplit(":", 1)[1])))
    with contextlib.closing(raw), pytest.raises((ConnectionResetError, BrokenPipeError)):
        flood(raw, request)
