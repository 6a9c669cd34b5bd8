"""``counterfoil audit deployment``: the hash by which an auditor pins a deployment once, and compares it by phone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from counterfoil.api.audit.commands.outcome import AsJson, fail
from counterfoil.api.audit.verification.deployment_pin import CONTRACTS, deployment_hash
from counterfoil.api.audit.verification.errors import AddressError
from counterfoil.api.audit.verification.said import Said
from counterfoil.chain.address import Address
from counterfoil.chain.deployment_file import Deployment
from counterfoil.chain.errors import AddressMalformed, EditionDiffers
from counterfoil.given_file import GivenFileError, GivenFileMalformed
from counterfoil.printable import printable


def deployment_command(
    file: Annotated[Path, typer.Argument(help="A deployment file.")], as_json: AsJson = False
) -> None:
    """Print the hash of the deployment in FILE, and what it is made of.

    Ask several members of the consortium for theirs, and pin the one that they all have.
    """
    try:
        found = read_whole(file)
        said = {
            "hash": deployment_hash(found.chain_id, found.addresses).hex(),
            "chain_id": found.chain_id,
        }
        said |= {name: found.addresses[name] for name in CONTRACTS}
    except (GivenFileError, EditionDiffers) as error:
        fail(error.code, str(error), 2)
    if as_json:
        typer.echo(json.dumps(said))
        return
    for name, value in said.items():
        typer.echo(f"{name}: {printable(value)}")


def read_whole(file: Path, contracts: Sequence[str] = CONTRACTS) -> Deployment:
    """Return the deployment in *file*, which says where each of *contracts* is: those that it is pinned by.

    Raises GivenFileError or EditionDiffers.
    """
    found = Deployment.read(file)
    missing = [name for name in contracts if not _is_address(found.addresses.get(name, ""))]
    if missing:
        raise GivenFileMalformed(
            file,
            f"it does not say where {' and '.join(missing)} is: ask for the file of the whole deployment",
        )
    return found


def _is_address(text: str) -> bool:
    try:
        Address.checked(text)
    except AddressMalformed:
        return False
    return True


def pinned_file(file: Path, pinned: bytes) -> tuple[bytes, dict[str, str]]:
    """Return the hash and the addresses of the deployment in *file*, which is the *pinned* one where one is.

    Raises AddressError when it is another one; GivenFileError or EditionDiffers when it can't be read.
    """
    found = read_whole(file)
    mine = deployment_hash(found.chain_id, found.addresses)
    if pinned not in (b"", mine):
        detail = Said(
            "its hash is {found}, you pinned {pinned}", found=mine.hex(), pinned=pinned.hex()
        )
        raise AddressError(Said("{file}", file=file), detail)
    return mine, found.addresses
