"""What a member has, and who is refused at its door."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from eth_account import Account
from support_network import BANKS, BankNetwork, admitted_node, running_network, write_charter
from support_waiting import wait_until

from counterfoil.chain.client import ChainClient, Finality
from counterfoil.chain.errors import RpcRefused, StateNotKept
from counterfoil.chain.keys.signer import LocalSigner
from counterfoil.chain.nodes.network.engines import process
from counterfoil.chain.nodes.network.folder import read_folder
from counterfoil.chain.nodes.ports import free_ports
from counterfoil.chain.transaction import transact

pytestmark = pytest.mark.integration

_NEWEST_STATES = 32


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BankNetwork]:
    with running_network(tmp_path_factory.mktemp("network")) as network:
        yield network


def test_keys_are_private_encrypted_where_they_can_be_and_no_two_alike(
    network: BankNetwork,
) -> None:
    seen: set[bytes] = set()
    for folder in network.members.values():
        for path in folder.keys.iterdir():
            assert path.stat().st_mode & 0o777 == 0o600, path
            seen.add(path.read_bytes())
        for name in ("owner.json", "account.json"):
            assert json.loads((folder.keys / name).read_text())["crypto"]["ciphertext"]
        everything = b"".join(p.read_bytes() for p in folder.path.rglob("*.json"))
        assert network.passphrases[folder.name].encode() not in everything
        for other in network.members.values():
            if other.name != folder.name:
                assert (other.keys / "staker.key").read_bytes() not in everything
    assert len(seen) == 5 * len(BANKS)
    assert len({network.passphrases[bank] for bank in BANKS}) == len(BANKS)


def test_a_strangers_transaction_is_refused_at_the_door(network: BankNetwork) -> None:
    node = admitted_node(network, BANKS[1])
    client = network.client(BANKS[1])
    stranger = LocalSigner(Account.create())
    member = LocalSigner(node.account(1))
    wei = {"to": stranger.address, "value": 10**20, "gas": 21_000, "gasPrice": 10}
    raw = member.sign_transaction(
        {**wei, "nonce": client.nonce(member.address), "chainId": client.chain_id()}
    )
    assert client.send_raw([raw]) == [None], "a legacy fee is as good as any"
    wait_until(
        lambda: int(client.rpc("eth_getBalance", stranger.address, "latest"), 16) > 0,
        "the stranger has wei",
    )
    with pytest.raises(RpcRefused, match="non-allow listed"):
        transact(client, signer=stranger, to=stranger.address, data=b"")
    with pytest.raises(RpcRefused, match=r"deploy|allow"):
        transact(
            client,
            signer=member,
            to=None,
            data=bytes.fromhex("600a600c600039600a6000f3602a60005260206000f3"),
        )


def test_the_newest_block_is_final(network: BankNetwork) -> None:
    url = admitted_node(network, BANKS[0]).rpc_url
    newest = ChainClient(url).latest().number
    assert newest > 0
    assert ChainClient(url, finality=Finality(tag="finalized")).final_number() >= newest


def test_the_chain_checks_p256_by_its_precompile(network: BankNetwork) -> None:
    client = network.client(BANKS[2])
    key = ec.generate_private_key(ec.SECP256R1())
    digest = bytes(range(32))
    r, s = decode_dss_signature(key.sign(digest, ec.ECDSA(Prehashed(SHA256()))))
    public = key.public_key().public_numbers()
    words = b"".join(n.to_bytes(32, "big") for n in (r, s, public.x, public.y))
    precompile = "0x0000000000000000000000000000000000000100"

    def ask(data: bytes) -> str:
        return str(client.rpc("eth_call", {"to": precompile, "data": "0x" + data.hex()}, "latest"))

    assert int(ask(digest + words), 16) == 1
    assert ask(bytes(32) + words) == "0x"


def test_a_proposal_that_does_something_else_than_it_says_is_refused(
    network: BankNetwork, tmp_path: Path
) -> None:
    mine = str(network.members[BANKS[0]].path)
    file = tmp_path / "remove.json"
    network.done("propose", mine, "remove", BANKS[3], "--out", str(file))
    said = json.loads(file.read_text())
    said["change"]["member"] = BANKS[2]
    file.write_text(json.dumps(said))
    refused = network.run("vote", mine, str(file), member=BANKS[0])
    assert (refused.status, refused.code) == (2, "network.proposal_wrong")
    said["change"] |= {"kind": "add", "ends_s": "soon"}
    file.write_text(json.dumps(said))
    refused = network.run("check", mine, str(file))
    assert (refused.status, refused.code) == (2, "network.proposal_malformed")


def test_a_pruned_node_says_so_and_an_archive_again_computes_what_is_missing(
    network: BankNetwork,
) -> None:
    pruned, archive = BANKS[1], BANKS[0]
    node = admitted_node(network, archive)
    sender, to = LocalSigner(node.account(0)), node.account(1).address
    became = network.height(archive)
    assert balance_at(network, member=archive, account=to, block=1) == 0
    keep(network, pruned, "pruned")
    first = 0
    for sent in range(_NEWEST_STATES + 4):
        receipt = transact(client=network.client(archive), signer=sender, to=to, data=b"")
        first = first or int(receipt["blockNumber"], 16)
        assert int(receipt["status"], 16) == 1, sent
    network.wait_same_head(pruned, archive)
    held = balance_at(network, member=archive, account=to, block=first)
    assert balance_at(network, member=pruned, account=to, block=became) == balance_at(
        network, member=archive, account=to, block=became
    )
    with pytest.raises(StateNotKept, match="an archive"):
        balance_at(network, member=pruned, account=to, block=first)
    assert network.status(pruned)[1]["states"] == "pruned"
    assert network.client(pruned).block(first) == network.client(archive).block(first)
    keep(network, pruned, "archive")
    assert balance_at(network, member=pruned, account=to, block=first) == held


def test_a_node_leaves_nothing_in_the_machines_temporary_folder(
    network: BankNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = network.members[BANKS[2]]
    (tmp_path / "machine").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "machine"))
    network.stop(member.name)
    assert not member.scratch.exists()
    member.scratch.mkdir()
    (member.scratch / "left-by-a-crash").touch()
    network.start(member.name)
    assert not list((tmp_path / "machine").iterdir())
    found = {path.name for path in member.scratch.iterdir()}
    assert "keystore" in found, "the chain's program put its folder here"
    assert any(name.startswith("coreth-keystore") for name in found), "and the node its own"
    assert "left-by-a-crash" not in found
    network.kill(member.name)
    network.start(member.name)
    assert {path.name for path in member.scratch.iterdir()} != found, "a crash leaves nothing"
    network.stop(member.name)
    assert not member.scratch.exists()
    network.start(member.name)


def keep(network: BankNetwork, member: str, states: str) -> None:
    """*member* decides which states its node keeps, and starts it again."""
    path = network.members[member].path / "member.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"states": states}))
    network.stop(member)
    network.start(member)


def balance_at(network: BankNetwork, member: str, account: str, block: int) -> int:
    """Wei that *account* had after *block*, as *member*'s node says."""
    return int(network.client(member).rpc("eth_getBalance", account, hex(block)), 16)


