"""What the network's commands print: documents on standard output, remarks and failures on standard error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from counterfoil.chain.errors import ChainError
from counterfoil.chain.keys.passphrase import read_passphrase
from counterfoil.chain.nodes.network.errors import SYSTEM
from counterfoil.printable import printable

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
OwnFolder = Annotated[Path, typer.Argument(help="This member's folder.")]

_PASSPHRASE = "COUNTERFOIL_NETWORK_PASSPHRASE"  # noqa: S105  # the variable's name


def passphrase() -> str:
    """The passphrase of the member's keystores, from the environment or the terminal.

    Raises:
        KeyRefused: there is none.
    """
    return read_passphrase(_PASSPHRASE)


def note(text: str) -> None:
    """Print *text* on standard error."""
    Console(stderr=True).print(text, highlight=False, soft_wrap=True)


def progress(step: str) -> None:
    """Print the step that has begun."""
    note(f"network: {step}")


def print_document(found: Any, as_json: bool) -> None:
    """Print *found*, as JSON or a line a field."""
    if as_json:
        typer.echo(json.dumps(found))
        return
    for entry in found if isinstance(found, list) else [found]:
        for name, value in entry.items():
            shown = value if isinstance(value, str | int) else json.dumps(value)
            typer.echo(f"{name}: {printable(shown)}")


@contextmanager
def exit_on_failure() -> Iterator[None]:
    """Print a failure's code and detail on standard error and exit with status 2."""
    try:
        yield
    except ChainError as failure:
        typer.echo(json.dumps({"code": failure.code, "detail": str(failure)}), err=True)
        raise typer.Exit(2) from failure
    except OSError as failure:
        typer.echo(json.dumps({"code": SYSTEM, "detail": str(failure)}), err=True)
        raise typer.Exit(2) from failure
