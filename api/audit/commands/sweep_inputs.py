"""What an auditor gives to a sweep: the deployment, facts from files and bundles, and the node, checked for its chain.

Rules kept here:

* Facts are kept by their SHA-256, and only those of a hash that is on chain are used: whoever hands them out is not
  believed. A bundle is no more than a place in which they stand.
* No file is read beyond a limit. What is passed over is named.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import httpx

from counterfoil.api.audit.commands.deployment import read_whole
from counterfoil.api.audit.faults import DEPTH_TOO_GREAT
from counterfoil.api.audit.sweep.ledger_view import CONTRACTS
from counterfoil.api.audit.sweep.sweep_report import AskedFolder
from counterfoil.api.audit.verification.bundle import Bundle
from counterfoil.api.audit.verification.bundle_format import MAX_BYTES, decode
from counterfoil.api.audit.verification.errors import AuditError
from counterfoil.chain.client import ChainClient
from counterfoil.chain.deployment_file import Deployment
from counterfoil.chain.errors import ChainError, DeploymentMismatch, EditionDiffers
from counterfoil.chain.hexadecimal import to_hex
from counterfoil.fault import FILE_MALFORMED, FILE_UNREADABLE, Code
from counterfoil.gateway.formats.errors import FormatError
from counterfoil.gateway.formats.files import read_bytes
from counterfoil.gateway.logfiles.source import LogUnreachable
from counterfoil.given_file import GivenFileError, GivenFileMalformed
from counterfoil.oracle.errors import InputMalformed
from counterfoil.oracle.rules.facts import Facts, decode_facts

MAX_FACTS_BYTES = 64 * 1024 * 1024


class InputRefused(Exception):
    """A file that was given can't be used; the detail names it."""

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class DepthTooGreat(ChainError):
    """So many blocks must lie above what counts that nothing of the deployment does."""

    code = DEPTH_TOO_GREAT


@dataclass
class GivenFacts:
    """Facts by their SHA-256, and where they are from."""

    by_hash: dict[bytes, Facts] = field(default_factory=dict)
    folder: AskedFolder | None = None
    bundles: list[AskedFolder] = field(default_factory=list)


def read_deployment(path: Path) -> Deployment:
    """Return the deployment in *path*, which has all the contracts that a sweep reads.

    Raises InputRefused.
    """
    try:
        found = read_whole(path, CONTRACTS)
        if found.first_block < 0:
            raise GivenFileMalformed(path, "no deployment: a contract's block lies below 0")
    except (EditionDiffers, GivenFileError) as error:
        raise InputRefused(error.code, str(error)) from error
    except KeyError as error:
        raise InputRefused(
            FILE_MALFORMED, f"{path}: it does not say in which block each contract is"
        ) from error
    return found


def require_log_place(log: str, ca: str) -> None:
    """Return when *log* is a folder or an address, and *ca* empty or a file of certificates; or raise InputRefused."""
    try:
        if log.startswith(("http://", "https://")):
            httpx.URL(log)
        if ca:
            ssl.create_default_context(cafile=ca)
    except httpx.InvalidURL as error:
        raise InputRefused(LogUnreachable.code, f"{log}: no address: {error}") from error
    except OSError as error:  # of the file, or of what is in it
        why = error.strerror or "no certificates in it"
        raise InputRefused(FILE_UNREADABLE, f"{ca}: {why}") from error


def require_chain(client: ChainClient, known: Deployment, path: Path) -> None:
    """Return when the node of *client* is of the chain that *known*, from *path*, is on, and deep enough.

    Raises ChainError, or one of its kind, when it is not.
    """
    chain_id = client.chain_id()
    if chain_id != known.chain_id:
        raise DeploymentMismatch(
            f"{path} is of chain {known.chain_id}, the node is of chain {chain_id}"
        )
    first = client.block(known.first_block)
    if known.block_hash and (first is None or to_hex(first.hash) != known.block_hash):
        raise DeploymentMismatch(
            f"{path} is of another chain {chain_id} than the node's: block {known.first_block} has another hash there"
        )
    final = client.final_number()
    if final < known.first_block:
        depth = client.finality.depth
        raise DepthTooGreat(
            f"the chain's newest block is {final + depth:,}: {depth:,} below it lies nothing of the contracts, which "
            f"begin in block {known.first_block:,}"
        )


def read_facts(folder: Path | None, bundles: Sequence[Path]) -> GivenFacts:
    """Return the facts in the files ``*.cbor`` of *folder* and in *bundles*.

    Raises InputRefused.
    """
    found = GivenFacts()
    if folder is not None:
        found.folder = _read_folder(folder, found.by_hash)
    for path in bundles:
        contents = {one.content for one in _bundle(path).distributions if one.content}
        found.by_hash |= (mine := dict(_facts_in(contents)))
        found.bundles.append(AskedFolder(str(path), len(mine)))
    return found


def _read_folder(folder: Path, by_hash: dict[bytes, Facts]) -> AskedFolder:
    if not folder.is_dir():
        raise InputRefused(FILE_UNREADABLE, f"{folder}: no folder")
    files, passed_over = 0, list[str]()
    for path in sorted(folder.iterdir()):
        if path.suffix != ".cbor" or not path.is_file():
            passed_over.append(path.name)
            continue
        data = _bytes(path, MAX_FACTS_BYTES)
        try:
            by_hash[sha256(data).digest()] = decode_facts(data)
        except InputMalformed as error:
            raise InputRefused(error.code, f"{path}: {error}") from error
        files += 1
    return AskedFolder(str(folder), files, passed_over)


def _bundle(path: Path) -> Bundle:
    """The bundle in *path*; what of it was altered shows by its facts' hashes."""
    try:
        bundle, _ = decode(_bytes(path, MAX_BYTES))
    except AuditError as error:
        raise InputRefused(error.code, f"{path}: {error}") from error
    return bundle


def _facts_in(contents: Iterable[bytes]) -> Iterator[tuple[bytes, Facts]]:
    """The facts among *contents*, by their SHA-256; what is none is of no use and harms nothing."""
    for data in contents:
        try:
            yield sha256(data).digest(), decode_facts(data)
        except InputMalformed:
            continue


def _bytes(path: Path, limit: int) -> bytes:
    try:
        return read_bytes(path, limit)
    except FormatError as error:
        raise InputRefused(error.code, error.detail) from error
