"""One sweep from end to end, and its outcome."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from counterfoil.api.audit.faults import HEAD_MISSING, QUORUM_UNKNOWN, QUORUM_WEAK, RECORDS_MISSING
from counterfoil.api.audit.sweep.book import Book
from counterfoil.api.audit.sweep.deposit_check import check_deposits
from counterfoil.api.audit.sweep.facts_check import FactsCheck, NotSharedOut
from counterfoil.api.audit.sweep.ledger_view import LedgerView, SigningQuorum, read_ledger
from counterfoil.api.audit.sweep.log_cover import cover_of
from counterfoil.api.audit.sweep.log_sweep import LogSweep
from counterfoil.api.audit.sweep.money_sweep import MoneySweep
from counterfoil.api.audit.sweep.piece import PIECE
from counterfoil.api.audit.sweep.sweep_finding import Finding
from counterfoil.api.audit.sweep.sweep_part import OF_THE_LOG, PART_OF, Part, State, state_of
from counterfoil.api.audit.verification.said import Counted, Joined, Said
from counterfoil.chain.client import ChainClient
from counterfoil.fault import Code
from counterfoil.gateway.errors import TileError
from counterfoil.gateway.logfiles.source import LogUnreachable
from counterfoil.gateway.record.identity import on_chain_id
from counterfoil.oracle.rules.facts import Facts

Progress = Callable[[str, int, int], None]


class ProjectUnknown(Exception):
    """No project on chain has the name that was given."""

    code = Code("sweep.project_unknown")
    to_do = "Spell the name as the registrar does; it picks nothing out, so leave it away where you don't know it."


@dataclass
class SeenBlock:
    """The newest block that counts: everything on chain was read as of it."""

    number: int = 0
    hash: str = ""
    time_s: int = 0


@dataclass
class Swept:
    """The outcome: what was verified, how fast, and what was found."""

    records: int = 0
    """That were read and verified, this time or by an earlier run."""
    records_before: int = 0
    """Of these, how many an earlier run had verified."""
    records_anchored: int = 0
    """Under the newest head on chain."""
    heads: int = 0
    """On chain."""
    heads_verified: int = 0
    """Of these, the first so many, whose records the log has."""
    quorums: list[SigningQuorum] = field(default_factory=list)
    """Who had to sign them."""
    signatures_at_least: int = 1
    machines: int = 0
    gossiped_heads: int = 0
    distributions: int = 0
    distributions_known: int = 0
    """Of these, how many have their facts here."""
    distributions_proved: int = 0
    """Of these, against how many the log says nothing."""
    in_no_known_distribution: list[NotSharedOut] = field(default_factory=list)
    """What was anchored and is in none of the distributions whose facts are here, by project and day."""
    chain_id: int = 0
    currency: str = ""
    """The token's; empty where it has other minor units than its currency."""
    deposits: int = 0
    deposits_minor: int = 0
    deposits_compared: bool = False
    """Mints, their sum, and whether statements of the bank were given to compare them with."""
    block: SeenBlock = field(default_factory=SeenBlock)
    records_per_s: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def verdict(self) -> Literal["valid", "invalid", "unverifiable"]:
        if any(not finding.unverifiable for finding in self.findings):
            return "invalid"
        return "unverifiable" if self.findings else "valid"

    @property
    def distributions_missing(self) -> int:
        """Distributions of which it is not known which sales they shared out."""
        return self.distributions - self.distributions_known

    @property
    def is_whole(self) -> bool:
        """Whether the log reached to the newest head on chain."""
        return self.heads_verified == self.heads

    @property
    def parts(self) -> list[Part]:
        """What was checked: without the bank's statements no mint is."""
        return [part for part in Part if part != Part.MINTS or self.deposits_compared]

    def found_in(self, part: Part) -> list[Finding]:
        """The findings of *part*."""
        return [one for one in self.findings if PART_OF.get(one.code, Part.RECORDS) == part]

    def state_of(self, part: Part) -> State:
        """Whether what *part* says is so."""
        return state_of(self.found_in(part), self.is_whole or part not in OF_THE_LOG)

    def as_json(self, language: str) -> dict[str, Any]:
        """One JSON document, its findings in *language*; ``not_shared_out`` is null where it can't be told."""
        said = asdict(replace(self, findings=[]))
        rows = said["in_no_known_distribution"]
        said["not_shared_out"] = None if self.distributions_missing else rows
        found = [
            {
                "code": finding.code,
                "where": finding.where.in_(language),
                "detail": finding.detail.in_(language),
                "unverifiable": finding.unverifiable,
                "part": PART_OF.get(finding.code, Part.RECORDS),
            }
            for finding in self.findings
        ]
        return {"verdict": self.verdict, **said, "findings": found}


