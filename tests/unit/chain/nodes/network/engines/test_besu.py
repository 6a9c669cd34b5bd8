"""The second engine's documents, against published examples, and the command that starts it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from counterfoil.chain.nodes.network.charter import Charter, Seat
from counterfoil.chain.nodes.network.engines import besu
from counterfoil.chain.nodes.network.engines.besu import Besu, extra_data, genesis_of
from counterfoil.chain.nodes.network.engines.engine import MembershipChange, MembershipProposal
from counterfoil.chain.nodes.network.errors import NetworkError
from counterfoil.chain.nodes.network.folder import Member, MemberFolder, Network

DOCUMENTED = (  # the sample genesis file of a network of four in Besu's documentation of QBFT
    "0xf87aa00000000000000000000000000000000000000000000000000000000000000000f854"
    "9464a702e6263b7297a96638cac6ae65e6541f4169943923390ad55e90c237593b3b0e401f3b08a03185"
    "94aefdb9a738c9f433e5b6b212a6d62f6370c2f69294c7eeb9a4e00ce683cf93039b212648e01c6c6b78c080c0"
)
DOCUMENTED_VALIDATORS = (
    "64a702e6263b7297a96638cac6ae65e6541f4169",
    "3923390ad55e90c237593b3b0e401f3b08a03185",
    "aefdb9a738c9f433e5b6b212a6d62f6370c2f692",
    "c7eeb9a4e00ce683cf93039b212648e01c6c6b78",
)
TESTED = (  # Besu's own test of its command `rlp encode --type QBFT_EXTRA_DATA`
    "0xf84fa00000000000000000000000000000000000000000000000000000000000000000ea"
    "94be068f726a13c8d46c44be6ce9d275600e1735a4945ff6f4b66a46a2b2310a6f3a93aaddc0d9a1c193c080c0"
)
TESTED_VALIDATORS = (
    "be068f726a13c8d46c44be6ce9d275600e1735a4",
    "5ff6f4b66a46a2b2310a6f3a93aaddc0d9a1c193",
)


def in_the_order_given(text: str, validators: tuple[str, ...]) -> str:
    """*text* with its validators in ascending order, as the documentation asks for and its examples don't do."""
    for given, _ in zip(validators, validators, strict=True):
        assert given in text
    joined = "94" + "94".join(validators)
    assert joined in text
    return text.replace(joined, "94" + "94".join(sorted(validators)))


@pytest.mark.parametrize(
    ("published", "validators"),
    [(DOCUMENTED, DOCUMENTED_VALIDATORS), (TESTED, TESTED_VALIDATORS)],
)
def test_extra_data_is_the_published_examples(published: str, validators: tuple[str, ...]) -> None:
    assert extra_data(validators) == in_the_order_given(published, validators)
    assert extra_data([f"0x{v}" for v in reversed(validators)]) == extra_data(validators)


def bank(tmp_path: Path, name: str = "harbour") -> MemberFolder:
    members = []
    for n, other in enumerate((name, "lakeside", "northfield", "brunswick")):
        node = Besu().make_node_keys(tmp_path / other / "keys")
        members.append(
            Member(
                name=other,
                host=f"10.0.0.{n + 1}",
                peer_port=30_303,
                node=node,
                owner="02",
                account=f"0x{n:040x}",
            )
        )
    charter = Charter(
        name="n",
        engine="besu",
        chain_id=77,
        members=[Seat(m.name, m.host, peer_port=30_303, rpc_port=8_545) for m in members],
        threshold=3,
    )
    genesis = genesis_of(charter, [m.node_id for m in members], [m.account for m in members])
    network = Network(
        name="n", engine="besu", chain_id=77, members=members, engine_facts={"genesis": genesis}
    )
    return MemberFolder(
        path=tmp_path / name,
        name=name,
        rpc_port=8_545,
        network=network,
        options=("--rpc-http-tls-enabled=true",),
    )


def test_node_keys_are_private_and_kept(tmp_path: Path) -> None:
    first = Besu().make_node_keys(tmp_path / "keys")
    assert Besu().make_node_keys(tmp_path / "keys") == first
    assert (tmp_path / "keys/node.key").stat().st_mode & 0o777 == 0o600
    assert len(bytes.fromhex(first["public_key"])) == 64


def test_the_start_command_names_the_known_nodes_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(besu.shutil, "which", lambda _: "/opt/besu/bin/besu")
    folder = bank(tmp_path)
    argv = Besu().command(folder, folder.others)
    assert argv[0] == "/opt/besu/bin/besu"
    assert "--rpc-http-host=127.0.0.1" in argv
    assert "--discovery-enabled=false" in argv
    assert argv[-1] == "--rpc-http-tls-enabled=true", "the bank's own options come last"
    assert "--data-storage-format=FOREST" in argv, "every state, unless the bank prunes"
    pruned = Besu().command(replace(folder, states="pruned"), folder.others)
    assert "--data-storage-format=BONSAI" in pruned
    static = json.loads((folder.engine_path / "static-nodes.json").read_text())
    assert len(static) == 3
    assert all(
        line.startswith("enode://") and line.endswith(":30303?discport=0") for line in static
    )
    allowed = (folder.engine_path / "permissions.toml").read_text()
    assert allowed.count("enode://") == 4
    assert (
        json.loads((folder.engine_path / "genesis.json").read_text())["extraData"][:6] == "0xf87a"
    )


def test_three_of_four_and_five_of_seven_go_on() -> None:
    assert [Besu().needed(n) for n in (1, 3, 4, 5, 6, 7)] == [1, 2, 3, 4, 4, 5]


def test_a_vote_on_something_else_than_it_says_is_refused(tmp_path: Path) -> None:
    folder = bank(tmp_path)
    change = {"kind": "remove", "member": "lakeside", "owners": (), "threshold": 0}
    other = {"address": folder.network.member("northfield").node_id, "is_added": False}
    with pytest.raises(NetworkError) as refused:
        Besu().check(
            folder,
            MembershipProposal(
                network="n", engine="besu", change=change, payload=other, asked=["harbour"]
            ),
        )
    assert refused.value.code == "network.proposal_wrong"
    with pytest.raises(NetworkError, match="validators are the owners"):
        Besu().propose(folder, MembershipChange("owners", owners=("harbour",), threshold=1), [])


def test_besu_that_is_not_on_path_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(besu.shutil, "which", lambda _: None)
    with pytest.raises(NetworkError, match="besu is not on PATH"):
        Besu().install(lambda _: None)
