"""Copies of what changes while it is read: databases by SQLite itself, the embedded chain by its own dump.

Rules kept here:

* A database is copied in one step, under one read transaction: no writer waits, and the copy is of one moment.
* A copy of the chain is of one moment too: anvil's by its dump at its own socket, ganache's when no file changed
  meanwhile.
"""

from __future__ import annotations

import gzip
import json
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from counterfoil.backup.errors import ChainSilent, SourceDamaged
from counterfoil.backup.manifest import BLOCK_BYTES
from counterfoil.chain.errors import ChainError
from counterfoil.chain.hexadecimal import from_hex
from counterfoil.chain.nodes.embedded import owners_ask

_TRIES = 200
_PAUSE_S = 0.05
_DUMP_WITHIN_S = 300


def copy_database(source: Path, to: Path) -> None:
    """Write a copy of the SQLite database *source*, which others may be writing, to the new file *to*.

    Raises:
        SourceDamaged: it can't be read, or is damaged.
    """
    try:
        with (
            closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True, timeout=60)) as live,
            closing(sqlite3.connect(to)) as copy,
        ):
            live.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
            (found,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as failure:
        raise SourceDamaged(f"{source}: {failure}") from failure
    if found != "ok":
        raise SourceDamaged(f"{source}: {found}")
    to.chmod(0o600)


def device_keys(gateway: Path) -> set[tuple[str, int]]:
    """Return the (device, epoch) of every key in the gateway's store at *gateway*; none before there is one."""
    if not gateway.exists():
        return set()
    with closing(sqlite3.connect(f"{gateway.as_uri()}?mode=ro", uri=True, timeout=60)) as store:
        try:
            return set(store.execute("SELECT device, epoch FROM device_key"))
        except sqlite3.OperationalError:  # before its first migration
            return set()


def record_count(gateway: Path) -> int:
    """Return how many records the gateway's store at *gateway* has."""
    if not gateway.exists():
        return 0
    with closing(sqlite3.connect(f"{gateway.as_uri()}?mode=ro", uri=True, timeout=60)) as store:
        try:
            (newest,) = store.execute("SELECT max(log_index) FROM record").fetchone()
        except sqlite3.OperationalError:
            newest = None
    return 0 if newest is None else int(newest) + 1


def dump_anvil(chain: Path, rpc_url: str, to: Path) -> None:
    """Write the whole state of the chain that runs over the folder *chain* to *to*, as anvil starts from it.

    Raises:
        ChainSilent: the node did not answer.
    """
    try:
        dump = owners_ask(chain, rpc_url, _DUMP_WITHIN_S)("anvil_dumpState")
        state = gzip.decompress(from_hex(dump))
        steady = _steady(state)
    except (ChainError, OSError, EOFError, KeyError, TypeError, ValueError) as failure:
        raise ChainSilent(f"{rpc_url}: {type(failure).__name__}: {failure}") from failure
    to.write_bytes(steady)


def _steady(state: bytes) -> bytes:
    """Anvil's dump in an order that stays: what is old stands first, and each part begins a block of the backup.

    Anvil names its blocks in an order of chance; it reads them in any.
    """
    parts = json.loads(state)
    parts["blocks"].sort(key=lambda block: int(block["header"]["number"], 16))
    parts["transactions"].sort(
        key=lambda one: (one["block_number"], one["info"]["transaction_index"])
    )
    found = bytearray()
    for name in ("blocks", "transactions", *sorted(parts.keys() - {"blocks", "transactions"})):
        found += b"," if found else b"{"
        found += json.dumps(name).encode() + b":"
        found += json.dumps(parts[name], separators=(",", ":")).encode()
        found += b" " * (-len(found) % BLOCK_BYTES)
    return bytes(found) + b"}"


def copy_ganache(source: Path, to: Path) -> None:
    """Copy ganache's running database *source* to the new folder *to*.

    Its tables never change and its logs only grow, so they are taken when nothing changed between two looks.

    Raises:
        SourceDamaged: it changed during every one of many tries.
    """
    for _ in range(_TRIES):
        before = _look(source)
        shutil.rmtree(to, ignore_errors=True)
        try:
            shutil.copytree(source, to, ignore=shutil.ignore_patterns("LOCK"))
        except (shutil.Error, OSError):  # a table was merged into another meanwhile
            time.sleep(_PAUSE_S)
            continue
        if _look(source) == before:
            return
        time.sleep(_PAUSE_S)
    raise SourceDamaged(f"{source} changed during each of {_TRIES} copies")


def _look(folder: Path) -> dict[str, tuple[int, int]]:
    found = {}
    for path in sorted(folder.rglob("*")):
        try:
            seen = path.stat()
        except FileNotFoundError:
            continue
        found[str(path.relative_to(folder))] = (seen.st_size, seen.st_mtime_ns)
    return found
