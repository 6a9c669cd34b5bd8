"""A node's answers on their way, changed as a test wants: an HTTP proxy in front of a real node."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

Lie = Callable[[dict[str, Any], Any], Any]
"""(a request, the node's result) → the result that is passed on."""


class LyingNode:
    """Passes requests on to the node at *url*; ``lie`` changes the results, one call at a time, in batches too."""

    def __init__(self, url: str) -> None:
        self.lie: Lie = lambda _, result: result
        self._node = httpx.Client(base_url=url, timeout=30, trust_env=False)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = self.rfile.read(int(self.headers["content-length"]))
                body = outer._answer(asked)
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def _answer(self, asked: bytes) -> bytes:
        said = self._node.post("/", content=asked, headers={"content-type": "application/json"})
        requests, answers = json.loads(asked), said.json()
        one = not isinstance(requests, list)
        by_id = {request["id"]: request for request in ([requests] if one else requests)}
        for answer in [answers] if one else answers:
            if "result" in answer:
                answer["result"] = self.lie(by_id[answer["id"]], answer["result"])
        return json.dumps(answers).encode()

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._node.close()


@contextmanager
def lying_node(url: str) -> Iterator[LyingNode]:
    """A proxy in front of the node at *url* that passes on the truth until its ``lie`` is set."""
    node = LyingNode(url)
    node.start()
    try:
        yield node
    finally:
        node.stop()
