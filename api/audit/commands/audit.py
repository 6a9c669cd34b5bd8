"""``counterfoil audit``: make and verify bundles, sweep a log, and take disputes and promises to the chain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import typer

from counterfoil.command_loading import CommandsByName

_HERE = "counterfoil.api.audit.commands"


class _Audit(CommandsByName):
    TABLE: ClassVar[Mapping[str, tuple[str, str]]] = {
        "sweep": (f"{_HERE}.sweep", "sweep_command"),
        "dispute": (f"{_HERE}.dispute", "dispute_command"),
        "challenge": (f"{_HERE}.promise", "challenge_command"),
        "answer": (f"{_HERE}.promise", "answer_command"),
        "mark": (f"{_HERE}.promise", "mark_command"),
        "proof": (f"{_HERE}.dispute", "proof_command"),
        "bundle": (f"{_HERE}.bundle", "bundle_command"),
        "facts": (f"{_HERE}.facts", "facts_command"),
        "deployment": (f"{_HERE}.deployment", "deployment_command"),
        "verify": (f"{_HERE}.verify", "verify_command"),
    }


def register(app: typer.Typer) -> None:
    """Add ``audit`` to *app*."""
    app.add_typer(
        typer.Typer(
            cls=_Audit,
            help="One file that proves a device's records; its verification.",
            no_args_is_help=True,
        ),
        name="audit",
    )
