"""Witnesses as banks run them: processes of their own, asked by the log, killed, and compared."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
import support_killed
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from support_process import Process
from support_waiting import PATIENCE_S
from support_world import World

from counterfoil.chain.nodes.ports import free_ports
from counterfoil.gateway.log.checkpoint import Checkpoint, Head, log_key_of, sign_checkpoint
from counterfoil.gateway.log.cosignature import WitnessKey, cosignatures
from counterfoil.gateway.logfiles.tiles import TileWriter
from counterfoil.gateway.record.identity import Digest
from counterfoil.oracle.heads.witnesses import Witnesses

pytestmark = pytest.mark.integration

ORIGIN = "log.example/fleet"
LOG = Ed25519PrivateKey.from_private_bytes(bytes(32))
LOG_KEY = log_key_of(ORIGIN, LOG)


def counterfoil(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "counterfoil", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)


def grow(tiles: Path, entries: list[bytes]) -> bytes:
    """Append *entries* to the log in *tiles* and answer its signed checkpoint."""
    writer = TileWriter.open(tiles)
    writer.append(entries)
    root = writer.publish()
    head = Head(writer.size, root, Digest(sha256(b"state").digest()))
    note = sign_checkpoint(Checkpoint(ORIGIN, head), ORIGIN, LOG)
    writer.write_checkpoint(note)
    return note


def made(folder: Path, name: str, tiles: str = "") -> WitnessKey:
    words = ("--log-key", LOG_KEY.verifier_key(), "--name", name, "--tiles", tiles, "--json")
    result = counterfoil("witness", "init", folder, *words)
    assert result.returncode == 0, result.stderr
    assert (folder / "witness.key").stat().st_mode & 0o777 == 0o600
    return WitnessKey.from_verifier_key(json.loads(result.stdout)["key"])


@contextmanager
def running(
    folder: Path, crash_at: str = ""
) -> Iterator[tuple[str, subprocess.Popen[bytes] | Process]]:
    (port,) = free_ports(1)
    process: subprocess.Popen[bytes] | Process
    if crash_at:
        words, log = [crash_at, str(folder), str(port)], folder / "log"
        process = Process(words, os.environ, log, main=support_killed.witness)
    else:
        command = [sys.executable, "-m", "counterfoil", "witness", "run", str(folder)]
        process = subprocess.Popen([*command, "--port", str(port), "--poll-s", "0.2"])
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            try:
                httpx.get(f"{url}/healthz", timeout=5)
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield url, process
    finally:
        process.kill()
        process.wait()


def newest(url: str) -> bytes:
    return httpx.get(f"{url}/checkpoint/{sha256(ORIGIN.encode()).hexdigest()}", timeout=20).content


def test_checkpoints_carry_what_two_witnesses_say_and_go_on_without_one(tmp_path: Path) -> None:
    tiles = tmp_path / "tiles"
    keys = [made(tmp_path / name, f"bank.example/{name}") for name in ("w1", "w2")]
    with running(tmp_path / "w1") as (first, _):
        with running(tmp_path / "w2") as (second, _):
            asked = Witnesses(list(zip(keys, (first, second), strict=True)), tiles)
            for size in (5, 300):
                note = grow(tiles, [b"entry %d" % n for n in range(size)])
                total = TileWriter.open(tiles).size
                note = asked.cosign(note, total)
                assert len(cosignatures(note, keys)) == 2
                assert asked.cosign(note, total) == note, "nobody is asked twice"
        note = grow(tiles, [b"one more"])
        note = asked.cosign(note, TileWriter.open(tiles).size)
        assert [one.witness for one in cosignatures(note, keys)] == ["bank.example/w1"]
        fresh = Witnesses([(keys[0], first)], tiles)
        again = fresh.cosign(grow(tiles, [b"and more"]), TileWriter.open(tiles).size)
        assert len(cosignatures(again, keys)) == 1, "its size is asked for after a restart"


def test_killed_between_keeping_and_signing_it_never_goes_back(tmp_path: Path) -> None:
    tiles = tmp_path / "tiles"
    key = made(tmp_path / "w", "bank.example/w")
    note = grow(tiles, [b"entry %d" % n for n in range(20)])
    with running(tmp_path / "w", crash_at="after_advance") as (url, process):
        assert Witnesses([(key, url)], tiles).cosign(note, 20) == note
        assert process.wait(30) == -signal.SIGKILL
    with running(tmp_path / "w") as (url, _):
        fork = tmp_path / "fork"
        other = grow(fork, [b"other %d" % n for n in range(20)])
        assert Witnesses([(key, url)], fork).cosign(other, 20) == other
        assert httpx.get(f"{url}/forks", timeout=20).json()[0]["detail"] == "two heads of 20"
        assert len(cosignatures(Witnesses([(key, url)], tiles).cosign(note, 20), [key])) == 1


def test_a_witness_that_looks_by_itself_sees_the_log_and_two_forks_are_compared(
    tmp_path: Path,
) -> None:
    names, urls = ("w1", "w2"), []
    for name in names:
        grow(tmp_path / f"{name}-tiles", [b"%s %d" % (name.encode(), n) for n in range(30)])
        made(tmp_path / name, f"bank.example/{name}", str(tmp_path / f"{name}-tiles"))
    with running(tmp_path / "w1") as (first, _), running(tmp_path / "w2") as (second, _):
        for url in (first, second):
            until = time.monotonic() + PATIENCE_S
            while ORIGIN.encode() not in newest(url) and time.monotonic() < until:
                time.sleep(0.1)
            urls.append(f"{url}/checkpoint/{sha256(ORIGIN.encode()).hexdigest()}")
        words = ("--log-key", LOG_KEY.verifier_key(), "--json")
        found = counterfoil("witness", "compare", *urls, *words)
        said = json.loads(found.stdout)
        assert (found.returncode, said["word"]) == (1, "equivocation")
        assert said["first"].startswith(f"{ORIGIN}\n30\n")
        assert said["second"].startswith(f"{ORIGIN}\n30\n")
        same = counterfoil("witness", "compare", urls[0], urls[0], *words)
        assert (same.returncode, json.loads(same.stdout)["word"]) == (0, "consistent")


def test_a_records_proof_is_written_and_checked_by_command(tmp_path: Path) -> None:
    world = World()
    world.sell(days=50)
    entries = [signed.raw for signed in world.records[:300]]
    grow(tmp_path / "tiles", entries)
    proof, record = tmp_path / "r.tlog-proof", tmp_path / "r"
    words = ("--log", tmp_path / "tiles", "-o", proof, "--record", record)
    assert counterfoil("audit", "proof", 257, *words).returncode == 0
    assert record.read_bytes() == entries[257]
    key = ("--log-key", LOG_KEY.verifier_key())
    true = counterfoil("witness", "check-proof", proof, record, *key, "--json")
    said = json.loads(true.stdout)
    assert (true.returncode, said["size"]) == (0, 300)
    assert said["device"] == world.records[257].record.device
    assert said["signature_checked"] is False
    shown = counterfoil("witness", "check-proof", proof, record, *key).stdout
    assert "no witness was asked for" in shown
    assert "whose key signed it was not looked at" in shown
    named = ("--witness", WitnessKey("bank.example/w1", bytes(32)).verifier_key())
    unseen = counterfoil("witness", "check-proof", proof, record, *key, *named)
    assert unseen.returncode == 2, "a witness that is named must have cosigned"
    assert json.loads(unseen.stderr)["code"] == "checkpoint.cosignatures_too_few"
    record.write_bytes(entries[258])
    assert counterfoil("witness", "check-proof", proof, record, *key).returncode == 1


def test_a_malformed_key_has_one_code_in_every_command(tmp_path: Path) -> None:
    note = tmp_path / "checkpoint"
    note.write_bytes(grow(tmp_path / "tiles", [b"entry"]))
    good, wrong_id = LOG_KEY.verifier_key(), LOG_KEY.verifier_key().replace("+", "+0", 1)
    for key in ("nonsense", "a+b+c", wrong_id, good[:-2]):
        for words in (
            ("witness", "check-proof", note, note, "--log-key", key),
            ("witness", "check-proof", note, note, "--log-key", good, "--witness", key),
            ("witness", "compare", note, note, "--log-key", key),
            ("witness", "init", tmp_path / "w", "--name", "a/b", "--log-key", key),
            ("log", "mirror", tmp_path / "tiles", "-o", tmp_path / "copy", "--log-key", key),
        ):
            found = counterfoil(*words)
            (line,) = found.stderr.splitlines()
            said = json.loads(line)
            assert (found.returncode, said["code"]) == (2, "key.malformed"), words
            assert "key.malformed" not in said["detail"], "the code is said once"


def test_what_is_not_there_is_told_in_plain_words(tmp_path: Path) -> None:
    grow(tmp_path / "tiles", [b"entry"])
    key = ("--log-key", LOG_KEY.verifier_key())
    for words, code in (
        (("audit", "proof", 99, "--log", tmp_path / "tiles", "-o", "x"), "log.record_absent"),
        (("audit", "proof", 0, "--log", tmp_path / "none", "-o", "x"), "log.tile_invalid"),
        (("audit", "proof", 0, "--log", "http://127.0.0.1:1", "-o", "x"), "log.unreachable"),
        (("witness", "compare", *2 * ("http://127.0.0.1:1/c",), *key), "checkpoint.unreadable"),
        (("log", "mirror", "http://127.0.0.1:1", "-o", tmp_path / "copy"), "log.unreachable"),
        (("log", "key", "http://127.0.0.1:1"), "log.unreachable"),
        (("log", "key", tmp_path / "tiles"), "log.tile_invalid"),
    ):
        found = counterfoil(*words)
        (line,) = found.stderr.splitlines()
        said = json.loads(line)
        assert (found.returncode, said["code"]) == (2, code), words
        for foreign in ("Errno", "Error", code):
            assert foreign not in said["detail"], words


def test_the_key_of_a_log_is_the_same_from_its_pem_and_its_tiles(tmp_path: Path) -> None:
    pem = LOG.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "log.pem").write_bytes(pem)
    found = counterfoil("log", "key", tmp_path / "log.pem", "--name", ORIGIN)
    assert found.stdout.strip() == LOG_KEY.verifier_key()
    assert found.stderr == ""
    TileWriter(tmp_path / "tiles").write_log_key(LOG_KEY.verifier_key())
    told = counterfoil("log", "key", tmp_path / "tiles")
    assert told.stdout == found.stdout
    assert "Compare it" in told.stderr, "a log's own word is not enough"


def test_a_witness_says_where_it_listens_and_its_key(tmp_path: Path) -> None:
    key = made(tmp_path / "w", "bank.example/w")
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "counterfoil", "witness", "run", str(tmp_path / "w")]
    with subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        said = [process.stdout.readline().decode().strip() for _ in range(3)]
        process.kill()
    assert said[:2] == [f"address: http://127.0.0.1:{port}", f"key: {key.verifier_key()}"]
    assert LOG_KEY.verifier_key() in said[2]


def test_bytes_that_are_no_record_are_refused_by_command(tmp_path: Path) -> None:
    grow(tmp_path / "tiles", [b"entry %d" % n for n in range(30)])
    proof, record = tmp_path / "r.tlog-proof", tmp_path / "r"
    words = ("--log", tmp_path / "tiles", "-o", proof, "--record", record)
    assert counterfoil("audit", "proof", 7, *words).returncode == 0
    key = ("--log-key", LOG_KEY.verifier_key())
    found = counterfoil("witness", "check-proof", proof, record, *key)
    assert found.returncode == 1
    assert json.loads(found.stderr)["code"].startswith("record.")


def test_a_damaged_copy_of_the_tiles_accuses_no_log(tmp_path: Path) -> None:
    tiles, early = tmp_path / "tiles", tmp_path / "early"
    early.write_bytes(grow(tiles, [b"entry %d" % n for n in range(20)]))
    grow(tiles, [b"entry %d" % n for n in range(20, 60)])
    words = ("--log-key", LOG_KEY.verifier_key(), "--log", tiles, "--json")
    true = counterfoil("witness", "compare", early, tiles / "checkpoint", *words)
    assert (true.returncode, json.loads(true.stdout)["word"]) == (0, "consistent")
    tile = tiles / "tile" / "0" / "000.p" / "60"
    data = bytearray(tile.read_bytes())
    data[40 * 32] ^= 1
    tile.write_bytes(data)
    found = counterfoil("witness", "compare", early, tiles / "checkpoint", *words)
    said = json.loads(found.stdout)
    assert (found.returncode, said["word"]) == (2, "unknown")
    assert "damaged" in said["detail"]
