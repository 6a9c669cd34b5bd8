"""Compute a project's splits again: every payout from its first distribution on, to the minor unit. Pure.

Rules kept here:

* What happened is what the blocks' receipts and call data hold, in the chain's order; what the bundle states beside it
  must say the same, value by value. What should have happened is what the terms come to by ``oracle.waterfall``.
* A distribution depends on those before it (a period's totals, debts, what a pool carries), so all are made again; the
  facts, and the heads that prove them, are looked at for those of the period.
* The facts of those of the period are read by ``facts_audit``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak

from counterfoil.api.audit.verification.bundle import Bundle, DistributionFact, TakeFact, TermsFact
from counterfoil.api.audit.verification.bundle_blocks import Proven
from counterfoil.api.audit.verification.errors import AuditError
from counterfoil.api.audit.verification.facts_audit import FactsAudit
from counterfoil.api.audit.verification.money_errors import (
    FactsMissingError,
    SplitError,
    SplitUnknownError,
    TermsError,
)
from counterfoil.api.audit.verification.said import Joined, Part, Said
from counterfoil.chain.abi.decoding import decode_result
from counterfoil.chain.abi.enums import Tier
from counterfoil.chain.address import NOBODY, Address
from counterfoil.chain.errors import AddressMalformed
from counterfoil.chain.hexadecimal import to_hex
from counterfoil.chain.proof.block_proof import BlockProofInvalid, ProvenTransaction
from counterfoil.oracle.rules.distribution_call import distribution_in, sold_by
from counterfoil.oracle.rules.investor_pool import PoolList
from counterfoil.oracle.rules.waterfall import SplitRefused, SplitTerms, Waterfall

_Amounts = Counter[tuple[int, bytes]]
"""Amounts by tier and account (20 bytes)."""


class SplitAudit:
    """One bundle's splits, made again in the chain's order."""

    def __init__(self, bundle: Bundle, proven: Proven, facts: FactsAudit) -> None:
        """*facts* checks which sales each distribution shared out."""
        self._bundle, self._proven, self.facts = bundle, proven, facts
        self._project = bundle.scope.project_id
        self._waterfall = Waterfall()
        self._sizes = {head.size for head in bundle.heads}
        self._terms = {(f.transaction_hash, f.version): n for n, f in enumerate(bundle.terms)}
        self._distributions = {
            (f.transaction_hash, f.batch): n for n, f in enumerate(bundle.distributions)
        }
        self._takes: dict[tuple[bytes, bytes, bytes], list[int]] = defaultdict(list)
        for n, take in enumerate(bundle.takes):
            self._takes[take.transaction_hash, take.pool, take.account].append(n)
        self.taken = 0
        self.recomputed = self.of_period = 0

    @property
    def checked(self) -> Said:
        """What was checked, in one line; after :meth:`run`."""
        made_again = Said(
            "{distributions} distributions made again to the minor unit, {of_period} of the period",
            distributions=self.recomputed,
            of_period=self.of_period,
        )
        taken = Said("takes of pools made again: {taken}", taken=self.taken)
        return Joined("; ", (made_again, taken, self.facts.checked))

    def run(self) -> Iterator[AuditError]:
        """Yield what is wrong with the terms, the distributions, the pools and what was taken of them."""
        yield from self._twice()
        yield from self._pools()
        stated = {key[0] for key in (*self._terms, *self._distributions)}
        stated |= {key[0] for key in self._takes}
        known = [self._proven[found] for found in stated if found in self._proven]
        for transaction in sorted(known, key=lambda one: one.place):
            try:
                yield from self._transaction(transaction)
            except (BlockProofInvalid, DecodingError) as error:
                where = Said("transaction {hash}", hash=to_hex(transaction.hash))
                yield SplitError(where, Said("{block_error}", block_error=error))
        rows = (
            (TermsError, "terms", self._terms.values()),
            (SplitError, "distributions", self._distributions.values()),
            (SplitError, "takes", (n for places in self._takes.values() for n in places)),
        )
        for kind, part, left in rows:
            for place in left:
                detail = Said("no receipt under the blocks' headers holds it")
                yield kind(Part(part, place), detail)

    def _twice(self) -> Iterator[AuditError]:
        """Yield an error for each row that repeats another row's event: only one of them is compared."""
        bundle = self._bundle
        for part, rows, known in (
            ("terms", bundle.terms, set(self._terms.values())),
            ("distributions", bundle.distributions, set(self._distributions.values())),
        ):
            for place in range(len(rows)):
                if place not in known:
                    yield SplitError(Part(part, place), Said("stated twice"))

    def _transaction(self, found: ProvenTransaction) -> Iterator[AuditError]:
        """What one transaction did to the project, event by event."""
        events = [
            (name, v)
            for name, v in found.events("RevenueSplit", self._bundle.scope.revenue_split)
            if v.get("project") == self._project
        ]
        credited: dict[bytes, _Amounts] = {}
        for name, v in events:
            if name == "Credited":
                amounts = credited.setdefault(v["batch"], Counter())
                amounts[v["tier"], v["account"].raw] += v["amount"]
        for name, v in events:
            if name == "TermsSet":
                yield from self._set(found, v)
            elif name == "Distributed":
                amounts = credited.pop(v["batch"], Counter())
                yield from self._distributed(found, v, amounts)
            elif name in ("PoolTaken", "PoolEnded"):
                yield from self._taken(found, name, v)
        for batch in credited:
            where = Said("batch {hash}", hash=to_hex(batch))
            yield SplitError(where, Said("credited, and not distributed"))

    # ---- pools

    def _pools(self) -> Iterator[AuditError]:
        """A pool's list is the one that its account is derived from."""
        try:
            split = Address(self._bundle.scope.revenue_split)
        except AddressMalformed as error:
            if self._bundle.pools:
                yield SplitError(Part("scope"), Said("{address_error}", address_error=error))
            return
        for place, fact in enumerate(self._bundle.pools):
            found = PoolList.cut(
                [[(Address(one.account), one.weight) for one in piece] for piece in fact.pieces]
            )
            account = found.account(split, self._project)
            if account.raw != fact.account or not found.investors:
                detail = Said("other investors than its account is made of")
                yield SplitError(Part("pools", place), detail)
                continue
            self._waterfall.add_pool(account, found.investors)

    def _taken(
        self, found: ProvenTransaction, name: str, v: Mapping[str, Any]
    ) -> Iterator[AuditError]:
        """What an investor took of a pool, or the end of the pool's run: made again from what was paid to it."""
        is_end = name == "PoolEnded"
        account = Address(NOBODY if is_end else v["account"])
        pool, amount = Address(v["pool"]), v["paid" if is_end else "amount"]
        places = self._takes[found.hash, pool.raw, account.raw]
        if not places:
            detail = Said(
                "{account} took {amount} in a transaction here: left out",
                account=account,
                amount=amount,
            )
            yield SplitError(Said("pool {account}", account=pool), detail)
            return
        place = places.pop(0)
        fact = self._bundle.takes[place]
        where = Said("{part} (of pool {account})", part=Part("takes", place), account=pool)
        yield from _check_place(kind=SplitError, where=where, fact=fact, found=found)
        if fact.amount != amount:
            detail = Said("{stated} is stated, {got} on chain", stated=fact.amount, got=amount)
            yield SplitError(where, detail)
        try:
            waterfall = self._waterfall
            mine = waterfall.end_pool(pool) if is_end else waterfall.take_pool(pool, account)
        except SplitRefused as refused:
            detail = Said("by its list and the terms it is refused: {why}", why=refused)
            yield SplitError(where, detail)
            return
        self.taken += 1
        if mine != amount:
            detail = Said("{got} on chain, by its list {due}", got=amount, due=mine)
            yield SplitError(where, detail)

    # ---- terms

    def _set(self, found: ProvenTransaction, v: Mapping[str, Any]) -> Iterator[AuditError]:
        place = self._terms.pop((found.hash, v["version"]), None)
        if place is None:
            where: Said = Said("terms version {version}", version=v["version"])
            yield TermsError(where, Said("set in a transaction here, and left out"))
            return
        fact = self._bundle.terms[place]
        where = Said("{part} (version {version})", part=Part("terms", place), version=fact.version)
        yield from _check_place(kind=TermsError, where=where, fact=fact, found=found)
        if fact.version != len(self._waterfall.terms) + 1:
            awaited = len(self._waterfall.terms) + 1
            yield TermsError(where, Said("version {version} was to come", version=awaited))
        if keccak(fact.encoded) != v["termsHash"]:
            yield TermsError(where, Said("not the terms whose hash was set on chain"))
        try:
            terms = SplitTerms.on_chain(decode_result("RevenueSplit", "termsOf", fact.encoded))
        except (DecodingError, ValueError, OverflowError) as error:
            yield TermsError(where, Said("no terms: {error}", error=error))
            return
        self._waterfall.terms.append(terms)

    # ---- distributions

    def _distributed(
        self, found: ProvenTransaction, v: Mapping[str, Any], amounts: _Amounts
    ) -> Iterator[AuditError]:
        place = self._distributions.pop((found.hash, v["batch"]), None)
        if place is None:
            where = Said("distribution {hash}", hash=to_hex(v["batch"]))
            yield SplitError(where, Said("made in a transaction here, and left out"))
            return
        fact = self._bundle.distributions[place]
        part = Part("distributions", place)
        where = Said("{part} ({date})", part=part, date=fact.period_start)
        call = distribution_in(found.data)
        if call is None or call["batch"] != v["batch"]:
            detail = Said("its transaction calls something else: what was sold is not known")
            yield SplitUnknownError(where, detail)
            return
        yield from _check_place(kind=SplitError, where=where, fact=fact, found=found)
        yield from _check_stated(where, fact, on_chain={**call, **v}, amounts=amounts)
        yield from self._made_again(where, fact, call, version=v["version"], amounts=amounts)
        if self._bundle.scope.has_date(fact.period_start):
            self.of_period += 1
            if fact.head_size not in self._sizes:
                detail = Said("it names the head of {size}, which is not here", size=fact.head_size)
                yield SplitError(where, detail)
            if not fact.content:
                detail = Said("its facts are not here: which sales it shared out is not known")
                yield FactsMissingError(where, detail)
        if fact.content:
            yield from self.facts.check(where, fact)

    def _made_again(
        self,
        where: Said,
        fact: DistributionFact,
        call: Mapping[str, Any],
        version: int,
        amounts: _Amounts,
    ) -> Iterator[AuditError]:
        """Run the terms over what was sold, and compare to the minor unit."""
        waterfall = self._waterfall
        waterfall.collected += call["gross"]
        try:
            mine: _Amounts = Counter()
            for (by, to), amount in waterfall.distribute(sold_by(call)).items():
                mine[int(by), Address(to).raw] += amount
            in_force = waterfall.version_on(call["periodStart"])
        except (SplitRefused, ZeroDivisionError) as refused:
            yield SplitError(where, Said("by the terms it is refused: {why}", why=refused))
            return
        self.recomputed += 1
        if in_force != version:
            detail = Said(
                "paid by version {version}, and {in_force} was in force",
                version=version,
                in_force=in_force,
            )
            yield SplitError(where, detail)
        for tier, account in sorted(mine.keys() | amounts.keys()):
            got, due = amounts[tier, account], mine[tier, account]
            if got != due:
                detail = Said(
                    "{tier} {account} got {got}, by the terms {due}",
                    tier=tier_name(tier),
                    account=to_hex(account),
                    got=got,
                    due=due,
                )
                yield SplitError(where, detail)


