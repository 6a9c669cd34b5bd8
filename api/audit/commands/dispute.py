"""``counterfoil audit dispute`` and ``proof``: a record taken to the chain, or its proof written to a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from counterfoil.api.audit.verification.bundle import HeadFact
from counterfoil.api.audit.verification.bundle_format import MAGIC, MAX_BYTES, decode
from counterfoil.api.audit.verification.dispute import (
    Dispute,
    NothingSettlesIt,
    from_bundle,
    from_log,
)
from counterfoil.api.audit.verification.errors import AuditError
from counterfoil.chain.abi.enums import DisputePlace, DisputeWord
from counterfoil.chain.abi.head_fields import HeadFields
from counterfoil.chain.address import Address
from counterfoil.chain.anchored_heads import head_in_block, newest_head
from counterfoil.chain.client import ChainClient
from counterfoil.chain.deployment_file import Deployment
from counterfoil.chain.errors import ChainError
from counterfoil.chain.hexadecimal import to_hex
from counterfoil.chain.keys.signer import open_keystore
from counterfoil.chain.transaction import transact
from counterfoil.fault import FILE_MALFORMED, FILE_UNWRITABLE, Code
from counterfoil.gateway.errors import GatewayError, RecordAbsentError
from counterfoil.gateway.log.checkpoint import parse_checkpoint
from counterfoil.gateway.log.cosignature import split_note
from counterfoil.gateway.log.merkle import inclusion_proof
from counterfoil.gateway.log.tile_format import CHECKPOINT_PATH
from counterfoil.gateway.log.tlog_proof import TlogProof
from counterfoil.gateway.logfiles.source import open_source
from counterfoil.gateway.logfiles.tiles import TileReader
from counterfoil.given_file import GivenFileError, read_file, why_not
from counterfoil.printable import printable

Rpc = Annotated[str, typer.Option("--rpc", help="Your node of the chain.")]
Where = Annotated[Path, typer.Option("--deployment", help="Your deployment file.")]
Keystore = Annotated[
    Path | None,
    typer.Option(help="Send it with this key (COUNTERFOIL_AUDIT_PASSPHRASE); without, only ask."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_NOBODY = Address(bytes(19) + b"\x01")


class _Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="COUNTERFOIL_AUDIT_")
    passphrase: SecretStr = SecretStr("")


def dispute_command(
    file: Annotated[Path, typer.Argument(help="A bundle, or one record's bytes.")],
    rpc: Rpc,
    deployment: Where,
    index: Annotated[
        int, typer.Option(min=0, help="Which of a bundle's records: its log index.")
    ] = 0,
    log: Annotated[
        str, typer.Option("--log", help="For a record: the log's tiles, folder or URL.")
    ] = "",
    keystore: Keystore = None,
    as_json: Json = False,
) -> None:
    """Let the contract say whether the machine signed a record, and whether the log holds it; print the gas.

    Exit status: 0 it is signed and in the log, 1 it is not signed or not in the log, 2 it could not be told.
    """
    try:
        data = read_file(file, MAX_BYTES)
        client = ChainClient(rpc, Deployment.read(deployment).addresses)
        dispute = _ready(data, index, log, client)
        asked = client.call("RecordDispute", dispute.function, *dispute.arguments)
        gas = gas_of(
            client,
            contract="RecordDispute",
            function=dispute.function,
            arguments=dispute.arguments,
            keystore=keystore,
        )
    except (ChainError, AuditError, GivenFileError, NothingSettlesIt) as error:
        fail(error.code, str(error))
    except GatewayError as error:
        fail(error.code, error.detail)
    except (ValueError, TypeError) as error:
        fail(FILE_MALFORMED, f"{file}: {error}")
    said = {
        "call": dispute.function,
        "device": to_hex(asked["device"]),
        "epoch": asked["epoch"],
        "sequence": asked["sequence"],
        "word": DisputeWord(asked["word"]).wire_name,
        "place": DisputePlace(asked["place"]).wire_name,
        "size": asked["size"],
        "leaf": to_hex(asked["leaf"]),
        "name": to_hex(asked["name"]),
        "sent": keystore is not None,
        "gas": gas,
    }
    say(said, as_json)
    proven = (asked["word"], asked["place"]) == (DisputeWord.SIGNED, DisputePlace.IN_LOG)
    raise typer.Exit(0 if proven else 1)


def proof_command(
    index: Annotated[int, typer.Argument(min=0, help="The record's place in the log.")],
    log: Annotated[str, typer.Option("--log", help="The log's tiles: a folder or a URL.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The .tlog-proof file to write.")],
    record: Annotated[Path | None, typer.Option(help="Also write the record's bytes here.")] = None,
) -> None:
    """Write one record's proof under the log's newest checkpoint, cosignatures and all (C2SP tlog-proof)."""
    try:
        read = open_source(log)
        note = read(CHECKPOINT_PATH)
        size = parse_checkpoint(split_note(note)[0]).head.size
        if index >= size:
            raise RecordAbsentError(
                f"there is no record {index}: the newest checkpoint is of {size} records"
            )
        reader = TileReader(read, size)
        path = tuple(inclusion_proof(index, size, reader.read))
        out.write_bytes(TlogProof(index, path, note).encode())
        if record is not None:
            record.write_bytes(next(reader.entries(index, index + 1)))
    except OSError as error:
        fail(FILE_UNWRITABLE, f"{error.filename}: it can't be written: {why_not(error)}")
    except GatewayError as error:
        fail(error.code, f"{log}: {error.detail}")
    typer.echo(f"{out}: record {index} of {size}, {len(path)} hashes")


def _ready(data: bytes, index: int, log: str, client: ChainClient) -> Dispute:
    if MAGIC.encode() in data[:40]:

        def find(head: HeadFact) -> HeadFields | None:
            return head_in_block(client, head.size, head.block_number)

        return from_bundle(decode(data)[0], index, find)
    if not log:
        raise NothingSettlesIt("a record by itself needs --log")
    newest = newest_head(client)
    if newest is None:
        raise NothingSettlesIt("no head is anchored yet")
    reader = TileReader(open_source(log), newest["size"])
    return from_log(record=data, entries=reader.entries(), read=reader.read, head=newest)


def gas_of(
    client: ChainClient, contract: str, function: str, arguments: Any, keystore: Path | None
) -> int:
    """Return the gas that the call used, sent with the key in *keystore*, or would use without one."""
    data, to = client.encode(contract, function, *arguments), client.address_of(contract)
    if keystore is None:
        return client.estimate_gas(_NOBODY, to, data)
    signer = open_keystore(keystore, _Settings().passphrase.get_secret_value())
    return int(transact(client, signer, to, data)["gasUsed"], 16)


def say(said: dict[str, Any], as_json: bool) -> None:
    """Print *said* as one JSON document, or one line for each value."""
    if as_json:
        typer.echo(json.dumps(said))
        return
    for name, value in said.items():
        typer.echo(f"{name}: {printable(value)}")


def fail(code: Code, detail: str) -> NoReturn:
    """End with exit status 2: it could not be told."""
    typer.echo(json.dumps({"code": code, "detail": detail}), err=True)
    raise typer.Exit(2)
