"""``counterfoil witness``: make one, run it, compare what two have seen, and check a record's proof."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from counterfoil.fault import Code
from counterfoil.gateway.errors import CheckpointError, CosignaturesTooFewError, GatewayError
from counterfoil.gateway.log.checkpoint import MAX_CHECKPOINT_BYTES, LogKey, verify_checkpoint
from counterfoil.gateway.log.checkpoint_pair import compare
from counterfoil.gateway.log.cosignature import needed
from counterfoil.gateway.log.tlog_proof import MAX_PROOF_BYTES, TlogProof, known_witnesses
from counterfoil.gateway.logfiles.source import LogUnreachable, open_source
from counterfoil.gateway.logfiles.tiles import TileReader
from counterfoil.gateway.record.signed_record import MAX_RECORD_BYTES, decode
from counterfoil.gateway.witness.errors import (
    CHECKPOINT_UNREADABLE,
    WITNESS_EXISTS,
    WITNESS_NOT_MADE,
    WITNESS_UNREADABLE,
)
from counterfoil.gateway.witness.settings import WatchedLog, create_witness, open_witness
from counterfoil.given_file import GivenFileError, read_file
from counterfoil.printable import printable

witness_app = typer.Typer(
    help="A bank's or an auditor's own eye on a log: it cosigns heads that extend what it has seen.",
    no_args_is_help=True,
)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
LogKeyText = Annotated[str, typer.Option("--log-key", help="The log's key: name+id+base64.")]
_EXIT = {"consistent": 0, "equivocation": 1, "unknown": 2}


def register(app: typer.Typer) -> None:
    """Add ``witness`` to *app*."""
    app.add_typer(witness_app, name="witness")


@witness_app.command("init")
def init(
    folder: Annotated[Path, typer.Argument(help="The witness's folder, to be made.")],
    name: Annotated[
        str, typer.Option(help="The witness's name, like an address: bank.example/w1.")
    ],
    log_key: LogKeyText,
    tiles: Annotated[
        str, typer.Option(help="Where the log's tiles are, to look by itself: a folder or a URL.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Make a witness of one log, and print the key that its readers must know."""
    try:
        made = create_witness(folder, name, [WatchedLog(LogKey.from_verifier_key(log_key), tiles)])
    except FileExistsError:
        _fail(WITNESS_EXISTS, f"{folder} is a witness already; its key is never overwritten")
    except CheckpointError as error:
        _fail(error.code, error.detail)
    except OSError as error:
        _fail(WITNESS_NOT_MADE, f"{folder}: it can't be made: {(error.strerror or '').lower()}")
    said = {"folder": str(folder), "name": name, "key": made.public.verifier_key()}
    typer.echo(json.dumps(said) if as_json else said["key"])


@witness_app.command("run")
def run(
    folder: Annotated[Path, typer.Argument(help="The witness's folder.")],
    port: Annotated[int, typer.Option(help="Port on the loopback.")] = 8887,
    poll_s: Annotated[float, typer.Option(help="How often to look at the log, seconds.")] = 5.0,
) -> None:
    """Run the witness in the foreground until SIGTERM or Ctrl-C; say first where it listens and what its key is."""
    from counterfoil.gateway.witness.run import run as serve

    try:
        home = open_witness(folder)
    except CheckpointError as error:
        _fail(WITNESS_UNREADABLE, error.detail)
    except GivenFileError as error:
        _fail(WITNESS_UNREADABLE, str(error))
    typer.echo(f"address: http://127.0.0.1:{port}")
    typer.echo(f"key: {home.public.verifier_key()}")
    for watched in home.logs:
        looks = watched.tiles or "not looked at by itself: the log brings its heads"
        typer.echo(f"log: {watched.key.verifier_key()} ({printable(looks)})")
    sys.stdout.flush()
    serve(home, port, poll_s)


