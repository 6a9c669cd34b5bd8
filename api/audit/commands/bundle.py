"""``counterfoil audit bundle`` and ``audit facts``: the files for an auditor, made from this installation."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Engine, create_engine, select
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
from counterfoil.chain.hexadecimal import from_hex
from counterfoil.fault import DATE_MALFORMED, STORE_UNREADABLE
from counterfoil.gateway.errors import GatewayError, IdentityError
from counterfoil.gateway.record.identity import parse_device_id
from counterfoil.oracle.store.revenue_tables import Distribution


def bundle_command(
    device: Annotated[str, typer.Option(help="The device's name, urn:dev:….")],
    first: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD (UTC).")],
    last: Annotated[str, typer.Option("--to", help="Last day, YYYY-MM-DD (UTC), included.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write.")],
    as_json: AsJson = False,
) -> None:
    """Write the bundle of DEVICE for the days from FROM to TO.

    Made without a node (_RPC_URLS, _DEPLOYMENT) it has no blocks and no distributions, and is unverifiable.

    Settings: COUNTERFOIL_API_GATEWAY_URL, _ORACLE_URL, _TILES, _DEPLOYMENT, _RPC_URLS, _CERTIFICATES.
    """
    settings = ApiSettings()
    try:
        days = date.fromisoformat(first), date.fromisoformat(last)
        name = parse_device_id(device)
    except ValueError as error:
        fail(DATE_MALFORMED, str(error), 2)
    except IdentityError as error:
        fail(error.code, error.detail, 2)
    if days[1] < days[0]:
        fail(PERIOD_BACKWARDS, "the last day lies before the first", 2)
    try:
        facts = known_facts(
            engine=_opened(settings.oracle_url),
            device=name,
            first_ms=_midnight_ms(days[0]),
            until_ms=_midnight_ms(days[1] + timedelta(days=1)),
            certificates=settings.certificates,
            client=_client(settings),
        )
        bundle = collect(_opened(settings.gateway_url), settings.tiles, facts)
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


def facts_command(
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to write them to.")],
    as_json: AsJson = False,
) -> None:
    """Write every distribution's facts, a file each, for an auditor's sweep (docs/formats/facts.md).

    Settings: COUNTERFOIL_API_ORACLE_URL.
    """
    try:
        with _opened(ApiSettings().oracle_url).connect() as connection:
            rows = connection.execute(select(Distribution.facts_hash, Distribution.facts)).all()  # type: ignore[call-overload]
        out.mkdir(parents=True, exist_ok=True)
    except (OSError, SQLAlchemyError) as error:
        fail(STORE_UNREADABLE, str(error).splitlines()[0], 2)
    for name, facts in rows:
        write(out / f"{from_hex(name).hex()}.cbor", facts)
    typer.echo(json.dumps({"files": len(rows)}) if as_json else f"{len(rows)} files")


def _client(settings: ApiSettings) -> ChainClient | None:
    path = settings.deployment
    if not settings.rpc_urls or path is None or not path.exists():
        return None
    return ChainClient(settings.rpc_urls[0], Deployment.read(path).addresses)


def _midnight_ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


def _opened(url: str) -> Engine:
    """Return the database at *url*, without making it.

    Raises FileNotFoundError for a SQLite file that is not there.
    """
    engine = create_engine(url)
    path = engine.url.database
    if engine.dialect.name == "sqlite" and path and not Path(path).exists():
        raise FileNotFoundError(f"there is no database {path}")
    return engine
