"""A PostgreSQL server of the tests' own: on a free port of the loopback, in a folder of its own, gone at the end."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg
import pytest
from support_gateway import free_port
from support_waiting import PATIENCE_S, wait_until

_ACCOUNTS = ("postgres", "nobody")


def find_programs() -> Path | None:
    """The folder of the newest installed server's programs, None when there is none."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[4])
    )
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


def start_as() -> list[str] | None:
    """The command before the server's: PostgreSQL refuses root. None when no other account can be taken."""
    if os.getuid() != 0:
        return []
    for account in _ACCOUNTS:
        try:
            user = pwd.getpwnam(account)
        except KeyError:
            continue
        if shutil.which("setpriv"):
            identity = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
            return ["setpriv", *identity]
        if shutil.which("runuser"):
            return ["runuser", "-u", account, "--"]
    return None


class Postgres:
    """One server; ``url`` of a fresh database for each test."""

    def __init__(self) -> None:
        programs, prefix = find_programs(), start_as()
        if programs is None:
            pytest.skip("no PostgreSQL server is installed (apt-get install postgresql)")
        if prefix is None:
            pytest.skip("PostgreSQL does not run as root, and there is no other account")
        self._programs, self._prefix = programs, prefix
        self.folder = Path(tempfile.mkdtemp(prefix="counterfoil-postgres-"))
        if os.getuid() == 0:
            user = pwd.getpwnam("postgres" if _has_account("postgres") else "nobody")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        self.port = free_port()
        self._databases = 0
        self._run("initdb", "-D", "data", "-U", "counterfoil", "-A", "trust", "-E", "UTF8")

    def start(self, *options: str) -> None:
        """Start the server with *options* such as ``fsync=off``; it answers when this returns."""
        given = [f"port={self.port}", "listen_addresses=127.0.0.1", "unix_socket_directories="]
        given += ["max_connections=60", "shared_buffers=32MB", *options]
        words = " ".join(f"-c {one}" for one in given)
        self._run("pg_ctl", "-D", "data", "-w", "-l", "server.log", "-o", words, "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop the server; ``immediate`` is a crash: it recovers from its log at the next start."""
        self._run("pg_ctl", "-D", "data", "-w", "-m", mode, "stop")

    def is_running(self) -> bool:
        """Whether the server has not been stopped."""
        return (self.folder / "data" / "postmaster.pid").exists()

    def new_database(self) -> str:
        """The URL of a new, empty database."""
        self._databases += 1
        name = f"test_{self._databases}"
        admin = f"host=127.0.0.1 port={self.port} user=counterfoil dbname=postgres"
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return f"postgresql+psycopg://counterfoil@127.0.0.1:{self.port}/{name}"

    def close(self) -> None:
        """Stop the server and remove its folder."""
        if self.is_running():
            self.stop("immediate")
        wait_until(lambda: not self.is_running())
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [*self._prefix, str(self._programs / program), *arguments],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE_S,
        )
        assert done.returncode == 0, f"{program}: {done.stderr}"


def _has_account(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
