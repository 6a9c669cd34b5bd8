"""What a charter and a member's folder refuse, each with its code and the field that is wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from counterfoil.chain.nodes.network.backup import backup, restore
from counterfoil.chain.nodes.network.charter import charter_of, read_charter
from counterfoil.chain.nodes.network.engines import installation as install
from counterfoil.chain.nodes.network.errors import NetworkError
from counterfoil.chain.nodes.network.folder import (
    Member,
    MemberFolder,
    Network,
    folders_at,
    member_of,
    read_folder,
)
from counterfoil.chain.nodes.network.handout import unit
from counterfoil.chain.nodes.network.member_files import require_outside_of_a_repository


def charter(**changes: Any) -> dict[str, Any]:
    members = [
        {"name": f"bank-{n}", "host": f"10.0.0.{n}", "peer_port": 9651, "rpc_port": 9650}
        for n in (1, 2, 3, 4)
    ]
    return {"name": "harbour", "chain_id": 770_011, "members": members} | changes


def test_more_than_half_decide_unless_the_charter_says_otherwise() -> None:
    assert charter_of(charter()).threshold == 3
    assert charter_of(charter(threshold=4)).threshold == 4


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"name": "Harbour Bank"}, "name"),
        ({"engine": "geth"}, "engine"),
        ({"chain_id": "770011"}, "chain_id"),
        ({"chain_id": True}, "chain_id"),
        ({"threshold": 5}, "threshold"),
        ({"threshold": 0}, "threshold"),
        ({"members": []}, "members"),
        ({"colour": "blue"}, "colour"),
        ({"accounts": ["0x12"]}, "accounts"),
        ({"members": [{"name": "a", "host": "::", "peer_port": 1, "rpc_port": 2}]}, "host"),
        (
            {"members": [{"name": "a", "host": "bank.example", "peer_port": 1, "rpc_port": 2}]},
            "host",
        ),
        ({"members": [{"name": "a", "peer_port": 1, "rpc_port": 1}]}, "port twice"),
        ({"members": [{"name": "a", "peer_port": 1, "rpc_port": 2, "states": "all"}]}, "states"),
        ({"members": [{"name": "a", "peer_port": 1, "rpc_port": 70_000}]}, "rpc_port"),
        (
            {"members": [{"name": "a", "peer_port": n, "rpc_port": n + 1} for n in (1, 3)]},
            "name twice",
        ),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(NetworkError, match=named) as refused:
        charter_of(charter(**changes))
    assert refused.value.code == "network.charter_malformed"


@pytest.mark.parametrize("text", ["[1, 2", "just words", ""])
def test_a_file_that_is_no_charter_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(NetworkError) as refused:
        read_charter(tmp_path / "c.yaml")
    assert refused.value.code == "network.charter_malformed"


def test_keys_are_never_made_in_a_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    with pytest.raises(NetworkError, match="repository"):
        require_outside_of_a_repository(tmp_path / "a/b")


def test_a_missing_go_is_said_with_the_line_that_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTERFOIL_NETWORK_HOME", str(tmp_path))
    monkeypatch.setattr(install.shutil, "which", lambda *_, **__: None)
    with pytest.raises(NetworkError, match="apt-get install golang-go") as refused:
        install.install()
    assert refused.value.code == "network.go_missing"


def test_an_old_go_is_refused_by_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "go"
    old.write_text("#!/bin/sh\necho go version go1.19.8 linux/amd64\n")
    old.chmod(0o755)
    monkeypatch.setenv("COUNTERFOIL_NETWORK_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NetworkError, match=r"1\.25 or newer") as refused:
        install.install()
    assert refused.value.code == "network.go_too_old"


def test_the_module_names_no_host_beyond_its_modules() -> None:
    source = Path(install.__file__).parents[2] / "avalanche"
    for line in (source / "go.sum").read_text().splitlines():
        module, version, _ = line.split()
        assert "://" not in module + version


def folder_at(path: Path) -> MemberFolder:
    member = Member(
        name="harbour",
        host="127.0.0.1",
        peer_port=1,
        node={"node_id": "NodeID-1"},
        owner="02",
        account="0x" + "00" * 20,
    )
    folder = MemberFolder(
        path,
        name="harbour",
        rpc_port=2,
        network=Network(
            name="n", engine="avalanche", chain_id=1, members=[member], engine_facts={}
        ),
    )
    folder.write()
    folder.keys.mkdir(mode=0o700)
    (folder.keys / "staker.key").write_text("secret")
    (folder.keys / "staker.key").chmod(0o600)
    folder.data.mkdir()
    (folder.data / "block").write_text("1")
    return folder


def test_each_bank_says_which_states_its_node_keeps(tmp_path: Path) -> None:
    seats = [{"name": f"b-{n}", "peer_port": 2 * n, "rpc_port": 2 * n + 1} for n in (1, 2)]
    found = charter_of(charter(members=[seats[0], seats[1] | {"states": "pruned"}], threshold=2))
    assert [seat.states for seat in found.members] == ["archive", "pruned"]
    folder = replace(folder_at(tmp_path / "bank"), states="pruned")
    folder.write()
    assert read_folder(folder.path).states == "pruned"
    mine = folder.path / "member.json"
    mine.write_text(mine.read_text().replace('"pruned"', '"none"'))
    with pytest.raises(NetworkError, match="states is one of archive, pruned"):
        read_folder(folder.path)
    mine.write_text('{"name": "harbour", "rpc_port": 2}')
    assert read_folder(folder.path).states == "archive", "as a folder of an earlier version says"


def test_systemd_takes_the_unit_of_a_members_folder(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not there")
    path = tmp_path / "counterfoil-harbour.service"
    text = unit(folder_at(tmp_path / "bank"))
    path.write_text(text.replace("User=counterfoil", "User=root"))
    done = subprocess.run(
        [analyze, "verify", "--man=no", str(path)], capture_output=True, text=True, check=False
    )
    said = [line for line in (done.stdout + done.stderr).splitlines() if path.name in line]
    assert (done.returncode, said) == (0, [])


@pytest.mark.parametrize("with_data", [False, True])
def test_a_backup_brings_the_folder_back(tmp_path: Path, with_data: bool) -> None:
    folder = folder_at(tmp_path / "bank")
    file = backup(folder, tmp_path / "bank.tar.gz", with_data)
    assert file.stat().st_mode & 0o777 == 0o600
    again = restore(file, tmp_path / "again")
    assert again.network == folder.network
    assert (again.keys / "staker.key").read_text() == "secret"
    assert (again.keys / "staker.key").stat().st_mode & 0o777 == 0o600
    assert (again.data / "block").exists() is with_data
    with pytest.raises(NetworkError, match="there already"):
        restore(file, tmp_path / "again")
    with pytest.raises(NetworkError, match="there already"):
        backup(folder, file)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Bad Bank"},
        {"host": "bank.example"},
        {"peer_port": "9651"},
        {"node": {"node_id": "NodeID-1,NodeID-2"}},
        {"node": {}},
        {"owner": "not hex"},
        {"account": "0x12"},
        {"colour": "blue"},
    ],
)
def test_an_identity_that_is_malformed_is_refused(change: dict[str, Any]) -> None:
    good = {"name": "fifth", "host": "10.0.5.10", "peer_port": 9651, "owner": "02"}
    good |= {"node": {"node_id": "NodeID-5"}, "account": "0x" + "00" * 20}
    assert member_of(good).name == "fifth"
    with pytest.raises(NetworkError) as refused:
        member_of(good | change)
    assert refused.value.code.endswith(("_malformed", ".malformed"))


def test_a_file_that_is_no_backup_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("no archive")
    with pytest.raises(NetworkError, match="no backup"):
        restore(tmp_path / "x", tmp_path / "out")
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "x", "../escaped")
    with pytest.raises(NetworkError, match="no backup"):
        restore(tmp_path / "evil.tar.gz", tmp_path / "out")
    assert not (tmp_path / "escaped").exists()
    assert not [p for p in tmp_path.iterdir() if p.is_dir()], "nothing is left behind"


@pytest.mark.parametrize(
    ("kind", "name", "target"),
    [
        (tarfile.REGTYPE, "/escaped", ""),
        (tarfile.SYMTYPE, "bank/keys", "/etc"),
        (tarfile.SYMTYPE, "bank/keys", "../../escaped"),
        (tarfile.LNKTYPE, "bank/keys", "../x"),
        (tarfile.FIFOTYPE, "bank/pipe", ""),
        (tarfile.CHRTYPE, "bank/device", ""),
    ],
)
def test_a_backup_with_what_leads_outside_is_refused_whole(
    tmp_path: Path, kind: bytes, name: str, target: str
) -> None:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as archive:
        archive.addfile(member)
    with pytest.raises(NetworkError, match="no backup"):
        restore(tmp_path / "evil.tar.gz", tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["evil.tar.gz"]


def test_what_is_no_folder_of_a_network_is_said(tmp_path: Path) -> None:
    for path, name in ((tmp_path, None), (tmp_path / "none", None), (tmp_path, "x")):
        with pytest.raises(NetworkError) as refused:
            folders_at(path, name)
        assert refused.value.code == "network.no_folder"


def test_the_go_sources_are_formatted() -> None:
    gofmt = install.shutil.which("gofmt") or install.shutil.which("gofmt", path="/usr/local/go/bin")
    if gofmt is None:
        pytest.skip("go is not here")
    source = Path(install.__file__).parents[2] / "avalanche"
    done = subprocess.run([gofmt, "-l", str(source)], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_no_go_source_is_past_three_hundred_lines() -> None:
    sources = [*install.SOURCE.rglob("*.go")]
    assert len(sources) > 10
    assert [path.name for path in sources if len(path.read_text().splitlines()) > 300] == []


def test_tests_of_the_go_sources_are_no_part_of_what_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "SOURCE", tmp_path)
    (tmp_path / "cmd").mkdir()
    (tmp_path / "cmd/main.go").write_text("package main\n")
    before = install.build_folder()
    (tmp_path / "cmd/main_test.go").write_text("package main\n")
    (tmp_path / "cmd/testdata").mkdir()
    (tmp_path / "cmd/testdata/seed").write_text("1")
    assert install.build_folder() == before
    (tmp_path / "cmd/main.go").write_text("package main // another\n")
    assert install.build_folder() != before


def test_the_go_sources_tests_say_what_is_missing(tmp_path: Path) -> None:
    script = Path(__file__).resolve().parents[5] / "scripts/test-go"
    (tmp_path / "go").write_text("#!/bin/sh\necho go version go1.19.8 linux/amd64\n")
    (tmp_path / "go").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run(
        [str(script)], env=os.environ | {"PATH": path}, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "1.25 or newer is needed" in done.stderr
