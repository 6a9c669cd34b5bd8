"""``counterfoil oracle``: run it, ask how it is, bring files in, resolve what did not match, rebuild the projection."""

from __future__ import annotations

import getpass
import json
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, select

from counterfoil.chain.errors import ChainError
from counterfoil.fault import STORE_UNREADABLE
from counterfoil.gateway.formats.files import MAX_BYTES
from counterfoil.gateway.store.gateway_store import open_store
from counterfoil.given_file import read_text_file
from counterfoil.oracle.commands import alarms as alarm_commands
from counterfoil.oracle.commands import node as node_commands
from counterfoil.oracle.commands import price as price_commands
from counterfoil.oracle.commands.instruction_reply import (
    DEFAULT_DATABASE,
    AsJson,
    Database,
    fail,
    shown,
    the_oracles,
)
from counterfoil.oracle.errors import InputMalformed, OracleError
from counterfoil.oracle.instructions.inbox import ask
from counterfoil.oracle.instructions.request import (
    CloseMatching,
    ImportSettlement,
    ImportStatement,
    Request,
    ResolveException,
)
from counterfoil.oracle.instructions.stored_form import decode_entries
from counterfoil.oracle.settings import OracleSettings
from counterfoil.oracle.store.revenue_tables import MatchException
from counterfoil.printable import printable

