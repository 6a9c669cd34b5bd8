"""``counterfoil log``: the log's key, a copy of the log, and a store that is filled from one."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from counterfoil.fault import (
    FILE_MALFORMED,
    FILE_UNWRITABLE,
    SETTINGS_INVALID,
    STORE_UNREADABLE,
    Code,
)
from counterfoil.gateway.errors import GatewayError
from counterfoil.gateway.log.checkpoint import LogKey, log_key_of
from counterfoil.gateway.log.tile_format import LOG_KEY_PATH
from counterfoil.gateway.logfiles.fill import CopyUnusable, fill
from counterfoil.gateway.logfiles.mirror import MOST_RECORDS, MirrorDiffers, mirror
from counterfoil.gateway.logfiles.source import open_source
from counterfoil.gateway.store.gateway_store import open_store
from counterfoil.given_file import GivenFileError, read_file, why_not
from counterfoil.printable import printable

log_app = typer.Typer(
    help="The log from outside: its key, a copy; a store filled from one.",
    no_args_is_help=True,
)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Ca = Annotated[str, typer.Option("--ca", help="PEM: who signs the log server's certificate.")]
_COMPARE = (
    "This is what the log's own server or folder says. Compare it with what several members of the consortium say "
    "before you trust a checkpoint by it."
)


def register(app: typer.Typer) -> None:
    """Add ``log`` to *app*."""
    app.add_typer(log_app, name="log")


@log_app.command("key")
def key_command(
    where: Annotated[
        str,
        typer.Argument(
            metavar="WHERE",
            help="The gateway's URL, a folder of tiles, or the operator's PEM file with the private key.",
        ),
    ],
    name: Annotated[
        str,
        typer.Option(help="With a PEM file: the log's name, as in COUNTERFOIL_ORACLE_LOG_ORIGIN."),
    ] = "counterfoil.example/log",
    ca: Ca = "",
    as_json: Json = False,
) -> None:
    """Print the log's key (name+id+base64), as --log-key takes it."""
    path = Path(where)
    is_remote = where.startswith(("http://", "https://"))
    try:
        if is_remote or path.is_dir():
            key = LogKey.from_verifier_key(_text(open_source(where, ca or True)(LOG_KEY_PATH)))
        else:
            key = log_key_of(name, _private(path))
    except GivenFileError as error:
        _fail(error.code, str(error))
    except GatewayError as error:
        _fail(error.code, f"{where}: {error.detail}")
    said = {"key": key.verifier_key(), "name": key.name}
    typer.echo(json.dumps(said) if as_json else said["key"])
    if is_remote or path.is_dir():
        typer.echo(_COMPARE, err=True)


@log_app.command("mirror")
def mirror_command(
    where: Annotated[
        str, typer.Argument(metavar="WHERE", help="The gateway's URL, or a folder of tiles.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder of the copy.")],
    log_key: Annotated[
        str, typer.Option("--log-key", help="The log's key: its checkpoint must be signed by it.")
    ] = "",
    ca: Ca = "",
    most: Annotated[
        int, typer.Option("--at-most", min=1, help="Records that are copied at most.")
    ] = MOST_RECORDS,
    as_json: Json = False,
) -> None:
    """Copy a log's records, make its tiles again from them, and hold their root against its checkpoint.

    Run again, it goes on where it ended. Exit status: 0 the copy is what the checkpoint states, 1 it is not, 2 it could
    not be told.
    """
    try:
        key = LogKey.from_verifier_key(log_key) if log_key else None
        done = mirror(open_source(where, ca or True), out, key, most=most, progress=_progress)
    except MirrorDiffers as error:
        _fail(error.code, error.detail, status=1)
    except GatewayError as error:
        _fail(error.code, error.detail)
    except OSError as error:
        _fail(FILE_UNWRITABLE, f"{error.filename or out}: it can't be written: {why_not(error)}")
    head = done.checkpoint.head
    said = {
        "folder": str(out),
        "log": done.checkpoint.origin,
        "size": head.size,
        "root": head.root.hex(),
        "new": done.new,
        "signature_checked": key is not None,
    }
    if as_json:
        typer.echo(json.dumps(said))
        return
    log, size, new = printable(said["log"]), said["size"], said["new"]
    typer.echo(f"{out}: {size:,} records of {log}, {new:,} of them new; root {said['root']}")
    typer.echo(
        "the records give the checkpoint's root; "
        + (
            "it is signed by the key given"
            if key
            else "whose signature it has was not looked at (--log-key)"
        )
    )


@log_app.command("fill")
def fill_command(
    copy: Annotated[
        str,
        typer.Option(
            "--from",
            help="A copy of the log: a folder of tiles (another node's too), or a gateway's URL. "
            "[default: the tiles of --data]",
        ),
    ] = "",
    data: Annotated[
        Path | None,
        typer.Option(
            help="The data folder whose gateway.db is filled. Without it: COUNTERFOIL_GATEWAY_DATABASE_URL."
        ),
    ] = None,
    log_key: Annotated[
        str, typer.Option("--log-key", help="The log's key: its checkpoint must be signed by it.")
    ] = "",
    ca: Ca = "",
    as_json: Json = False,
) -> None:
    """Fill a gateway's store that ends before the log does (log.store_behind), from a copy of the log.

    The gateway may run. Run again, it changes nothing. Exit status: 0 the store has the log's records, 1 the copy does
    not give the root that it states, 2 it could not be told.
    """
    url = os.environ.get("COUNTERFOIL_GATEWAY_DATABASE_URL", "")
    if data is not None:
        url = f"sqlite:///{data.resolve() / 'gateway.db'}"
        copy = copy or str(data / "tiles")
    if not url or not copy:
        _fail(SETTINGS_INVALID, "give --data, or COUNTERFOIL_GATEWAY_DATABASE_URL and --from")
    if data is not None and not data.is_dir():
        _fail(STORE_UNREADABLE, f"{data}: there is no such folder")
    try:
        key = LogKey.from_verifier_key(log_key) if log_key else None
        done = fill(open_store(url), open_source(copy, ca or True), key)
    except CopyUnusable as error:
        _fail(error.code, error.detail, status=1)
    except GatewayError as error:
        _fail(error.code, error.detail)
    said = {
        "size": done.size,
        "root": done.root.hex(),
        "added": done.added,
        "moved": done.moved,
        "refused": done.refused,
    }
    if as_json:
        typer.echo(json.dumps(said))
        return
    typer.echo(
        f"the store has the log's {done.size:,} records, {done.added:,} of them new; root {said['root']}"
    )
    if done.moved or done.refused:
        typer.echo(
            f"of the records that it had taken at their places {done.moved:,} are behind the log now, "
            f"{done.refused:,} are kept as refused"
        )


def _text(data: bytes) -> str:
    return data.decode(errors="replace").strip()


def _private(path: Path) -> Ed25519PrivateKey:
    data = read_file(path)
    try:
        key = load_pem_private_key(data, None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        _fail(FILE_MALFORMED, f"{path}: no Ed25519 private key in PEM, without a passphrase")
    return key


def _progress(at: int, of: int) -> None:
    if sys.stderr.isatty():
        typer.echo(f"\r{at:,} of {of:,} records", err=True, nl=at >= of)


def _fail(code: Code, detail: str, status: int = 2) -> NoReturn:
    typer.echo(json.dumps({"code": code, "detail": detail}), err=True)
    raise typer.Exit(status)
