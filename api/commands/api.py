"""``counterfoil api``: the API's process and its tokens."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer
from sqlalchemy import Engine

from counterfoil.api.access import auth
from counterfoil.api.access.auth import Role
from counterfoil.api.commands.faults import TOKEN_UNKNOWN
from counterfoil.api.settings import ApiSettings
from counterfoil.api.store.database import known_oracle_database
from counterfoil.chain.errors import EditionDiffers
from counterfoil.fault import STORE_UNREADABLE
from counterfoil.printable import printable

api_app = typer.Typer(help="The API and the pages.", no_args_is_help=True)
token_app = typer.Typer(help="Who may come in.", no_args_is_help=True)
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def register(app: typer.Typer) -> None:
    """Add ``api`` to *app*."""
    api_app.add_typer(token_app, name="token")
    app.add_typer(api_app, name="api")


@api_app.command("run")
def run() -> None:
    """Serve the API and the pages in the foreground until SIGTERM or Ctrl-C.

    Settings: COUNTERFOIL_API_GATEWAY_URL, _ORACLE_URL, _TILES, _DEPLOYMENT, _RPC_URLS (a JSON list), _GATEWAYS
    (a JSON list: base URLs of the gateways, whose alarms are said here too),
    _CERTIFICATES, _BANK_ACCOUNTS (a JSON list: the bank's accounts beside the token's own),
    _HOST, _PORT, _TIME_ZONE, _SECURE_COOKIES, and limits (docs/limits.md): _HTTP_…, _MAX_BODY_BYTES,
    _MAX_UPLOAD_BYTES, _UPLOADS_AT_ONCE, _STREAMS_A_PARTY, _WRITES_AT_ONCE, _WRITES_A_MINUTE.
    """
    # Here, so that commands that serve nothing start at once.
    from counterfoil.api.run import create_app
    from counterfoil.web_server import WebServer

    settings = ApiSettings()
    try:
        app = create_app(settings)
    except EditionDiffers as other:
        typer.echo(json.dumps({"code": other.code, "detail": str(other)}), err=True)
        raise typer.Exit(2) from other
    server = WebServer(
        app,
        host=settings.host,
        port=settings.port,
        limits=settings.peer_limits,
        stop_within_s=2,
        lifespan="on",
    )
    server.run()


@token_app.command("create")
def create(
    role: Annotated[Role, typer.Option(help="What the holder is.")],
    party: Annotated[str, typer.Option(help="The participant's name, or its account (0x…).")],
    name: Annotated[str, typer.Option(help="What the pages call the holder.")] = "",
    days: Annotated[int, typer.Option(min=1, max=3650, help="Valid for N days.")] = 90,
    login_link: Annotated[
        bool, typer.Option("--login-link", help="Also make a link that opens the pages, once.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """Make a token and print it: it is stored as its hash and can't be shown again."""
    settings = ApiSettings()
    engine = _store(settings)
    number, token = auth.create_token(engine, role, party, name=name or party, days=days)
    said = {"id": number, "token": token, "role": role.value, "party": party}
    if login_link:
        code = auth.create_login_code(engine, number)
        said["login"] = f"http://{settings.host}:{settings.port}/login/{code}"
    typer.echo(json.dumps(said) if as_json else "\n".join(f"{k}: {v}" for k, v in said.items()))


@token_app.command("list")
def list_(as_json: _Json = False) -> None:
    """List the tokens: whose they are, when they expire, and whether they were revoked."""
    rows = [
        {
            "id": row.id,
            "role": row.role,
            "party": row.party,
            "name": row.name,
            "expires": _day(row.expires_ms),
            "revoked": None if row.revoked_ms is None else _day(row.revoked_ms),
        }
        for row in auth.list_tokens(_store(ApiSettings()))
    ]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        state = f"revoked {row['revoked']}" if row["revoked"] else f"until {row['expires']}"
        line = f"{row['id']}  {row['role']:<12} {row['party']:<24} {state}  {row['name']}"
        typer.echo(printable(line))


@token_app.command("revoke")
def revoke(number: Annotated[str, typer.Argument(metavar="ID", help="The token's id.")]) -> None:
    """End a token and its sessions at once."""
    if not auth.revoke_token(_store(ApiSettings()), number):
        typer.echo(json.dumps({"code": TOKEN_UNKNOWN, "detail": number}), err=True)
        raise typer.Exit(1)
    typer.echo(f"{number} revoked")


def _store(settings: ApiSettings) -> Engine:
    """The oracle's database; ends the command where there is none."""
    try:
        return known_oracle_database(settings.oracle_url)
    except FileNotFoundError as absent:
        detail = f"{absent}; COUNTERFOIL_API_ORACLE_URL says where it is"
        typer.echo(json.dumps({"code": STORE_UNREADABLE, "detail": detail}), err=True)
        raise typer.Exit(2) from absent


def _day(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).date().isoformat()
