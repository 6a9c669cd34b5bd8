"""``audit facts --api`` asks somebody else's server: what it answers is held against its hashes, and ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from counterfoil.api.audit.commands.audit import register

_Answer = Callable[[str], bytes]
FACTS = b"facts"
BATCH = "0x" + "ab" * 32


@contextmanager
def api(answer: _Answer) -> Iterator[str]:
    """A server on the loopback that gives *answer* of a path; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = answer(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def fetched(answer: _Answer, folder: Path) -> Result:
    app = Typer()
    register(app)
    with api(answer) as url:
        words = ["audit", "facts", "--api", url, "--out", str(folder), "--json"]
        return CliRunner().invoke(app, words, env={"COUNTERFOIL_TOKEN": "cf_token"})


def row(batch: object = BATCH, facts: bytes = FACTS) -> dict[str, object]:
    return {"batch": batch, "facts_hash": "0x" + sha256(facts).hexdigest()}


def listing(*rows: object, following: object = None) -> _Answer:
    """The same page, whatever the cursor, and FACTS for each distribution."""
    page = json.dumps({"items": rows, "next": following}).encode()
    return lambda path: FACTS if path.endswith("/facts") else page


def test_facts_are_written_by_their_hash(tmp_path: Path) -> None:
    result = fetched(listing(row()), tmp_path)
    assert (result.exit_code, json.loads(result.stdout)) == (0, {"files": 1})
    assert (tmp_path / f"{sha256(FACTS).hexdigest()}.cbor").read_bytes() == FACTS


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda path: b"", id="nothing"),
        pytest.param(lambda path: b"[" * 100_000, id="deep"),
        pytest.param(lambda path: b"[]", id="a list"),
        pytest.param(lambda path: b'{"items": 7, "next": null}', id="no items"),
        pytest.param(lambda path: b'{"items": []}', id="no next"),
        pytest.param(listing(7), id="no row"),
        pytest.param(listing({"batch": BATCH}), id="no hash"),
        pytest.param(listing(row(batch=7)), id="a number"),
        pytest.param(listing(row(batch="../../v1/tokens")), id="another path"),
        pytest.param(listing(row(), following=7), id="no cursor"),
        pytest.param(listing(row(), row()), id="twice"),
        pytest.param(listing(row(), following="again"), id="without end"),
        pytest.param(listing(following="again"), id="without end and empty"),
    ],
)
def test_what_is_no_list_of_distributions_is_refused(answer: _Answer, tmp_path: Path) -> None:
    result = fetched(answer, tmp_path / "facts")
    assert result.exit_code == 2, result.output
    assert json.loads(result.stderr)["code"] == "api.refused"
    assert not (tmp_path / "facts").exists()


def test_facts_of_another_hash_are_named(tmp_path: Path) -> None:
    result = fetched(listing(row(facts=b"others")), tmp_path / "facts")
    assert result.exit_code == 1
    assert json.loads(result.stderr)["code"] == "split.facts_mismatch"
