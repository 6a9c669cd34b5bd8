"""The commands by which a bank joins, is let in, and is voted in or out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from counterfoil.chain.client import ChainClient
from counterfoil.chain.nodes.network.admission import admit as admit_accounts
from counterfoil.chain.nodes.network.charter import address_of, seat_of
from counterfoil.chain.nodes.network.commands.output import (
    Json,
    OwnFolder,
    exit_on_failure,
    note,
    passphrase,
    print_document,
    progress,
)
from counterfoil.chain.nodes.network.creation import account_signer, owner_key
from counterfoil.chain.nodes.network.creation import allow as allow_member
from counterfoil.chain.nodes.network.creation import join as join_network
from counterfoil.chain.nodes.network.engines import process
from counterfoil.chain.nodes.network.engines.choice import engine_of
from counterfoil.chain.nodes.network.engines.engine import MembershipChange, MembershipProposal
from counterfoil.chain.nodes.network.errors import (
    CHANGE_MALFORMED,
    EXISTS,
    NOTHING_TO_CHANGE,
    PROPOSAL_MALFORMED,
    NetworkError,
)
from counterfoil.chain.nodes.network.folder import Network, member_of, read_folder
from counterfoil.chain.nodes.network.health import date_of
from counterfoil.chain.nodes.network.member_files import read_json, write_json

ProposalFile = Annotated[Path, typer.Argument(help="The proposal's file.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands to *app*."""
    for command in (join, allow, propose, check, vote, submit, admit):
        app.command()(command)


def join(
    network: Annotated[Path, typer.Argument(help="The network.json of any member.")],
    name: Annotated[str, typer.Option(help="The new member's name.")],
    peer_port: Annotated[int, typer.Option(help="Where the others reach its node.")],
    rpc_port: Annotated[int, typer.Option(help="Where its own programs do, on 127.0.0.1.")],
    out: Annotated[Path, typer.Option(help="The folder to make; outside of any repository.")],
    host: Annotated[
        str, typer.Option(help="The IP address that the others connect to.")
    ] = "127.0.0.1",
    states: Annotated[
        str, typer.Option(help="archive (every state is kept) or pruned (the newest alone).")
    ] = "archive",
    as_json: Json = False,
) -> None:
    """Make a new member's folder with its own keys, and the identity that the others are to be sent.

    Once they have allowed it, its node follows the chain; by a vote it becomes a validator. The passphrase of its
    keystores is COUNTERFOIL_NETWORK_PASSPHRASE.
    """
    with exit_on_failure():
        asked = {"name": name, "host": host, "peer_port": peer_port, "rpc_port": rpc_port}
        seat = seat_of(asked | {"states": states}, "the new member")
        known = Network.of(read_json(network))
        engine = engine_of(known.engine)
        engine.install(progress)
        folder, member = join_network(
            engine, network=known, seat=seat, out=out, passphrase=passphrase()
        )
        identity = folder.path / "identity.json"
        write_json(identity, asdict(member))
    note(f"send {identity} to every member: counterfoil network allow FOLDER identity.json")
    print_document(
        {"folder": str(folder.path), "identity": str(identity), **asdict(member)}, as_json
    )


def allow(
    folder: OwnFolder,
    identity: Annotated[Path, typer.Argument(help="The identity.json of the new member.")],
    as_json: Json = False,
) -> None:
    """Let a new member's node follow the chain from ours, from our node's next start on."""
    with exit_on_failure():
        mine = read_folder(folder)
        member = member_of(read_json(identity))
        is_new = allow_member(mine, member)
    if is_new and process.running_pid(mine) is not None:
        note(f"it holds from the next start of {mine.name}'s node on")
    print_document({"member": member.name, "node_id": member.node_id, "is_new": is_new}, as_json)


def propose(
    folder: OwnFolder,
    kind: Annotated[str, typer.Argument(help="add, remove or owners.")],
    members: Annotated[
        list[str], typer.Argument(help="Whom; for owners: all who are to own the network.")
    ],
    out: Annotated[Path, typer.Option(help="The proposal's file.")],
    signers: Annotated[
        list[str] | None,
        typer.Option("--signer", help="An owner who is to sign; as many as the threshold."),
    ] = None,
    threshold: Annotated[int, typer.Option(help="For owners: how many of them decide.")] = 0,
    as_json: Json = False,
) -> None:
    """Write a proposal that owners then vote for, each with its own key: add or remove a validator, or new owners."""
    with exit_on_failure():
        mine = read_folder(folder)
        change = _change(kind, members, threshold)
        if out.exists():
            raise NetworkError(EXISTS, f"{out} is there already")
        engine = engine_of(mine.network.engine)
        _require_change(change, [v.node_id for v in engine.validators(mine)], mine.network)
        made = engine.propose(mine, change, signers or [])
        write_json(out, asdict(made))
    _say_proposal(made, as_json)


