"""A network's membership and its door: who joins, who is voted in and out, who is refused."""

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
from support_network import (
    BANKS,
    BankNetwork,
    admitted_node,
    running_network,
    wait_until,
    write_charter,
)

from counterfoil.chain.client import ChainClient, Finality
from counterfoil.chain.errors import RpcRefused, StateNotKept
from counterfoil.chain.keys import LocalSigner
from counterfoil.chain.nodes.network import process
from counterfoil.chain.nodes.network.folder import read_folder
from counterfoil.chain.nodes.network.health import date_of
from counterfoil.chain.nodes.ports import free_ports
from counterfoil.chain.transact import transact

pytestmark = pytest.mark.integration

FIFTH = "fifth"
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
    assert len(set(network.passphrases.values())) == len(BANKS)


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
        "the stranger has wei",
        lambda: int(client.rpc("eth_getBalance", stranger.address, "latest"), 16) > 0,
    )
    with pytest.raises(RpcRefused, match="non-allow listed"):
        transact(client, stranger, stranger.address, b"")
    with pytest.raises(RpcRefused, match=r"deploy|allow"):
        transact(
            client, member, None, bytes.fromhex("600a600c600039600a6000f3602a60005260206000f3")
        )


def test_the_newest_block_is_final(network: BankNetwork) -> None:
    url = network.engine.rpc_url(network.members[BANKS[0]])
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


def test_a_fifth_bank_joins_reads_from_its_own_node_and_is_voted_in(
    network: BankNetwork, tmp_path_factory: pytest.TempPathFactory
) -> None:
    out = tmp_path_factory.mktemp("fifth") / FIFTH
    network.passphrases[FIFTH] = "only a test's"
    peer_port, rpc_port = free_ports(2)
    public = network.members[BANKS[0]].path / "network.json"
    joined = network.done(
        *("join", str(public), "--name", FIFTH, "--out", str(out)),
        *("--peer-port", str(peer_port), "--rpc-port", str(rpc_port)),
        member=FIFTH,
    )
    network.members[FIFTH] = read_folder(out)
    for bank in BANKS:  # one after another, so that the chain goes on
        network.done("allow", str(network.members[bank].path), joined["identity"])
        network.stop(bank)
        network.start(bank)
    seconds = network.start(FIFTH)
    network.wait_same_head()
    status, said = network.status(FIFTH)
    assert (status, said["is_validator"], said["validators"]) == (0, False, 4)
    assert (said["threshold"], said["owners"]) == (3, 4)

    file = str(out.parent / "add.json")
    signers = [option for bank in BANKS[1:] for option in ("--signer", bank)]
    mine = {bank: str(network.members[bank].path) for bank in BANKS}
    made = network.done("propose", mine[BANKS[1]], "add", FIFTH, "--out", file, *signers)
    assert made["change"]["ends"] > date_of(int(time.time()) + 9 * 365 * 86_400)
    said = json.loads(Path(file).read_text())
    said["change"]["ends_s"] += 1
    wrong = out.parent / "wrong.json"
    wrong.write_text(json.dumps(said))
    refused = network.run("vote", mine[BANKS[1]], str(wrong), member=BANKS[1])
    assert (refused.status, refused.code) == (2, "network.proposal_wrong"), (
        "a seat of another length"
    )
    before = network.run("vote", mine[BANKS[0]], file, member=BANKS[0])
    assert (before.status, before.code) == (2, "network.not_a_signer")
    early = network.run("submit", mine[BANKS[1]], file)
    assert (early.status, early.code) == (2, "network.signatures_missing")
    began = time.monotonic()
    for bank in BANKS[1:]:
        assert network.run("check", mine[bank], file).status == 1
        network.done("vote", mine[bank], file, member=bank)
    voted = time.monotonic() - began
    assert network.run("check", mine[BANKS[0]], file).status == 0
    wait_until("it is a validator", lambda: bool(network.status(FIFTH)[1]["is_validator"]))
    _, said = network.status(FIFTH)
    assert said["validators"] == 5
    founders_end, fifth_ends = (
        said["ends_s"],
        json.loads(Path(file).read_text())["change"]["ends_s"],
    )
    assert founders_end < fifth_ends, "a seat lasts from the vote that gives it"
    print(
        f"a fifth bank: synced in {seconds:.1f} s, three votes and a validator {voted:.1f} s later"
    )


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


