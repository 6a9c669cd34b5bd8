"""``counterfoil oracle alarms`` and ``alarm-seen``: what the oracle's database says must be seen to.

An alarm ends when its cause does. Evidence has no cause that ends: somebody looks at it and says so.
"""

from __future__ import annotations

import json
from typing import Annotated

import typer
from sqlmodel import Session

from counterfoil.logs import get_logger
from counterfoil.oracle.commands.instruction_reply import (
    DEFAULT_DATABASE,
    AsJson,
    Database,
    fail,
    the_oracles,
)
from counterfoil.oracle.errors import GOSSIP_DIFFERS, NotAllowedNow, UnknownName
from counterfoil.oracle.store.alarm_table import AlarmRow, end, standing_rows
from counterfoil.printable import printable

log = get_logger("oracle.alarms")
EVIDENCE = (GOSSIP_DIFFERS,)
"""What does not end by itself."""


def register(oracle_app: typer.Typer) -> None:
    """Add the commands to ``counterfoil oracle``."""
    oracle_app.command("alarms")(alarms)
    oracle_app.command("alarm-seen")(alarm_seen)


def alarms(database: Database = DEFAULT_DATABASE, as_json: AsJson = False) -> None:
    """List the alarms that the oracle has raised and that hold now."""
    with Session(the_oracles(database).execution_options(reads_only=True)) as session:
        rows = [row.model_dump() for row in standing_rows(session)]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        typer.echo(printable(f"{row['id']:>6}  {row['code']}: {row['detail']}"))


def alarm_seen(
    number: Annotated[int, typer.Argument(help="The alarm, by its number.", min=1)],
    note: Annotated[str, typer.Option(help="What was found out; written to the log.")],
    database: Database = DEFAULT_DATABASE,
) -> None:
    """End an alarm that is evidence: it was looked at. The record that it names stays in the log."""
    with Session(the_oracles(database)) as session:
        row = session.get(AlarmRow, number)
        if row is None:
            fail(UnknownName.code, f"there is no alarm {number}")
        if row.code not in EVIDENCE:
            fail(NotAllowedNow.code, f"{row.code} ends by itself, when its cause does")
        log.info("alarm_seen", alarm=number, note=note)
        end(session, row)
        session.commit()
