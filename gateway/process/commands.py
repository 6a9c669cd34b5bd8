"""``counterfoil gateway``: the devices' own endpoint, and the bridge from a broker."""

from __future__ import annotations

import typer

from counterfoil.gateway.process import bridge_commands as bridge
from counterfoil.gateway.process import gateway_commands as serve


def register(app: typer.Typer) -> None:
    """Add ``gateway`` with its sub-commands to *app*."""
    serve.register(app)
    bridge.register(app)