def test_a_bank_is_voted_out_by_signatures_given_offline(
    network: BankNetwork, tmp_path: Path
) -> None:
    owners, out = BANKS[:3], BANKS[3]
    file = str(tmp_path / "remove.json")
    mine = {bank: str(network.members[bank].path) for bank in BANKS}
    signers = [option for bank in owners for option in ("--signer", bank)]
    network.done("propose", mine[owners[0]], "remove", out, "--out", file, *signers)
    network.stop(owners[2])
    network.done("vote", mine[owners[2]], file, "--offline", member=owners[2])
    network.start(owners[2])
    for bank in owners[:2]:
        network.done("vote", mine[bank], file, "--offline", member=bank)
    began = time.monotonic()
    network.done("submit", mine[owners[0]], file)
    seconds = time.monotonic() - began
    _, said = network.status(owners[0])
    assert said["validators"] == 4
    assert network.status(out)[1]["is_validator"] is False
    network.stop(out)
    client = network.client(FIFTH)
    node = admitted_node(network, owners[0])
    receipt = transact(client, LocalSigner(node.account(0)), node.account(1).address, b"")
    assert int(receipt["status"], 16) == 1, "the fifth bank's node takes part"
    print(f"a bank voted out {seconds:.1f} s after the submission; the chain goes on without it")


def test_new_owners_take_over_and_a_bank_that_was_out_is_voted_in_again(
    network: BankNetwork, tmp_path: Path
) -> None:
    before, after = BANKS[:3], (*BANKS[:3], FIFTH)
    mine = {bank: str(network.members[bank].path) for bank in (*BANKS, FIFTH)}
    file = str(tmp_path / "owners.json")
    signers = [option for bank in before for option in ("--signer", bank)]
    too_many = ("propose", mine[before[0]], "owners", *after, "--threshold", "5", "--out", file)
    assert network.run(*too_many).code == "network.change_malformed"
    asked = ("owners", *after, "--threshold", "3", "--out", file, *signers)
    made = network.done("propose", mine[before[0]], *asked)
    assert made["change"] == {"kind": "owners", "owners": list(after), "threshold": 3}
    assert made["missing"] == sorted(before)
    network.stop(before[2])
    network.done("vote", mine[before[2]], file, "--offline", member=before[2])
    network.start(before[2])
    said = network.done("vote", mine[before[1]], file, "--offline", member=before[1])
    assert (said["signed"], said["missing"]) == (sorted(before[1:]), [before[0]])
    outsider = network.run("vote", mine[FIFTH], file, member=FIFTH)
    assert outsider.code == "network.not_a_signer", "an owner to be is none yet"
    began = time.monotonic()
    network.done("vote", mine[before[0]], file, member=before[0])
    seconds = time.monotonic() - began

    back = str(tmp_path / "back.json")
    ask = ("propose", mine[FIFTH], "add", BANKS[3], "--out", back)
    gone = [option for bank in BANKS[1:] for option in ("--signer", bank)]
    assert network.run(*ask, *gone).code == "network.signers", "who was an owner is none any more"
    again = ("propose", mine[FIFTH], "remove", BANKS[3], "--out", back)
    assert network.run(*again).code == "network.nothing_to_change"
    present = ("propose", mine[FIFTH], "add", BANKS[0], "--out", back)
    assert network.run(*present).code == "network.nothing_to_change"
    now = (FIFTH, *BANKS[:2])
    network.done(*ask, *[option for bank in now for option in ("--signer", bank)])
    for bank in now:
        network.done("vote", mine[bank], back, member=bank)
    network.start(BANKS[3])
    wait_until("it is a validator", lambda: bool(network.status(BANKS[3])[1]["is_validator"]))
    assert network.status(FIFTH)[1]["validators"] == 5
    print(f"new owners {seconds:.1f} s after the last vote; they voted a bank in that was out")


def test_a_pruned_node_says_so_and_an_archive_again_computes_what_is_missing(
    network: BankNetwork,
) -> None:
    pruned, archive = BANKS[1], BANKS[0]
    node = admitted_node(network, archive)
    sender, to = LocalSigner(node.account(0)), node.account(1).address
    became = network.height(archive)
    assert balance_at(network, archive, to, 1) == 0
    keep(network, pruned, "pruned")
    first = 0
    for sent in range(_NEWEST_STATES + 4):
        receipt = transact(network.client(archive), sender, to, b"")
        first = first or int(receipt["blockNumber"], 16)
        assert int(receipt["status"], 16) == 1, sent
    network.wait_same_head(pruned, archive)
    held = balance_at(network, archive, to, first)
    assert balance_at(network, pruned, to, became) == balance_at(network, archive, to, became)
    with pytest.raises(StateNotKept, match="an archive"):
        balance_at(network, pruned, to, first)
    assert network.status(pruned)[1]["states"] == "pruned"
    assert network.client(pruned).block(first) == network.client(archive).block(first)
    keep(network, pruned, "archive")
    assert balance_at(network, pruned, to, first) == held


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
        *("join", str(network.members[BANKS[0]].path / "network.json"), "--name", "stranger"),
        *("--peer-port", str(ports[0]), "--rpc-port", str(ports[1]), "--out", str(out)),
        member="stranger",
    )
    stranger = read_folder(out)
    try:
        process.Node(network.engine, stranger).start()
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
