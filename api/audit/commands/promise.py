"""``counterfoil audit challenge``, ``answer`` and ``mark``: hold a gateway to a promise.

Rules kept here:

* Without a keystore nothing is sent: the command says whether the contract would take it, and the gas.
* The answer comes from the log itself: the promised record, and its inclusion under the first anchored head over it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from counterfoil.api.audit.commands.dispute import Json, Keystore, Rpc, Where, fail, gas_of, say
from counterfoil.api.audit.faults import CHALLENGE_UNKNOWN, PROMISE_UNKEPT
from counterfoil.chain.abi.enums import PromiseStatus
from counterfoil.chain.anchored_heads import first_head_over
from counterfoil.chain.client import ChainClient
from counterfoil.chain.deployment_file import Deployment
from counterfoil.chain.errors import ChainError, ContractReverted
from counterfoil.chain.hexadecimal import from_any_hex, to_hex
from counterfoil.fault import FILE_MALFORMED, Code
from counterfoil.gateway.errors import GatewayError, RecordError
from counterfoil.gateway.log.merkle import inclusion_proof
from counterfoil.gateway.logfiles.source import open_source
from counterfoil.gateway.logfiles.tiles import TileReader
from counterfoil.gateway.record.identity import device_hash
from counterfoil.gateway.record.signed_record import MAX_RECORD_BYTES, decode
from counterfoil.given_file import GivenFileError, read_file

_Challenge = Annotated[str, typer.Argument(help="The challenge's name, 0x and 64 hex digits.")]


def challenge_command(
    file: Annotated[Path, typer.Argument(help="The gateway's signed promise.")],
    rpc: Rpc,
    deployment: Where,
    keystore: Keystore = None,
    as_json: Json = False,
) -> None:
    """Challenge a promise whose deadline has passed: its gateway's operator must answer with inclusion.

    Exit status: 0 it can be challenged (or was), 1 the contract refuses it, 2 it could not be told.
    """
    with _failing():
        promise = read_file(file, MAX_RECORD_BYTES)
        client = ChainClient(rpc, Deployment.read(deployment).addresses)
        name = client.call("PromiseChallenge", "challenge", promise)
        gas = gas_of(
            client,
            contract="PromiseChallenge",
            function="challenge",
            arguments=(promise,),
            keystore=keystore,
        )
    say({"challenge": to_hex(name), "sent": keystore is not None, "gas": gas}, as_json)


def answer_command(
    challenge: _Challenge,
    rpc: Rpc,
    deployment: Where,
    log: Annotated[str, typer.Option("--log", help="The log's tiles: a folder or a URL.")],
    keystore: Keystore = None,
    as_json: Json = False,
) -> None:
    """Answer a challenge with the record that was promised and its inclusion under the first anchored head over it.

    Exit status: 0 the contract takes the answer (or took it), 1 the log does not hold the record or the contract
    refuses, 2 it could not be told.
    """
    with _failing():
        known = Deployment.read(deployment)
        client = ChainClient(rpc, known.addresses)
        name, found = _challenge(client, challenge)
        size = client.call("RecordAnchor", "latestHead")["size"]
        reader = TileReader(open_source(log), size)
        at = _promised(reader, found)
        head = None if at is None else first_head_over(client, at[0], known.first_block)
        if at is None or head is None:
            _refuse(PROMISE_UNKEPT, f"the log of {size} records does not hold what was promised")
        index, raw = at
        path = list(inclusion_proof(index, head["size"], reader.read))
        arguments = (name, raw, index, head, path)
        gas = gas_of(
            client,
            contract="PromiseChallenge",
            function="answer",
            arguments=arguments,
            keystore=keystore,
        )
        status = _status(client, name)
    said = {"challenge": challenge, "log_index": index, "size": head["size"], "status": status}
    say(said | {"sent": keystore is not None, "gas": gas}, as_json)


def mark_command(
    challenge: _Challenge,
    rpc: Rpc,
    deployment: Where,
    keystore: Keystore = None,
    as_json: Json = False,
) -> None:
    """Mark a challenge that was not answered in time: the promise is broken, for good.

    Where the key has ended, the challenge ends as void.
    Exit status: 0 it can be marked (or was), 1 the contract refuses it, 2 it could not be told.
    """
    with _failing():
        client = ChainClient(rpc, Deployment.read(deployment).addresses)
        name, _ = _challenge(client, challenge)
        gas = gas_of(
            client,
            contract="PromiseChallenge",
            function="mark",
            arguments=(name,),
            keystore=keystore,
        )
        status = _status(client, name)
    said = {"challenge": challenge, "status": status, "sent": keystore is not None, "gas": gas}
    say(said, as_json)


def _status(client: ChainClient, name: bytes) -> str:
    """Return the state of the challenge."""
    found = client.call("PromiseChallenge", "challengeOf", name)
    return PromiseStatus(found["status"]).wire_name


def _challenge(client: ChainClient, text: str) -> tuple[bytes, dict[str, Any]]:
    """Return the challenge's name as bytes, and what the contract holds about it."""
    try:
        name = from_any_hex(text, 32)
    except ValueError:
        fail(CHALLENGE_UNKNOWN, f"{text}: a challenge's name is 0x and 64 hex digits")
    found: dict[str, Any] = client.call("PromiseChallenge", "challengeOf", name)
    if found["status"] == PromiseStatus.NONE:
        fail(CHALLENGE_UNKNOWN, f"the contract knows no challenge {text}")
    return name, found


def _promised(reader: TileReader, found: dict[str, Any]) -> tuple[int, bytes] | None:
    """Return the promised record's log index and bytes."""
    wanted = (found["device"], found["epoch"], found["sequence"], found["payloadDigest"])
    for index, raw in enumerate(reader.entries()):
        try:
            signed = decode(raw)
        except RecordError:
            continue
        record = signed.record
        at = (device_hash(record.device), record.epoch, record.sequence, signed.payload_digest)
        if at == wanted:
            return index, raw
    return None


@contextmanager
def _failing() -> Iterator[None]:
    """End with exit status 1 when the contract refuses, with 2 when it could not be told; each with its code."""
    try:
        yield
    except ContractReverted as refused:
        _refuse(refused.code, str(refused))
    except (ChainError, GivenFileError) as error:
        fail(error.code, str(error))
    except GatewayError as error:
        fail(error.code, error.detail)
    except (ValueError, TypeError) as error:
        fail(FILE_MALFORMED, str(error))


def _refuse(code: Code, detail: str) -> NoReturn:
    typer.echo(json.dumps({"code": code, "detail": detail}), err=True)
    raise typer.Exit(1)