def _check_place(
    kind: type[AuditError],
    where: Said,
    fact: TermsFact | DistributionFact | TakeFact,
    found: ProvenTransaction,
) -> Iterator[AuditError]:
    block = found.header
    if (fact.block_number, fact.block_hash) != (block.number, block.hash):
        detail = Said(
            "its transaction is in block {block}, {hash}",
            block=block.number,
            hash=to_hex(block.hash),
        )
        yield kind(where, detail)


def _check_stated(
    where: Said, fact: DistributionFact, on_chain: Mapping[str, Any], amounts: _Amounts
) -> Iterator[AuditError]:
    """Yield an error for each value of *fact* that differs from the call or the events."""
    stated = {
        "project": fact.project,
        "version": fact.version,
        "periodStart": fact.period_start,
        "periodEnd": fact.period_end,
        "gross": fact.gross,
        "refunds": fact.refunds,
        "tax": fact.tax,
        "headSize": fact.head_size,
        "facts": fact.facts,
    }
    for name, value in stated.items():
        if on_chain[name] != value:
            detail = Said(
                "{field} {stated} is stated, {got} on chain",
                field=name,
                stated=_shown(value),
                got=_shown(on_chain[name]),
            )
            yield SplitError(where, detail)
    if [tuple(unit) for unit in fact.units] != [
        (unit["goods"], unit["count"]) for unit in on_chain["units"]
    ]:
        yield SplitError(where, Said("other units are stated than were called on chain"))
    yield from _check_credits(where, fact, amounts)


def _check_credits(where: Said, fact: DistributionFact, amounts: _Amounts) -> Iterator[AuditError]:
    stated: _Amounts = Counter()
    for credit in fact.credits:
        stated[credit.tier, credit.account] += credit.amount
    for tier, account in sorted(stated.keys() | amounts.keys()):
        said, got = stated[tier, account], amounts[tier, account]
        if said != got:
            detail = Said(
                "{tier} {account}: {stated} is stated, {got} was credited on chain",
                tier=tier_name(tier),
                account=to_hex(account),
                stated=said,
                got=got,
            )
            yield SplitError(where, detail)


def _shown(value: object) -> str:
    return to_hex(value) if isinstance(value, bytes) else str(value)


_TIERS = {
    Tier.REFUND: Said("refund"),
    Tier.TAX: Said("tax"),
    Tier.GOODS: Said("goods"),
    Tier.FEE: Said("fee"),
    Tier.SWEEP: Said("sweep"),
    Tier.ALLOCATION: Said("allocation"),
    Tier.RESIDUAL: Said("residual"),
}


def tier_name(number: int) -> Said:
    """Return the tier's name; its number where the contract has no such tier."""
    return _TIERS[Tier(number)] if number in list(Tier) else Said("tier {number}", number=number)
