"""The fourteenth step's other half: nothing of the device, the project and the period was left out of a bundle. Pure.

Rules kept here:

* What the auditor's node has is compared with what the file shows; the node is read by ``node_check``.
* Later heads are named. Where the file's records end with the newest under its last head, a later head leaves the
  period's end open, and none closes it.
* A file shows a project's distributions up to the last one of its period, in the chain's order. One of those before
  it, or of the period, that is not in the file was left out, unless it is newer than the file's newest block or the
  file shows none at all: then a new file is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from counterfoil.api.audit.verification.assignment_steps import named
from counterfoil.api.audit.verification.bundle import Bundle
from counterfoil.api.audit.verification.bundle_blocks import block_times
from counterfoil.api.audit.verification.errors import AssignmentError, AuditError, EndOpenError
from counterfoil.api.audit.verification.money_errors import (
    DistributedSinceError,
    DistributionLeftOutError,
    NotDistributedError,
)
from counterfoil.api.audit.verification.report import Report
from counterfoil.api.audit.verification.said import Counted, Part, Said
from counterfoil.api.audit.verification.words import moment


class SeenHead(NamedTuple):
    """A head that the node has."""

    size: int
    block: int


class SeenAssignment(NamedTuple):
    """An assignment of the device that the node has."""

    project: bytes
    block: int
    transaction_hash: bytes


class SeenDistribution(NamedTuple):
    """A distribution of the project that the node has; *gross* in minor units."""

    batch: bytes
    period_start: int
    gross: int
    block: int
    transaction_hash: bytes


class ChainSeen(NamedTuple):
    """What a node has of a bundle's subject, as of *block*: the *heads* behind the file's last, the rest from the
    file's first block on, all in the chain's order. *newest_head_ms* is the time of the last head's block.
    """

    block: int
    time_ms: int
    heads: Sequence[SeenHead] = ()
    newest_head_ms: int = 0
    assignments: Sequence[SeenAssignment] = ()
    distributions: Sequence[SeenDistribution] = ()


def check_complete(report: Report, seen: ChainSeen) -> Iterator[AuditError]:
    """Yield what the file leaves out of what the node has *seen*; the report's open questions are settled by it."""
    bundle = report.bundle
    if bundle is None or not bundle.heads:
        return
    yield from _heads(report, bundle, seen)
    yield from _assignments(bundle, seen)
    missing = list(_distributions(bundle, seen))
    yield from missing
    if not missing:
        _settle(report, NotDistributedError)


def seen_text(seen: ChainSeen) -> Said:
    """Return as of when the node was asked, and the heads behind the file's last, in words."""
    said = Said("as of block {block} of {moment}", block=seen.block, moment=moment(seen.time_ms))
    if not seen.heads:
        return Said("{as_of}, no later head", as_of=said)
    last = seen.heads[-1]
    return Said(
        "{as_of}, {heads} that the file does not rest on, the last of {size} in block {block} at {moment}",
        as_of=said,
        heads=Counted(len(seen.heads), "later head"),
        size=last.size,
        block=last.block,
        moment=moment(seen.newest_head_ms),
    )


def _heads(report: Report, bundle: Bundle, seen: ChainSeen) -> Iterator[AuditError]:
    is_open = any(isinstance(one, EndOpenError) for one in report.open)
    _settle(report, EndOpenError)
    if is_open and seen.heads:
        last = seen.heads[-1]
        detail = Said(
            (
                "the records end under the head of {size}; your node has {heads}, up to {newest} in block {block}, "
                "and none of them is shown to hold no more of the period"
            ),
            size=bundle.heads[-1].size,
            heads=Counted(len(seen.heads), "later head"),
            newest=last.size,
            block=last.block,
        )
        yield EndOpenError(Part("heads"), detail)


def _assignments(bundle: Bundle, seen: ChainSeen) -> Iterator[AuditError]:
    newest = _newest_block(bundle)
    rows = [(fact.project, fact.transaction_hash) for fact in bundle.assignments]
    mine, theirs = set(rows), {(one.project, one.transaction_hash) for one in seen.assignments}
    for one in seen.assignments:
        if (one.project, one.transaction_hash) not in mine and one.block <= newest:
            detail = Said(
                "your node has one to {project} in block {block}: left out",
                project=named(one.project),
                block=one.block,
            )
            yield AssignmentError(Part("assignments"), detail)
    for place, fact in enumerate(rows):
        if fact not in theirs:
            detail = Said("your node has no such event")
            yield AssignmentError(Part("assignments", place), detail)


def _distributions(bundle: Bundle, seen: ChainSeen) -> Iterator[AuditError]:
    mine = {(fact.transaction_hash, fact.batch) for fact in bundle.distributions}
    is_mine = [(one.transaction_hash, one.batch) in mine for one in seen.distributions]
    newest = _newest_block(bundle)
    # The file's history ends with a distribution, not with a block: one block may hold many.
    history = max((place for place, it_is in enumerate(is_mine) if it_is), default=-1)
    for place, one in enumerate(seen.distributions):
        if is_mine[place] or not (bundle.scope.has_date(one.period_start) or place < history):
            continue
        where = Said(
            "distribution of {date} in block {block}", date=one.period_start, block=one.block
        )
        if not bundle.distributions:
            detail = Said("gross {gross} minor; the file shows none at all", gross=one.gross)
            yield DistributedSinceError(where, detail)
        elif one.block > newest:
            detail = Said("gross {gross} minor; the file is older", gross=one.gross)
            yield DistributedSinceError(where, detail)
        else:
            detail = Said("gross {gross} minor; the file leaves it out", gross=one.gross)
            yield DistributionLeftOutError(where, detail)


def _newest_block(bundle: Bundle) -> int:
    """The newest block of which the file shows something."""
    return max(block_times(bundle), default=-1)


def _settle(report: Report, kind: type[AuditError]) -> None:
    for question in [one for one in report.open if isinstance(one, kind)]:
        report.settle(question)
