"""A process that only does curve arithmetic: signature equations in, verdicts out, over one socket.

It keeps no state, so an open request can go to another worker. It ends when the socket is closed. Once it is up it says
so with one byte. A request is the
number of equations (4 bytes, big-endian) and the equations; the response has a byte for each, 1 or 0.
"""

from __future__ import annotations

import signal
import socket
import sys

from counterfoil.gateway.record.signature_equation import EQUATION_BYTES, equation_holds

UP = b"\x55"
"""What a worker says once, when it is up."""


def verdicts_on(equations: bytes) -> bytes:
    """Return a byte for each equation: 1 where it holds, else 0."""
    return bytes(
        equation_holds(equations[at : at + EQUATION_BYTES])
        for at in range(0, len(equations), EQUATION_BYTES)
    )


def main() -> None:
    """Serve the socket that is standard input until it is closed."""
    # Ctrl-C reaches the whole group; the gateway ends its workers after its last batch.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(fileno=sys.stdin.fileno()) as line, line.makefile("rb") as requests:
        line.sendall(UP)
        while len(head := requests.read(4)) == 4:
            size = int.from_bytes(head, "big") * EQUATION_BYTES
            equations = requests.read(size)
            if len(equations) < size:
                return
            line.sendall(verdicts_on(equations))


if __name__ == "__main__":
    main()