@witness_app.command("compare")
def compare_command(
    first: Annotated[str, typer.Argument(metavar="A", help="A checkpoint: file or URL.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another one.")],
    log_key: LogKeyText,
    tiles: Annotated[
        str, typer.Option("--log", help="The log's tiles, for heads of different sizes.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Say whether two checkpoints that one log signed can both be true.

    Exit status: 0 they can, 1 equivocation (both signed checkpoints, and the proof between them, are printed as
    evidence), 2 it can't be told: the tiles don't give the larger one's root.
    """
    try:
        key = LogKey.from_verifier_key(log_key)
        one, other = read_checkpoint(first), read_checkpoint(second)
        size = max(verify_checkpoint(note, key).head.size for note in (one, other))
        read = TileReader(open_source(tiles), size).read if tiles else None
        found = compare(first=one, second=other, log=key, read=read)
    except GivenFileError as error:
        _fail(error.code, str(error))
    except LogUnreachable as error:
        _fail(CHECKPOINT_UNREADABLE, error.detail)
    except GatewayError as error:
        _fail(error.code, error.detail)
    said: dict[str, Any] = {"word": found.word, "log": key.name, "detail": found.detail}
    if found.word == "equivocation":
        said |= {"first": found.first.decode(), "second": found.second.decode()}
    if found.beginning is not None:
        said["beginning"] = found.beginning.hex()
        said["proof"] = [node.hex() for node in found.proof]
    if as_json:
        typer.echo(json.dumps(said))
    else:
        typer.echo(f"{found.word}: {key.name}: {printable(found.detail)}")
        for name in ("first", "second") if found.word == "equivocation" else ():
            typer.echo(f"\n{name}:\n" + printable(said[name], keep="\n"))
        if found.beginning is not None:
            typer.echo(f"\nthe larger one begins with {said['beginning']}, by the proof:")
            typer.echo("\n".join(said["proof"]))
    raise typer.Exit(_EXIT[found.word])


@witness_app.command("check-proof")
def check_proof(
    proof: Annotated[Path, typer.Argument(help="A .tlog-proof file.")],
    record: Annotated[Path, typer.Argument(help="The record's bytes.")],
    log_key: LogKeyText,
    witness: Annotated[list[str] | None, typer.Option(help="A witness's key; repeat it.")] = None,
    at_least: Annotated[
        int | None,
        typer.Option(min=0, help="Witnesses that must have cosigned; one, where any is named."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check that RECORD is a record and stands in the log that PROOF's checkpoint names.

    Exit status: 0 yes, 1 no, 2 it could not be told: a file or key can't be read, or too few witnesses have cosigned.
    Whose key signed the record is not looked at: that takes a bundle and a root (`counterfoil audit verify`).
    """
    try:
        key = LogKey.from_verifier_key(log_key)
        known = known_witnesses(witness or ())
        data = read_file(proof, MAX_PROOF_BYTES)
        raw = read_file(record, MAX_RECORD_BYTES)
    except GivenFileError as error:
        _fail(error.code, str(error))
    except CheckpointError as error:
        _fail(error.code, error.detail)
    try:
        checkpoint, found = TlogProof.decode(data).verify(raw, key, known, needed(known, at_least))
        record_ = decode(raw).record
    except CosignaturesTooFewError as error:
        _fail(error.code, f"{proof}: {error.detail}")
    except GatewayError as error:
        _fail(error.code, error.detail, status=1)
    said = {
        "log": checkpoint.origin,
        "size": checkpoint.head.size,
        "device": record_.device,
        "epoch": record_.epoch,
        "sequence": record_.sequence,
        "kind": record_.kind.name.lower(),
        "time_ms": record_.time_ms,
        "signature_checked": False,
    }
    names = [one.witness for one in found]
    if as_json:
        typer.echo(json.dumps(said | {"witnesses": names}))
        return
    seen = f"cosigned by {', '.join(names)}" if names else "no witness was asked for"
    typer.echo(f"in {said['log']} of {said['size']} records; {seen}")
    typer.echo(
        f"the record says that it is number {record_.sequence} of epoch {record_.epoch} of {record_.device}, a "
        f"{said['kind']}; whose key signed it was not looked at"
    )


def read_checkpoint(where: str) -> bytes:
    """Return the checkpoint in the file or at the URL *where*; GivenFileError or LogError when it can't be had."""
    if where.startswith(("http://", "https://")):
        folder, _, name = where.rpartition("/")
        return open_source(folder)(name)
    return read_file(Path(where), MAX_CHECKPOINT_BYTES)


def _fail(code: Code, detail: str, status: int = 2) -> NoReturn:
    typer.echo(json.dumps({"code": code, "detail": detail}), err=True)
    raise typer.Exit(status)
