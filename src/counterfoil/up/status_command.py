"""``counterfoil status``: how the whole house is, in one command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from counterfoil.api.commands.faults import API_UNREACHABLE
from counterfoil.printable import printable
from counterfoil.up.data_folder import HouseNotThere, read_house
from counterfoil.up.folder_lock import default_data
from counterfoil.up.house_look import HouseLook, Seen, by_the_api, parts_of


def register(app: typer.Typer) -> None:
    """Add ``status`` to *app*."""
    app.command("status")(status)


def status(
    data: Annotated[
        Path | None,
        typer.Option(help="The data folder of `counterfoil up`. [default: .counterfoil]"),
    ] = None,
    api: Annotated[
        str,
        typer.Option(help="Ask this API instead, where the processes are not on this machine."),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say how chain, gateway, oracle and API are, and what must be seen to (docs/alarms.md lists it all).

    Exit status: 0 all is well, 1 something must be seen to, 2 it could not be told.
    """
    seen = _by_an_api(api) if api else _by_the_folder(data or default_data())
    if as_json:
        typer.echo(json.dumps(seen.to_json()))
    else:
        for name, wrong in seen.parts.items():
            typer.echo(f"{name:8} {printable(wrong or 'well')}")
        for alarm in seen.alarms:
            part = f" ({alarm.part})" if alarm.part else ""
            typer.echo(printable(f"ALARM {alarm.code}{part}: {alarm.detail}"))
    raise typer.Exit(1 if seen.alarms else 0)


def _by_the_folder(folder: Path) -> Seen:
    try:
        return HouseLook(read_house(folder)).look()
    except HouseNotThere as failure:
        typer.echo(json.dumps({"code": failure.code, "detail": str(failure)}), err=True)
        raise typer.Exit(2) from failure


def _by_an_api(url: str) -> Seen:
    alarms = by_the_api(url.rstrip("/"))
    if [one.code for one in alarms] == [API_UNREACHABLE]:
        typer.echo(json.dumps({"code": API_UNREACHABLE, "detail": alarms[0].detail}), err=True)
        raise typer.Exit(2)
    return Seen(parts_of(alarms), alarms)
