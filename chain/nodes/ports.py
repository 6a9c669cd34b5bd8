"""Ports of this machine's loopback for servers that are about to be started."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack
from pathlib import Path

_OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST = 10_000
_FEWEST = 1_000


def free_ports(count: int) -> list[int]:
    """*count* ports on which nobody listens.

    They lie below those that the system takes for outgoing connections, or one of these could have the port by the
    time the server comes to it.

    Raises:
        OSError: there are not so many.
    """
    lowest_outgoing = int(_OUTGOING.read_text().split()[0]) if _OUTGOING.exists() else 32_768
    candidates = list(range(_LOWEST, max(lowest_outgoing, _LOWEST + _FEWEST)))
    random.shuffle(candidates)
    found: list[int] = []
    with ExitStack() as probes:
        while len(found) < count:
            if not candidates:
                raise OSError(f"fewer than {count} ports of the loopback are free")
            probe = probes.enter_context(socket.socket())
            port = candidates.pop()
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
    return found
