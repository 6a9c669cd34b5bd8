"""``counterfoil oracle identity`` and ``know-project``: what a bank sets up for its node before it runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import Session

from counterfoil.chain.errors import ChainError
from counterfoil.chain.hexadecimal import to_hex
from counterfoil.chain.keys.passphrase import PassphraseFile, read_passphrase
from counterfoil.chain.keys.signer import create_keystore, open_keystore
from counterfoil.fault import FILE_UNREADABLE, Code
from counterfoil.gateway.errors import IdentityError
from counterfoil.gateway.record.identity import on_chain_id, parse_project_id
from counterfoil.oracle.commands.instruction_reply import fail
from counterfoil.oracle.errors import InputMalformed, PeersInvalid
from counterfoil.oracle.quorum.peers import create_identity
from counterfoil.oracle.store.database import open_database
from counterfoil.oracle.store.directory_tables import KnownProject


def register(oracle_app: typer.Typer) -> None:
    """Add the nodes' commands to ``counterfoil oracle``."""
    oracle_app.command("identity")(identity)
    oracle_app.command("know-project")(know_project)


def identity(
    name: Annotated[str, typer.Argument(help="What the other nodes call this one.")],
    url: Annotated[str, typer.Argument(help="Where they reach it: https://HOST:PORT.")],
    folder: Annotated[Path, typer.Option(help="Where keys and certificate lie.")] = Path(),
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make this node's keystore, TLS key and certificate, and print its entry for the peers' file.

    What is there is kept. The entry is public: give it to the other banks.
    """
    if not url.startswith("https://"):
        fail(PeersInvalid.code, f"{url} is not https://HOST:PORT")
    keystore, certificate, key = (folder / n for n in ("key.json", "node.crt", "node.key"))
    try:
        make = open_keystore if keystore.exists() else create_keystore
        passphrase = read_passphrase("COUNTERFOIL_ORACLE_PASSPHRASE", passphrase_file)
        signer = make(keystore, passphrase)
        if not certificate.exists():
            host = url.removeprefix("https://").partition("/")[0].rsplit(":", 1)[0].strip("[]")
            create_identity(certificate, key, name, hosts=[host])
    except (ChainError, OSError) as failure:
        fail(Code(getattr(failure, "code", FILE_UNREADABLE)), str(failure))
    entry = {"name": name, "address": signer.address, "url": url.rstrip("/")}
    typer.echo(json.dumps(entry | {"certificate": certificate.read_text()}))


def know_project(
    project: Annotated[str, typer.Argument(help="The project's name, as its registrar gave it.")],
    currency: Annotated[str, typer.Option(help="ISO 4217 code of its sales.")],
    tax_basis_points: Annotated[
        int, typer.Option(help="The part of gross less refunds that is tax.", min=0, max=10_000)
    ] = 0,
    database: Annotated[
        str, typer.Option(envvar="COUNTERFOIL_ORACLE_DATABASE_URL", help="This node's database.")
    ] = "sqlite:///oracle.db",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Tell this node of a project: it signs no distribution of one that it was not told of."""
    try:
        name = parse_project_id(project)
    except IdentityError as failure:
        fail(failure.code, failure.detail)
    if len(currency) != 3 or not (currency.isascii() and currency.isupper()):
        fail(InputMalformed.code, f"{currency!r} is no ISO 4217 code")
    with Session(open_database(database)) as session:
        row = session.get(KnownProject, name) or KnownProject(
            project=name,
            project_hash=to_hex(on_chain_id(name)),
            name=name,
            operator="",
            currency=currency,
        )
        row.currency, row.tax_basis_points = currency, tax_basis_points
        session.add(row)
        session.commit()
        said = row.model_dump(include={"project", "project_hash", "currency", "tax_basis_points"})
    typer.echo(json.dumps(said) if as_json else f"{name}: {currency}, tax {tax_basis_points} bp")
