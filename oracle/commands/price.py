"""``counterfoil oracle price``: a price of goods goes from bank to bank, and is posted once enough have signed it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from counterfoil.chain.client import ChainClient
from counterfoil.chain.deployment_file import Deployment
from counterfoil.chain.errors import ChainError
from counterfoil.chain.keys.passphrase import PassphraseFile, read_passphrase
from counterfoil.chain.keys.signer import LocalSigner, open_keystore
from counterfoil.chain.transaction import transact
from counterfoil.fault import FILE_UNREADABLE
from counterfoil.oracle.commands.instruction_reply import AsJson
from counterfoil.oracle.errors import OracleError, PriceFileError
from counterfoil.oracle.quorum.agreed_price import AgreedPrice
from counterfoil.printable import printable

_DAY_S = 86_400
VARIABLE = "COUNTERFOIL_ORACLE_PASSPHRASE"

price_app = typer.Typer(
    help="Prices of goods, which no record proves: signed by hand by the holders of the quorum's keys.",
    no_args_is_help=True,
)

Rpc = Annotated[
    str, typer.Option("--rpc", envvar="COUNTERFOIL_ORACLE_RPC_URL", help="Your node of the chain.")
]
Contracts = Annotated[
    Path,
    typer.Option(envvar="COUNTERFOIL_ORACLE_DEPLOYMENT", help="The contracts' addresses."),
]
Keystore = Annotated[
    Path, typer.Option(envvar="COUNTERFOIL_ORACLE_KEYSTORE", help="This bank's signing key.")
]
File = Annotated[Path, typer.Argument(help="The price's file.")]


def register(oracle_app: typer.Typer) -> None:
    """Add ``price`` to ``counterfoil oracle``."""
    oracle_app.add_typer(price_app, name="price")


@price_app.command("propose")
def propose(
    goods: Annotated[str, typer.Argument(help="The goods, as the receipts name them.")],
    price_minor: Annotated[int, typer.Argument(help="Of one unit, in minor units.")],
    out: Annotated[Path, typer.Option(help="The file to write.")],
    rpc: Rpc,
    deployment: Contracts,
    keystore: Keystore,
    days: Annotated[int, typer.Option(min=1, max=6, help="How long it can be posted.")] = 2,
    passphrase_file: PassphraseFile = None,
    as_json: AsJson = False,
) -> None:
    """Write a price of the chain's business day into a file, signed by this bank; then it goes to the other banks."""
    with _failing():
        if out.exists():
            raise PriceFileError(f"{out} is there already")
        client = _client(rpc, deployment)
        today = client.call("BusinessCalendar", "today")
        if not today:
            raise PriceFileError("the chain has no business day yet")
        price = AgreedPrice(
            goods,
            price_minor,
            date=today,
            deadline=client.now_s() + days * _DAY_S,
            chain_id=client.chain_id(),
        )
        price = price.signed_by(client, _signer(client, keystore, passphrase_file))
        price.write(out)
        found = _standing(client, price)
    _say(found, as_json)


@price_app.command("sign")
def sign(
    file: File,
    rpc: Rpc,
    deployment: Contracts,
    keystore: Keystore,
    passphrase_file: PassphraseFile = None,
    as_json: AsJson = False,
) -> None:
    """Add this bank's signature to a price that it agrees with. `check` says what the file says."""
    with _failing():
        client = _client(rpc, deployment)
        price = AgreedPrice.read(file)
        _require_open(_standing(client, price))  # no signature is added beside a false one
        price = price.signed_by(client, _signer(client, keystore, passphrase_file))
        price.write(file)
        found = _standing(client, price)
    _say(found, as_json)


@price_app.command("check")
def check(file: File, rpc: Rpc, deployment: Contracts, as_json: AsJson = False) -> None:
    """Say what a price's file says, who has signed it, and whether it was posted. Exit status: 0 enough, 1 not yet."""
    with _failing():
        found = _standing(_client(rpc, deployment), AgreedPrice.read(file))
    _say(found, as_json)
    raise typer.Exit(0 if not found["missing"] else 1)


