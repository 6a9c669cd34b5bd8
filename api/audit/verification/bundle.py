"""A bundle's content as values: all that proves one device's records of one period. Nothing is verified yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from counterfoil.gateway.record.identity import DeviceId, Digest, on_chain_id
from counterfoil.gateway.record.proof_class import ProofClass
from counterfoil.oracle.rules.project_history import NO_PROJECT


class Scope(NamedTuple):
    """What the bundle is about: *device*, and its records from *first_ms* before *until_ms*.

    Times are the device's UTC clock in ms. *chain_id* is 0, and the addresses are empty, where the
    bundle was made without a chain. *made_ms* is the maker's clock.
    """

    device: str
    first_ms: int
    until_ms: int
    made_ms: int
    chain_id: int
    record_anchor: str
    device_registry: str
    revenue_split: str
    project: str
    proof_class: ProofClass

    @property
    def project_id(self) -> bytes:
        """The project as contracts know it; zero for none."""
        return on_chain_id(self.project) if self.project else NO_PROJECT

    def has_time(self, time_ms: int) -> bool:
        """Whether *time_ms* is in the period."""
        return self.first_ms <= time_ms < self.until_ms

    def has_date(self, date: int) -> bool:
        """Whether the business *date* is one of the period's."""
        return _date(self.first_ms) <= date <= _date(max(self.first_ms, self.until_ms - 1))


class KeyFact(NamedTuple):
    """A signing key of the device as the registry on chain holds it, epoch by epoch."""

    epoch: int
    x: bytes
    y: bytes
    from_sequence: int
    until_sequence: int
    revoked: int
    certificate_hash: bytes
    registered_at: int


class Entry(NamedTuple):
    """A record's log index and raw bytes."""

    log_index: int
    raw: bytes


class HeadFact(NamedTuple):
    """An anchored head, and the transaction and block in which it was anchored (hashes raw)."""

    size: int
    root: bytes
    state: bytes
    block_number: int
    block_hash: bytes
    transaction_hash: bytes


class AssignmentFact(NamedTuple):
    """The project (its on-chain id, zero for none) to which the device was assigned, and where."""

    project: bytes
    block_number: int
    block_hash: bytes
    transaction_hash: bytes


class StateFact(NamedTuple):
    """The device's slot under the last head's state root: slot *number* of *slots*."""

    number: int
    slots: int
    epoch: int
    sequence: int
    payload_digest: bytes
    path: Sequence[bytes]


class CreditFact(NamedTuple):
    """What one account got by one tier (the contract's number of it), in minor units."""

    tier: int
    account: bytes
    amount: int


class UnitFact(NamedTuple):
    """The number of goods (SHA-256 of their code) that were sold."""

    goods: bytes
    sold: int


class TermsFact(NamedTuple):
    """A version of the project's waterfall, in the chain's own encoding, and where it was set."""

    version: int
    encoded: bytes
    block_number: int
    block_hash: bytes
    transaction_hash: bytes


class DistributionFact(NamedTuple):
    """One distribution, as it was called and as the split on chain reported it; amounts in minor units.

    *facts* is the SHA-256 of *content* (docs/formats/facts.md), which is empty where the bytes are not known.
    """

    project: bytes
    batch: bytes
    version: int
    period_start: int
    period_end: int
    gross: int
    refunds: int
    tax: int
    head_size: int
    facts: bytes
    block_number: int
    block_hash: bytes
    transaction_hash: bytes
    units: Sequence[UnitFact]
    credits: Sequence[CreditFact]
    content: bytes


class InvestorFact(NamedTuple):
    """An investor of a pool and its weight."""

    account: bytes
    weight: int


class PoolFact(NamedTuple):
    """A pool's *account*, which is derived from its list in the *pieces* in which it was added."""

    account: bytes
    pieces: Sequence[Sequence[InvestorFact]]


class TakeFact(NamedTuple):
    """What *account* took of a *pool*; where the account is zero, a run that ended when *amount* had ever been paid."""

    pool: bytes
    account: bytes
    amount: int
    block_number: int
    block_hash: bytes
    transaction_hash: bytes


class TransactionFact(NamedTuple):
    """A transaction's number in its block, and the trie nodes that prove it and its receipt."""

    number: int
    transaction: Sequence[bytes]
    receipt: Sequence[bytes]


class BlockFact(NamedTuple):
    """A block's header (RLP, as it is hashed), and transactions of it."""

    header: bytes
    transactions: Sequence[TransactionFact]


@dataclass(frozen=True)
class Bundle:
    """A bundle's content; nothing in it is verified yet.

    ``inclusion`` has one proof for each record, under the last head; ``consistency`` one proof
    for each pair of neighbouring heads. ``records`` may begin with two records before the period
    and end with two after it, which bound it. ``assignments`` are all of the device's, from its
    registration on. ``checkpoint`` is the log's signed note of the
    last head with its witnesses' cosignatures, empty where there is none. ``terms``, ``distributions``
    and ``takes`` are all of the project's from its first to the last distribution of the period, each
    in the chain's order: what the split pays depends on what it paid before. ``pools`` are the lists of
    the investors whose pools were paid; they prove themselves. ``blocks`` prove that
    the heads, the assignments, the terms and the money's movements are on chain, by the blocks' headers alone.
    """

    scope: Scope
    registry: tuple[KeyFact, ...]
    certificates: tuple[bytes, ...]
    revocations: tuple[bytes, ...]
    records: tuple[Entry, ...]
    heads: tuple[HeadFact, ...]
    inclusion: tuple[tuple[Digest, ...], ...]
    consistency: tuple[tuple[Digest, ...], ...]
    state: StateFact | None
    checkpoint: bytes = b""
    terms: tuple[TermsFact, ...] = ()
    distributions: tuple[DistributionFact, ...] = ()
    pools: tuple[PoolFact, ...] = ()
    takes: tuple[TakeFact, ...] = ()
    blocks: tuple[BlockFact, ...] = ()
    assignments: tuple[AssignmentFact, ...] = ()

    @property
    def device(self) -> DeviceId:
        """The device that the bundle is about."""
        return DeviceId(self.scope.device)

    def on_chain(self) -> dict[int, list[bytes]]:
        """The hashes of the transactions that ``blocks`` has to prove, by their block's number."""
        found: dict[int, list[bytes]] = {}
        places = [(head.block_number, head.transaction_hash) for head in self.heads]
        places += [(one.block_number, one.transaction_hash) for one in self.assignments]
        places += [(terms.block_number, terms.transaction_hash) for terms in self.terms]
        places += [(d.block_number, d.transaction_hash) for d in self.distributions]
        places += [(take.block_number, take.transaction_hash) for take in self.takes]
        for number, transaction in dict.fromkeys(places):
            found.setdefault(number, []).append(transaction)
        return dict(sorted(found.items()))


_LAST_MS = 253_402_300_799_999
"""The last millisecond of the year 9999."""


def _date(time_ms: int) -> int:
    """The business date of *time_ms* (UTC), YYYYMMDD."""
    return int(f"{datetime.fromtimestamp(min(time_ms, _LAST_MS) / 1000, UTC):%Y%m%d}")
