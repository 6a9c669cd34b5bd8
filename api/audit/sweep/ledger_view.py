"""What the auditor's own node says of heads, keys, splits and balances, all as of one block.

Rules kept here:

* Only reads. Events are asked for by block range, and everything is read as of the newest final block.
* What the log can show is not taken from the node: roots, states and sums are computed again from the records.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from counterfoil.api.audit.sweep.piece import HashedKey, Repudiation
from counterfoil.api.audit.verification.said import Counted, Said
from counterfoil.chain.client import ChainClient, ContractEvent
from counterfoil.chain.errors import ChainError
from counterfoil.chain.event_ranges import events_between
from counterfoil.chain.hexadecimal import from_hex, to_hex
from counterfoil.gateway.record.currency import decimals_of, money
from counterfoil.gateway.record.verification import OPEN_SEQUENCE
from counterfoil.oracle.rules.distribution_call import distribution_in
from counterfoil.oracle.rules.project_history import Assignment, ProjectHistory

CONTRACTS = ("RecordAnchor", "DeviceRegistry", "RevenueSplit", "DepositToken")
Amount = str | Said
"""An amount of the token as it is said."""


class AnchoredHead(NamedTuple):
    """A head as its event states it."""

    number: int
    size: int
    root: bytes
    state: bytes
    figures: bytes
    annex: bytes
    previous: int
    block: int


@dataclass
class SigningQuorum:
    """The signers from ``block`` on, *threshold* of whom must sign, and the number of heads under them."""

    block: int
    threshold: int
    signers: list[str]
    heads: int = 0


@dataclass
class LedgerView:
    """The chain's facts up to ``block``; ``money`` are the events of split and token, in their order."""

    chain_id: int
    block: int
    block_hash: str = ""
    block_time_s: int = 0
    currency: str = ""
    """The token's, where its minor units have the decimals that the currency has; else empty."""
    heads: list[AnchoredHead] = field(default_factory=list)
    quorums: list[SigningQuorum] = field(default_factory=list)
    """In their order: each ends where the next begins. The contract takes no head without its quorum."""
    keys: dict[tuple[bytes, int], HashedKey] = field(default_factory=dict)
    projects: dict[bytes, list[tuple[int, bytes]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """Each device's projects, as (block from which, project)."""
    times: dict[int, int] = field(default_factory=dict)
    """The time in ms of each block in which a device was given to another project."""
    money: list[ContractEvent] = field(default_factory=list)
    calls: dict[bytes, Mapping[str, Any]] = field(default_factory=dict)
    """The argument of each distribution, by its transaction's hash."""

    def amount(self, minor: int) -> Amount:
        """Return an amount of the token in words."""
        return amount_text(minor, self.currency)

    def project_ids(self) -> set[bytes]:
        """Each project that the chain knows, opened or with a machine in it."""
        opened = {e.values["project"] for e in self.money if e.name == "ProjectOpened"}
        return opened | {project for rows in self.projects.values() for _, project in rows}

    def project_at(self, device: bytes, block: int) -> bytes:
        """Return the project that *device* was in after *block*; zero for none."""
        found = bytes(32)
        for since, project in self.projects.get(device, ()):
            if since <= block:
                found = project
        return found

    def history(self, device: bytes) -> ProjectHistory:
        """Return the projects of *device* (its hash) by block and time; the first one's time is its block's, or 0."""
        rows = self.projects.get(device, ())
        return ProjectHistory([Assignment(b, self.times.get(b, 0), p) for b, p in rows])


def read_ledger(
    client: ChainClient, first_block: int, progress: Callable[[int, int], None] = lambda *_: None
) -> LedgerView:
    """Read all of it, from *first_block* on."""
    view = LedgerView(client.chain_id(), client.final_number())
    newest = client.block(view.block)
    if newest is None:
        raise ChainError(f"the node does not have its block {view.block}")
    view.block_hash, view.block_time_s = to_hex(newest.hash), newest.timestamp
    view.currency = _currency(client, view.block)
    for event in events_between(
        client, CONTRACTS, first=first_block, last=view.block, progress=progress
    ):
        _take(view, event)
    _read_calls(client, view)
    moved = {block for rows in view.projects.values() for block, _ in rows[1:]}
    asked = sorted(moved)
    answers = client.rpc_batch([("eth_getBlockByNumber", [hex(n), False]) for n in asked])
    for number, answer in zip(asked, answers, strict=True):
        view.times[number] = int(answer.unwrap()["timestamp"], 16) * 1_000
    return view


def amount_text(minor: int, currency: str) -> Amount:
    """Return an amount with its currency; in minor units where that is not known."""
    return money(minor, currency) if currency else Counted(minor, "minor unit")


def _currency(client: ChainClient, block: int) -> str:
    currency = str(client.call("DepositToken", "currency", block=block))
    digits = client.call("DepositToken", "decimals", block=block)
    return currency if digits == decimals_of(currency) else ""


def _take(view: LedgerView, event: ContractEvent) -> None:
    v = event.values
    if event.contract in ("RevenueSplit", "DepositToken"):
        view.money.append(event)
    elif event.name == "HeadAnchored":
        view.heads.append(
            AnchoredHead(
                number=v["index"],
                size=v["size"],
                root=v["root"],
                state=v["state"],
                figures=v["figures"],
                annex=v["annex"],
                previous=v["previousSize"],
                block=event.block_number,
            )
        )
        if view.quorums:
            view.quorums[-1].heads += 1
    elif event.name == "QuorumChanged":
        view.quorums.append(SigningQuorum(event.block_number, v["threshold"], list(v["signers"])))
    elif event.name == "KeyRegistered":
        key = HashedKey(
            x=v["x"],
            y=v["y"],
            from_sequence=v["fromSequence"],
            until_sequence=OPEN_SEQUENCE,
            revoked=False,
        )
        view.keys[v["device"], v["epoch"]] = key
    elif event.name in ("KeyClosed", "KeyRevoked"):
        name = (v["device"], v["epoch"])
        view.keys[name] = view.keys[name]._replace(
            until_sequence=v["untilSequence"],
            revoked=event.name == "KeyRevoked" or view.keys[name].revoked,
        )
    elif event.name == "RecordsDisputed":
        name = (v["device"], v["epoch"])
        taken = Repudiation(v["fromSequence"], v["untilSequence"], event.block_number)
        view.keys[name] = view.keys[name]._replace(
            repudiations=(*view.keys[name].repudiations, taken)
        )
    elif event.name in ("DeviceRegistered", "DeviceAssigned"):
        view.projects[v["device"]].append((event.block_number, v["project"]))


def _read_calls(client: ChainClient, view: LedgerView) -> None:
    hashes = [e.transaction_hash for e in view.money if e.name == "Distributed"]
    asked: Sequence[tuple[str, list[Any]]] = [
        ("eth_getTransactionByHash", [to_hex(one)]) for one in hashes
    ]
    for tx_hash, answer in zip(hashes, client.rpc_batch(asked), strict=True):
        transaction = answer.unwrap()
        if transaction is None:
            raise ChainError(f"the node does not have transaction {tx_hash.hex()}")
        data = from_hex(transaction["input"])
        argument = distribution_in(data)
        if argument is not None:
            view.calls[tx_hash] = argument
