"""JSON-RPC over HTTP as a node may speak it: connections kept, refusals and silence told apart, nothing secret said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from counterfoil.chain.errors import NodeUnreachable, RpcRefused
from counterfoil.chain.json_rpc import JsonRpc

pytestmark = pytest.mark.integration


class _Node(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.callers: set[tuple[str, int]] = set()
        self.sizes: list[int] = []
        self.status, self.whole = 200, b""


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Node

    def do_POST(self) -> None:
        calls = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.callers.add(self.client_address)
        self.server.sizes.append(len(calls))
        found = [{"id": call["id"], "result": call["params"][0]} for call in reversed(calls)]
        body = self.server.whole or json.dumps(found).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def node() -> Iterator[_Node]:
    with _Node() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def client(node: _Node, path: str = "/") -> JsonRpc:
    return JsonRpc(f"http://127.0.0.1:{node.server_port}{path}", 5)


def test_calls_go_a_hundred_a_request_over_one_connection_and_keep_their_order(node: _Node) -> None:
    rpc = client(node)
    for _ in range(2):
        found = rpc.batch([("echo", [number]) for number in range(250)])
        assert [answer.unwrap() for answer in found] == list(range(250))
    assert node.sizes == [100, 100, 50] * 2
    assert len(node.callers) == 1


def test_an_error_status_is_no_answer_and_says_nothing_of_the_address(node: _Node) -> None:
    node.status = 503
    with pytest.raises(NodeUnreachable, match="503") as raised:
        client(node, "/a-key-that-is-secret").batch([("echo", [1])])
    assert "secret" not in str(raised.value)


def test_what_is_no_json_is_no_answer(node: _Node) -> None:
    node.whole = b"<html>"
    with pytest.raises(NodeUnreachable):
        client(node).batch([("echo", [1])])


def test_a_refusal_of_the_whole_batch_is_said_in_the_nodes_words(node: _Node) -> None:
    node.whole = json.dumps({"error": {"message": "batches are not for you"}}).encode()
    with pytest.raises(RpcRefused, match="batches are not for you"):
        client(node).batch([("echo", [1])])


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://127.0.0.1:port", "nonsense"])
def test_where_nobody_listens_there_is_no_answer(url: str) -> None:
    with pytest.raises(NodeUnreachable) as raised:
        JsonRpc(url, 5).batch([("echo", [1])])
    said = str(raised.value)
    assert "Error" not in said
    assert "Unsupported" not in said, "plain words, and no library's"
    assert ("127.0.0.1:1:" in said) == (url == "http://127.0.0.1:1")


@pytest.mark.parametrize("whole", [b'"text"', b"[1]", b"5", b"null"])
def test_json_that_is_no_response_is_no_answer(node: _Node, whole: bytes) -> None:
    node.whole = whole
    with pytest.raises(NodeUnreachable, match="no chain's node answers at http:"):
        client(node).batch([("echo", [1])])


def test_the_secret_parts_of_an_address_are_not_said() -> None:
    url = "http://a-user:a-secret@127.0.0.1:1/a-key?token=more"
    with pytest.raises(NodeUnreachable) as raised:
        JsonRpc(url, 5).batch([("echo", [1])])
    for hidden in ("a-user", "a-secret", "a-key", "token"):
        assert hidden not in str(raised.value)
