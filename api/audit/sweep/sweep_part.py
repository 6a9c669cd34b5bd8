"""What a sweep checks, part by part, and the state of each, which follows from what was found. Pure.

Rules kept here:

* Each code belongs to one part; a test goes through all that the sweep can find.
* A part held only where nothing of it was found. What the log does not reach is not told, and does not hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from counterfoil.api.audit.faults import (
    ANNEX_UNKNOWN,
    BALANCE_MISMATCH,
    DEPOSIT_DIFFERS,
    DEPOSIT_WITHOUT_STATEMENT,
    FACTS_MISMATCH,
    FACTS_MISSING,
    HEAD_CHANGED,
    HEAD_MISSING,
    KEY_CHANGED,
    LOG_INCOMPLETE,
    PROJECT_IN_DOUBT,
    QUORUM_UNKNOWN,
    QUORUM_WEAK,
    RECORDS_BROKEN,
    RECORDS_DISPUTED,
    RECORDS_MISSING,
    SALES_DISPUTED,
    SPLIT_CALL_UNKNOWN,
    SPLIT_MISMATCH,
    SPLIT_RECORDS_MISSING,
)
from counterfoil.api.audit.sweep.sweep_finding import Finding
from counterfoil.fault import Code
from counterfoil.gateway.errors import RecordError
from counterfoil.oracle.errors import GOSSIP_DIFFERS
from counterfoil.oracle.rules.faults.proposal import FIGURES_DIFFER, ROOT_DIFFERS, STATE_DIFFERS


class Part(StrEnum):
    """What is checked, in the report's order."""

    RECORDS = "records"
    HEADS = "heads"
    SIGNERS = "signers"
    GOSSIP = "gossip"
    SPLITS = "splits"
    FACTS = "facts"
    BALANCES = "balances"
    MINTS = "mints"


class State(StrEnum):
    """Whether what a part says is so."""

    HELD = "held"
    FAILED = "failed"
    NOT_TOLD = "not_told"


OF_THE_LOG = frozenset((Part.RECORDS, Part.HEADS, Part.GOSSIP, Part.FACTS))
"""The parts that the log is needed for."""
_CODES: dict[Part, tuple[Code, ...]] = {
    Part.RECORDS: (
        RecordError.code,
        RECORDS_BROKEN,
        RECORDS_DISPUTED,
        RECORDS_MISSING,
        KEY_CHANGED,
    ),
    Part.HEADS: (
        ROOT_DIFFERS,
        STATE_DIFFERS,
        FIGURES_DIFFER,
        ANNEX_UNKNOWN,
        HEAD_MISSING,
        HEAD_CHANGED,
    ),
    Part.SIGNERS: (QUORUM_WEAK, QUORUM_UNKNOWN),
    Part.GOSSIP: (GOSSIP_DIFFERS, LOG_INCOMPLETE),
    Part.SPLITS: (SPLIT_MISMATCH, SPLIT_CALL_UNKNOWN),
    Part.FACTS: (
        FACTS_MISMATCH,
        FACTS_MISSING,
        PROJECT_IN_DOUBT,
        SALES_DISPUTED,
        SPLIT_RECORDS_MISSING,
    ),
    Part.BALANCES: (BALANCE_MISMATCH,),
    Part.MINTS: (DEPOSIT_WITHOUT_STATEMENT, DEPOSIT_DIFFERS),
}
PART_OF: dict[Code, Part] = {code: part for part, codes in _CODES.items() for code in codes}
"""The part that each code belongs to."""


def state_of(findings: Iterable[Finding], is_whole: bool) -> State:
    """Return the state of a part with these *findings*; *is_whole* is whether all that it is about could be read."""
    flags = [finding.unverifiable for finding in findings]
    if not all(flags):
        return State.FAILED
    return State.NOT_TOLD if flags or not is_whole else State.HELD
