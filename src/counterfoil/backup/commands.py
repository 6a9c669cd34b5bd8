"""``counterfoil backup`` and ``counterfoil restore``."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from counterfoil.backup.errors import BackupError
from counterfoil.backup.key_file import make_key, open_key
from counterfoil.backup.making import Policy, make_backup
from counterfoil.backup.manifest import FULL
from counterfoil.backup.proving import figures, prove
from counterfoil.backup.repository import Repository, require_apart
from counterfoil.backup.restoring import restore
from counterfoil.backup.settings import BackupSettings
from counterfoil.chain.errors import ChainError
from counterfoil.fault import FILE_UNWRITABLE, SETTINGS_INVALID, Code
from counterfoil.given_file import GivenFileError, why_not
from counterfoil.printable import printable
from counterfoil.up.folder_lock import HouseInUse, default_data

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Key = Annotated[
    Path | None,
    typer.Option(help="The file with the backups' key. [default: COUNTERFOIL_BACKUP_KEY]"),
]
_EXIT = {"valid": 0, "invalid": 1, "unverifiable": 2}


def register(app: typer.Typer) -> None:
    """Add ``backup`` and ``restore`` to *app*."""
    app.command("backup")(backup_command)
    app.command("restore")(restore_command)


def backup_command(
    data: Annotated[
        Path | None, typer.Option(help="The data folder. [default: .counterfoil]")
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(help="The folder of the backups. [default: COUNTERFOIL_BACKUP_TO]"),
    ] = None,
    key: Key = None,
    full: Annotated[
        bool, typer.Option("--full", help="A full one, whether one is due or not.")
    ] = False,
    with_keys: Annotated[
        bool,
        typer.Option(
            "--with-keys", help="The house's keys and passphrase too, sealed as the rest."
        ),
    ] = False,
    new_key: Annotated[
        bool,
        typer.Option("--make-key", help="Where there is no key file, make one with a new key."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Copy all of a house, sealed, while it runs: both databases, the tiles, the embedded chain, files.

    The newest full backup is gone on from, until a full one is due. Settings: COUNTERFOIL_BACKUP_TO, _KEY,
    _FULL_EVERY_DAYS (7), _KEEP_FULLS (5). Exit status: 0 the backup is there, 2 it is not.
    """
    with _told():
        settings = BackupSettings()
        folder, place, file = data or default_data(), to or settings.to, key or settings.key
        place, file = _required(place, "--to"), _required(file, "--key")
        require_apart(folder, place, file)
        if new_key and not file.exists():
            make_key(file)
            typer.echo(
                f"a new key is in {file}. Keep a copy of it apart from the house and from the backups: without it no "
                "backup can be restored.",
                err=True,
            )
        done = make_backup(
            folder,
            Repository(place, open_key(file)),
            with_keys=with_keys,
            kind=FULL if full else None,
            policy=Policy(settings.full_every_days, settings.keep_fulls),
        )
    if as_json:
        typer.echo(json.dumps(asdict(done)))
        return
    typer.echo(
        f"{done.folder}: {done.files:,} files, {done.read:,} bytes, of which {done.written:,} are new; "
        f"{done.standing.records:,} records; {done.seconds} s"
    )
    if not done.with_keys:
        typer.echo("the house's keys are not in it: keep them apart, or use --with-keys", err=True)
    for name in done.dropped:
        typer.echo(f"no longer kept: {name}", err=True)


def restore_command(
    to: Annotated[Path, typer.Option(help="The new data folder; it must not be there yet.")],
    source: Annotated[
        Path | None,
        typer.Option("--from", help="The folder of the backups. [default: COUNTERFOIL_BACKUP_TO]"),
    ] = None,
    key: Key = None,
    backup: Annotated[str, typer.Option(help="The backup's name. [default: the newest]")] = "",
    keys: Annotated[
        Path | None,
        typer.Option(help="A folder with the house's keys, laid out as the house is."),
    ] = None,
    is_gone: Annotated[
        bool,
        typer.Option(
            "--the-old-one-is-gone",
            help="Say that the house with the same keys, wherever it was, is stopped for good.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a house from a backup, start it, sweep it and stop it; print what is after the backup, and the seconds.

    Exit status: 0 all that was restored is true and complete, 1 the sweep found something, 2 it could not be told, or
    nothing was restored.
    """
    began = time.monotonic()
    errors = Console(stderr=True)

    def say(step: str) -> None:
        errors.print(f"restore: {step}", highlight=False, soft_wrap=True)

    with _told():
        settings = BackupSettings()
        place = _required(source or settings.to, "--from")
        file = _required(key or settings.key, "--key")
        require_apart(to, place, file)
        repository = Repository(place, open_key(file))
        done = restore(repository, to, name=backup, keys=keys, is_gone=is_gone, say=say)
        said = figures(done, prove(done, began, say))
    if as_json:
        typer.echo(json.dumps(said))
    else:
        _print(said)
    raise typer.Exit(_EXIT[said["sweep"]["verdict"]])


def _print(said: dict[str, Any]) -> None:
    restored, rpo, rto, sweep = said["restored"], said["rpo"], said["rto"], said["sweep"]
    typer.echo(
        f"{restored['folder']} is restored from {restored['backup']}: {restored['records']:,} records, "
        f"{restored['anchored']:,} of them anchored"
    )
    typer.echo(
        f"RPO: the backup was {rpo['backup_age_s']:,} s old; {rpo['anchored_and_not_here']:,} anchored records "
        "are not here"
    )
    for line in rpo["comes_back"]:
        typer.echo(f"  {line}")
    typer.echo(f"RTO: ready after {rto['ready_s']} s, swept after {rto['swept_s']} s")
    typer.echo(f"sweep: {sweep['verdict']}, {sweep['records']:,} records, {sweep['heads']:,} heads")
    for finding in sweep["findings"]:
        typer.echo(
            f"  {finding['code']}: {printable(finding['where'])}: {printable(finding['detail'])}"
        )
    typer.echo(f"start it with: counterfoil up --data {restored['folder']}")


@contextmanager
def _told() -> Iterator[None]:
    """Say a failure in one line, with its code, and end with status 2."""
    try:
        yield
    except (BackupError, ChainError, GivenFileError, HouseInUse) as failure:
        _say(failure.code, str(failure))
        raise typer.Exit(2) from failure
    except OSError as failure:
        _say(FILE_UNWRITABLE, f"{failure.filename or ''}: {why_not(failure)}")
        raise typer.Exit(2) from failure


def _required(path: Path | None, option: str) -> Path:
    if path is None:
        _say(SETTINGS_INVALID, f"give {option}, or its setting")
        raise typer.Exit(2)
    return path


def _say(code: Code, detail: str) -> None:
    typer.echo(json.dumps({"code": code, "detail": detail}), err=True)
