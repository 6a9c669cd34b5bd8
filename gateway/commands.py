"""``counterfoil gateway``: the devices' own endpoint, and the bridge from a broker."""

from __future__ import annotations

import typer

from counterfoil.gateway.bridge import commands as bridge
from counterfoil.gateway.serve import commands as serve


def register(app: typer.Typer) -> None:
    """Add ``gateway`` with its sub-commands to *app*."""
    serve.register(app)
    bridge.register(app)
