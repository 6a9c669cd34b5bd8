"""How the commands of ``counterfoil audit`` write a file, and how they fail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from counterfoil.fault import FILE_UNWRITABLE, Code
from counterfoil.given_file import why_not

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        fail(FILE_UNWRITABLE, f"{path}: it can't be written: {why_not(error)}", 2)


def fail(code: Code, detail: str, status: int) -> NoReturn:
    typer.echo(json.dumps({"code": code, "detail": detail}), err=True)
    raise typer.Exit(status)