@price_app.command("post")
def post(
    file: File,
    rpc: Rpc,
    deployment: Contracts,
    keystore: Keystore,
    passphrase_file: PassphraseFile = None,
    as_json: AsJson = False,
) -> None:
    """Post a price that enough banks have signed; posted already, it stays as it is."""
    with _failing():
        client = _client(rpc, deployment)
        price = AgreedPrice.read(file)
        standing = _standing(client, price)
        if standing["posted"]:
            _say(standing, as_json)
            return
        _require_open(standing)
        signers, threshold = client.call("RecordAnchor", "quorum")
        signatures = price.true_signatures(client, signers)
        if len(signatures) < threshold:
            raise PriceFileError(f"{len(signatures)} of the {threshold} signatures are there")
        to, data = client.address_of("WarehouseReceipts"), price.data(client)
        enough = list(signatures.values())[:threshold]
        parts = (to, data, price.label, price.deadline, enough)
        call = client.encode("OracleQuorum", "execute", *parts)
        signer = open_keystore(keystore, read_passphrase(VARIABLE, passphrase_file))
        receipt = transact(client, signer, to=client.address_of("OracleQuorum"), data=call)
        found = _standing(client, price) | {"transaction": receipt["transactionHash"]}
    _say(found, as_json)


@price_app.command("revoke")
def revoke(
    file: File,
    rpc: Rpc,
    deployment: Contracts,
    keystore: Keystore,
    passphrase_file: PassphraseFile = None,
    as_json: AsJson = False,
) -> None:
    """Add this bank's signature that takes a price back; the one that makes them enough sends it to the chain."""
    with _failing():
        client = _client(rpc, deployment)
        price = AgreedPrice.read(file)
        standing = _standing(client, price)
        if standing["posted"]:
            raise PriceFileError("it is posted already: agree on another price and post that")
        if not standing["revoked"]:
            signer = _signer(client, keystore, passphrase_file)
            price = price.taken_back_by(client, signer)
            price.write(file)
            signers, threshold = client.call("RecordAnchor", "quorum")
            enough = list(price.true_revocations(client, signers).values())[:threshold]
            if len(enough) == threshold:
                call = client.encode("OracleQuorum", "revoke", price.digest(client), enough)
                transact(client, signer, to=client.address_of("OracleQuorum"), data=call)
        found = _standing(client, price)
    _say(found, as_json)


def _standing(client: ChainClient, price: AgreedPrice) -> dict[str, Any]:
    """The file's fields, whose valid signatures it has, the number missing, and whether the call was made."""
    signers, threshold = client.call("RecordAnchor", "quorum")
    if client.chain_id() != price.chain_id:
        raise PriceFileError(f"it is for chain {price.chain_id}, the node is of another one")
    signed = list(price.true_signatures(client, signers))
    return {
        "goods": price.goods,
        "price_minor": price.price_minor,
        "date": price.date,
        "until": f"{datetime.fromtimestamp(price.deadline, UTC):%Y-%m-%d %H:%M}Z",
        "expired": client.now_s() > price.deadline,
        "today": client.call("BusinessCalendar", "today"),
        "signed": signed,
        "missing": max(0, threshold - len(signed)),
        "posted": client.call("OracleQuorum", "isExecuted", price.digest(client)),
        "taken_back_by": list(price.true_revocations(client, signers)),
        "revoked": client.call("OracleQuorum", "isRevoked", price.digest(client)),
    }


def _require_open(standing: dict[str, Any]) -> None:
    """End the command unless the price can still be posted."""
    if standing["date"] > standing["today"]:
        raise PriceFileError(
            f"it is of {standing['date']}, and the chain's business day is {standing['today']}"
        )
    if standing["expired"] or standing["revoked"]:
        why = (
            "was taken back"
            if standing["revoked"]
            else f"could be posted until {standing['until']}"
        )
        raise PriceFileError(f"it {why}: agree on it again")


def _signer(client: ChainClient, keystore: Path, passphrase_file: Path | None) -> LocalSigner:
    """The signer in the keystore, which must be one of the quorum's."""
    signer = open_keystore(keystore, read_passphrase(VARIABLE, passphrase_file))
    signers, _ = client.call("RecordAnchor", "quorum")
    if signer.address not in signers:
        raise PriceFileError(f"{signer.address} is not among the quorum's signers")
    return signer


def _client(rpc: str, deployment: Path) -> ChainClient:
    try:
        return ChainClient(rpc, Deployment.read(deployment).addresses)
    except (OSError, ValueError, TypeError, KeyError) as failure:
        raise PriceFileError(f"{deployment} is no deployment: {failure}") from failure


def _say(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(found))
        return
    for name, value in found.items():
        shown = ", ".join(value) if isinstance(value, list) else value
        typer.echo(f"{name}: {printable(shown)}")


@contextmanager
def _failing() -> Iterator[None]:
    """Print a failure's code and detail on standard error, and exit with status 2."""
    try:
        yield
    except (OracleError, ChainError) as failure:
        typer.echo(json.dumps({"code": failure.code, "detail": str(failure)}), err=True)
        raise typer.Exit(2) from failure
    except OSError as failure:
        found = {"code": FILE_UNREADABLE, "detail": str(failure)}
        typer.echo(json.dumps(found), err=True)
        raise typer.Exit(2) from failure
