"""``counterfoil chain``: an embedded node, the contracts' deployment, and how a node is doing."""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from counterfoil.chain.anchored_heads import newest_head
from counterfoil.chain.client import ChainClient
from counterfoil.chain.consortium import Consortium
from counterfoil.chain.deployment import deploy
from counterfoil.chain.deployment_file import Deployment
from counterfoil.chain.errors import CONSORTIUM_MALFORMED, ChainError, KeyRefused
from counterfoil.chain.keys.signer import create_keystore, open_keystore
from counterfoil.chain.nodes.embedded import start_node
from counterfoil.chain.settings import ChainSettings
from counterfoil.given_file import GivenFileError, read_text_file
from counterfoil.printable import printable

chain_app = typer.Typer(
    help="The ledger: an embedded node, the contracts, their state.", no_args_is_help=True
)
_errors = Console(stderr=True)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def register(app: typer.Typer) -> None:
    """Add ``chain`` to *app*."""
    app.add_typer(chain_app, name="chain")


@chain_app.command("run")
def run(as_json: Json = False) -> None:
    """Run an embedded chain in the foreground until SIGTERM or Ctrl-C; its state is kept.

    Settings: COUNTERFOIL_CHAIN_ENGINE (anvil, ganache), _STATE_DIR, _PORT, _CHAIN_ID, _BLOCK_TIME_S,
    _ORIGINS (a JSON list: whose pages may ask it), and its door's limits (docs/limits.md).
    """
    settings = ChainSettings()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        node = start_node(
            settings.engine,
            settings.state_dir,
            port=settings.port,
            chain_id=settings.chain_id,
            block_time_s=settings.block_time_s,
            behind_door=True,
            origins=settings.origins,
            limits=settings.peer_limits,
        )
    except ChainError as failure:
        _fail(failure)
    _say({"rpc_url": node.rpc_url, "chain_id": node.chain_id, "engine": node.engine}, as_json)
    try:
        while not stop.wait(0.2):
            if node.process.poll() is not None:
                _errors.print(f"{node.engine} ended by itself, status {node.process.returncode}")
                raise typer.Exit(2)
    finally:
        node.stop()


@chain_app.command("key")
def key(path: Path) -> None:
    """Make a new key in an encrypted keystore at PATH; its passphrase is COUNTERFOIL_CHAIN_PASSPHRASE."""
    settings = ChainSettings()
    if settings.passphrase is None:
        _fail(KeyRefused("set COUNTERFOIL_CHAIN_PASSPHRASE to the new keystore's passphrase"))
    try:
        signer = create_keystore(path, settings.passphrase.get_secret_value())
    except FileExistsError:
        _fail(KeyRefused(f"{path} exists; a key is never overwritten"))
    typer.echo(signer.address)


@chain_app.command("deploy")
def deploy_command(
    consortium: Annotated[
        Path, typer.Argument(help="JSON file: who holds which role (registrar, oracle, …).")
    ],
    as_json: Json = False,
) -> None:
    """Deploy what is missing of the contracts, set their roles, record them on chain.

    Run again, it goes on where it was stopped, or sends nothing. Settings: COUNTERFOIL_CHAIN_RPC_URL, _DEPLOYMENT (the
    file that holds the addresses), _KEYSTORE and _PASSPHRASE of the admin.
    """
    settings = ChainSettings()
    if settings.keystore is None or settings.passphrase is None:
        _fail(
            KeyRefused(
                "set COUNTERFOIL_CHAIN_KEYSTORE and COUNTERFOIL_CHAIN_PASSPHRASE to the admin's key"
            )
        )
    try:
        roles = Consortium(**json.loads(read_text_file(consortium)))
        admin = open_keystore(settings.keystore, settings.passphrase.get_secret_value())
        client = ChainClient(settings.rpc_url)
        done = deploy(
            client,
            admin,
            consortium=roles,
            path=settings.deployment,
            progress=lambda step: _errors.print(f"deploy: {step}"),
        )
    except GivenFileError as failure:
        typer.echo(json.dumps({"code": failure.code, "detail": str(failure)}), err=True)
        raise typer.Exit(2) from failure
    except (OSError, ValueError, TypeError) as failure:
        _errors.print_json(json.dumps({"code": CONSORTIUM_MALFORMED, "detail": str(failure)}))
        raise typer.Exit(2) from failure
    except ChainError as failure:
        _fail(failure)
    _say({"chain_id": done.chain_id, "contracts": done.contracts}, as_json)


@chain_app.command("status")
def status(as_json: Json = False) -> None:
    """Say the node's height, the age of its newest block, what is final, and the newest anchored head."""
    settings = ChainSettings()
    try:
        addresses = (
            Deployment.read(settings.deployment).addresses if settings.deployment.exists() else {}
        )
        client = ChainClient(settings.rpc_url, addresses, settings.finality, timeout_s=5)
        latest = client.latest()
        found: dict[str, Any] = {
            "chain_id": client.chain_id(),
            "height": latest.number,
            "age_s": max(0, int(time.time()) - latest.timestamp),
            "final": client.final_number(),
        }
        if addresses:
            head = newest_head(client)
            found["head"] = head and {
                "size": head["size"],
                "root": head["root"].hex(),
                "state": head["state"].hex(),
            }
    except ChainError as failure:
        _fail(failure)
    _say(found, as_json)


def _say(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(found))
    else:
        for name, value in found.items():
            typer.echo(f"{name}: {printable(value)}")
    sys.stdout.flush()


def _fail(failure: ChainError) -> NoReturn:
    typer.echo(json.dumps({"code": failure.code, "detail": str(failure)}), err=True)
    raise typer.Exit(2)
