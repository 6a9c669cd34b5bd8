"""Backups of a house that does not run, and folders restored from them: whole or refused, with a code."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from support_gateway import device_name, sales
from support_record import chain, private_key

from counterfoil.backup.cipher import BackupKey, new_key_text
from counterfoil.backup.errors import BackupError
from counterfoil.backup.key_file import make_key, open_key
from counterfoil.backup.making import Made, Policy, make_backup
from counterfoil.backup.repository import DATA, MANIFEST, Repository, require_apart
from counterfoil.backup.restoring import restore
from counterfoil.gateway.logfiles.tiles import TileWriter
from counterfoil.gateway.record.signed_record import decode
from counterfoil.gateway.store.gateway_store import open_store
from counterfoil.gateway.store.rows import NewRecord
from counterfoil.up.data_folder import House, open_house
from counterfoil.up.folder_lock import FolderLock
from counterfoil.up.superseded import HouseSuperseded

_NOW = 1_790_000_000.0
_DAY = 86_400
_RAWS = chain(sales(600), device_name(1), private_key(1))


class Backups:
    """A house with records and tiles, and the folder of its backups."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.house: House = open_house(folder / "house")
        (self.house.folder / "chain").mkdir()
        (self.house.folder / "chain" / "mnemonic").write_text("a secret of the chain")
        (self.house.folder / "chain" / "anvil.json").write_text("{}")
        self.repository = Repository(folder / "backups", BackupKey.from_text(new_key_text()))
        self.tiles = TileWriter(self.house.tiles)
        self.records = 0

    def grow(self, records: int) -> None:
        """Store the next *records*, and put them into the tiles."""
        raws = _RAWS[self.records : self.records + records]
        store = open_store(self.house.gateway_database)
        with store.appending() as connection:
            store.append(connection, [NewRecord(decode(raw), 1) for raw in raws], [])
        store.engine.dispose()
        self.tiles.append(raws)
        self.tiles.publish()
        self.records += records

    def back_up(self, at: float = _NOW, with_keys: bool = True, **more: object) -> Made:
        return make_backup(
            self.house.folder,
            self.repository,
            with_keys=with_keys,
            now=lambda: at,
            **more,  # type: ignore[arg-type]
        )

    def restored(self, name: str = "", to: str = "restored") -> Path:
        return restore(self.repository, self.folder / to, name=name, is_gone=True).folder


@pytest.fixture
def backups(tmp_path: Path) -> Backups:
    found = Backups(tmp_path)
    found.grow(300)
    return found


def content(folder: Path) -> dict[str, bytes]:
    """Every kept file below *folder* but databases, tiles of older sizes and what a restore adds, with its bytes."""
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    left_out = ("logs/", ".", "superseded.json", "tiles/anchored-size")
    return {
        name: path.read_bytes()
        for name, path in found.items()
        if not name.startswith(left_out) and ".db" not in name and ".p/" not in name
    }


def raws_of(folder: Path) -> list[bytes]:
    store = open_store(f"sqlite:///{folder / 'gateway.db'}")
    found = [raw for _, raw in store.records(0, 10_000)]
    store.engine.dispose()
    return found


def code_of(refused: pytest.ExceptionInfo[BackupError]) -> str:
    return refused.value.code


def test_all_comes_back_and_an_incremental_one_has_only_what_is_new(backups: Backups) -> None:
    first = backups.back_up()
    backups.grow(300)
    second = backups.back_up(_NOW + _DAY)
    third = backups.back_up(_NOW + 2 * _DAY)
    assert [one.kind for one in (first, second, third)] == ["full", "incremental", "incremental"]
    assert third.written == 0, "nothing is new"
    assert 0 < second.written < second.read / 2
    assert first.standing.records == first.standing.tiles == 300
    before = content(backups.house.folder)
    assert content(backups.restored()) == before
    assert raws_of(backups.folder / "restored") == _RAWS
    assert TileWriter.open(backups.folder / "restored" / "tiles").size == 600
    older = backups.restored(first.name, "older")
    assert raws_of(older) == _RAWS[:300]
    assert TileWriter.open(older / "tiles").size == 300
    modes = {path.name: path.stat().st_mode & 0o777 for path in (older / "keys").iterdir()}
    assert modes["log.pem"] == modes["gateway.key"] == 0o600


