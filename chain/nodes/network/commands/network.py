"""``counterfoil network``: a consortium's own chain and each bank's node; :mod:`.membership` has the other commands."""

from __future__ import annotations

import json
import signal
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from counterfoil.chain.nodes.network import backup as backups
from counterfoil.chain.nodes.network.charter import read_charter
from counterfoil.chain.nodes.network.commands import membership
from counterfoil.chain.nodes.network.commands.output import (
    Json,
    OwnFolder,
    exit_on_failure,
    note,
    print_document,
    progress,
)
from counterfoil.chain.nodes.network.creation import create as create_network
from counterfoil.chain.nodes.network.engines import process
from counterfoil.chain.nodes.network.engines.choice import engine_of
from counterfoil.chain.nodes.network.folder import folders_at, read_folder
from counterfoil.chain.nodes.network.health import Health, date_of, health_of
from counterfoil.printable import printable

network_app = typer.Typer(
    help="The permissioned network: a node at each bank, membership decided k of n.",
    no_args_is_help=True,
)

Place = Annotated[
    Path, typer.Argument(help="A member's folder, or the network's with all of them.")
]
Who = Annotated[str | None, typer.Argument(help="This member alone.")]


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
    with exit_on_failure():
        where = engine_of(engine).install(progress)
    print_document({"engine": engine, "programs": where}, as_json)


@network_app.command("create")
def create(
    charter: Annotated[Path, typer.Argument(help="consortium.yaml: what the members agreed.")],
    out: Annotated[Path, typer.Option(help="The folder to make; outside of any repository.")],
    as_json: Json = False,
) -> None:
    """Make a network: keys, genesis, and a folder for each member that can be handed out by itself.

    Every node runs on this machine for some seconds, until the chain is there and belongs to its owners.
    """
    with exit_on_failure():
        agreed = read_charter(charter)
        engine = engine_of(agreed.engine)
        folders = create_network(engine, charter=agreed, out=out, progress=progress)
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
    note("hand each member its folder and, by another way, its passphrase; then delete both here")
    print_document(found, as_json)


@network_app.command("start")
def start(place: Place, member: Who = None, as_json: Json = False) -> None:
    """Start nodes and return once they serve the chain; those that run are left alone."""
    with exit_on_failure():
        folders = folders_at(place, member)
        engine = engine_of(folders[0].network.engine)
        idle = [f for f in folders if process.running_pid(f) is None]
        seconds = process.start_all(engine, idle)
        found = [{"member": f.name, "rpc_url": engine.rpc_url(f)} for f in folders]
    note(f"started {len(idle)} in {seconds:.1f} s")
    print_document(found, as_json)


@network_app.command("run")
def run(folder: OwnFolder) -> None:
    """Run one node in the foreground until SIGTERM or Ctrl-C, for systemd."""
    stop_asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop_asked.set())
    with exit_on_failure():
        mine = read_folder(folder)
        engine = engine_of(mine.network.engine)
        status = process.run(engine, mine, stop_asked.is_set)
    raise typer.Exit(0 if stop_asked.is_set() else status or 1)


@network_app.command("stop")
def stop(place: Place, member: Who = None, as_json: Json = False) -> None:
    """Stop nodes, each by its own process id."""
    with exit_on_failure():
        folders = folders_at(place, member)
        running = [f for f in folders if process.running_pid(f) is not None]
        process.stop_all(running)
    print_document([{"member": f.name, "stopped": f in running} for f in folders], as_json)


@network_app.command("status")
def status(place: Place, member: Who = None, as_json: Json = False) -> None:
    """Say how nodes and chain are doing: height, finality, peers, who is missing, seats, owners, disk, clock.

    Exit status: 0 when all goes on, 1 when the chain stands still or a node is down, 2 when it could not tell.
    """
    with exit_on_failure():
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


membership.add_to(network_app)


@network_app.command("backup")
def backup(
    folder: OwnFolder,
    to: Annotated[Path, typer.Argument(help="The file to write; it holds keys.")],
    with_data: Annotated[
        bool, typer.Option("--with-data", help="The chain's data too; the node must be stopped.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write a member's folder into one file."""
    with exit_on_failure():
        written = backups.backup(read_folder(folder), to, with_data)
    print_document({"file": str(written), "bytes": written.stat().st_size}, as_json)


@network_app.command("restore")
def restore(
    file: Annotated[Path, typer.Argument(help="A backup.")],
    out: Annotated[Path, typer.Option(help="The folder to make; outside of any repository.")],
    as_json: Json = False,
) -> None:
    """Make a member's folder from a backup. Never run it beside the node that it was made of."""
    with exit_on_failure():
        folder = backups.restore(file, out)
    print_document({"member": folder.name, "folder": str(folder.path)}, as_json)


# ---- output


def _show(health: Health) -> None:
    colour = {"running": "green", "still": "red"}.get(health.verdict, "yellow")
    plain = Console(highlight=False, soft_wrap=True)
    plain.print(
        f"[bold]{health.member}[/bold]: [{colour}]{health.verdict}[/{colour}]: {printable(health.why)}"
    )
    if health.height is not None:
        plain.print(
            f"  block {health.height}, final {health.final}, {health.block_age_s} s old; "
            f"{health.waiting} transactions wait; {health.peers} peers"
        )
    if health.validators:
        place = "a validator" if health.is_validator else "no validator"
        ends = "" if health.ends_s is None else f"; the first seat ends on {date_of(health.ends_s)}"
        plain.print(
            f"  {health.connected} of {health.validators} validators connected, {health.needed} needed; "
            f"this node is {place}{ends}"
        )
        owners = ", ".join(health.owners)
        plain.print(f"  {health.threshold} of the owners {owners} decide who is a member")
    plain.print(
        f"  data {health.data_bytes / 1e6:,.0f} MB ({health.states}), "
        f"free {health.disk_free_bytes / 1e9:,.1f} of {health.disk_bytes / 1e9:,.1f} GB"
    )
    for warning in health.warnings:
        plain.print(f"  [yellow]{printable(warning)}[/yellow]")
