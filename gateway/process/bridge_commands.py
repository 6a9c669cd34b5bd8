"""``counterfoil gateway bridge``: take records from a broker of the fleet's own."""

from __future__ import annotations

import json
import os
from typing import Annotated

import typer

from counterfoil.gateway.errors import GatewayError
from counterfoil.gateway.process.gateway_commands import gateway_app


def register(app: typer.Typer) -> None:
    """Add ``bridge`` to ``gateway``, which is part of *app* already."""
    del app
    gateway_app.command("bridge")(bridge)


def bridge(
    broker: Annotated[
        str | None, typer.Option(help="mqtt://…, mqtts://…, or nats://… (several: with commas)")
    ] = None,
    name: Annotated[str | None, typer.Option(help="this gateway's own name at the broker")] = None,
) -> None:
    """Take records from Mosquitto or NATS until SIGTERM or Ctrl-C, and publish receipts back.

    Settings: COUNTERFOIL_BRIDGE_BROKER, _NAME, _GROUP, _CA, _CERTIFICATE, _KEY, _USERNAME, _PASSWORD, _IN_FLIGHT,
    _COPIES, _PROBE, _GAP_WITHIN_S, _DATABASE_URL, _RECEIPT_KEY, _LOG_ORIGIN, _TILES, _HTTP_PORT.
    """
    import uvloop

    # The links to brokers are loaded only here, so that the gateway, which shares this command, stays small.
    from counterfoil.gateway.process.bridge_run import serve_bridge
    from counterfoil.gateway.process.bridge_settings import BridgeSettings

    for field, given in (("BROKER", broker), ("NAME", name)):
        if given is not None:
            os.environ[f"COUNTERFOIL_BRIDGE_{field}"] = given
    settings = BridgeSettings()
    try:
        uvloop.run(serve_bridge(settings))
    except GatewayError as error:
        typer.echo(json.dumps({"code": error.code, "detail": error.detail}), err=True)
        raise typer.Exit(2) from error
