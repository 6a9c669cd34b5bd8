"""``counterfoil audit facts``: every distribution's facts as files, from this installation or over HTTP."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from counterfoil.api.audit.commands.bundle import opened
from counterfoil.api.audit.commands.outcome import AsJson, fail, write
from counterfoil.api.audit.faults import API_REFUSED, FACTS_MISMATCH
from counterfoil.api.settings import ApiSettings
from counterfoil.chain.hexadecimal import from_hex, to_hex
from counterfoil.fault import FILE_UNWRITABLE, STORE_UNREADABLE
from counterfoil.given_file import GivenFileError, read_text_file, why_not
from counterfoil.oracle.store.revenue_tables import Distribution

_MOST_BYTES = 64 * 1024 * 1024
"""Of one response: a distribution's facts have at most 2^20 rows."""
_LIST = "v1/distributions"


def facts_command(
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to write them to.")],
    api: Annotated[
        str,
        typer.Option(
            help="Fetch them from this API, with an auditor's token in COUNTERFOIL_TOKEN or COUNTERFOIL_TOKEN_FILE."
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Write every distribution's facts, a file each, for an auditor's sweep (docs/formats/facts.md).

    Without --api they are read from the database of this installation. Setting: COUNTERFOIL_API_ORACLE_URL.
    """
    rows = list(_fetched(api) if api else _stored())
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(FILE_UNWRITABLE, f"{out}: the folder can't be made: {why_not(error)}", 2)
    for name, facts in rows:
        write(out / f"{name.hex()}.cbor", facts)
    typer.echo(json.dumps({"files": len(rows)}) if as_json else f"{len(rows)} files")


def _stored() -> Iterator[tuple[bytes, bytes]]:
    try:
        with opened(ApiSettings().oracle_url, "COUNTERFOIL_API_ORACLE_URL").connect() as connection:
            rows = connection.execute(select(Distribution.facts_hash, Distribution.facts)).all()  # type: ignore[call-overload]
    except (OSError, SQLAlchemyError) as error:
        fail(STORE_UNREADABLE, str(error).splitlines()[0], 2)
    return ((from_hex(name), facts) for name, facts in rows)


def _fetched(api: str) -> Iterator[tuple[bytes, bytes]]:
    """Yield hash and bytes of the facts of each distribution that the API at *api* lists, held against the hash."""
    headers = {"Authorization": f"Bearer {_token()}"}
    with httpx.Client(base_url=api.rstrip("/") + "/", headers=headers, timeout=60) as client:
        cursor: dict[str, str] = {}
        listed: set[bytes] = set()
        while True:
            rows, following = _page(_got(client, _LIST, {"limit": "200", **cursor}))
            for batch, wanted in rows:
                if batch in listed:
                    fail(API_REFUSED, f"{_LIST}: distribution {to_hex(batch)} is listed twice", 2)
                listed.add(batch)
                facts = _got(client, f"{_LIST}/{to_hex(batch)}/facts", {})
                if sha256(facts).digest() != wanted:
                    detail = (
                        f"distribution {to_hex(batch)}: the API's facts are not those of its hash"
                    )
                    fail(FACTS_MISMATCH, detail, 1)
                yield wanted, facts
            if not following:
                return
            if not rows:
                fail(API_REFUSED, f"{_LIST}: a page is empty, and another one is to follow", 2)
            cursor = {"cursor": following}


def _page(data: bytes) -> tuple[list[tuple[bytes, bytes]], str]:
    """Batch and facts' hash of each distribution of a page, and the next page's cursor, empty after the last."""
    try:
        page = json.loads(data)
        rows = [
            (from_hex(row["batch"], 32), from_hex(row["facts_hash"], 32)) for row in page["items"]
        ]
        following = page["next"]
        if not (following is None or isinstance(following, str)):
            raise TypeError(following)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        fail(API_REFUSED, f"{_LIST}: what came is not this API's list of distributions", 2)
    return rows, following or ""


def _got(client: httpx.Client, path: str, query: dict[str, Any]) -> bytes:
    found = bytearray()
    try:
        with client.stream("GET", path, params=query) as response:
            for piece in response.iter_bytes():
                found += piece
                if len(found) > _MOST_BYTES:
                    fail(API_REFUSED, f"{path}: longer than {_MOST_BYTES:,} bytes", 2)
    except (httpx.HTTPError, httpx.InvalidURL):
        fail(API_REFUSED, f"{client.base_url}: no API answers there over HTTP", 2)
    if response.status_code != 200:
        fail(API_REFUSED, f"{path}: HTTP status {response.status_code}{_why(bytes(found))}", 2)
    return bytes(found)


def _why(problem: bytes) -> str:
    """The code and the detail of an RFC 9457 problem."""
    try:
        said = json.loads(problem)
        return f", {said['code']}: {said.get('detail', '')}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""


def _token() -> str:
    token, named = os.environ.get("COUNTERFOIL_TOKEN", ""), os.environ.get("COUNTERFOIL_TOKEN_FILE")
    if not token and named:
        try:
            token = read_text_file(Path(named))
        except GivenFileError as error:
            fail(error.code, str(error), 2)
    token = token.strip()
    if not token.isascii() or len(token.split()) != 1:
        fail(API_REFUSED, "COUNTERFOIL_TOKEN or COUNTERFOIL_TOKEN_FILE must hold a token, cf_…", 2)
    return token
