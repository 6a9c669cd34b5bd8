"""``counterfoil up``: all of it on this machine, over one data folder."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from counterfoil.api.access.auth import Role
from counterfoil.chain.errors import ChainError
from counterfoil.up.data_folder import MOST_ORACLES, open_house
from counterfoil.up.folder_lock import HouseInUse, default_data
from counterfoil.up.for_auditors import TITLE, for_auditors
from counterfoil.up.process_tree import Tree
from counterfoil.up.signin import sign_in_link
from counterfoil.up.superseded import HouseSuperseded
from counterfoil.up.supervisor import ChildFailed


def register(app: typer.Typer) -> None:
    """Add ``up`` to *app*."""
    app.command("up")(up)


def up(
    data: Annotated[
        Path | None,
        typer.Option(help="The data folder; kept between runs. [default: .counterfoil]"),
    ] = None,
    currency: Annotated[
        str, typer.Option(help="ISO 4217 code of the deposit token, at the first start.")
    ] = "CNY",
    engine: Annotated[str, typer.Option(help="anvil or ganache, at the first start.")] = "anvil",
    oracles: Annotated[
        int,
        typer.Option(
            help="At the first start: N oracle nodes, of which more than two thirds must sign.",
            min=1,
            max=MOST_ORACLES,
        ),
    ] = 1,
    network: Annotated[
        Path | None,
        typer.Option(
            help="At the first start: use this network member's node instead of an embedded chain."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the addresses as one JSON document.")
    ] = False,
) -> None:
    """Run chain, gateway, oracle and API until Ctrl-C; what dies is started again."""
    errors = Console(stderr=True)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        house = open_house(
            data or default_data(),
            currency=currency,
            engine=engine,
            oracles=oracles,
            network=network,
        )
    except (ChainError, HouseInUse, HouseSuperseded) as failure:
        typer.echo(json.dumps({"code": failure.code, "detail": str(failure)}), err=True)
        raise typer.Exit(2) from failure
    tree = Tree(house, lambda step: errors.print(f"up: {step}"))
    try:
        tree.start()
    except (HouseInUse, ChildFailed, ChainError) as failure:
        typer.echo(json.dumps({"code": failure.code, "detail": str(failure)}), err=True)
        raise typer.Exit(2) from failure
    found = {
        "data": str(house.folder),
        "api": house.api_url,
        "mqtt": f"mqtts://127.0.0.1:{house.ports['mqtt']}",
        "gateway": house.gateway_url,
        "chain": house.rpc_url,
        "sign_in": sign_in_link(house, role=Role.ADMIN, party="admin", name="Admin"),
    }
    auditor = for_auditors(house)
    if as_json:
        typer.echo(json.dumps({**found, "auditor": auditor}))
    else:
        for name, value in found.items():
            typer.echo(f"{name:8} {value}")
        typer.echo(f"\n{TITLE}")
        for name, value in auditor.items():
            typer.echo(f"{name:15} {value}")
    while not stop.wait(0.5):
        tree.supervisor.watch_once()
    tree.stop()
