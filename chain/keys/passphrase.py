"""Reads a keystore's passphrase, never from a command's arguments: every process can read those."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from counterfoil.chain.errors import KeyRefused

PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file", help="A file with the keystore's passphrase. [default: environment]"
    ),
]


def read_passphrase(variable: str, file: Path | None = None) -> str:
    """The passphrase from *file*, from the file that ``<variable>_FILE`` names, from *variable*, or typed.

    Raises:
        KeyRefused: there is none, or the file can't be read.
    """
    if file is not None:
        try:
            found = file.read_text().rstrip("\n")
        except (OSError, UnicodeDecodeError) as failure:
            raise KeyRefused(f"no passphrase in {file}: {failure}") from failure
    else:
        named = os.environ.get(f"{variable}_FILE")
        if named:
            return read_passphrase(variable, Path(named))
        found = os.environ.get(variable, "")
        if not found and sys.stdin.isatty():
            found = str(typer.prompt("Passphrase", hide_input=True, err=True))
    if not found:
        raise KeyRefused(f"no passphrase: set {variable}, or name a file with it")
    return found
