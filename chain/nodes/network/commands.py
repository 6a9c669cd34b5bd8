"""``counterfoil network``: a consortium's own chain, from its charter to the day a member leaves."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from counterfoil.chain.client import ChainClient
from counterfoil.chain.errors import ChainError, KeyRefused
from counterfoil.chain.nodes.network import backup as backups
from counterfoil.chain.nodes.network import process
from counterfoil.chain.nodes.network.admit import admit as admit_accounts
from counterfoil.chain.nodes.network.charter import address_of, read_charter, seat_of
from counterfoil.chain.nodes.network.create import (
    account_signer,
    owner_key,
)
from counterfoil.chain.nodes.network.create import (
    allow as allow_member,
)
from counterfoil.chain.nodes.network.create import (
    create as create_network,
)
from counterfoil.chain.nodes.network.create import (
    join as join_network,
)
from counterfoil.chain.nodes.network.engine import Change, Proposal, engine_of
from counterfoil.chain.nodes.network.errors import NetworkError
from counterfoil.chain.nodes.network.files import read_json, write_json
from counterfoil.chain.nodes.network.folder import (
    Network,
    folders_at,
    member_of,
    read_folder,
)
from counterfoil.chain.nodes.network.health import Health, health_of

network_app = typer.Typer(
    help="The permissioned network: a node at each bank, membership decided k of n.",
    no_args_is_help=True,
)
_said = Console(stderr=True)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Place = Annotated[
    Path, typer.Argument(help="A member's folder, or the network's with all of them.")
]
Mine = Annotated[Path, typer.Argument(help="This member's folder.")]
Who = Annotated[str | None, typer.Argument(help="This member alone.")]
ProposalFile = Annotated[Path, typer.Argument(help="The proposal's file.")]

_PASSPHRASE = "COUNTERFOIL_NETWORK_PASSPHRASE"  # noqa: S105  # the variable's name


def register(app: typer.Typer) -> None:
    """Add ``network`` to *app*."""
    app.add_typer(network_app, name="network")


@network_app.command("install")
def install(
    engine: Annotated[str, typer.Option(help="avalanche or besu.")] = "avalanche",
    as_json: Json = False,
) -> None:
    """Build the engine's programs, once for this user; a build that is there is kept.

    Kept in ~/.cache/counterfoil/network, or where COUNTERFOIL_NETWORK_HOME says. Needs go and a C compiler.
    """
    with _failing():
        where = engine_of(engine).install(_progress)
    _answer({"engine": engine, "programs": where}, as_json)


@network_app.command("create")
def create(
    charter: Annotated[Path, typer.Argument(help="consortium.yaml: what the members agreed.")],
    out: Annotated[Path, typer.Option(help="The folder to make; outside of any repository.")],
    as_json: Json = False,
) -> None:
    """Make a network: keys, genesis, and a folder for each member that can be handed out by itself.

    Every node runs on this machine for some seconds, until the chain is there and belongs to its owners.
    """
    with _failing():
        agreed = read_charter(charter)
        engine = engine_of(agreed.engine)
        folders = create_network(engine, agreed, out, _progress)
        found = {
            "network": agreed.name,
            "engine": agreed.engine,
            "chain_id": agreed.chain_id,
            "threshold": agreed.threshold,
            "passphrases": str(out.resolve() / "passphrases.json"),
            "members": [
                {"name": f.name, "folder": str(f.path), "rpc_url": engine.rpc_url(f)}
                for f in folders
            ],
        }
    _said.print(
        "hand each member its folder and, by another way, its passphrase; then delete both here",
        highlight=False,
        soft_wrap=True,
    )
    _answer(found, as_json)


@network_app.command("start")
def start(place: Place, member: Who = None, as_json: Json = False) -> None:
    """Start nodes and return once they serve the chain; those that run are left alone."""
    with _failing():
        folders = folders_at(place, member)
        engine = engine_of(folders[0].network.engine)
        idle = [f for f in folders if process.running_pid(f) is None]
        seconds = process.start_all(engine, idle)
        found = [{"member": f.name, "rpc_url": engine.rpc_url(f)} for f in folders]
    _said.print(f"started {len(idle)} in {seconds:.1f} s", highlight=False, soft_wrap=True)
    _answer(found, as_json)


@network_app.command("run")
def run(folder: Mine) -> None:
    """Run one node in the foreground until SIGTERM or Ctrl-C, for systemd."""
    stop_asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop_asked.set())
    with _failing():
        mine = read_folder(folder)
        engine = engine_of(mine.network.engine)
        status = process.run(engine, mine, stop_asked.is_set)
    raise typer.Exit(0 if stop_asked.is_set() else status or 1)


@network_app.command("stop")
def stop(place: Place, member: Who = None, as_json: Json = False) -> None:
    """Stop nodes, each by its own process id."""
    with _failing():
        folders = folders_at(place, member)
        running = [f for f in folders if process.running_pid(f) is not None]
        process.stop_all(running)
    _answer([{"member": f.name, "stopped": f in running} for f in folders], as_json)


@network_app.command("status")
def status(place: Place, member: Who = None, as_json: Json = False) -> None:
    """Say how nodes and chain are doing: height, finality, peers, who is missing, disk, clock.

    Exit status: 0 when all goes on, 1 when the chain stands still or a node is down, 2 when it could not tell.
    """
    with _failing():
        folders = folders_at(place, member)
        engine = engine_of(folders[0].network.engine)
        found = [health_of(engine, folder) for folder in folders]
    if as_json:
        typer.echo(json.dumps([asdict(health) for health in found]))
    else:
        for health in found:
            _show(health)
    worst = {health.exit_status for health in found}
    raise typer.Exit(1 if 1 in worst else max(worst))


@network_app.command("join")
def join(
    network: Annotated[Path, typer.Argument(help="The network.json of any member.")],
    name: Annotated[str, typer.Option(help="The new member's name.")],
    peer_port: Annotated[int, typer.Option(help="Where the others reach its node.")],
    rpc_port: Annotated[int, typer.Option(help="Where its own programs do, on 127.0.0.1.")],
    out: Annotated[Path, typer.Option(help="The folder to make; outside of any repository.")],
    host: Annotated[
        str, typer.Option(help="The IP address that the others connect to.")
    ] = "127.0.0.1",
    as_json: Json = False,
) -> None:
    """Make a new member's folder with its own keys, and the identity that the others are to be sent.

    Once they have allowed it, its node follows the chain; by a vote it becomes a validator. The passphrase of its
    keystores is COUNTERFOIL_NETWORK_PASSPHRASE.
    """
    with _failing():
        asked = {"name": name, "host": host, "peer_port": peer_port, "rpc_port": rpc_port}
        seat = seat_of(asked, "the new member")
        known = Network.of(read_json(network))
        engine = engine_of(known.engine)
        engine.install(_progress)
        folder, member = join_network(engine, known, seat, out, _passphrase())
        identity = folder.path / "identity.json"
        write_json(identity, asdict(member))
    _said.print(
        f"send {identity} to every member: counterfoil network allow FOLDER identity.json",
        highlight=False,
        soft_wrap=True,
    )
    _answer({"folder": str(folder.path), "identity": str(identity), **asdict(member)}, as_json)


@network_app.command("allow")
def allow(
    folder: Mine,
    identity: Annotated[Path, typer.Argument(help="The identity.json of the new member.")],
    as_json: Json = False,
) -> None:
    """Let a new member's node follow the chain from ours, from our node's next start on."""
    with _failing():
        mine = read_folder(folder)
        member = member_of(read_json(identity))
        is_new = allow_member(mine, member)
    if is_new and process.running_pid(mine) is not None:
        _said.print(
            f"it holds from the next start of {mine.name}'s node on",
            highlight=False,
            soft_wrap=True,
        )
    _answer({"member": member.name, "node_id": member.node_id, "is_new": is_new}, as_json)


@network_app.command("propose")
def propose(
    folder: Mine,
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
    with _failing():
        mine = read_folder(folder)
        change = _change(kind, members, threshold)
        if out.exists():
            raise NetworkError("exists", f"{out} is there already")
        made = engine_of(mine.network.engine).propose(mine, change, signers or [])
        write_json(out, asdict(made))
    _say_proposal(made, as_json)


@network_app.command("check")
def check(folder: Mine, file: ProposalFile, as_json: Json = False) -> None:
    """Say what a proposal's bytes do and who has signed them. Exit status: 0 complete, 1 not yet."""
    with _failing():
        mine = read_folder(folder)
        found = engine_of(mine.network.engine).check(mine, _proposal(file))
    _say_proposal(found, as_json)
    raise typer.Exit(0 if found.is_complete else 1)