def test_nothing_readable_of_the_house_stands_in_a_backup(backups: Backups) -> None:
    backups.back_up()
    found = b"".join(p.read_bytes() for p in backups.repository.folder.rglob("*") if p.is_file())
    for secret in (
        backups.house.passphrase.encode(),
        b"house.json",
        b"urn:dev",
        b"SQLite",
        b"PRIVATE",
    ):
        assert secret not in found


def test_without_keys_none_is_in_it_and_a_restore_wants_them(backups: Backups) -> None:
    made = backups.back_up(with_keys=False)
    manifest = backups.repository.manifest(made.name)
    kept = {file.path for file in manifest.files}
    assert not kept & {"keys/log.pem", "pki/root/root.key", "pki/issuing.key", "chain/mnemonic"}
    with pytest.raises(BackupError) as refused:
        backups.restored()
    assert code_of(refused) == "backup.keys_missing"
    restore(
        backups.repository,
        backups.folder / "restored",
        keys=backups.house.folder,
        is_gone=True,
    )
    assert content(backups.folder / "restored") == content(backups.house.folder)


def test_a_lost_house_json_is_in_the_backup(backups: Backups) -> None:
    backups.back_up()
    settings = (backups.house.folder / "house.json").read_bytes()
    (backups.house.folder / "house.json").unlink()
    assert (backups.restored() / "house.json").read_bytes() == settings


