"""Leaves an instruction for the running oracle and waits for its result; shared by the commands."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from sqlalchemy import Engine, inspect, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlmodel import Session
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from counterfoil.fault import STORE_UNREADABLE, Code
from counterfoil.oracle.errors import NOT_IN_TIME, OracleError
from counterfoil.oracle.instructions.inbox import ask
from counterfoil.oracle.instructions.request import Request
from counterfoil.oracle.store.database import open_database
from counterfoil.oracle.store.instruction_state import InstructionState
from counterfoil.oracle.store.instruction_table import Instruction
from counterfoil.printable import printable

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Database = Annotated[
    str,
    typer.Option(
        "--database", envvar="COUNTERFOIL_ORACLE_DATABASE_URL", help="The oracle's database."
    ),
]
WaitSeconds = Annotated[
    int, typer.Option("--wait", help="Seconds to wait for the running oracle.", min=0)
]
DEFAULT_DATABASE = "sqlite:///oracle.db"
_Found = TypeVar("_Found")


def the_oracles(database: str) -> Engine:
    """The oracle's database at *database*; ends the command when no oracle has used it yet."""
    try:
        engine = open_database(database, migrate=False)
        path = engine.url.database if engine.dialect.name == "sqlite" else None
        is_used = not (path and not Path(path).exists()) and inspect(engine).has_table(
            "instruction"
        )
    except (SQLAlchemyError, ImportError, OSError) as failure:
        fail(STORE_UNREADABLE, f"{shown(database)}: {str(failure).splitlines()[0]}")
    if not is_used:
        fail(
            STORE_UNREADABLE,
            f"{shown(database)}: no oracle has used it yet; "
            "--database or COUNTERFOIL_ORACLE_DATABASE_URL says where it is",
        )
    return engine


def shown(database: str) -> str:
    """The URL *database* without its password."""
    try:
        return make_url(database).render_as_string(hide_password=True)
    except ArgumentError:
        return "the database"


def result_of(engine: Engine, key: str, request: Request, wait_s: int) -> dict[str, Any]:
    """The result of an instruction; ends the command when the oracle refuses it or does not finish in time."""
    with Session(engine) as session:
        number = ask(session, key, party=getpass.getuser(), request=request).id
        session.commit()

    def finished() -> Instruction | None:
        with Session(engine.execution_options(reads_only=True)) as session:
            row = session.get_one(Instruction, number)
            session.expunge(row)
            return row if row.status != InstructionState.PENDING else None

    row = wait_for(
        finished, wait_s, f"the oracle did not take instruction {number} in time: is it running?"
    )
    if row.status == InstructionState.FAILED or row.result is None:
        fail(Code(row.error_code or OracleError.code), row.error_detail or "")
    return row.result


def wait_for(found: Callable[[], _Found | None], wait_s: float, why: str) -> _Found:
    """The first result of *found* that is not None; ends the command with *why* after *wait_s*."""
    again = Retrying(
        retry=retry_if_result(lambda found: found is None),
        wait=wait_fixed(0.1),
        stop=stop_after_delay(wait_s),
    )
    try:
        result = again(found)
    except RetryError:
        result = None
    if result is None:
        fail(NOT_IN_TIME, why)
    return result


def say(found: Any, as_json: bool) -> None:
    """Print *found* as one JSON document, or one line per name."""
    if as_json:
        typer.echo(json.dumps(found))
        return
    for one in found if isinstance(found, list) else [found]:
        typer.echo("  ".join(f"{name}: {printable(value)}" for name, value in one.items()))


def fail(code: Code, detail: str) -> NoReturn:
    """End the command with *code* and *detail*."""
    typer.echo(json.dumps({"code": code, "detail": detail}), err=True)
    raise typer.Exit(2)
