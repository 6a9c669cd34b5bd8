"""``counterfoil assets``: claims, lines, loans, receipts, shares and deals through the API, and writes signed here.

Settings: COUNTERFOIL_API_URL, and a token in COUNTERFOIL_TOKEN or in the file that COUNTERFOIL_TOKEN_FILE names.

Rules kept here:

* A keystore signs only a call of the operation that was asked for, with no value in the chain's own money.
* Exit status: 0 when it is done or shown, 1 when it was refused, 2 when that could not be told.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import sys
import time
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn
from urllib.parse import quote

import httpx
import typer

from counterfoil.api.commands.faults import (
    API_UNREACHABLE,
    BODY_MALFORMED,
    ID_MISSING,
    ID_NOT_WANTED,
    NOT_AS_ASKED,
    NOT_MINED,
    NOT_SHOWN,
    OPERATION_UNKNOWN,
    TOKEN_MISSING,
    TRANSACTION_FAILED,
)
from counterfoil.chain.hexadecimal import from_any_hex, to_hex
from counterfoil.chain.keys.passphrase import PassphraseFile, read_passphrase
from counterfoil.fault import Code
from counterfoil.gateway.errors import REQUEST_REFUSED
from counterfoil.given_file import GivenFileError, read_text_file
from counterfoil.oracle.errors import NOT_IN_TIME
from counterfoil.oracle.store.instruction_state import InstructionState
from counterfoil.printable import printable

if TYPE_CHECKING:
    from counterfoil.chain.keys.signer import LocalSigner

assets_app = typer.Typer(
    help="Claims, credit, warehouse receipts and shares, through the API.", no_args_is_help=True
)

_PASSPHRASE = "COUNTERFOIL_ASSETS_PASSPHRASE"  # noqa: S105  # the variable's name
# Loops by hand: at each look an instruction's end is told from its failure.
_POLL_S = 0.3


class Noun(StrEnum):
    """What can be listed."""

    CLAIMS = "claims"
    ORDERS = "orders"
    PARTS = "parts"
    OFFERS = "offers"
    LINES = "lines"
    LOANS = "loans"
    RECEIPTS = "receipts"
    PLEDGES = "pledges"
    PRICES = "prices"
    SHARES = "shares"
    DEALS = "deals"
    QUOTES = "quotes"
    DATES = "dates"


_CLAIM = ("root", "kind", "state", "face_minor", "redeemed_minor", "due_date")
_DEAL = ("id", "state", "deadline")
_LISTS: Mapping[Noun, tuple[str, tuple[str, ...]]] = {
    Noun.CLAIMS: ("receivables", _CLAIM),
    Noun.ORDERS: ("orders", _CLAIM),
    Noun.PARTS: ("parts", ("part", "root", "depth", "amount_minor", "redeemed_minor", "holder")),
    Noun.OFFERS: ("offers", ("part", "amount_minor", "recourse", "offered_to", "expires")),
    Noun.LINES: ("credit-lines", ("line", "state", "limit_minor", "principal_minor", "rate_ppm")),
    Noun.LOANS: ("loans", ("loan", "line", "state", "plan", "drawn_minor", "repaid_minor")),
    Noun.RECEIPTS: ("warehouse-receipts", ("receipt", "state", "goods", "quantity", "pledge")),
    Noun.PLEDGES: ("pledges", ("pledge", "loan", "is_open", "ltv_basis_points", "call_date")),
    Noun.PRICES: ("prices", ("goods", "price_minor", "date")),
    Noun.SHARES: ("shares", ("project", "supply", "received_minor", "paid_minor")),
    Noun.DEALS: ("settlements", _DEAL),
    Noun.QUOTES: ("quotes", _DEAL),
    Noun.DATES: ("business-dates", ("date", "block_number")),
}
_SHOWN = {
    **{noun: path + "/{}" for noun, (path, _) in _LISTS.items()},
    Noun.ORDERS: "receivables/{}",
    Noun.SHARES: "shares/{}/holdings",
}
for _noun in (Noun.OFFERS, Noun.PRICES, Noun.DATES):
    del _SHOWN[_noun]

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def register(app: typer.Typer) -> None:
    """Add ``assets`` to *app*."""
    app.add_typer(assets_app, name="assets")


def fail(code: Code, detail: str, status: int) -> NoReturn:
    """Write the code and the detail to stderr, and end."""
    typer.echo(json.dumps({"code": code, "detail": detail}), err=True)
    raise typer.Exit(status)


class Api:
    """The API at COUNTERFOIL_API_URL, for the holder of the token."""

    def __init__(self) -> None:
        url = os.environ.get("COUNTERFOIL_API_URL", "http://127.0.0.1:8080").rstrip("/")
        headers = {"Authorization": f"Bearer {_token()}"}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=30.0)

    def ask(
        self, method: str, path: str, body: Any = None, key: str | None = None, **query: Any
    ) -> Any:
        """Return the response's JSON; end the command where it is an error."""
        headers = {"Idempotency-Key": key} if key else {}
        given = {name: value for name, value in query.items() if value is not None}
        try:
            response = self._http.request(
                method, f"/v1/{path}", json=body, headers=headers, params=given
            )
            said = response.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as failure:
            fail(API_UNREACHABLE, f"no answer from the API: {failure}", 2)
        if response.is_success:
            return said
        detail = str(said.get("detail", ""))
        for error in said.get("errors", ()):
            detail += f"; {'.'.join(error['loc'])}: {error['msg']}"
        fail(
            Code(str(said.get("code", REQUEST_REFUSED))),
            detail,
            2 if response.status_code >= 500 else 1,
        )

    def all(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Return every item of a list."""
        items: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = self.ask("GET", path, cursor=cursor, limit=500, **query)
            items += page["items"]
            cursor = page["next"]
            if cursor is None:
                return items


@assets_app.command("list")
def list_(
    noun: Annotated[Noun, typer.Argument(help="What to list.")],
    state: Annotated[str | None, typer.Option(help="Only claims or orders in this state.")] = None,
    line: Annotated[int | None, typer.Option(help="Only loans of this line.")] = None,
    as_json: AsJson = False,
) -> None:
    """List what the token's party takes part in."""
    path, columns = _LISTS[noun]
    query = {"state": state} if noun in (Noun.CLAIMS, Noun.ORDERS) else {}
    rows = Api().all(path, **query, **({"line": line} if noun is Noun.LOANS else {}))
    if as_json:
        typer.echo(json.dumps(rows))
        return
    table = [columns, *([printable(row[name]) for name in columns] for row in rows)]
    widths = [max(len(row[n]) for row in table) for n in range(len(columns))]
    for row in table:
        typer.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)))


