"""What a node knows for a bundle: a project's splits from the first on, and the blocks that prove them.

Rules kept here:

* Only reads. The projection says where a transaction is; everything else comes from the node.
* The history of a project's splits ends with the last distribution of the period: later ones do not change it. It is
  empty where the period has no distribution.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from counterfoil.api.audit.faults import SPLIT_CALL_UNKNOWN
from counterfoil.api.audit.verification.bundle import (
    BlockFact,
    CreditFact,
    DistributionFact,
    Scope,
    TakeFact,
    TermsFact,
    TransactionFact,
    UnitFact,
)
from counterfoil.chain.address import NOBODY
from counterfoil.chain.client import ChainClient, ContractEvent
from counterfoil.chain.errors import ChainError
from counterfoil.chain.hexadecimal import from_any_hex, to_hex
from counterfoil.chain.provable_block import read_block
from counterfoil.chain.tables import EventRow
from counterfoil.oracle.rules.distribution_call import distribution_in


class SplitUnreadableError(ChainError):
    """A transaction that distributed calls another function: what was sold can't be read from it."""

    code = SPLIT_CALL_UNKNOWN


@dataclass
class SplitHistory:
    """A project's splits in the chain's order."""

    terms: list[TermsFact] = field(default_factory=list)
    distributions: list[DistributionFact] = field(default_factory=list)
    takes: list[TakeFact] = field(default_factory=list)

    @property
    def pools(self) -> set[bytes]:
        """Accounts that may be pools': those of which was taken, and those that were credited."""
        credited = {credit.account for d in self.distributions for credit in d.credits}
        return credited | {take.pool for take in self.takes}


def read_splits(
    client: ChainClient,
    scope: Scope,
    project: bytes,
    places: Sequence[EventRow],
    contents: Mapping[str, bytes],
) -> SplitHistory:
    """Return the history of *project*; *places* are its events of terms, distributions and takes of pools,
    in the chain's order.

    *contents* are the facts' bytes that are known, by batch.

    Raises:
        NodeUnreachable, RpcRefused: the node does not respond, or does not have a transaction.
        SplitUnreadableError: a transaction that distributed calls another function.
    """
    history = SplitHistory()
    dates = [int(str(p.arguments.get("periodStart", 0))) for p in places]
    last = max((n for n, date in enumerate(dates) if date and scope.has_date(date)), default=-1)
    places = places[: last + 1]
    hashes = list(dict.fromkeys(_bytes(place.transaction_hash) for place in places))
    calls = client.rpc_batch([("eth_getTransactionByHash", [to_hex(h)]) for h in hashes])
    for answer, receipt, found in zip(calls, client.receipts(hashes), hashes, strict=True):
        transaction = answer.unwrap()
        if transaction is None or receipt is None:
            raise ChainError(f"the node does not have transaction {found.hex()}")
        events = [e for e in client.decode_receipt(receipt) if e.contract == "RevenueSplit"]
        mine = [e for e in events if e.values.get("project") == project]
        _take(history, client, events=mine, data=_bytes(transaction["input"]))
    return SplitHistory(
        history.terms,
        [
            fact._replace(content=contents.get(to_hex(fact.batch), b""))
            if scope.has_date(fact.period_start)
            else fact
            for fact in history.distributions
        ],
        history.takes,
    )


def prove_blocks(client: ChainClient, wanted: Mapping[int, Sequence[bytes]]) -> list[BlockFact]:
    """Return the blocks with the *wanted* transactions (hashes by the block's number), each with its proofs.

    Raises:
        NodeUnreachable, RpcRefused: the node does not respond, or does not have a block.
        BlockNotRebuilt: the block can't be proved by what the node returned.
    """
    blocks = []
    for number in sorted(wanted):
        block = read_block(client, number)
        proofs = sorted(block.proof(found) for found in wanted[number])
        blocks.append(BlockFact(block.header, [TransactionFact(*proof) for proof in proofs]))
    return blocks


def _take(
    history: SplitHistory, client: ChainClient, events: Sequence[ContractEvent], data: bytes
) -> None:
    """Add what one transaction did: *data* is its call, *events* are those of the project."""
    credited: dict[bytes, list[CreditFact]] = {}
    for event in events:
        if event.name == "Credited":
            v = event.values
            credit = CreditFact(v["tier"], _bytes(v["account"]), v["amount"])
            credited.setdefault(v["batch"], []).append(credit)
    for event in events:
        v = event.values
        if event.name == "TermsSet":
            encoded = client.call_raw("RevenueSplit", "termsOf", v["project"], v["version"])
            history.terms.append(TermsFact(v["version"], encoded, *_place(event)))
        elif event.name == "Distributed":
            called = distribution_in(data)
            if called is None:
                raise SplitUnreadableError(f"{event.transaction_hash.hex()} calls something else")
            credits_ = credited.pop(v["batch"], [])
            history.distributions.append(_distribution(event, called, credits_))
        elif event.name in ("PoolTaken", "PoolEnded"):
            is_end = event.name == "PoolEnded"
            account, amount = (NOBODY, v["paid"]) if is_end else (v["account"], v["amount"])
            take = TakeFact(_bytes(v["pool"]), _bytes(account), amount, *_place(event))
            history.takes.append(take)


def _distribution(
    event: ContractEvent,
    called: Mapping[str, Any],
    credits_: Sequence[CreditFact],
) -> DistributionFact:
    v = event.values
    return DistributionFact(
        v["project"],
        v["batch"],
        v["version"],
        v["periodStart"],
        v["periodEnd"],
        v["gross"],
        called["refunds"],
        called["tax"],
        v["headSize"],
        v["facts"],
        *_place(event),
        [UnitFact(unit["goods"], unit["count"]) for unit in called["units"]],
        credits_,
        b"",
    )


def _place(event: ContractEvent) -> tuple[int, bytes, bytes]:
    return event.block_number, event.block_hash, event.transaction_hash


def _bytes(text: str) -> bytes:
    return from_any_hex(text)
