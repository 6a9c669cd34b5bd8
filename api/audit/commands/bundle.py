"""``counterfoil audit bundle``: the file for an auditor, made from this installation."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import SQLAlchemyError

from counterfoil.api.audit.commands.outcome import AsJson, fail, write
from counterfoil.api.audit.faults import PERIOD_BACKWARDS
from counterfoil.api.audit.making.collection import NothingToBundleError, collect
from counterfoil.api.audit.making.known_facts import known_facts
from counterfoil.api.audit.verification.bundle_format import encode
from counterfoil.api.settings import ApiSettings
from counterfoil.chain.client import ChainClient
from counterfoil.chain.deployment_file import Deployment
from counterfoil.chain.errors import ChainError
from counterfoil.fault import DATE_MALFORMED, STORE_UNREADABLE
from counterfoil.gateway.errors import GatewayError, IdentityError
from counterfoil.gateway.record.identity import parse_device_id
from counterfoil.gateway.record.utc_date import midnight_ms


def bundle_command(
    device: Annotated[str, typer.Option(help="The device's name, urn:dev:….")],
    first: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD (UTC).")],
    last: Annotated[str, typer.Option("--to", help="Last day, YYYY-MM-DD (UTC), included.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write.")],
    as_json: AsJson = False,
) -> None:
    """Write the bundle of DEVICE for the days from FROM to TO.

    Made without a node (_RPC_URLS, _DEPLOYMENT) it has no blocks and no distributions, and is unverifiable.

    Settings: COUNTERFOIL_API_GATEWAY_URL, _ORACLE_URL (databases' URLs, such as sqlite:////srv/oracle.db), _TILES,
    _DEPLOYMENT, _RPC_URLS (a JSON list, such as ["http://127.0.0.1:8545"]), _CERTIFICATES.
    """
    settings = ApiSettings()
    days = _day("--from", first), _day("--to", last)
    try:
        name = parse_device_id(device)
    except IdentityError as error:
        fail(error.code, error.detail, 2)
    if days[1] < days[0]:
        fail(PERIOD_BACKWARDS, "the last day lies before the first", 2)
    try:
        facts = known_facts(
            engine=opened(settings.oracle_url, "COUNTERFOIL_API_ORACLE_URL"),
            device=name,
            first_ms=midnight_ms(days[0]),
            until_ms=midnight_ms(days[1] + timedelta(days=1)),
            certificates=settings.certificates,
            client=_client(settings),
        )
        bundle = collect(
            opened(settings.gateway_url, "COUNTERFOIL_API_GATEWAY_URL"), settings.tiles, facts
        )
    except (NothingToBundleError, ChainError, GatewayError) as error:
        fail(error.code, str(error), 2)
    except (OSError, ValueError, SQLAlchemyError) as error:
        fail(STORE_UNREADABLE, str(error).splitlines()[0], 2)
    data = encode(bundle)
    write(out, data)
    said = {"file": str(out), "bytes": len(data), "records": len(bundle.records)}
    said |= {"heads": len(bundle.heads), "distributions": len(bundle.distributions)}
    said |= {"blocks": len(bundle.blocks)}
    if as_json:
        typer.echo(json.dumps(said))
    else:
        typer.echo(", ".join(f"{name} {value}" for name, value in said.items()))


def _client(settings: ApiSettings) -> ChainClient | None:
    path = settings.deployment
    if not settings.rpc_urls or path is None or not path.exists():
        return None
    return ChainClient(settings.rpc_urls[0], Deployment.read(path).addresses)


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(DATE_MALFORMED, f"{option} {text}: no day of the calendar, as YYYY-MM-DD", 2)


def opened(url: str, setting: str) -> Engine:
    """Return the database at *url*, which *setting* names, without making it.

    Raises FileNotFoundError for a SQLite file that is not there.
    """
    engine = create_engine(url)
    path = engine.url.database
    if engine.dialect.name == "sqlite" and path and not Path(path).exists():
        raise FileNotFoundError(f"there is no database {path}: {setting} says where it is")
    return engine
