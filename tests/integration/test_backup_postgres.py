"""A gateway's store in PostgreSQL: a base backup of the running server, its log after it, and what neither has."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support_gateway import device_name, sales
from support_postgres import Postgres, find_programs, start_as
from support_record import chain, private_key
from support_waiting import PATIENCE_S, wait_until

from counterfoil.gateway.logfiles.fill import fill
from counterfoil.gateway.logfiles.tiles import TileWriter, read_folder
from counterfoil.gateway.record.signed_record import decode
from counterfoil.gateway.store.gateway_store import GatewayStore, open_store
from counterfoil.gateway.store.rows import NewRecord

pytestmark = pytest.mark.integration
RAWS = chain(sales(90), device_name(1), private_key(1))


@pytest.fixture
def server() -> Iterator[Postgres]:
    found = Postgres()
    (found.folder / "wal").mkdir()
    _own(found.folder / "wal")
    archive = f"cp\\ %p\\ {found.folder}/wal/%f"
    found.start("archive_mode=on", f"archive_command={archive}")
    yield found
    found.close()


def test_a_base_backup_and_the_log_after_it_come_back_and_the_tiles_fill_the_rest(
    server: Postgres, tmp_path: Path
) -> None:
    url = server.new_database()
    store = open_store(url)
    append(store, RAWS[:30])
    base = server.folder / "base"
    where = ["-h", "127.0.0.1", "-p", str(server.port), "-U", "counterfoil", "-D", str(base)]
    kept = ["-X", "stream", "-c", "fast", "--manifest-checksums=SHA256"]
    run("pg_basebackup", *where, *kept, cwd=server.folder)
    run("pg_verifybackup", str(base), cwd=server.folder)
    append(store, RAWS[30:60])
    with store.engine.connect() as connection:
        connection.exec_driver_sql("SELECT pg_switch_wal()")
        connection.commit()
    store.engine.dispose()
    server.stop()  # the archive has all that was committed; then the server is lost
    writer = TileWriter(tmp_path / "tiles")
    writer.append(RAWS)
    writer.publish()
    shutil.rmtree(server.folder / "data")
    base.rename(server.folder / "data")
    with (server.folder / "data" / "postgresql.auto.conf").open("a") as settings:
        settings.write(f"restore_command = 'cp {server.folder}/wal/%f %p'\n")
    signal = server.folder / "data" / "recovery.signal"
    signal.touch()
    _own(signal)
    server.start()
    restored = open_store(url)
    wait_until(lambda: not is_recovering(restored))
    assert raws_of(restored) == RAWS[:60], "the base backup and the log after it"
    done = fill(restored, read_folder(tmp_path / "tiles"))
    assert (done.added, done.moved, done.refused) == (30, 0, 0)
    assert raws_of(restored) == RAWS
    restored.engine.dispose()


def append(store: GatewayStore, raws: list[bytes]) -> None:
    with store.appending() as connection:
        store.append(connection, [NewRecord(decode(raw), 7) for raw in raws], [])


def is_recovering(store: GatewayStore) -> bool:
    """Whether the server still reads its log, and can't be written."""
    with store.engine.connect() as connection:
        return bool(connection.exec_driver_sql("SELECT pg_is_in_recovery()").scalar())


def raws_of(store: GatewayStore) -> list[bytes]:
    return [raw for _, raw in store.records(0, 10_000)]


def run(program: str, *arguments: str, cwd: Path) -> None:
    programs = find_programs()
    assert programs is not None
    argv = [*(start_as() or []), str(programs / program), *arguments]
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr


def _own(path: Path) -> None:
    """Give *path* to the account that the server runs as."""
    if os.getuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)
