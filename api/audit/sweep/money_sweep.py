"""Recompute every split from terms and facts, and reconcile every balance, to the minor unit.

Rules kept here:

* A split is recomputed by ``oracle.waterfall`` from the terms on chain and the distribution's own argument. Its facts
  are shown to be the log's by ``facts_check``.
* Claimable + withdrawn = distributed, and what the token says agrees with its own transfers.
* Of a pool, taken + to take + carried = paid: what each investor took is made again from what was paid and from the
  list that gave the pool its name.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby

from counterfoil.api.audit.faults import (
    BALANCE_MISMATCH,
    SPLIT_CALL_UNKNOWN,
    SPLIT_MISMATCH,
)
from counterfoil.api.audit.sweep.facts_check import FactsCheck
from counterfoil.api.audit.sweep.ledger_view import LedgerView
from counterfoil.api.audit.sweep.sweep_finding import Finding
from counterfoil.api.audit.sweep.sweep_words import date_text
from counterfoil.api.audit.verification.said import Part, Said
from counterfoil.api.audit.verification.split_audit import tier_name
from counterfoil.chain.abi.enums import Tier
from counterfoil.chain.address import NOBODY
from counterfoil.chain.client import ChainClient, ContractEvent
from counterfoil.oracle.rules.distribution_call import sold_by
from counterfoil.oracle.rules.investor_pool import Investors, PoolList
from counterfoil.oracle.rules.waterfall import SplitRefused, SplitTerms, Waterfall

_DAY_MS = 86_400_000


class MoneySweep:
    """Replays the events of split and token in their order."""

    def __init__(self, client: ChainClient, view: LedgerView, facts: FactsCheck) -> None:
        self._client, self._view, self.facts = client, view, facts
        self._split = client.address_of("RevenueSplit")
        self._waterfalls: dict[bytes, Waterfall] = defaultdict(Waterfall)
        self._tokens: dict[bytes, str] = {}
        self._batches: set[tuple[bytes, bytes]] = set()
        self.claimable: Counter[tuple[str, str]] = Counter()
        self.withdrawn = 0
        self._pieces: dict[str, list[Investors]] = defaultdict(list)
        self.held: Counter[str] = Counter()
        self.distributions = 0

    def run(self) -> Iterator[Finding]:
        """Yield what is wrong with splits and balances."""
        for _, events in groupby(self._view.money, key=lambda e: e.transaction_hash):
            yield from self._transaction(list(events))
        yield from self._balances()

    # ---- splits

    def _transaction(self, events: Sequence[ContractEvent]) -> Iterator[Finding]:
        credited: dict[tuple[bytes, bytes], Counter[tuple[Tier, str]]] = defaultdict(Counter)
        for event in events:
            if event.name == "Credited":
                v = event.values
                credited[v["project"], v["batch"]][Tier(v["tier"]), v["account"]] += v["amount"]
        for event in events:
            v = event.values
            if event.name == "ProjectOpened":
                self._tokens[v["project"]] = v["token"]
            elif event.name == "TermsSet":
                found = self._client.call(
                    "RevenueSplit", "termsOf", v["project"], v["version"], block=self._view.block
                )
                self._waterfalls[v["project"]].terms.append(SplitTerms.on_chain(found))
            elif event.name == "Distributed":
                yield from self._distributed(
                    event, credited.pop((v["project"], v["batch"]), Counter())
                )
            elif event.name == "InvestorsAdded":
                yield from self._added(event)
            elif event.name in ("PoolTaken", "PoolEnded"):
                yield from self._of_pool(event)
            elif event.name == "Withdrawn":
                yield from self._withdrawn(event)
            elif event.name == "Transfer" and event.contract == "DepositToken":
                self.held[v["from"]] -= v["value"]
                self.held[v["to"]] += v["value"]
        for project, batch in credited:
            where = Said(
                "batch {batch} of {project}", batch=batch.hex()[:16], project=project.hex()[:16]
            )
            yield Finding(SPLIT_MISMATCH, where, Said("credited, and not distributed"))

    def _distributed(
        self, event: ContractEvent, credited: Counter[tuple[Tier, str]]
    ) -> Iterator[Finding]:
        v, where = event.values, _name(event)
        self.distributions += 1
        token = self._tokens[v["project"]]
        for (_, account), amount in credited.items():
            self.claimable[token, account] += amount
        if (v["project"], v["batch"]) in self._batches:
            yield Finding(SPLIT_MISMATCH, where, Said("the same batch twice"))
        self._batches.add((v["project"], v["batch"]))
        if v["headSize"] not in {head.size for head in self._view.heads}:
            detail = Said("no head of {size} is anchored", size=v["headSize"])
            yield Finding(SPLIT_MISMATCH, where, detail)
        d = self._view.calls.get(event.transaction_hash)
        if d is None:
            detail = Said("its transaction calls something else: what was sold is not known")
            yield Finding(SPLIT_CALL_UNKNOWN, where, detail, unverifiable=True)
            return
        same = ("project", "batch", "periodStart", "periodEnd", "gross", "headSize", "facts")
        if any(d[name] != v[name] for name in same):
            yield Finding(SPLIT_MISMATCH, where, Said("the event and the call differ"))
        waterfall = self._waterfalls[d["project"]]
        waterfall.collected += d["gross"]
        try:
            mine = waterfall.distribute(sold_by(d))
        except SplitRefused as refused:
            detail = Said("by the terms it is refused: {why}", why=str(refused))
            yield Finding(SPLIT_MISMATCH, where, detail)
            return
        if waterfall.version_on(d["periodStart"]) != v["version"]:
            detail = Said("version {version} was not in force", version=v["version"])
            yield Finding(SPLIT_MISMATCH, where, detail)
        for key in sorted(mine.keys() | credited.keys()):
            if mine.get(key, 0) != credited.get(key, 0):
                tier, account = key
                got, due = (self._view.amount(one.get(key, 0)) for one in (credited, mine))
                detail = Said(
                    "{tier} {account} got {got}, not {due}",
                    tier=tier_name(tier),
                    account=account,
                    got=got,
                    due=due,
                )
                yield Finding(SPLIT_MISMATCH, where, detail)
        yield from self.facts.check(where, d, event.block_number)

    def _added(self, event: ContractEvent) -> Iterator[Finding]:
        """A piece of a pool's list; with the last one it must be the list that the pool is named by."""
        v = event.values
        pieces = self._pieces[v["pool"]]
        pieces.append([(one["account"], one["weight"]) for one in v["piece"]])
        if any(v["next"]):
            return
        found = PoolList.cut(pieces)
        if found.account(self._split, v["project"]) != v["pool"]:
            detail = Said("other investors than it is named by")
            yield Finding(SPLIT_MISMATCH, Said("pool {account}", account=v["pool"]), detail)
        self._waterfalls[v["project"]].add_pool(v["pool"], found.investors)

    def _of_pool(self, event: ContractEvent) -> Iterator[Finding]:
        """What an investor took of a pool, or that the pool's run has ended."""
        v = event.values
        where = Said("pool {account}", account=v["pool"])
        waterfall = self._waterfalls[v["project"]]
        try:
            if event.name == "PoolTaken":
                stated = v["amount"]
                self.claimable[self._tokens[v["project"]], v["pool"]] -= stated
                self.withdrawn += stated
                mine = waterfall.take_pool(v["pool"], v["account"])
            else:
                stated = v["paid"]
                mine = waterfall.end_pool(v["pool"])
        except SplitRefused as refused:
            detail = Said("by its list and the terms it is refused: {why}", why=str(refused))
            yield Finding(SPLIT_MISMATCH, where, detail)
            return
        if mine != stated:
            got, due = self._view.amount(stated), self._view.amount(mine)
            detail = Said("it ended with {got}, not {due}", got=got, due=due)
            if event.name == "PoolTaken":
                detail = Said(
                    "{account} took {got}, not {due}", account=v["account"], got=got, due=due
                )
            yield Finding(SPLIT_MISMATCH, where, detail)

    def _withdrawn(self, event: ContractEvent) -> Iterator[Finding]:
        v = event.values
        mine = self.claimable[v["token"], v["account"]]
        self.claimable[v["token"], v["account"]] = 0
        self.withdrawn += v["amount"]
        if mine != v["amount"]:
            detail = Said(
                "{account} withdrew {got}, not {due}",
                account=v["account"],
                got=self._view.amount(v["amount"]),
                due=self._view.amount(mine),
            )
            yield Finding(BALANCE_MISMATCH, _name(event), detail)

    # ---- balances

    def _balances(self) -> Iterator[Finding]:
        at, said = self._view.block, self._view.amount
        pairs = sorted(self.claimable)
        found = self._client.call_all("RevenueSplit", "claimable", pairs, block=at)
        for (token, account), amount in zip(pairs, found, strict=True):
            if amount != self.claimable[token, account]:
                due = said(self.claimable[token, account])
                detail = Said("{got} is claimable, not {due}", got=said(amount), due=due)
                yield Finding(BALANCE_MISMATCH, _account(account), detail)
        total = 0
        for project, waterfall in self._waterfalls.items():
            total += waterfall.distributed
            theirs = self._client.call("RevenueSplit", "distributed", project, block=at)
            if theirs != waterfall.distributed:
                where = Said("project {id}", id=project.hex()[:16])
                detail = Said(
                    "distributed {got}, not {due}",
                    got=said(theirs),
                    due=said(waterfall.distributed),
                )
                yield Finding(BALANCE_MISMATCH, where, detail)
            for pool in waterfall.pools:
                yield from self._pool(waterfall, pool, at)
        open_ = sum(self.claimable.values())
        if open_ + self.withdrawn != total:
            detail = Said(
                "claimable {claimable} + withdrawn {withdrawn} is not {distributed}",
                claimable=said(open_),
                withdrawn=said(self.withdrawn),
                distributed=said(total),
            )
            yield Finding(BALANCE_MISMATCH, Part("RevenueSplit"), detail)
        yield from self._token(open_, at)

    def _pool(self, waterfall: Waterfall, pool: str, at: int) -> Iterator[Finding]:
        """Taken + to take + carried = paid, and each investor can take what is left of its share."""
        one, said = waterfall.pools[pool], self._view.amount
        investors = [account for account, _ in one.investors]
        asked = [(pool, account) for account in investors]
        found = self._client.call_all("RevenueSplit", "claimableOfPool", asked, block=at)
        for account, amount in zip(investors, found, strict=True):
            if amount != one.claimable(account):
                detail = Said(
                    "{got} is to take of pool {pool}, not {due}",
                    got=said(amount),
                    pool=pool,
                    due=said(one.claimable(account)),
                )
                yield Finding(BALANCE_MISMATCH, _account(account), detail)
        taken = self._client.call("RevenueSplit", "takenOf", pool, block=at)
        if taken + sum(found) + one.carried != one.paid:
            detail = Said(
                "taken {taken} + to take {to_take} + carried {carried} is not {paid}",
                taken=said(taken),
                to_take=said(sum(found)),
                carried=said(one.carried),
                paid=said(one.paid),
            )
            yield Finding(BALANCE_MISMATCH, Said("pool {account}", account=pool), detail)

    def _token(self, owed: int, at: int) -> Iterator[Finding]:
        supply, said = -self.held[NOBODY], self._view.amount
        found = self._client.call("DepositToken", "totalSupply", block=at)
        if found != supply:
            detail = Said("supply {got}, not {due}", got=said(found), due=said(supply))
            yield Finding(BALANCE_MISMATCH, Part("DepositToken"), detail)
        booked = sum(e.values["amount"] for e in self._view.money if e.name == "Deposited")
        minted = sum(
            e.values["value"]
            for e in self._view.money
            if e.name == "Transfer" and e.values["from"] == NOBODY
        )
        if booked != minted:
            detail = Said(
                "{minted} minted, {booked} booked", minted=said(minted), booked=said(booked)
            )
            yield Finding(BALANCE_MISMATCH, Part("DepositToken"), detail)
        accounts = sorted(account for account in self.held if account != NOBODY)
        held = self._client.call_all("DepositToken", "balanceOf", [[a] for a in accounts], block=at)
        for account, amount in zip(accounts, held, strict=True):
            if amount != self.held[account]:
                due = said(self.held[account])
                detail = Said("it holds {got}, not {due}", got=said(amount), due=due)
                yield Finding(BALANCE_MISMATCH, _account(account), detail)
        if self.held[self._split] != owed:
            held_here = said(self.held[self._split])
            detail = Said("it holds {held} and owes {owed}", held=held_here, owed=said(owed))
            yield Finding(BALANCE_MISMATCH, Part("RevenueSplit"), detail)


def _account(address: str) -> Said:
    return Said("account {account}", account=address)


def _name(event: ContractEvent) -> Said:
    v = event.values
    if event.name == "Distributed":
        return Said(
            "distribution {batch} of {date}",
            batch=v["batch"].hex()[:16],
            date=date_text(v["periodStart"]),
        )
    return Said("withdrawal in block {block}", block=event.block_number)