oracle_app = typer.Typer(
    help="Batches and heads, matching, revenue. The process that `run` starts carries out what the others ask.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add ``oracle`` to *app*."""
    alarm_commands.register(oracle_app)
    node_commands.register(oracle_app)
    price_commands.register(oracle_app)
    app.add_typer(oracle_app, name="oracle")


@oracle_app.command("run")
def run_command() -> None:
    """Run the oracle in the foreground until SIGTERM or Ctrl-C.

    Settings: COUNTERFOIL_ORACLE_KEYSTORE, _PASSPHRASE, _BANK_KEYSTORE, _BANK_PASSPHRASE, _MINT_LIMIT_MINOR,
    _MINT_CONFIRMERS (a JSON list of accounts), _PARTY_KEYS
    (a folder of participants' keystores, for whom this process writes), _PARTY_PASSPHRASE,
    _PAID_CALLS_A_DAY, _DATABASE_URL,
    _GATEWAY_DATABASE_URL, _RPC_URL, _DEPLOYMENT, _TILES, _LOG_KEY, _LOG_ORIGIN, _WITNESSES,
    _TOLD (told.db beside the tiles),
    _BATCH_RECORDS, _BATCH_MS, _FINAL_DEPTH, _FINAL_TAG, _NICENESS (2: a gateway on the same machine goes before it),
    _SILENT_AFTER_S (10: without a sign of life for so long it is an alarm), _STEP_WITHIN_S (60: of one step).
    As one node of a quorum also: _PEERS, _NODE_CERTIFICATE, _NODE_KEY, _NODE_HOST, _NODE_PORT, _RECORDS_DATABASE_URL,
    _GATEWAYS (a JSON list), _GATEWAY_CA, _ROUND_MS, _SETTLES.
    """
    from counterfoil.oracle.run.loop import run

    try:
        run(OracleSettings())
    except (ChainError, OracleError) as failure:
        fail(failure.code, str(failure))


@oracle_app.command("status")
def status(
    database: Database = DEFAULT_DATABASE,
    gateway_database: Annotated[
        str,
        typer.Option(
            envvar=[
                "COUNTERFOIL_ORACLE_RECORDS_DATABASE_URL",
                "COUNTERFOIL_ORACLE_GATEWAY_DATABASE_URL",
            ],
            help="The gateway's database, or a node's own copy of the log.",
        ),
    ] = "sqlite:///gateway.db",
    rpc: Annotated[
        str,
        typer.Option(envvar="COUNTERFOIL_ORACLE_RPC_URL", help="Your node, which knows who sent."),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Say how many records there are, are anchored and were refused.

    In a quorum also: who signs, how far each node is, whose turn the next head is, where a node took another's turn
    over (with --rpc), and who dissented on what.
    """
    from counterfoil.chain.client import ChainClient
    from counterfoil.oracle.status.progress import status as read_status

    try:
        client = ChainClient(rpc, timeout_s=5) if rpc else None
        engine, store = the_oracles(database), open_store(gateway_database)
        found = read_status(engine, store, client)
    except SQLAlchemyError as failure:
        fail(STORE_UNREADABLE, f"{shown(database)}: {str(failure).splitlines()[0]}")
    _say(found, as_json)


@oracle_app.command("rebuild")
def rebuild() -> None:
    """Drop the projection and make it again from the chain. Stop the oracle's process first."""
    from counterfoil.oracle.run.composition import compose

    try:
        events = compose(OracleSettings()).feed.rebuild()
    except (ChainError, OracleError) as failure:
        fail(failure.code, str(failure))
    typer.echo(f"{events} events read again")


@oracle_app.command("import-settlement")
def import_settlement(
    project: str, file: Path, database: Database = DEFAULT_DATABASE, as_json: AsJson = False
) -> None:
    """Bring in the payment provider's settlement FILE (docs/formats/settlement-file.md) of PROJECT."""
    text = read_text_file(file, MAX_BYTES)
    key = f"settlement:{project}:{sha256(text.encode()).hexdigest()}"
    _ask(database, key, request=ImportSettlement(project, text, source=file.name), as_json=as_json)


@oracle_app.command("import-statement")
def import_statement(
    file: Path, database: Database = DEFAULT_DATABASE, as_json: AsJson = False
) -> None:
    """Bring in the bank's credit entries from a JSON FILE.

    It holds a list of {statement, reference, project, business_date, amount_minor, currency}.
    """
    text = read_text_file(file, MAX_BYTES)
    try:
        entries = decode_entries(json.loads(text))
    except (ValueError, InputMalformed) as failure:
        fail(InputMalformed.code, str(failure))
    key = f"statement:{sha256(text.encode()).hexdigest()}"
    _ask(database, key, request=ImportStatement(entries), as_json=as_json)


@oracle_app.command("close-matching")
def close_matching(
    project: str, through: int, database: Database = DEFAULT_DATABASE, as_json: AsJson = False
) -> None:
    """Close PROJECT's business dates up to and with THROUGH (YYYYMMDD): what did not match becomes an exception."""
    _ask(
        database,
        key=f"close:{project}:{through}",
        request=CloseMatching(project, through),
        as_json=as_json,
    )


@oracle_app.command("exceptions")
def exceptions(
    project: str | None = None, database: Database = DEFAULT_DATABASE, as_json: AsJson = False
) -> None:
    """List what did not match and waits for a person."""
    with Session(the_oracles(database)) as session:
        query = select(MatchException).where(MatchException.status == "open")
        if project is not None:
            query = query.where(MatchException.project == project)
        rows = [row.model_dump() for row in session.exec(query)]
    if as_json:
        typer.echo(json.dumps(rows))
    for row in rows if not as_json else []:
        what = f"record {row['log_index']}" if row["log_index"] is not None else "payment"
        typer.echo(
            f"{row['id']:>6}  {row['business_date']}  {row['amount_minor']:>10}  {what}  {row['code']}: {row['detail']}"
        )


@oracle_app.command("resolve")
def resolve(
    exception: int,
    resolution: Annotated[str, typer.Argument(help="accepted or excluded")],
    note: Annotated[str, typer.Option(help="Why; kept with the decision.")],
    database: Database = DEFAULT_DATABASE,
    as_json: AsJson = False,
) -> None:
    """Decide one exception: accepted, it is distributed like a match; excluded, it is not."""
    request = ResolveException(exception, resolution, note)
    _ask(database, key=f"resolve:{exception}:{resolution}", request=request, as_json=as_json)


def _ask(database: str, key: str, request: Request, as_json: bool) -> None:
    """Leave an instruction for the running oracle; print its number."""
    with Session(the_oracles(database)) as session:
        row = ask(session, key, party=getpass.getuser(), request=request)
        session.commit()
        _say({"instruction": row.id, "kind": row.kind, "status": row.status}, as_json)


def _say(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(found))
        return
    quorum = found.pop("quorum", None)
    for name, value in found.items():
        typer.echo(f"{name}: {printable(value)}")
    if quorum is not None:
        _say_quorum(quorum)


def _say_quorum(quorum: dict[str, Any]) -> None:
    typer.echo(f"quorum: {quorum['threshold']} of {len(quorum['signers'])}")
    for node in quorum["nodes"]:
        how = node["error"] or node["refusal"]
        if how is None:
            how = "is well" if node["answered_ms"] else "has not answered yet"
        signs = "" if node["address"] in quorum["signers"] else ", signs nothing"
        line = f"{node['name']} {node['address']}: {node['records']} records{signs}; {how}"
        typer.echo(f"  {printable(line)}")
    names = {node["address"]: node["name"] for node in quorum["nodes"]}
    typer.echo(f"  the next head is the turn of {names.get(quorum['turn'], quorum['turn'])}")
    for turn in quorum["turns"]:
        if turn["taken_over"]:
            whose, by = (names.get(turn[which], turn[which]) for which in ("turn", "sent_by"))
            typer.echo(f"  head of {turn['size']}: the turn of {whose}, taken over by {by}")
    for dissent in quorum["dissents"]:
        line = f"dissent of {dissent['node']} on a {dissent['kind']} of {dissent['proposer']}:"
        line += f" {dissent['code']}: {dissent['detail']}"
        typer.echo(f"  {printable(line)}")
