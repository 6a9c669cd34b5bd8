"""The command ``counterfoil``: each package brings its own sub-commands, joined here."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

_COMMANDS = {
    "up": ("counterfoil.up.commands", "Run chain, gateway, oracle and API until Ctrl-C."),
    "status": (
        "counterfoil.up.status_command",
        "How the whole house is, and what must be seen to.",
    ),
    "backup": (
        "counterfoil.backup.commands",
        "Copy all of a house, sealed, while it runs.",
    ),
    "restore": (
        "counterfoil.backup.commands",
        "Make a house from a backup, and sweep it.",
    ),
    "demo": (
        "counterfoil.replay.commands",
        "The main job, and a claim and a loan on it.",
    ),
    "replay": (
        "counterfoil.replay.commands",
        "Run the main job on files, or on simulated machines.",
    ),
    "gateway": (
        "counterfoil.gateway.process.commands",
        "The devices' door: verify, store, then acknowledge.",
    ),
    "oracle": ("counterfoil.oracle.commands.oracle", "Batches and heads, matching, revenue."),
    "day": ("counterfoil.oracle.commands.day", "The business day: close it, show it."),
    "statements": (
        "counterfoil.oracle.commands.bank",
        "The bank's statements (camt.053), entry by entry.",
    ),
    "payouts": (
        "counterfoil.oracle.commands.bank",
        "Withdrawals as payment files (pain.001).",
    ),
    "invoices": (
        "counterfoil.invoices.commands",
        "Run a file of invoices through the claims.",
    ),
    "api": ("counterfoil.api.commands.api", "The API and the pages."),
    "chain": ("counterfoil.chain.commands", "The embedded chain, keys and contracts."),
    "network": (
        "counterfoil.chain.nodes.network.commands.network",
        "The permissioned network: a node at each bank.",
    ),
    "device": ("counterfoil.gateway.device.commands", "A device's journal, and sending it."),
    "pki": ("counterfoil.gateway.pki.commands", "The device CA: enrol, renew, revoke."),
    "inspect": (
        "counterfoil.gateway.formats.inspection.commands",
        "Say what a file is and whether it is true.",
    ),
    "schedule": ("counterfoil.oracle.commands.schedule", "A loan's events by the ACTUS standard."),
    "assets": (
        "counterfoil.api.commands.assets",
        "Claims, credit, receipts and shares, through the API.",
    ),
    "audit": (
        "counterfoil.api.audit.commands.audit",
        "Bundles for an auditor, and verifying one alone.",
    ),
    "log": (
        "counterfoil.gateway.logfiles.commands",
        "The log from outside: its key, a copy of it.",
    ),
    "witness": (
        "counterfoil.gateway.witness.commands",
        "Watch a log, cosign its heads, find its forks.",
    ),
}
"""name → (module, what the list of commands says of it)."""

app = typer.Typer(
    name="counterfoil",
    help="Machines sign what they sell; every bank keeps the half that proves it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def _root(
    settings: Annotated[
        Path | None,
        typer.Option(help="A file of COUNTERFOIL_…=… lines; the environment goes before it."),
    ] = None,
) -> None:
    """Machines sign what they sell; every bank keeps the half that proves it."""
    del settings  # taken by main, before any command reads the environment


def main() -> None:
    """Run the command line and exit with its status: 0 yes, 1 no, 2 could not tell."""
    _take_settings()
    # A named command needs only its own package, and the list of commands needs none.
    named = sys.argv[1] if len(sys.argv) > 1 else ""
    if named in _COMMANDS:
        _register(_COMMANDS[named][0])
    elif "_COUNTERFOIL_COMPLETE" in os.environ:
        for module in dict.fromkeys(module for module, _ in _COMMANDS.values()):
            _register(module)
    else:
        for name, (_, says) in _COMMANDS.items():
            app.command(name, help=says)(_listed(name))
    try:
        status = app()
    except Exception as failure:
        told = _told(failure)
        if told is None:
            raise
        typer.echo(json.dumps(told), err=True)
        status = 2
    sys.exit(status)


def _told(failure: Exception) -> dict[str, str] | None:
    """What is said in one line of a failure that any command can meet; None of one that is nobody's to mend."""
    from counterfoil.fault import SETTINGS_INVALID, STORE_UNREADABLE
    from counterfoil.given_file import GivenFileError

    if isinstance(failure, GivenFileError):
        return {"code": failure.code, "detail": str(failure)}
    if _is_of_the_database(failure):
        detail = f"the database can't be read or written: {str(failure).splitlines()[0]}"
        return {"code": STORE_UNREADABLE, "detail": detail}
    if "pydantic_settings" in sys.modules:  # a command that has not loaded it has no settings
        from counterfoil.settings_form import wrong_settings

        wrong = wrong_settings(failure)
        if wrong is not None:
            return {"code": SETTINGS_INVALID, "detail": wrong}
    return None


def _is_of_the_database(failure: Exception) -> bool:
    """Whether *failure* is a database that is missing, locked or of another kind, and no broken constraint."""
    errors = sys.modules.get("sqlalchemy.exc")  # a command that has not loaded it can't fail by it
    if errors is None:
        return False
    of_the_database = (errors.DatabaseError, errors.InterfaceError, errors.ArgumentError)
    return isinstance(failure, of_the_database) and not isinstance(failure, errors.IntegrityError)


def _take_settings() -> None:
    """Take the lines of the settings file, if one is named; the environment goes before them."""
    path = os.environ.get("COUNTERFOIL_SETTINGS")
    if len(sys.argv) > 2 and sys.argv[1] == "--settings":
        path = sys.argv[2]
        del sys.argv[1:3]
    if not path:
        return
    from counterfoil.settings_file import SettingsFileError, read_settings

    try:
        lines = read_settings(Path(path))
    except SettingsFileError as wrong:
        typer.echo(json.dumps({"code": wrong.code, "detail": str(wrong)}), err=True)
        sys.exit(2)
    for name, value in lines.items():
        os.environ.setdefault(name, value)


def _register(module: str) -> None:
    from counterfoil.command_loading import load

    load(module).register(app)


def _listed(name: str) -> Callable[[], None]:
    def listed() -> None:
        raise typer.BadParameter(f"options go behind the command: counterfoil {name} …")

    return listed


if __name__ == "__main__":
    main()
