"""Blocks made by hand, for tests without a node: real headers, tries, calls and events, of a chain that never ran."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import rlp
from eth_abi.abi import encode as abi_encode
from eth_utils.abi import event_abi_to_log_topic
from eth_utils.crypto import keccak
from trie.hexary import HexaryTrie

from counterfoil.api.audit.verification.bundle import (
    AssignmentFact,
    BlockFact,
    CreditFact,
    DistributionFact,
    InvestorFact,
    PoolFact,
    TakeFact,
    TermsFact,
    TransactionFact,
    UnitFact,
)
from counterfoil.chain.abi.artifacts import abi_of
from counterfoil.chain.abi.decoding import type_of
from counterfoil.chain.abi.enums import Tier
from counterfoil.chain.address import NOBODY, Address
from counterfoil.chain.client import ChainClient
from counterfoil.gateway.record.identity import on_chain_id
from counterfoil.oracle.rules.facts import Facts, names_of, tax_minor
from counterfoil.oracle.rules.investor_pool import PoolList
from counterfoil.oracle.rules.split_terms import terms_argument
from counterfoil.oracle.rules.waterfall import SoldBatch, SplitTerms, Waterfall

ADDRESSES = {
    name: Address(keccak(text=name)[:20])
    for name in ("RecordAnchor", "DeviceRegistry", "RevenueSplit")
}
ACCOUNTS = {
    name: Address(keccak(text=name)[:20])
    for name in ("refunds", "tax", "operator", "platform", "supplier", "site", "a", "b", "c")
}
_ENCODER = ChainClient("http://127.0.0.1:9")
"""Never asked: it only encodes."""


def event(contract: str, name: str, **values: Any) -> list[Any]:
    """The log that *contract* leaves for its event *name*, as it stands in a receipt."""
    abi = next(i for i in abi_of(contract) if i["type"] == "event" and i["name"] == name)
    indexed = [i for i in abi["inputs"] if i["indexed"]]
    plain = [i for i in abi["inputs"] if not i["indexed"]]
    topics = [event_abi_to_log_topic(abi)]
    topics += [abi_encode([type_of(i)], [values[i["name"]]]) for i in indexed]
    data = abi_encode([type_of(i) for i in plain], [values[i["name"]] for i in plain])
    return [bytes.fromhex(ADDRESSES[contract][2:]), topics, data]


def block_time_s(number: int) -> int:
    """The time of block *number*, in seconds: below 950 the day before the first sales, below 1,000 the evening after
    them, then a day's end each, and from 2,000 on long after all of them.
    """
    first = 1_661_731_200
    if number < 1_000:
        return first + (80_000 if number >= 950 else -86_400) + number
    return first + (number - 999) * 86_400 if number < 2_000 else first + 90_000_000 + number


@dataclass
class PaperChain:
    """Blocks by number, each with one transaction that matters among others."""

    blocks: dict[int, tuple[bytes, int, list[bytes], list[bytes]]] = field(default_factory=dict)
    """(header, number of the transaction, its proof, its receipt's proof)."""

    def mine(
        self, number: int, contract: str, data: bytes, logs: Sequence[Any]
    ) -> tuple[bytes, bytes]:
        """Make block *number* with a call of *contract*; answer its hash and the transaction's."""
        to = bytes.fromhex(ADDRESSES[contract][2:])
        rows = [(number * 10 + n, bytes(20), b"", []) for n in range(number % 4)]
        mine = len(rows) // 2
        rows.insert(mine, (number * 10 + 9, to, data, list(logs)))
        transactions = [
            b"\x02" + rlp.encode([31_337, nonce, 1, 2, 90_000, called, 0, call, [], 0, 7, 9])
            for nonce, called, call, _ in rows
        ]
        receipts = [
            b"\x02" + rlp.encode([1, 50_000 * (n + 1), bytes(256), left])
            for n, (*_, left) in enumerate(rows)
        ]
        tries = [_trie(transactions), _trie(receipts)]
        header = rlp.encode(
            [
                keccak(b"parent %d" % number),
                keccak(rlp.encode([])),
                bytes(20),
                keccak(b"state %d" % number),
                tries[0].root_hash,
                tries[1].root_hash,
                bytes(256),
                0,
                number,
                100_000_000,
                50_000 * len(rows),
                block_time_s(number),
                b"",
                bytes(32),
                bytes(8),
                1,
            ]
        )
        proofs = [[rlp.encode(n) for n in trie.get_proof(rlp.encode(mine))] for trie in tries]
        self.blocks[number] = (header, mine, *proofs)
        return keccak(header), keccak(transactions[mine])

    def prove(self, wanted: Mapping[int, Sequence[bytes]]) -> list[BlockFact]:
        """The *wanted* blocks, as ``from_chain.prove_blocks`` answers them."""
        return [
            BlockFact(self.blocks[n][0], [TransactionFact(*self.blocks[n][1:])]) for n in wanted
        ]


def _trie(values: Sequence[bytes]) -> HexaryTrie:
    trie = HexaryTrie({})
    for index, value in enumerate(values):
        trie[rlp.encode(index)] = value
    return trie


def investors(fee: int) -> list[tuple[str, int]]:
    """The investors of the pool in the terms with this fee."""
    return [(ACCOUNTS[n], w) for n, w in zip("abc", (11, 7, 5 + fee), strict=True)]


def pool_list(fee: int) -> PoolList:
    """They, in pieces of two."""
    return PoolList.of(investors(fee), piece=2)


def pool_account(fee: int) -> Address:
    """Their pool's account in the project ``lakeside``."""
    return pool_list(fee).account(ADDRESSES["RevenueSplit"], bytes(on_chain_id("lakeside")))


def terms(effective_from: int, fee: int) -> dict[str, Any]:
    """A waterfall with most kinds of tiers, whose pool does not divide; another fee has another pool."""
    at = ACCOUNTS
    return terms_argument(
        {
            "effective_from": effective_from,
            "period": "day",
            "refund": at["refunds"],
            "tax": at["tax"],
            "residual": at["operator"],
            "fee": {"account": at["platform"], "basis_points": fee},
            "goods": [{"code": "", "supplier": at["supplier"], "unit_cost": 35}],
            "allocations": [
                {"account": at["site"], "basis": "net_basis_points", "value": 1_000},
                {"account": None, "basis": "net_basis_points", "value": 1_433},
            ],
        },
        pool_account(fee),
    )


@dataclass
class PaperMoney:
    """A project's splits on a paper chain: what the split would have done, by the terms."""

    chain: PaperChain
    project: str
    terms: list[TermsFact] = field(default_factory=list)
    distributions: list[DistributionFact] = field(default_factory=list)
    pools: list[PoolFact] = field(default_factory=list)
    takes: list[TakeFact] = field(default_factory=list)
    waterfall: Waterfall = field(default_factory=Waterfall)

    @property
    def name(self) -> bytes:
        return bytes(on_chain_id(self.project))

    def set_terms(self, block: int, argument: Mapping[str, Any]) -> None:
        version = len(self.terms) + 1
        data = _ENCODER.encode("RevenueSplit", "setTerms", self.name, argument)
        encoded = (32).to_bytes(32, "big") + data[4 + 64 :]
        log = event(
            "RevenueSplit",
            "TermsSet",
            project=self.name,
            version=version,
            effectiveFrom=argument["effectiveFrom"],
            termsHash=keccak(encoded),
        )
        place = (
            block,
            *self.chain.mine(number=block, contract="RevenueSplit", data=data, logs=[log]),
        )
        self.waterfall.set_terms(SplitTerms.on_chain(argument))
        self.terms.append(TermsFact(version, encoded, *place))

    def distribute(self, block: int, facts: Facts, head_size: int) -> None:
        """Share out *facts*, through the quorum's contract."""
        content = facts.encode()
        digest, batch = names_of(content)
        gross, refunds = facts.gross_minor, facts.refunds_minor
        tax = tax_minor(gross, refunds, 600)
        units = [(bytes(on_chain_id(code)), count) for code, count in facts.units]
        date = facts.business_date
        self.waterfall.collected += gross
        sold = SoldBatch(
            batch, start=date, end=date, gross=gross, refunds=refunds, tax=tax, units=tuple(units)
        )
        paid = self.waterfall.distribute(sold)
        version = self.waterfall.version_on(date)
        call = (self.name, batch, date, date, gross, refunds, tax, head_size, digest, units)
        data = _ENCODER.encode("RevenueSplit", "distribute", call)
        split = ADDRESSES["RevenueSplit"]
        data = _ENCODER.encode("OracleQuorum", "execute", split, data, batch, 0, [])
        batch_of = {"project": self.name, "batch": batch}
        logs = [
            event(
                "RevenueSplit",
                "Distributed",
                version=version,
                periodStart=date,
                periodEnd=date,
                gross=gross,
                headSize=head_size,
                facts=digest,
                **batch_of,
            )
        ]
        logs += [
            event("RevenueSplit", "Credited", tier=tier, account=account, amount=amount, **batch_of)
            for (tier, account), amount in paid.items()
        ]
        place = (
            block,
            *self.chain.mine(number=block, contract="RevenueSplit", data=data, logs=logs),
        )
        self.distributions.append(
            DistributionFact(
                self.name,
                batch,
                version,
                date,
                date,
                gross,
                refunds,
                tax,
                head_size,
                digest,
                *place,
                [UnitFact(*unit) for unit in units],
                [_credit(tier, account, amount) for (tier, account), amount in paid.items()],
                content,
            )
        )

    def add_pool(self, fee: int) -> None:
        """All the investors of the terms with this *fee* were added."""
        found = pool_list(fee)
        account = pool_account(fee)
        self.waterfall.add_pool(account, found.investors)
        pieces = [[InvestorFact(_raw(a), w) for a, w in piece] for piece, _ in found.pieces]
        self.pools.append(PoolFact(_raw(account), pieces))

    def take(self, block: int, fee: int, account: str) -> None:
        """Pay an investor what it can take of the pool in the terms with this *fee*."""
        pool = pool_account(fee)
        amount = self.waterfall.take_pool(pool, account)
        data = _ENCODER.encode("RevenueSplit", "takePool", pool, account)
        log = event(
            "RevenueSplit",
            "PoolTaken",
            project=self.name,
            pool=pool,
            account=account,
            amount=amount,
        )
        place = self.chain.mine(number=block, contract="RevenueSplit", data=data, logs=[log])
        self.takes.append(TakeFact(_raw(pool), _raw(account), amount, block, *place))

    def end(self, block: int, fee: int) -> None:
        """End the run of the pool in the terms with this *fee*."""
        pool = pool_account(fee)
        paid = self.waterfall.end_pool(pool)
        data = _ENCODER.encode("RevenueSplit", "endPool", pool)
        log = event("RevenueSplit", "PoolEnded", project=self.name, pool=pool, paid=paid)
        place = self.chain.mine(number=block, contract="RevenueSplit", data=data, logs=[log])
        self.takes.append(TakeFact(_raw(pool), _raw(NOBODY), paid, block, *place))


def assign(chain: PaperChain, block: int, device: bytes, project: str) -> AssignmentFact:
    """Assign *device* to *project* ("" for none) in *block*; below 900 the block is its registration's."""
    to = bytes(on_chain_id(project)) if project else bytes(32)
    name = "DeviceRegistered" if block < 900 else "DeviceAssigned"
    people = {"owner": ACCOUNTS["operator"], "operator": ACCOUNTS["operator"]}
    log = event("DeviceRegistry", name, device=device, project=to, **people)
    place = chain.mine(number=block, contract="DeviceRegistry", data=b"assign", logs=[log])
    return AssignmentFact(to, block, *place)


def _raw(account: str) -> bytes:
    return bytes.fromhex(account[2:])


def _credit(tier: Tier, account: str, amount: int) -> CreditFact:
    return CreditFact(int(tier), bytes.fromhex(account[2:]), amount)
