"""Starts a process in a network of its own, where nobody else can reach what it listens on."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct

_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x4000_0000
_CLONE_NEWUSER = 0x1000_0000
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1


def leave_the_network() -> None:
    """Run in a child before its program: from here on it has a loopback of its own, and no other network.

    Raises:
        OSError: the kernel does not allow it: it is not Linux, or no namespaces are given to who is not root.
    """
    # Root may do without a user namespace, in which it could no longer read others' files.
    if not hasattr(_LIBC, "unshare") or (
        _LIBC.unshare(_CLONE_NEWNET) != 0 and _LIBC.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0
    ):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        fcntl.ioctl(asked, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", _IFF_UP))
