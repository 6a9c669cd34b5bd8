"""Ports for servers: free, all different, and none that an outgoing connection may take meanwhile."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from counterfoil.chain.nodes import ports
from counterfoil.chain.nodes.ports import free_ports


def test_they_are_free_different_and_below_the_outgoing_ones() -> None:
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    found = free_ports(40)
    assert len(set(found)) == 40
    assert all(1_024 <= port < lowest for port in found)
    for port in found:
        with socket.socket() as server:
            server.bind(("127.0.0.1", port))


def test_one_that_is_taken_is_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    taken = free_ports(1)[0]
    outgoing = tmp_path / "range"
    outgoing.write_text(f"{taken + 2}\t60999\n")
    monkeypatch.setattr(ports, "_OUTGOING", outgoing)
    monkeypatch.setattr(ports, "_LOWEST", taken)
    monkeypatch.setattr(ports, "_FEWEST", 0)
    with socket.socket() as server:
        server.bind(("127.0.0.1", taken))
        assert free_ports(1) == [taken + 1]
        with pytest.raises(OSError, match="fewer than 2"):
            free_ports(2)


def test_processes_are_given_them_in_turn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    program = "from counterfoil.chain.nodes.ports import free_ports; print(*free_ports(500))"
    given = list(free_ports(500))
    others = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) for _ in range(3)
    ]
    for other in others:
        said, _ = other.communicate()
        assert other.returncode == 0
        given += [int(port) for port in said.split()]
    assert len(set(given)) == len(given) == 4 * 500


@pytest.mark.parametrize("kept", [b"", b"no port", b"99999999", b"-5"])
def test_what_was_kept_wrongly_is_taken_for_nothing(
    kept: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "counterfoil").mkdir()
    (tmp_path / "counterfoil/port").write_bytes(kept)
    assert len(set(free_ports(3)) | set(free_ports(3))) == 6


def test_a_cache_that_cannot_be_written_is_done_without(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert len(set(free_ports(3))) == 3
