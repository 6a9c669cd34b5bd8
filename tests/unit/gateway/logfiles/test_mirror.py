"""A copy of a log: held against the checkpoint, gone on with, and refused where the records say something else."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from counterfoil.gateway.errors import CheckpointError, TileError
from counterfoil.gateway.log.checkpoint import Checkpoint, Head, log_key_of, sign_checkpoint
from counterfoil.gateway.log.tile_format import entries_path
from counterfoil.gateway.logfiles.mirror import LogTooLong, MirrorDiffers, mirror
from counterfoil.gateway.logfiles.tiles import FileReader, TileReader, TileWriter, read_folder
from counterfoil.gateway.record.identity import Digest

ORIGIN = "log.example/fleet"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
LOG_KEY = log_key_of(ORIGIN, KEY)


def grow(folder: Path, numbers: range, word: bytes = b"entry", state: bytes = b"state") -> None:
    """Append *numbers* to the log in *folder*, and sign its head."""
    writer = TileWriter.open(folder)
    writer.append(b"%s %d" % (word, n) for n in numbers)
    head = Head(writer.size, writer.publish(), Digest(sha256(state).digest()))
    writer.write_checkpoint(sign_checkpoint(Checkpoint(ORIGIN, head), ORIGIN, KEY))


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def counting(folder: Path, asked: list[str]) -> FileReader:
    def read(path: str) -> bytes:
        asked.append(path)
        return read_folder(folder)(path)

    return read


def test_a_copy_has_the_same_files_and_goes_on_where_it_ended(tmp_path: Path) -> None:
    log, copy = tmp_path / "log", tmp_path / "copy"
    grow(log, range(600))
    assert mirror(read_folder(log), copy, LOG_KEY).new == 600
    assert files(copy) == files(log)
    grow(log, range(600, 1100))
    asked: list[str] = []
    assert mirror(counting(log, asked), copy, LOG_KEY).new == 500
    assert entries_path(0) not in asked
    assert list(TileReader(read_folder(copy), 1100).entries()) == [
        b"entry %d" % n for n in range(1100)
    ]
    assert mirror(read_folder(log), copy, LOG_KEY).new == 0


def test_one_that_breaks_off_goes_on(tmp_path: Path) -> None:
    log, copy = tmp_path / "log", tmp_path / "copy"
    grow(log, range(17_000))

    def breaks(path: str) -> bytes:
        if path == entries_path(65):
            raise TileError("gone")
        return read_folder(log)(path)

    with pytest.raises(TileError):
        mirror(breaks, copy, LOG_KEY)
    assert "checkpoint" not in files(copy)
    asked: list[str] = []
    assert mirror(counting(log, asked), copy, LOG_KEY).new == 17_000 - 64 * 256
    assert entries_path(63) not in asked
    assert list(TileReader(read_folder(copy), 17_000).entries()) == list(
        TileReader(read_folder(log), 17_000).entries()
    )


def test_records_that_do_not_give_the_root_are_no_copy(tmp_path: Path) -> None:
    log, copy = tmp_path / "log", tmp_path / "copy"
    grow(log, range(300))
    entries = log / entries_path(0)
    entries.write_bytes(entries.read_bytes().replace(b"entry 7", b"entrx 7"))
    with pytest.raises(MirrorDiffers):
        mirror(read_folder(log), copy, LOG_KEY)
    assert "checkpoint" not in files(copy)


def test_a_log_that_was_changed_since_is_found_by_the_copy(tmp_path: Path) -> None:
    log, copy = tmp_path / "log", tmp_path / "copy"
    grow(log, range(300))
    mirror(read_folder(log), copy, LOG_KEY)
    kept = files(copy)["checkpoint"]
    for name, numbers in (("longer", range(400)), ("as-long", range(300)), ("less", range(200))):
        grow(tmp_path / name, numbers, b"other")
        with pytest.raises(MirrorDiffers):
            mirror(read_folder(tmp_path / name), copy, LOG_KEY)
        assert files(copy)["checkpoint"] == kept
        break_off = tmp_path / f"copy-{name}"
        mirror(read_folder(log), break_off, LOG_KEY)
        copy = break_off


def test_an_older_checkpoint_does_not_take_the_place_of_a_newer_one(tmp_path: Path) -> None:
    old, log, copy = tmp_path / "old", tmp_path / "log", tmp_path / "copy"
    grow(old, range(200))
    grow(log, range(300))
    mirror(read_folder(log), copy, LOG_KEY)
    assert mirror(read_folder(old), copy, LOG_KEY).checkpoint.head.size == 200
    assert files(copy)["checkpoint"] == files(log)["checkpoint"]


def test_another_key_or_a_log_too_long_is_refused_before_anything_is_fetched(
    tmp_path: Path,
) -> None:
    log, copy = tmp_path / "log", tmp_path / "copy"
    grow(log, range(3))
    other = log_key_of(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\x01" * 32))
    with pytest.raises(CheckpointError):
        mirror(read_folder(log), copy, other)
    with pytest.raises(LogTooLong):
        mirror(read_folder(log), copy, LOG_KEY, most=2)
    assert not copy.exists()


def test_an_empty_log_is_copied(tmp_path: Path) -> None:
    log, copy = tmp_path / "log", tmp_path / "copy"
    grow(log, range(0))
    assert mirror(read_folder(log), copy, LOG_KEY).new == 0
    assert "checkpoint" in files(copy)


def test_another_state_for_the_same_records_is_found_and_both_checkpoints_are_kept(
    tmp_path: Path,
) -> None:
    """The witnesses vouch for size and root alone: that a log signed two states, only its own notes show."""
    log, copy = tmp_path / "log", tmp_path / "copy"
    grow(log, range(300))
    mirror(read_folder(log), copy, LOG_KEY)
    first = files(copy)["checkpoint"]
    grow(log, range(0), state=b"another")
    second = files(log)["checkpoint"]
    with pytest.raises(MirrorDiffers, match=r"kept as (checkpoint\.[0-9a-f]{16})") as told:
        mirror(read_folder(log), copy, LOG_KEY)
    kept = files(copy)
    assert (kept["checkpoint"], kept[str(told.value).rpartition(" ")[2]]) == (first, second)


def test_a_checkpoint_that_the_records_refute_is_kept(tmp_path: Path) -> None:
    log, copy = tmp_path / "log", tmp_path / "copy"
    grow(log, range(300))
    mirror(read_folder(log), copy, LOG_KEY)
    grow(tmp_path / "other", range(300), b"other")
    with pytest.raises(MirrorDiffers) as told:
        mirror(read_folder(tmp_path / "other"), copy, LOG_KEY)
    kept = files(copy)[str(told.value).rpartition(" ")[2]]
    assert kept == files(tmp_path / "other")["checkpoint"]
