"""The gateway's part of the command line: every folder here brings its own sub-commands."""

from __future__ import annotations

from importlib import import_module

import typer

_PARTS = ("serve", "bridge", "pki", "device", "inspection")


def register(app: typer.Typer) -> None:
    """Add the gateway's sub-commands to *app*."""
    for part in _PARTS:
        try:
            commands = import_module(f"counterfoil.gateway.{part}.commands")
        except ModuleNotFoundError as missing:
            if not (missing.name or "").startswith(f"counterfoil.gateway.{part}"):
                raise
            continue
        commands.register(app)