@pytest.mark.parametrize("file", [DATA, MANIFEST])
def test_one_flipped_bit_is_found_and_leaves_no_folder(backups: Backups, file: str) -> None:
    backups.back_up()
    backups.grow(20)
    made = backups.back_up(_NOW + _DAY)
    path = Path(made.folder) / file
    whole = path.read_bytes()
    for at in range(0, len(whole), max(1, len(whole) // 25)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        with pytest.raises(BackupError) as refused:
            backups.restored()
        assert code_of(refused) in {"backup.damaged", "backup.key_wrong"}
        assert {one.name for one in backups.folder.iterdir()} == {"house", "backups"}
    path.write_bytes(whole)
    assert raws_of(backups.restored()) == _RAWS[:320]


def test_what_it_goes_on_from_is_gone_or_cut(backups: Backups) -> None:
    full = Path(backups.back_up().folder)
    backups.grow(20)
    backups.back_up(_NOW + _DAY)
    whole = (full / DATA).read_bytes()
    for left in (whole[:-1], b"", None):
        (full / DATA).unlink()
        if left is not None:
            (full / DATA).write_bytes(left)
        with pytest.raises(BackupError) as refused:
            backups.restored()
        assert code_of(refused) == "backup.incomplete"
        (full / DATA).write_bytes(whole)


def test_another_key_and_an_unknown_name_are_refused(backups: Backups) -> None:
    with pytest.raises(BackupError) as refused:
        backups.restored()
    assert code_of(refused) == "backup.unknown"
    backups.back_up()
    other = Repository(backups.repository.folder, BackupKey.from_text(new_key_text()))
    with pytest.raises(BackupError) as refused:
        restore(other, backups.folder / "restored", is_gone=True)
    assert code_of(refused) == "backup.key_wrong"
    with pytest.raises(BackupError) as refused:
        backups.restored("20200101T000000Z-full")
    assert code_of(refused) == "backup.unknown"


def test_nothing_is_restored_over_what_is_there(backups: Backups) -> None:
    backups.back_up()
    (backups.folder / "restored").mkdir()
    with pytest.raises(BackupError) as refused:
        backups.restored()
    assert code_of(refused) == "restore.exists"


def test_two_with_one_key_are_refused(backups: Backups) -> None:
    backups.back_up()
    to = backups.folder / "restored"
    with pytest.raises(BackupError) as refused:
        restore(backups.repository, to)
    assert code_of(refused) == "restore.old_one_unknown"
    with FolderLock(backups.house.folder), pytest.raises(BackupError) as refused:
        restore(backups.repository, to, is_gone=True)
    assert code_of(refused) == "restore.old_one_runs", "whatever anybody says"
    assert not to.exists()
    backups.restored()
    with pytest.raises(HouseSuperseded):
        open_house(backups.house.folder)
    with FolderLock(to), pytest.raises(BackupError) as refused:
        backups.restored(to="a-third")
    assert code_of(refused) == "restore.old_one_runs", "the one that was restored before"
    backups.restored(to="a-third")
    with pytest.raises(HouseSuperseded):
        open_house(to)
    assert open_house(backups.folder / "a-third").passphrase == backups.house.passphrase


def test_weeks_are_dropped_and_the_rest_is_whole(backups: Backups) -> None:
    policy = Policy(full_every_days=2, keep_fulls=2)
    for day in range(6):
        backups.grow(10)
        backups.back_up(_NOW + day * _DAY, policy=policy)
    names = backups.repository.names()
    assert [name.partition("-")[2] for name in names] == ["full", "incremental"] * 2
    for number, name in enumerate(names):
        assert raws_of(backups.restored(name, f"r{number}")) == _RAWS[: 330 + 10 * number]


def test_a_kill_at_any_moment_leaves_the_backups_that_were_there(backups: Backups) -> None:
    """And the next run clears away what it left, in the house and beside the backups."""
    make_key(backups.folder / "key")
    repository = backups.repository = Repository(
        backups.repository.folder, open_key(backups.folder / "key")
    )
    first = backups.back_up()
    argv = [sys.executable, "-m", "counterfoil", "backup", "--full", "--with-keys"]
    argv += ["--data", str(backups.house.folder), "--to", str(repository.folder)]
    argv += ["--key", str(backups.folder / "key")]
    cut_off = 0
    for number in range(40):
        with subprocess.Popen(
            argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as running:
            while running.poll() is None and not list(repository.folder.glob(".*.partial")):
                time.sleep(0.001)
            time.sleep(0.004 * (number % 10))
            os.kill(running.pid, signal.SIGKILL)
        cut_off += bool(list(repository.folder.glob(".*.partial")))
        for name in repository.names():
            repository.check(repository.manifest(name))
        if cut_off == 3:
            break
    assert cut_off == 3
    assert first.name in repository.names()
    backups.back_up(time.time() + 10)
    assert not list(repository.folder.glob(".*.partial"))
    assert not (backups.house.folder / ".backup").exists()
    assert raws_of(backups.restored()) == _RAWS[:300]


def test_a_database_that_is_damaged_is_not_taken_for_a_backup(backups: Backups) -> None:
    path = backups.house.folder / "gateway.db"
    with closing(sqlite3.connect(path)) as store:
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = path.read_bytes()
    path.write_bytes(whole[:40_960] + bytes(8_192) + whole[49_152:])
    with pytest.raises(BackupError) as refused:
        backups.back_up()
    assert code_of(refused) == "backup.source_damaged"
    assert backups.repository.names() == []


def test_house_backups_and_key_lie_apart(tmp_path: Path) -> None:
    for house, to, key in (
        ("h", "h/b", "k"),
        ("b/h", "b", "k"),
        ("h", "b", "b/k"),
        ("h", "b", "h/k"),
    ):
        with pytest.raises(BackupError) as refused:
            require_apart(tmp_path / house, tmp_path / to, tmp_path / key)
        assert code_of(refused) == "backup.place_refused"
    require_apart(tmp_path / "h", tmp_path / "b", tmp_path / "k")


def test_a_key_file_that_is_none_or_open_to_others_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    make_key(path)
    assert open_key(path).fingerprint == open_key(path).fingerprint
    path.chmod(0o640)
    with pytest.raises(BackupError, match="0600"):
        open_key(path)
    path.write_text("correct horse battery staple")
    path.chmod(0o600)
    with pytest.raises(BackupError) as refused:
        open_key(path)
    assert code_of(refused) == "backup.key_malformed"
    with pytest.raises(FileExistsError):
        make_key(path)


def test_one_writes_at_a_time(backups: Backups) -> None:
    with backups.repository.writing(), pytest.raises(BackupError) as refused:
        backups.back_up()
    assert code_of(refused) == "backup.busy"


def test_notes_of_restored_houses_name_the_folder(backups: Backups) -> None:
    made = backups.back_up()
    folder = backups.restored()
    (row,) = [json.loads(line) for line in (backups.repository.folder / "restored.jsonl").open()]
    assert (row["folder"], row["backup"]) == (str(folder), made.name)