def check(folder: OwnFolder, file: ProposalFile, as_json: Json = False) -> None:
    """Say what a proposal's bytes do and who has signed them. Exit status: 0 complete, 1 not yet."""
    with exit_on_failure():
        mine = read_folder(folder)
        found = engine_of(mine.network.engine).check(mine, _proposal(file))
    _say_proposal(found, as_json)
    raise typer.Exit(0 if found.is_complete else 1)


def vote(
    folder: OwnFolder,
    file: ProposalFile,
    offline: Annotated[
        bool, typer.Option("--offline", help="Only sign, even if this is the last signature.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Add this member's signature to a proposal; the last one puts it into effect. Signing needs no node.

    The passphrase of the owner's keystore is COUNTERFOIL_NETWORK_PASSPHRASE.
    """
    with exit_on_failure():
        mine = read_folder(folder)
        engine = engine_of(mine.network.engine)
        found = engine.check(mine, _proposal(file))
        found = engine.vote(mine, found, owner_key(mine, passphrase()))
        write_json(file, asdict(found))
        if found.is_complete and not offline:
            engine.submit(mine, found)
            note("the last vote was given: the change is in effect")
    _say_proposal(found, as_json)


def submit(folder: OwnFolder, file: ProposalFile, as_json: Json = False) -> None:
    """Put a proposal into effect that every asked owner has signed."""
    with exit_on_failure():
        mine = read_folder(folder)
        engine = engine_of(mine.network.engine)
        found = engine.check(mine, _proposal(file))
        engine.submit(mine, found)
    _say_proposal(found, as_json)


def admit(
    folder: OwnFolder,
    accounts: Annotated[list[str], typer.Argument(help="Addresses on the chain.")],
    deploying: Annotated[bool, typer.Option("--deploy", help="Contracts as well.")] = False,
    as_json: Json = False,
) -> None:
    """Let accounts transact on the chain, by this member's own account, and give them wei.

    The passphrase of the account's keystore is COUNTERFOIL_NETWORK_PASSPHRASE.
    """
    with exit_on_failure():
        mine = read_folder(folder)
        accounts = [address_of(account) for account in accounts]
        client = ChainClient(engine_of(mine.network.engine).rpc_url(mine))
        sent = admit_accounts(
            client,
            member=account_signer(mine, passphrase()),
            accounts=accounts,
            deploying=deploying,
        )
    print_document({"admitted": accounts, "transactions": sent}, as_json)


# ---- proposals


def _change(kind: str, members: list[str], threshold: int) -> MembershipChange:
    if kind in ("add", "remove"):
        if len(members) != 1 or threshold:
            raise NetworkError(CHANGE_MALFORMED, f"{kind} takes one member and nothing else")
        return MembershipChange(kind, member=members[0])
    if kind == "owners":
        if not 1 <= threshold <= len(members):
            raise NetworkError(
                CHANGE_MALFORMED, f"--threshold is from 1 to the {len(members)} owners named"
            )
        return MembershipChange(kind, owners=tuple(members), threshold=threshold)
    raise NetworkError(CHANGE_MALFORMED, f"a change is add, remove or owners, not {kind!r}")


def _require_change(change: MembershipChange, validators: Sequence[str], network: Network) -> None:
    """Refuse a change that is in effect already."""
    if change.kind == "owners":
        return
    is_one = network.member(change.member).node_id in validators
    if is_one is (change.kind == "add"):
        already = "a validator already" if is_one else "no validator"
        raise NetworkError(NOTHING_TO_CHANGE, f"{change.member} is {already}")


def _proposal(file: Path) -> MembershipProposal:
    try:
        found = MembershipProposal(**read_json(file))
        change = MembershipChange(**found.change)
        if type(change.ends_s) is not int:
            raise TypeError(f"a seat that ends at {change.ends_s!r}")
        return replace(found, change=asdict(change))
    except TypeError as malformed:
        raise NetworkError(PROPOSAL_MALFORMED, f"{file} is no proposal: {malformed}") from malformed


def _say_proposal(found: MembershipProposal, as_json: bool) -> None:
    change = {key: value for key, value in found.change.items() if value and key != "ends_s"}
    if found.change["ends_s"]:
        change["ends"] = date_of(found.change["ends_s"])
    missing = sorted(set(found.asked) - set(found.signed))
    said = {"network": found.network, "change": change, "signed": found.signed, "missing": missing}
    print_document(said, as_json)
