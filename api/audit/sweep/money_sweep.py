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
            where = f"batch {batch.hex()[:16]} of {project.hex()[:16]}"
            yield Finding(SPLIT_MISMATCH, where, "credited, and not distributed")

    def _distributed(
        self, event: ContractEvent, credited: Counter[tuple[Tier, str]]
    ) -> Iterator[Finding]:
        v, where = event.values, _name(event)
        self.distributions += 1
        token = self._tokens[v["project"]]
        for (_, account), amount in credited.items():
            self.claimable[token, account] += amount
        if (v["project"], v["batch"]) in self._batches:
            yield Finding(SPLIT_MISMATCH, where, "the same batch twice")
        self._batches.add((v["project"], v["batch"]))
        if v["headSize"] not in {head.size for head in self._view.heads}:
            yield Finding(SPLIT_MISMATCH, where, f"no head of {v['headSize']} is anchored")
        d = self._view.calls.get(event.transaction_hash)
        if d is None:
            detail = "its transaction calls something else: what was sold is not known"
            yield Finding(SPLIT_CALL_UNKNOWN, where, detail, unverifiable=True)
            return
        same = ("project", "batch", "periodStart", "periodEnd", "gross", "headSize", "facts")
        if any(d[name] != v[name] for name in same):
            yield Finding(SPLIT_MISMATCH, where, "the event and the call differ")
        waterfall = self._waterfalls[d["project"]]
        waterfall.collected += d["gross"]
        try:
            mine = waterfall.distribute(sold_by(d))
        except SplitRefused as refused:
            yield Finding(SPLIT_MISMATCH, where, f"by the terms it is refused: {refused}")
            return
        if waterfall.version_on(d["periodStart"]) != v["version"]:
            yield Finding(SPLIT_MISMATCH, where, f"version {v['version']} was not in force")
        for key in sorted(mine.keys() | credited.keys()):
            if mine.get(key, 0) != credited.get(key, 0):
                tier, account = key
                got, due = (self._view.amount(one.get(key, 0)) for one in (credited, mine))
                detail = f"{tier.wire_name} {account} got {got}, not {due}"
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
            yield Finding(
                SPLIT_MISMATCH, f"pool {v['pool']}", "other investors than it is named by"
            )
        self._waterfalls[v["project"]].add_pool(v["pool"], found.investors)

    def _of_pool(self, event: ContractEvent) -> Iterator[Finding]:
        """What an investor took of a pool, or that the pool's run has ended."""
        v, where = event.values, f"pool {event.values['pool']}"
        waterfall = self._waterfalls[v["project"]]
        try:
            if event.name == "PoolTaken":
                stated, verb = v["amount"], f"{v['account']} took"
                self.claimable[self._tokens[v["project"]], v["pool"]] -= stated
                self.withdrawn += stated
                mine = waterfall.take_pool(v["pool"], v["account"])
            else:
                stated, verb = v["paid"], "ended with"
                mine = waterfall.end_pool(v["pool"])
        except SplitRefused as refused:
            yield Finding(SPLIT_MISMATCH, where, f"by its list and terms it is refused: {refused}")
            return
        if mine != stated:
            said = f"{verb} {self._view.amount(stated)}, not {self._view.amount(mine)}"
            yield Finding(SPLIT_MISMATCH, where, said)

    def _withdrawn(self, event: ContractEvent) -> Iterator[Finding]:
        v = event.values
        mine = self.claimable[v["token"], v["account"]]
        self.claimable[v["token"], v["account"]] = 0
        self.withdrawn += v["amount"]
        if mine != v["amount"]:
            withdrew = self._view.amount(v["amount"])
            detail = f"{v['account']} withdrew {withdrew}, not {self._view.amount(mine)}"
            yield Finding(BALANCE_MISMATCH, _name(event), detail)

    # ---- balances

    def _balances(self) -> Iterator[Finding]:
        at, said = self._view.block, self._view.amount
        pairs = sorted(self.claimable)
        found = self._client.call_all("RevenueSplit", "claimable", pairs, block=at)
        for (token, account), amount in zip(pairs, found, strict=True):
            if amount != self.claimable[token, account]:
                detail = f"{said(amount)} is claimable, not {said(self.claimable[token, account])}"
                yield Finding(BALANCE_MISMATCH, f"account {account}", detail)
        total = 0
        for project, waterfall in self._waterfalls.items():
            total += waterfall.distributed
            theirs = self._client.call("RevenueSplit", "distributed", project, block=at)
            if theirs != waterfall.distributed:
                where = f"project {project.hex()[:16]}"
                detail = f"distributed {said(theirs)}, not {said(waterfall.distributed)}"
                yield Finding(BALANCE_MISMATCH, where, detail)
            for pool in waterfall.pools:
                yield from self._pool(waterfall, pool, at)
        open_ = sum(self.claimable.values())
        if open_ + self.withdrawn != total:
            detail = (
                f"claimable {said(open_)} + withdrawn {said(self.withdrawn)} is not {said(total)}"
            )
            yield Finding(BALANCE_MISMATCH, "RevenueSplit", detail)
        yield from self._token(open_, at)

    def _pool(self, waterfall: Waterfall, pool: str, at: int) -> Iterator[Finding]:
        """Taken + to take + carried = paid, and each investor can take what is left of its share."""
        one, said = waterfall.pools[pool], self._view.amount
        investors = [account for account, _ in one.investors]
        asked = [(pool, account) for account in investors]
        found = self._client.call_all("RevenueSplit", "claimableOfPool", asked, block=at)
        for account, amount in zip(investors, found, strict=True):
            if amount != one.claimable(account):
                mine = said(one.claimable(account))
                detail = f"{said(amount)} is to take of pool {pool}, not {mine}"
                yield Finding(BALANCE_MISMATCH, f"account {account}", detail)
        taken = self._client.call("RevenueSplit", "takenOf", pool, block=at)
        if taken + sum(found) + one.carried != one.paid:
            parts = (
                f"taken {said(taken)} + to take {said(sum(found))} + carried {said(one.carried)}"
            )
            detail = f"{parts} is not {said(one.paid)}"
            yield Finding(BALANCE_MISMATCH, f"pool {pool}", detail)

    def _token(self, owed: int, at: int) -> Iterator[Finding]:
        supply, said = -self.held[NOBODY], self._view.amount
        found = self._client.call("DepositToken", "totalSupply", block=at)
        if found != supply:
            detail = f"supply {said(found)}, not {said(supply)}"
            yield Finding(BALANCE_MISMATCH, "DepositToken", detail)
        booked = sum(e.values["amount"] for e in self._view.money if e.name == "Deposited")
        minted = sum(
            e.values["value"]
            for e in self._view.money
            if e.name == "Transfer" and e.values["from"] == NOBODY
        )
        if booked != minted:
            detail = f"{said(minted)} minted, {said(booked)} booked"
            yield Finding(BALANCE_MISMATCH, "DepositToken", detail)
        accounts = sorted(account for account in self.held if account != NOBODY)
        held = self._client.call_all("DepositToken", "balanceOf", [[a] for a in accounts], block=at)
        for account, amount in zip(accounts, held, strict=True):
            if amount != self.held[account]:
                detail = f"holds {said(amount)}, not {said(self.held[account])}"
                yield Finding(BALANCE_MISMATCH, f"account {account}", detail)
        if self.held[self._split] != owed:
            detail = f"holds {said(self.held[self._split])} and owes {said(owed)}"
            yield Finding(BALANCE_MISMATCH, "RevenueSplit", detail)


def _name(event: ContractEvent) -> str:
    v = event.values
    if event.name == "Distributed":
        return f"distribution {v['batch'].hex()[:16]} of {date_text(v['periodStart'])}"
    return f"{event.name} in block {event.block_number}"