@assets_app.command("show")
def show(
    noun: Annotated[Noun, typer.Argument(help="What it is.")],
    name: Annotated[str, typer.Argument(metavar="ID", help="Its number, digest or project.")],
    as_json: AsJson = False,
) -> None:
    """Show one of them, with what is owed, covered or opened where it has that."""
    if noun not in _SHOWN:
        fail(NOT_SHOWN, f"{noun} are listed, not shown one by one", 1)
    _say(Api().ask("GET", _SHOWN[noun].format(quote(name, safe=""))), as_json)


@assets_app.command("cash")
def cash(as_json: AsJson = False) -> None:
    """Show the party's money: its balance, what it may withdraw, what contracts may take."""
    _say(Api().ask("GET", "cash"), as_json)


@assets_app.command("operations")
def operations(as_json: AsJson = False) -> None:
    """List the writes that the token's role may try; `--json` has the form of each one's body."""
    found = Api().ask("GET", "operations")["items"]
    if as_json:
        typer.echo(json.dumps(found))
        return
    for one in found:
        typer.echo(f"{one['name']:<24} {one['path']:<44} {one['summary']}")


@assets_app.command("do")
def do(
    operation: Annotated[str, typer.Argument(help="As `counterfoil assets operations` calls it.")],
    about: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="What it is about, where its path asks.")
    ] = None,
    body: Annotated[
        str | None, typer.Option(help="Its body as JSON; @FILE reads a file, - standard input.")
    ] = None,
    fields: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="One field of the body; repeatable."),
    ] = None,
    keystore: Annotated[
        Path | None, typer.Option(help="Sign here with this key, instead of one that is kept.")
    ] = None,
    passphrase_file: PassphraseFile = None,
    idempotency_key: Annotated[
        str | None, typer.Option("--key", help="The same key does the same thing once.")
    ] = None,
    wait_s: Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait.")] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Carry out a write: by the party's kept key, or with `--keystore` by one that is here.

    The keystore's passphrase is in `--passphrase-file` or in COUNTERFOIL_ASSETS_PASSPHRASE, or is asked for.
    """
    api = Api()
    found = {one["name"]: one for one in api.ask("GET", "operations")["items"]}
    if operation not in found:
        fail(OPERATION_UNKNOWN, f"this role has no operation {operation!r}", 1)
    wanted = found[operation]
    path = _filled(wanted["path"].removeprefix("/v1/"), about)
    given = _body(body, fields or []) if wanted["body"] is not None else None
    if keystore is None:
        done = _by_kept_key(
            api, path, body=given, key=idempotency_key or secrets.token_hex(16), wait_s=wait_s
        )
    else:
        signer = _signer(keystore, passphrase_file)
        done = _by_own_key(
            api, operation=wanted, path=path, body=given, signer=signer, wait_s=wait_s
        )
    _say(done, as_json)


def _by_kept_key(api: Api, path: str, body: Any, key: str, wait_s: float) -> dict[str, Any]:
    asked = api.ask("POST", path, body, key)
    until = time.monotonic() + wait_s
    while asked["status"] not in (InstructionState.DONE, InstructionState.FAILED):
        if time.monotonic() > until:
            fail(NOT_IN_TIME, f"instruction {asked['id']} is {asked['status']}", 2)
        time.sleep(_POLL_S)
        asked = api.ask("GET", f"instructions/{asked['id']}")
    if asked["status"] == InstructionState.FAILED:
        fail(Code(str(asked["error_code"])), str(asked["error_detail"]), 1)
    return {"instruction": asked["id"], **asked["result"]}


def _by_own_key(
    api: Api,
    operation: Mapping[str, Any],
    path: str,
    body: Any,
    signer: LocalSigner,
    wait_s: float,
) -> dict[str, Any]:
    from counterfoil.chain.abi.artifacts import selector_of

    made = api.ask("POST", f"{path}/unsigned", body)["transaction"]
    call = from_any_hex(str(made["data"]))[:4]
    if made["value"] != 0 or call != selector_of(operation["contract"], operation["function"]):
        fail(NOT_AS_ASKED, f"this is no call of {operation['function']}", 1)
    raw = signer.sign_transaction(made)
    name = api.ask("POST", "transactions", {"raw": to_hex(raw)})["transaction_hash"]
    until = time.monotonic() + wait_s
    while True:
        sent: dict[str, Any] = api.ask("GET", f"transactions/{name}")
        if sent["status"] == "succeeded":
            return sent
        if sent["status"] == "failed":
            fail(TRANSACTION_FAILED, f"{name} was mined and failed", 1)
        if time.monotonic() > until:
            fail(NOT_MINED, f"{name} is not mined yet", 2)
        time.sleep(_POLL_S)


def _filled(path: str, about: str | None) -> str:
    if "{" not in path:
        if about is not None:
            fail(ID_NOT_WANTED, f"{path} is about nothing that has an ID", 1)
        return path
    if about is None:
        fail(ID_MISSING, f"{path} needs to know what it is about", 1)
    return re.sub(r"{\w+}", quote(about, safe=""), path)


def _body(text: str | None, fields: list[str]) -> dict[str, Any]:
    try:
        if text == "-":
            text = sys.stdin.read()
        elif text is not None and text.startswith("@"):
            text = read_text_file(Path(text[1:]))
        made = json.loads(text) if text is not None else {}
    except (OSError, ValueError) as failure:
        fail(BODY_MALFORMED, str(failure), 1)
    if not isinstance(made, dict):
        fail(BODY_MALFORMED, "a body is a JSON object", 1)
    for field in fields:
        name, mark, value = field.partition("=")
        if not mark:
            fail(BODY_MALFORMED, f"{field!r} is not NAME=VALUE", 1)
        try:
            made[name] = json.loads(value)
        except ValueError:
            made[name] = value
    return made


def _signer(keystore: Path, passphrase_file: Path | None) -> LocalSigner:
    # Here, so that commands that need no key start at once.
    from counterfoil.chain.errors import KeyRefused
    from counterfoil.chain.keys.signer import open_keystore

    try:
        return open_keystore(keystore, read_passphrase(_PASSPHRASE, passphrase_file))
    except KeyRefused as failure:
        fail(failure.code, str(failure), 1)


def _token() -> str:
    token = os.environ.get("COUNTERFOIL_TOKEN", "")
    named = os.environ.get("COUNTERFOIL_TOKEN_FILE")
    if not token and named:
        try:
            token = read_text_file(Path(named))
        except GivenFileError as failure:
            fail(failure.code, str(failure), 2)
    if not token.strip():
        fail(TOKEN_MISSING, "set COUNTERFOIL_TOKEN or COUNTERFOIL_TOKEN_FILE", 2)
    return token.strip()


def _say(what: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(what))
        return
    for name, value in what.items():
        if isinstance(value, list | dict):
            value = json.dumps(value)  # noqa: PLW2901  # on one line
        typer.echo(f"{printable(name)}: {printable(value)}")
