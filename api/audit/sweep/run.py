"""One sweep from end to end, and its outcome."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from counterfoil.api.audit.faults import HEAD_MISSING, QUORUM_UNKNOWN, QUORUM_WEAK, RECORDS_MISSING
from counterfoil.api.audit.sweep.book import Book
from counterfoil.api.audit.sweep.deposit_check import check_deposits
from counterfoil.api.audit.sweep.facts_check import FactsCheck, NotSharedOut
from counterfoil.api.audit.sweep.ledger_view import LedgerView, SigningQuorum, read_ledger
from counterfoil.api.audit.sweep.log_sweep import LogSweep
from counterfoil.api.audit.sweep.money_sweep import MoneySweep
from counterfoil.api.audit.sweep.piece import PIECE
from counterfoil.api.audit.sweep.sweep_finding import Finding
from counterfoil.chain.client import ChainClient
from counterfoil.gateway.errors import TileError
from counterfoil.gateway.logfiles.source import LogUnreachable
from counterfoil.oracle.rules.facts import Facts

Progress = Callable[[str, int, int], None]


@dataclass
class Swept:
    """The outcome: what was verified, how fast, and what was found."""

    records: int = 0
    records_before: int = 0
    """Of these, how many an earlier run had verified."""
    heads: int = 0
    quorums: list[SigningQuorum] = field(default_factory=list)
    """Who had to sign them."""
    machines: int = 0
    gossiped_heads: int = 0
    distributions: int = 0
    distributions_proved: int = 0
    not_shared_out: list[NotSharedOut] = field(default_factory=list)
    """What was anchored and is in none of the distributions that were proved, by project and day."""
    chain_id: int = 0
    deposits: int = 0
    deposits_minor: int = 0
    deposits_compared: bool = False
    """Mints, their sum, and whether statements of the bank were given to compare them with."""
    block: int = 0
    records_per_s: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def verdict(self) -> Literal["valid", "invalid", "unverifiable"]:
        if any(not finding.unverifiable for finding in self.findings):
            return "invalid"
        return "unverifiable" if self.findings else "valid"

    def as_json(self) -> dict[str, Any]:
        """One JSON document."""
        found = [finding._asdict() for finding in self.findings]
        return {"verdict": self.verdict, **asdict(self), "findings": found}


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

    *statements* are the bank's entries, by their names on chain; a mint that none stands behind is a finding.
    A head that fewer than *signatures_at_least* oracle nodes had to sign is a finding.

    Raises:
        ChainError: the node does not respond.
        LogUnreachable: the log's server does not respond.
        WorkerLost: a verifying process ended; what was verified before is kept.
        StateOfAnother: *state* belongs to another log.
    """
    view = read_ledger(client, first_block, lambda done, all_: progress("events", done, all_))
    done = Swept(
        chain_id=view.chain_id, block=view.block, heads=len(view.heads), quorums=view.quorums
    )
    done.findings += _check_quorums(view, signatures_at_least)
    # The log may be read from another place next time; what it is the anchor says.
    book = Book(state, f"chain {view.chain_id}, anchor {client.address_of('RecordAnchor')}")
    try:
        part = LogSweep(where=log, ca=ca, view=view, book=book, processes=processes, piece=piece)
        before, began = book.size, time.perf_counter()
        done.records_before = before
        part.run(lambda size: progress("records", size, part.size))
        seconds = time.perf_counter() - began
        done.records = book.size
        done.records_per_s = round((book.size - before) / seconds) if book.size > before else 0
        done.gossiped_heads = len(book.gossip())
        done.findings += [
            *part.check_before(),
            *part.check_order(),
            *book.findings(),
            *part.check_repudiated(),
            *part.check_gossip(),
        ]
        checked = FactsCheck(view, book, facts=facts or {}, projects=projects)
        money = MoneySweep(client, view, facts=checked)
        done.findings += money.run()
        done.not_shared_out = checked.not_shared_out()
        minted = [e.values["amount"] for e in view.money if e.name == "Deposited"]
        done.deposits, done.deposits_minor = len(minted), sum(minted)
        if statements is not None:
            done.deposits_compared = True
            done.findings += check_deposits(view.money, statements)
        done.distributions, done.distributions_proved = money.distributions, checked.proved
        done.machines = len(book.sold_devices())
        count = client.call("RecordAnchor", "headCount", block=view.block)
        if count != len(view.heads):
            done.findings.append(
                Finding(HEAD_MISSING, "heads", f"{count} on chain, {len(view.heads)} events")
            )
    except LogUnreachable:
        raise
    except TileError as error:
        done.findings.append(Finding(RECORDS_MISSING, f"after record {book.size}", str(error)))
    finally:
        book.close()
    return done


def _check_quorums(view: LedgerView, at_least: int) -> list[Finding]:
    found, before = list[Finding](), 0
    for quorum in view.quorums:
        if quorum.heads and quorum.threshold < at_least:
            where = f"heads {before} to {before + quorum.heads - 1}"
            said = (
                f"{quorum.threshold} of {len(quorum.signers)} had to sign, {at_least} are asked for"
            )
            found.append(Finding(QUORUM_WEAK, where, f"{said}: {', '.join(quorum.signers)}"))
        before += quorum.heads
    if before != len(view.heads):
        said = f"{len(view.heads) - before} heads before the node tells of any quorum"
        found.append(Finding(QUORUM_UNKNOWN, "heads", said, unverifiable=True))
    return found
