"""The house of ``counterfoil up``: its ports stay, unless somebody else has one of them."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from counterfoil.up.data_folder import open_house
from counterfoil.up.folder_lock import FolderLock, HouseInUse


def test_its_ports_are_below_those_of_outgoing_connections_and_stay(tmp_path: Path) -> None:
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    first = open_house(tmp_path, oracles=4).ports
    assert len(set(first.values())) == len(first) >= 8
    assert all(1_024 <= port < lowest for port in first.values())
    assert open_house(tmp_path).ports == first


def test_a_port_that_somebody_else_has_is_another_the_next_time(tmp_path: Path) -> None:
    first = open_house(tmp_path).ports
    name, taken = next(iter(first.items()))
    with socket.socket() as other:
        other.bind(("127.0.0.1", taken))
        other.listen()
        found = open_house(tmp_path).ports
    assert found[name] != taken
    assert {n: p for n, p in found.items() if n != name} == {
        n: p for n, p in first.items() if n != name
    }


def test_a_house_in_use_is_refused_and_nothing_in_it_is_touched(tmp_path: Path) -> None:
    """Its ports are taken by its own processes: others would be written down for them."""
    first = open_house(tmp_path)
    with FolderLock(first.folder), socket.socket() as its_own:
        its_own.bind(("127.0.0.1", first.ports["api"]))
        its_own.listen()
        before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        with pytest.raises(HouseInUse):
            open_house(tmp_path)
        after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert after == before
    assert open_house(tmp_path).ports == first.ports
