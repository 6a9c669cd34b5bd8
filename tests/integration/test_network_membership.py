"""Membership of a network from its beginning on: a bank comes, another goes, owners change, and it comes back."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from support_network import BANKS, BankNetwork, admitted_node, running_network
from support_waiting import wait_until

from counterfoil.chain.keys.signer import LocalSigner
from counterfoil.chain.nodes.network.folder import read_folder
from counterfoil.chain.nodes.network.health import date_of
from counterfoil.chain.nodes.ports import free_ports
from counterfoil.chain.transaction import transact

pytestmark = pytest.mark.integration

FIFTH = "fifth"


def test_a_bank_comes_another_goes_owners_change_and_it_comes_back(tmp_path: Path) -> None:
    with running_network(tmp_path) as network:
        joins_reads_from_its_own_node_and_is_voted_in(network, tmp_path)
        is_voted_out_by_signatures_given_offline(network, tmp_path)
        take_over_and_vote_in_again_who_was_out(network, tmp_path)


def joins_reads_from_its_own_node_and_is_voted_in(network: BankNetwork, folder: Path) -> None:
    """A fifth bank."""
    out = folder / FIFTH
    network.passphrases[FIFTH] = "only a test's"
    peer_port, rpc_port = free_ports(2)
    public = network.members[BANKS[0]].path / "network.json"
    joined = network.done(
        "join",
        str(public),
        "--name",
        FIFTH,
        "--out",
        str(out),
        "--peer-port",
        str(peer_port),
        "--rpc-port",
        str(rpc_port),
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
    assert (said["threshold"], said["owners"]) == (3, sorted(BANKS))

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
    wait_until(lambda: bool(network.status(FIFTH)[1]["is_validator"]), "it is a validator")
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


def is_voted_out_by_signatures_given_offline(network: BankNetwork, folder: Path) -> None:
    """One of the founders."""
    owners, out = BANKS[:3], BANKS[3]
    file = str(folder / "remove.json")
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
    receipt = transact(
        client, signer=LocalSigner(node.account(0)), to=node.account(1).address, data=b""
    )
    assert int(receipt["status"], 16) == 1, "the fifth bank's node takes part"
    print(f"a bank voted out {seconds:.1f} s after the submission; the chain goes on without it")


def take_over_and_vote_in_again_who_was_out(network: BankNetwork, folder: Path) -> None:
    """New owners, of which the fifth bank is one."""
    before, after = BANKS[:3], (*BANKS[:3], FIFTH)
    mine = {bank: str(network.members[bank].path) for bank in (*BANKS, FIFTH)}
    file = str(folder / "owners.json")
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

    back = str(folder / "back.json")
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
    wait_until(lambda: bool(network.status(BANKS[3])[1]["is_validator"]), "it is a validator")
    assert network.status(FIFTH)[1]["validators"] == 5
    print(f"new owners {seconds:.1f} s after the last vote; they voted a bank in that was out")
