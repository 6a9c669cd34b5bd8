"""``counterfoil statements`` and ``counterfoil payouts``: the bank's files, through the running oracle."""

from __future__ import annotations

import time
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlmodel import Session, col, select

from counterfoil.fault import FILE_EMPTY, FILE_UNWRITABLE
from counterfoil.gateway.formats.errors import FormatError
from counterfoil.gateway.formats.files import read_bytes, text_of
from counterfoil.gateway.formats.iso20022.messages import MAX_BYTES
from counterfoil.oracle.bank.payouts import waiting_payouts
from counterfoil.oracle.commands.instruction_reply import (
    DEFAULT_DATABASE,
    AsJson,
    Database,
    WaitSeconds,
    fail,
    result_of,
    say,
    the_oracles,
)
from counterfoil.oracle.errors import UnknownName
from counterfoil.oracle.instructions.request import (
    ConfirmMint,
    ImportCamt053,
    MakePayoutFile,
    RegisterBankAccount,
    RegisterPayeeAccount,
    ResolveBankLine,
)
from counterfoil.oracle.instructions.stored_form import encode
from counterfoil.oracle.store.bank_tables import BankAccount, BankLine, BankStatement, PayoutFile

statements_app = typer.Typer(
    help="The bank's statements (camt.053), and what became of each entry.", no_args_is_help=True
)
payouts_app = typer.Typer(
    help="Withdrawals as payment files (pain.001) for the bank.", no_args_is_help=True
)
_WAIT_S = 60
_Name = Annotated[str, typer.Option(help="The owner's name, as the bank writes it.")]
_Bic = Annotated[str, typer.Option(help="The account's bank, where it is known.")]


def register(app: typer.Typer) -> None:
    """Add ``statements`` and ``payouts`` to *app*."""
    app.add_typer(statements_app, name="statements")
    app.add_typer(payouts_app, name="payouts")


# ---- statements


@statements_app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="camt.053 XML (.gz too).")],
    wait_s: WaitSeconds = _WAIT_S,
    database: Database = DEFAULT_DATABASE,
    as_json: AsJson = False,
) -> None:
    """Take a statement in: credits mint once, debits confirm payouts, the rest is kept with its reasons.

    Exit status: 0 when every booked entry found its use, 1 when some were set aside or wait for
    a second account, or the balances are wrong.
    """
    try:
        text = text_of(read_bytes(file, MAX_BYTES))
    except FormatError as wrong:
        fail(wrong.code, str(wrong))
    if not text:
        fail(FILE_EMPTY, f"{file}: the file is empty")
    key = f"camt053:{sha256(text.encode()).hexdigest()}:{time.time_ns()}"
    request = ImportCamt053(text=text, source=file.name)
    found = result_of(engine=the_oracles(database), key=key, request=request, wait_s=wait_s)
    say(found["statements"], as_json)
    wrong_ones = [s for s in found["statements"] if s["set_aside"] or s["waiting"] or s["finding"]]
    raise typer.Exit(1 if wrong_ones else 0)


@statements_app.command("list")
def list_(database: Database = DEFAULT_DATABASE, as_json: AsJson = False) -> None:
    """List the statements that were taken in, the oldest first."""
    _say_rows(database, select(BankStatement).order_by(col(BankStatement.id)), as_json)


@statements_app.command("lines")
def lines(
    outcome: Annotated[
        str,
        typer.Option(help="minted, paid, waiting, set_aside, noted or resolved; empty for all."),
    ] = "set_aside",
    database: Database = DEFAULT_DATABASE,
    as_json: AsJson = False,
) -> None:
    """List entries of statements; those that wait for a person, unless told otherwise."""
    query = select(BankLine).order_by(col(BankLine.id))
    if outcome:
        query = query.where(BankLine.outcome == outcome)
    _say_rows(database, query, as_json)


@statements_app.command("resolve")
def resolve(
    line: int,
    note: Annotated[str, typer.Option(help="What was done; kept with the line.")],
    wait_s: WaitSeconds = _WAIT_S,
    database: Database = DEFAULT_DATABASE,
    as_json: AsJson = False,
) -> None:
    """Say that an entry that was set aside has been seen to."""
    request = ResolveBankLine(line=line, note=note)
    engine = the_oracles(database)
    say(result_of(engine, key=f"bank-line:{line}:{note}", request=request, wait_s=wait_s), as_json)


@statements_app.command("confirm")
def confirm(
    line: int,
    wait_s: WaitSeconds = _WAIT_S,
    database: Database = DEFAULT_DATABASE,
    as_json: AsJson = False,
) -> None:
    """Confirm a mint that waits for a second account: by another one than brought the statement."""
    request = ConfirmMint(line=line)
    engine = the_oracles(database)
    key = f"confirm-mint:{line}:{time.time_ns()}"
    say(result_of(engine, key=key, request=request, wait_s=wait_s), as_json)


