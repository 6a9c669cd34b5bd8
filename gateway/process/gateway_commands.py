"""``counterfoil gateway``: run it, and ask how it is."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from counterfoil.gateway.errors import GATEWAY_UNREACHABLE
from counterfoil.gateway.process.gateway_settings import GatewaySettings
from counterfoil.printable import printable

gateway_app = typer.Typer(
    help="The devices' door: verify, store, then acknowledge.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add ``gateway`` to *app*."""
    app.add_typer(gateway_app, name="gateway")


@gateway_app.command("run")
def run() -> None:
    """Run the gateway in the foreground until SIGTERM or Ctrl-C.

    Settings: COUNTERFOIL_GATEWAY_TLS_CERTIFICATE, _TLS_KEY, _DEVICE_CA, _CRL, _RECEIPT_KEY, _DATABASE_URL, _HOST,
    _MQTT_PORT, _HTTP_PORT, _HTTPS_PORT, _READER_PORT, _READERS, _TILES, _LOG_ORIGIN, _PROMISE_WITHIN_S,
    _VERIFY_PROCESSES, _VERIFY_SILENT_S (5: one that tells nothing for so long is replaced), _STALLED_AFTER_S (10: when
    nothing was committed for so long though records wait, it is told).
    """
    import uvloop

    from counterfoil.gateway.process.gateway_run import serve

    uvloop.run(serve(GatewaySettings()))


@gateway_app.command("status")
def status(
    url: Annotated[str, typer.Option(help="The gateway's HTTP address.")] = "http://127.0.0.1:8884",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say whether the gateway commits, how many records it has, and until when its certificates and its list last."""
    # Loaded only here: the gateway makes no requests, and stays small without it.
    import httpx

    try:
        response = httpx.get(f"{url}/healthz", timeout=5)
        found = response.json()
    except (httpx.HTTPError, ValueError) as failure:
        typer.echo(json.dumps({"code": GATEWAY_UNREACHABLE, "detail": str(failure)}), err=True)
        raise typer.Exit(2) from failure
    if as_json:
        typer.echo(json.dumps(found))
    else:
        ends, alarms = found.pop("ends", {}), found.pop("alarms", [])
        for name, value in found.items():
            typer.echo(f"{name}: {printable(value)}")
        for name, at in ends.items():
            typer.echo(f"{printable(name)} ends: {printable(at or 'not known')}")
        for alarm in alarms:
            typer.echo(f"ALARM {printable(alarm['code'])}: {printable(alarm['detail'])}")
    raise typer.Exit(0 if response.status_code == 200 else 1)
