"""A file that is named to a command is refused in one line that names it, whatever is wrong with it; exit status 2."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support_waiting import PATIENCE_S

from counterfoil.gateway.log.checkpoint import log_key_of
from counterfoil.gateway.pki.creation import create_root

LOG_KEY = log_key_of("log.example/fleet", Ed25519PrivateKey.from_private_bytes(bytes(32)))
KEY = LOG_KEY.verifier_key()
NODE = "http://127.0.0.1:1"

COMMANDS = (
    "audit deployment BAD",
    "audit verify BAD --root-ca ROOT",
    "audit verify RECORD --root-ca BAD",
    "audit verify RECORD --root-ca ROOT --crl BAD",
    "audit verify RECORD --root-ca ROOT --deployment BAD",
    "audit sweep --rpc NODE --log TILES --deployment BAD",
    "audit dispute BAD --rpc NODE --deployment GOOD",
    "audit dispute RECORD --rpc NODE --deployment BAD",
    "audit challenge BAD --rpc NODE --deployment GOOD",
    "audit challenge RECORD --rpc NODE --deployment BAD",
    "audit answer CHALLENGE --rpc NODE --log TILES --deployment BAD",
    "audit mark CHALLENGE --rpc NODE --deployment BAD",
    "witness check-proof BAD RECORD --log-key KEY",
    "witness check-proof RECORD BAD --log-key KEY",
    "witness compare BAD RECORD --log-key KEY",
    "witness compare RECORD BAD --log-key KEY",
    "inspect BAD",
    "pki verify BAD --root GOOD",
    "pki enrol BAD",
    "pki renew BAD",
    "chain deploy BAD",
    "schedule BAD",
    "oracle import-settlement shop BAD",
    "oracle import-statement BAD",
    "statements import BAD",
)
"""GOOD is a deployment, RECORD some bytes: a command must not get far enough to look at them."""

MADE = {
    "missing": ("file.unreadable", "there is no such file"),
    "folder": ("file.unreadable", "a folder, not a file"),
    "device": ("file.unreadable", "a device or a pipe, not a file"),
    "pipe": ("file.unreadable", "a device or a pipe, not a file"),
    "below": ("file.unreadable", "a part of its path is no folder"),
    "empty": ("file.empty", "the file is empty"),
    "huge": ("file.too_large", "more"),
}


def bad(kind: str, folder: Path) -> Path:
    path = folder / f"{kind}.input"
    match kind:
        case "folder":
            path.mkdir()
        case "device":
            path.symlink_to("/dev/zero")
        case "pipe":
            os.mkfifo(path)
        case "empty":
            path.touch()
        case "below":
            path.touch()
            path /= "file"
        case "huge":
            path.touch()
            os.truncate(path, 2**40)  # a hole: no byte of it is on the disk
    return path


EACH = """
import contextlib, io, json, sys
from counterfoil.__main__ import main
for line in json.loads(sys.argv[1]):
    said = io.StringIO()
    sys.argv = ["counterfoil", *line]
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            main()
        except SystemExit as ended:
            status = ended.code
    print(json.dumps([status, said.getvalue()]))
"""


def counterfoil(folder: Path, lines: list[list[str]]) -> list[tuple[int, str]]:
    """The exit status and standard error of each of the command *lines*, run one after another."""
    done = subprocess.run(
        [sys.executable, "-c", EACH, json.dumps(lines)],
        cwd=folder,
        env={
            "PATH": "/usr/bin:/bin",
            "COUNTERFOIL_CHAIN_KEYSTORE": str(folder / "keystore.json"),
            "COUNTERFOIL_CHAIN_PASSPHRASE": "x",
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("words", COMMANDS)
def test_a_bad_file_is_told_in_one_line_that_names_it(words: str, tmp_path: Path) -> None:
    deployment = {"chain_id": 1, "contracts": {}, "edition": 2}
    (tmp_path / "good.json").write_text(json.dumps(deployment))
    (tmp_path / "record").write_bytes(b"some bytes")
    if "ROOT" in words:
        create_root(tmp_path / "pki", "a passphrase", "A root")
    given = {
        "GOOD": "good.json",
        "RECORD": "record",
        "ROOT": "pki/root.pem",
        "CHALLENGE": "0x" + sha256(b"challenge").hexdigest(),
        "KEY": KEY,
        "NODE": NODE,
        "TILES": ".",
    }
    paths = {kind: bad(kind, tmp_path) for kind in MADE}
    lines = [
        [given.get(word, word).replace("BAD", str(path)) for word in words.split()]
        for path in paths.values()
    ]
    for kind, (status, stderr) in zip(MADE, counterfoil(tmp_path, lines), strict=True):
        code, why = MADE[kind]
        assert status == 2, (kind, stderr)
        (last,) = stderr.splitlines()
        said = json.loads(last)
        assert said["code"] == code, (kind, said)
        assert str(paths[kind]) in said["detail"], (kind, said)
        assert kind == "huge" or why in said["detail"], (kind, said)
        for foreign in ("Errno", "https://", "Error", "Traceback"):
            assert foreign not in stderr, (kind, said)


NOT_ONE = {
    "audit deployment BAD": "no deployment",
    "audit dispute RECORD --rpc NODE --deployment BAD": "no deployment",
    "pki verify BAD --root BAD": "no certificate",
    "pki enrol BAD": "no JSON",
}


@pytest.mark.parametrize("words", NOT_ONE)
@pytest.mark.parametrize("content", [b"nonsense", b"{}", b"[" * 100_000, b"\xff\xfe"])
def test_a_file_of_another_kind_is_named_too(words: str, content: bytes, tmp_path: Path) -> None:
    if words == "pki enrol BAD" and content == b"{}":
        pytest.skip("an object is JSON")
    (tmp_path / "other").write_bytes(content)
    (tmp_path / "record").write_bytes(b"some bytes")
    given = {"BAD": "other", "RECORD": "record", "NODE": NODE}
    line = [given.get(word, word) for word in words.split()]
    ((status, stderr),) = counterfoil(tmp_path, [line])
    (last,) = stderr.splitlines()
    said = json.loads(last)
    assert (status, said["code"]) == (2, "file.malformed")
    assert said["detail"].startswith("other: ")
    assert NOT_ONE[words] in said["detail"] or "no UTF-8" in said["detail"]