def sweep(
    client: ChainClient,
    first_block: int,
    log: str,
    *,
    ca: str = "",
    state: Path | None = None,
    facts: Mapping[bytes, Facts] | None = None,
    projects: tuple[str, ...] = (),
    processes: int | None = None,
    piece: int = PIECE,
    signatures_at_least: int = 1,
    statements: Mapping[bytes, int] | None = None,
    progress: Progress = lambda *_: None,
) -> Swept:
    """Verify everything again: the log at *log* against the node of *client*, from *first_block* on.

    *projects* are names for what the chain knows by hashes. *statements* are the bank's credits, by their names on
    chain; a mint that none stands behind is a finding. A head that fewer than *signatures_at_least* oracle nodes had to
    sign is a finding. A log that does not reach to the newest head is swept as far as it does.

    Raises:
        ChainError: the node does not respond.
        LogUnreadable: there is no log.
        LogUnreachable: the log's server does not respond.
        ProjectUnknown: no project on chain has one of these names.
        WorkerLost: a verifying process ended; what was verified before is kept.
        StateOfAnother: *state* belongs to another log.
        StateUnusable: *state* can't be opened.
    """
    view = read_ledger(client, first_block, lambda done, all_: progress("events", done, all_))
    _require_projects(view, projects)
    cover = cover_of(log, ca, view.heads)
    done = Swept(
        chain_id=view.chain_id,
        block=SeenBlock(view.block, view.block_hash, view.block_time_s),
        currency=view.currency,
        heads=len(view.heads),
        records_anchored=view.heads[-1].size if view.heads else 0,
        quorums=view.quorums,
        signatures_at_least=signatures_at_least,
    )
    done.findings += _check_quorums(view, signatures_at_least)
    # The log may be read from another place next time; what it is the anchor says.
    book = Book(state, f"chain {view.chain_id}, anchor {client.address_of('RecordAnchor')}")
    try:
        part = LogSweep(
            where=log,
            ca=ca,
            view=view,
            book=book,
            processes=processes,
            piece=piece,
            cover=cover,
        )
        before, began = book.size, time.perf_counter()
        why = Said("it ends there")
        try:
            part.run(lambda size: progress("records", size, part.size))
        except LogUnreachable:
            raise
        except TileError as error:
            why = Said("{tile_error}", tile_error=error.detail)
        seconds = time.perf_counter() - began
        done.records, done.records_before = book.size, before
        done.records_per_s = round((book.size - before) / seconds) if book.size > before else 0
        done.heads_verified = part.heads
        if not done.is_whole:
            rest = Said(
                "{why}; the newest head on chain is of {records}",
                why=why,
                records=Counted(done.records_anchored, "record"),
            )
            where = Said("the log after its first {records}", records=Counted(book.size, "record"))
            done.findings.append(Finding(RECORDS_MISSING, where, rest, unverifiable=True))
        done.gossiped_heads = len(book.gossip())
        done.findings += [
            *part.check_before(),
            *part.check_order(),
            *book.findings(),
            *part.check_repudiated(),
            *part.check_gossip(),
        ]
        checked = FactsCheck(view, book, facts=facts or {}, projects=projects, size=part.size)
        money = MoneySweep(client, view, facts=checked)
        done.findings += money.run()
        done.in_no_known_distribution = checked.in_no_known_distribution(part.currencies)
        minted = [e.values["amount"] for e in view.money if e.name == "Deposited"]
        done.deposits, done.deposits_minor = len(minted), sum(minted)
        if statements is not None:
            done.deposits_compared = True
            done.findings += check_deposits(view, statements)
        done.distributions = money.distributions
        done.distributions_known, done.distributions_proved = checked.known, checked.proved
        done.machines = len(book.sold_devices())
        count = client.call("RecordAnchor", "headCount", block=view.block)
        if count != len(view.heads):
            detail = Said(
                "{number} on chain, {events} events", number=count, events=len(view.heads)
            )
            done.findings.append(Finding(HEAD_MISSING, Said("heads"), detail))
    finally:
        book.close()
    return done


def _require_projects(view: LedgerView, projects: Iterable[str]) -> None:
    known = view.project_ids()
    unknown = [name for name in projects if on_chain_id(name) not in known]
    if unknown:
        raise ProjectUnknown(f"no project on this chain is called {' or '.join(unknown)}")


def _check_quorums(view: LedgerView, at_least: int) -> list[Finding]:
    found, before = list[Finding](), 0
    for quorum in view.quorums:
        if quorum.heads and quorum.threshold < at_least:
            last = before + quorum.heads - 1
            where = Said("heads {first} to {last}", first=before, last=last)
            if quorum.heads == 1:
                where = Said("head {number}", number=before)
            detail = Said(
                "{threshold} of {number} had to sign, {wanted} are asked for: {signers}",
                threshold=quorum.threshold,
                number=len(quorum.signers),
                wanted=at_least,
                signers=Joined(", ", quorum.signers),
            )
            found.append(Finding(QUORUM_WEAK, where, detail))
        before += quorum.heads
    if before != len(view.heads):
        detail = Said(
            "{heads} before the node tells of any quorum",
            heads=Counted(len(view.heads) - before, "head"),
        )
        found.append(Finding(QUORUM_UNKNOWN, Said("heads"), detail, unverifiable=True))
    return found