@statements_app.command("account")
def account(
    number: Annotated[str, typer.Argument(metavar="ACCOUNT", help="IBAN, or the bank's number.")],
    name: _Name,
    currency: Annotated[str, typer.Option(help="ISO 4217 code.")],
    project: Annotated[str, typer.Option(help="Whose collection account it is.")] = "",
    holder: Annotated[str, typer.Option(help="Or the participant whose money it is.")] = "",
    bic: _Bic = "",
    pays_out: Annotated[
        bool, typer.Option("--pays-out", help="Payouts are made from this account.")
    ] = False,
    wait_s: WaitSeconds = _WAIT_S,
    database: Database = DEFAULT_DATABASE,
    as_json: AsJson = False,
) -> None:
    """Note whose money comes in on a bank account."""
    request = RegisterBankAccount(
        account=number,
        name=name,
        currency=currency,
        project=project,
        holder=holder,
        bic=bic,
        pays_out=pays_out,
    )
    key = f"bank-account:{number}:{sha256(repr(encode(request)).encode()).hexdigest()}"
    engine = the_oracles(database)
    say(result_of(engine, key, request, wait_s), as_json)


@statements_app.command("accounts")
def accounts(database: Database = DEFAULT_DATABASE, as_json: AsJson = False) -> None:
    """List the bank accounts that are known."""
    _say_rows(database, select(BankAccount).order_by(col(BankAccount.account)), as_json)


# ---- payouts


@payouts_app.command("account")
def payee(
    number: Annotated[str, typer.Argument(metavar="ACCOUNT", help="IBAN, or the bank's number.")],
    name: _Name,
    bic: _Bic = "",
    salt: Annotated[str, typer.Option(help="Hex; drawn where none is given.")] = "",
    wait_s: WaitSeconds = _WAIT_S,
    database: Database = DEFAULT_DATABASE,
    as_json: AsJson = False,
) -> None:
    """Note a bank account to be paid to, and print the commitment that a withdrawal names it by."""
    request = RegisterPayeeAccount(account=number, name=name, bic=bic, salt=salt)
    engine = the_oracles(database)
    key = f"payee:{time.time_ns()}"
    say(result_of(engine, key, request, wait_s), as_json)


@payouts_app.command("waiting")
def waiting(database: Database = DEFAULT_DATABASE, as_json: AsJson = False) -> None:
    """List withdrawals that no file has yet, and whether their account is known."""
    with Session(the_oracles(database)) as session:
        rows = [
            {
                "payout": payout.id,
                "holder": payout.holder,
                "amount_minor": payout.amount_minor,
                "payout_account": payout.payout_account,
                "account_known": known is not None,
            }
            for payout, known in waiting_payouts(session)
        ]
    say(rows, as_json)


@payouts_app.command("make")
def make(
    account: Annotated[str, typer.Option(help="The bank account to pay from.")],
    date: Annotated[
        int | None, typer.Option(help="Execution date, YYYYMMDD. [default: today]")
    ] = None,
    to: Annotated[Path | None, typer.Option("-o", help="Write the file here too.")] = None,
    wait_s: WaitSeconds = _WAIT_S,
    database: Database = DEFAULT_DATABASE,
    as_json: AsJson = False,
) -> None:
    """Put all payouts that can be paid now into one pain.001 file; exit status 1 when there are none."""
    engine = the_oracles(database)
    request = MakePayoutFile(account=account, execution_date=date)
    found = result_of(engine, key=f"payouts:{time.time_ns()}", request=request, wait_s=wait_s)
    if found["file"] is not None and to is not None:
        with Session(engine) as session:
            _write(to, session.get_one(PayoutFile, found["file"]).document)
    say(found, as_json)
    raise typer.Exit(0 if found["file"] is not None else 1)


@payouts_app.command("list")
def files(database: Database = DEFAULT_DATABASE, as_json: AsJson = False) -> None:
    """List the payment files that were made."""
    _say_rows(
        database,
        query=select(PayoutFile).order_by(col(PayoutFile.id)),
        as_json=as_json,
        but={"document"},
    )


@payouts_app.command("show")
def show(
    number: Annotated[int, typer.Argument(metavar="FILE", help="Its number in the list.")],
    to: Annotated[Path | None, typer.Option("-o", help="Write it here.")] = None,
    database: Database = DEFAULT_DATABASE,
) -> None:
    """Print a payment file as it was made, or write it to a path."""
    with Session(the_oracles(database)) as session:
        row = session.get(PayoutFile, number)
        if row is None:
            fail(UnknownName.code, f"no payment file {number}")
        if to is None:
            typer.echo(row.document.decode())
        else:
            _write(to, row.document)


def _write(path: Path, document: bytes) -> None:
    try:
        path.write_bytes(document)
    except OSError as failure:
        fail(FILE_UNWRITABLE, str(failure))


def _say_rows(database: str, query: Any, as_json: bool, but: set[str] | None = None) -> None:
    with Session(the_oracles(database)) as session:
        rows = [row.model_dump(exclude=but) for row in session.exec(query)]
    say(rows, as_json)