def test_a_strangers_node_gets_nothing(
    network: BankNetwork, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """It has everything that a member knows but nobody's allowance, and must not learn one block of the ledger."""
    out = tmp_path_factory.mktemp("stranger") / "stranger"
    network.passphrases["stranger"] = "only a test's"
    ports = free_ports(2)
    network.done(
        "join",
        str(network.members[BANKS[0]].path / "network.json"),
        "--name",
        "stranger",
        "--peer-port",
        str(ports[0]),
        "--rpc-port",
        str(ports[1]),
        "--out",
        str(out),
        member="stranger",
    )
    stranger = read_folder(out)
    admitted_node(network, BANKS[0])  # there are blocks to be learnt
    try:
        process.NodeProcess(network.engine, stranger).start()
        time.sleep(20)
        client = ChainClient(network.engine.rpc_url(stranger), timeout_s=5)
        try:
            height = client.latest().number
        except Exception:  # it serves nothing at all
            height = 0
        assert height == 0 < network.height(BANKS[0])
    finally:
        process.stop(stranger)


def test_a_backup_of_keys_alone_brings_a_node_back(network: BankNetwork, tmp_path: Path) -> None:
    member = BANKS[2]
    folder = network.members[member]
    file = tmp_path / "backup.tar.gz"
    network.done("backup", str(folder.path), str(file))
    network.stop(member)
    shutil.rmtree(folder.path)
    network.done("restore", str(file), "--out", str(folder.path))
    seconds = network.start(member)
    network.wait_same_head(*BANKS[:3])
    assert network.status(member)[1]["is_validator"] is True
    print(f"restored from its keys: the node has the chain again after {seconds:.1f} s")


def test_a_folder_is_never_made_over_another(network: BankNetwork, tmp_path: Path) -> None:
    charter = write_charter(tmp_path / "c.yaml", "avalanche")
    again = network.run("create", str(charter), "--out", str(network.path))
    assert (again.status, again.code) == (2, "network.exists")