@network_app.command("vote")
def vote(
    folder: Mine,
    file: ProposalFile,
    offline: Annotated[
        bool, typer.Option("--offline", help="Only sign, even if this is the last signature.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Add this member's signature to a proposal; the last one puts it into effect. Signing needs no node.

    The passphrase of the owner's keystore is COUNTERFOIL_NETWORK_PASSPHRASE.
    """
    with _failing():
        mine = read_folder(folder)
        engine = engine_of(mine.network.engine)
        found = engine.check(mine, _proposal(file))
        found = engine.vote(mine, found, owner_key(mine, _passphrase()))
        write_json(file, asdict(found))
        if found.is_complete and not offline:
            engine.submit(mine, found)
            _said.print(
                "the last vote was given: the change is in effect", highlight=False, soft_wrap=True
            )
    _say_proposal(found, as_json)


@network_app.command("submit")
def submit(folder: Mine, file: ProposalFile, as_json: Json = False) -> None:
    """Put a proposal into effect that every asked owner has signed."""
    with _failing():
        mine = read_folder(folder)
        engine = engine_of(mine.network.engine)
        found = engine.check(mine, _proposal(file))
        engine.submit(mine, found)
    _say_proposal(found, as_json)


@network_app.command("admit")
def admit(
    folder: Mine,
    accounts: Annotated[list[str], typer.Argument(help="Addresses on the chain.")],
    deploying: Annotated[bool, typer.Option("--deploy", help="Contracts as well.")] = False,
    as_json: Json = False,
) -> None:
    """Let accounts transact on the chain, by this member's own account, and give them wei.

    The passphrase of the account's keystore is COUNTERFOIL_NETWORK_PASSPHRASE.
    """
    with _failing():
        mine = read_folder(folder)
        accounts = [address_of(account) for account in accounts]
        client = ChainClient(engine_of(mine.network.engine).rpc_url(mine))
        sent = admit_accounts(client, account_signer(mine, _passphrase()), accounts, deploying)
    _answer({"admitted": accounts, "transactions": sent}, as_json)


@network_app.command("backup")
def backup(
    folder: Mine,
    to: Annotated[Path, typer.Argument(help="The file to write; it holds keys.")],
    with_data: Annotated[
        bool, typer.Option("--with-data", help="The chain's data too; the node must be stopped.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write a member's folder into one file."""
    with _failing():
        written = backups.backup(read_folder(folder), to, with_data)
    _answer({"file": str(written), "bytes": written.stat().st_size}, as_json)


@network_app.command("restore")
def restore(
    file: Annotated[Path, typer.Argument(help="A backup.")],
    out: Annotated[Path, typer.Option(help="The folder to make; outside of any repository.")],
    as_json: Json = False,
) -> None:
    """Make a member's folder from a backup. Never run it beside the node that it was made of."""
    with _failing():
        folder = backups.restore(file, out)
    _answer({"member": folder.name, "folder": str(folder.path)}, as_json)


# ---- parts


def _change(kind: str, members: list[str], threshold: int) -> Change:
    if kind in ("add", "remove"):
        if len(members) != 1 or threshold:
            raise NetworkError("change_malformed", f"{kind} takes one member and nothing else")
        return Change(kind, member=members[0])
    if kind == "owners":
        if not 1 <= threshold <= len(members):
            raise NetworkError(
                "change_malformed", f"--threshold is from 1 to the {len(members)} owners named"
            )
        return Change(kind, owners=tuple(members), threshold=threshold)
    raise NetworkError("change_malformed", f"a change is add, remove or owners, not {kind!r}")


def _proposal(file: Path) -> Proposal:
    try:
        found = Proposal(**read_json(file))
        Change(**found.change)
        return found
    except TypeError as malformed:
        raise NetworkError(
            "proposal_malformed", f"{file} is no proposal: {malformed}"
        ) from malformed


def _say_proposal(found: Proposal, as_json: bool) -> None:
    change = {key: value for key, value in found.change.items() if value}
    missing = sorted(set(found.asked) - set(found.signed))
    said = {"network": found.network, "change": change, "signed": found.signed, "missing": missing}
    _answer(said, as_json)


def _show(health: Health) -> None:
    colour = {"running": "green", "still": "red"}.get(health.verdict, "yellow")
    plain = Console(highlight=False, soft_wrap=True)
    plain.print(
        f"[bold]{health.member}[/bold]: [{colour}]{health.verdict}[/{colour}]: {health.why}"
    )
    if health.height is not None:
        plain.print(
            f"  block {health.height}, final {health.final}, {health.block_age_s} s old; "
            f"{health.waiting} transactions wait; {health.peers} peers"
        )
    if health.validators:
        place = "a validator" if health.is_validator else "no validator"
        plain.print(
            f"  {health.connected} of {health.validators} validators connected, {health.needed} needed; "
            f"this node is {place}"
        )
    plain.print(
        f"  data {health.data_bytes / 1e6:,.0f} MB, free {health.disk_free_bytes / 1e9:,.0f} GB"
    )
    for warning in health.warnings:
        plain.print(f"  [yellow]{warning}[/yellow]")


def _passphrase() -> str:
    found = os.environ.get(_PASSPHRASE)
    if not found and sys.stdin.isatty():
        found = str(typer.prompt("Passphrase", hide_input=True, err=True))
    if not found:
        raise KeyRefused(f"set {_PASSPHRASE} to the passphrase of this member's keystores")
    return found


def _progress(step: str) -> None:
    _said.print(f"network: {step}", highlight=False, soft_wrap=True)


def _answer(found: Any, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(found))
        return
    for entry in found if isinstance(found, list) else [found]:
        for name, value in entry.items():
            shown = value if isinstance(value, str | int) else json.dumps(value)
            typer.echo(f"{name}: {shown}")


@contextmanager
def _failing() -> Iterator[None]:
    """A failure becomes its code and detail on standard error, and exit status 2."""
    try:
        yield
    except ChainError as failure:
        typer.echo(json.dumps({"code": failure.code, "detail": str(failure)}), err=True)
        raise typer.Exit(2) from failure
    except OSError as failure:
        typer.echo(json.dumps({"code": "network.system", "detail": str(failure)}), err=True)
        raise typer.Exit(2) from failure
