"""Finds free ports on this machine's loopback for servers that start next."""

from __future__ import annotations

import fcntl
import os
import random
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

_OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST = 10_000
_FEWEST = 1_000


def free_ports(count: int) -> list[int]:
    """*count* ports on which nobody listens.

    They lie below the system's ports for outgoing connections: such a connection could take the port before the server
    starts. For the same reason, the user's processes get ports in turn: a port is given again only after all others.

    Raises:
        OSError: fewer than *count* ports are free.
    """
    lowest_outgoing = int(_OUTGOING.read_text().split()[0]) if _OUTGOING.exists() else 32_768
    candidates = range(_LOWEST, max(lowest_outgoing, _LOWEST + _FEWEST))
    found: list[int] = []
    with ExitStack() as probes, _last_given() as last:
        after = last.port - _LOWEST + 1
        for nth in range(len(candidates)):
            if len(found) == count:
                break
            port = candidates[(after + nth) % len(candidates)]
            probe = probes.enter_context(socket.socket())
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                probe.close()
                continue
            found.append(port)
            last.port = port
    if len(found) < count:
        raise OSError(f"fewer than {count} ports of the loopback are free")
    return found


class _Last:
    def __init__(self, port: int) -> None:
        self.port = port


@contextmanager
def _last_given() -> Iterator[_Last]:
    """The port that a process of the user got last, locked meanwhile; a random one where no file can be kept."""
    last = _Last(_LOWEST + random.randrange(1 << 16))  # noqa: S311  # where to begin is no secret
    with ExitStack() as held:
        kept = None
        with suppress(OSError, RuntimeError):  # the home is missing or can't be written
            path = cache_home() / "port"
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            kept = held.enter_context(
                os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)
            )
            fcntl.flock(kept, fcntl.LOCK_EX)
            with suppress(ValueError):
                last.port = int(kept.read())
        try:
            yield last
        finally:
            if kept is not None:
                os.pwrite(kept.fileno(), b"%5d" % last.port, 0)
                os.ftruncate(kept.fileno(), 5)


def cache_home() -> Path:
    """Counterfoil's folder in the user's cache.

    Raises:
        RuntimeError: the user has no home.
    """
    named = os.environ.get("XDG_CACHE_HOME")
    return (Path(named) if named else Path.home() / ".cache") / "counterfoil"
