"""The command ``counterfoil``: each package brings its own sub-commands, joined here."""

from __future__ import annotations

import sys
from importlib import import_module

import structlog
import typer

_COMMANDS = {
    "replay": "counterfoil.replay.commands",
    "up": "counterfoil.up.commands",
    "api": "counterfoil.api.commands",
    "audit": "counterfoil.api.commands",
    "oracle": "counterfoil.oracle.commands",
    "gateway": "counterfoil.gateway.commands",
    "device": "counterfoil.gateway.commands",
    "pki": "counterfoil.gateway.commands",
    "inspect": "counterfoil.gateway.commands",
    "chain": "counterfoil.chain.commands",
}

app = typer.Typer(
    name="counterfoil",
    help="Machines sign what they sell; every bank keeps the half that proves it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def _root() -> None:
    """Machines sign what they sell; every bank keeps the half that proves it."""


def main() -> None:
    """Run the command line and exit with its status: 0 yes, 1 no, 2 could not tell."""
    # Standard output is for answers; what a process logs goes beside them.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    # A command that is named needs only its own package: the others are not imported for it.
    asked = _COMMANDS.get(sys.argv[1]) if len(sys.argv) > 1 else None
    for module in [asked] if asked else dict.fromkeys(_COMMANDS.values()):
        import_module(module).register(app)
    sys.exit(app())


if __name__ == "__main__":
    main()
