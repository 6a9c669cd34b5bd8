"""The command ``counterfoil``: each package brings its own sub-commands, joined here."""

from __future__ import annotations

import sys
from importlib import import_module

import typer

app = typer.Typer(
    name="counterfoil",
    help="Machines sign what they sell; every bank keeps the half that proves it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line and exit with its status: 0 yes, 1 no, 2 could not tell."""
    for module in ("replay", "up", "api", "oracle", "gateway", "chain"):
        try:
            commands = import_module(f"counterfoil.{module}.commands")
        except ModuleNotFoundError as missing:
            if missing.name != f"counterfoil.{module}.commands":
                raise
            continue
        commands.register(app)
    sys.exit(app())


if __name__ == "__main__":
    main()
