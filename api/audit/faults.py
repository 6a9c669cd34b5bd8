"""What both kinds of audit can find wrong, and why one of their commands can't do its work."""

from __future__ import annotations

from counterfoil.fault import fault

RECORDS_BROKEN = fault(
    "record.chain_broken",
    ("A record does not follow the one before it: a gap, another predecessor, or other counters."),
    ("Ask the log's operator for the records between; if there are none, records were left out."),
)
SPLIT_MISMATCH = fault(
    "split.mismatch",
    "A distribution is not what its terms come to, or not what the chain holds.",
    "Compare it with the terms that the detail names; ask the oracle's operators.",
)
SPLIT_CALL_UNKNOWN = fault(
    "split.call_unknown",
    "The transaction of a distribution calls something else: what was sold is not known.",
    "Ask the oracle's operators for the call.",
)
FACTS_MISMATCH = fault(
    "split.facts_mismatch",
    "The facts of a distribution are not those of its call, or not what the records say.",
    "Keep the facts; ask the oracle's operators which records were shared out.",
)
PROJECT_IN_DOUBT = fault(
    "split.project_in_doubt",
    "A sale was shared out to one of two projects that its machine was in between its date and its head.",
    "Ask the registrar when the machine changed hands, and the oracle's operators whose the sale is.",
)
SALES_DISPUTED = fault(
    "split.sales_disputed",
    "A distribution shared out sales that the committee has repudiated, before or after it did.",
    "Ask the committee what the motion rests on, and the oracle's operators why it was shared out, if it came later.",
)
RECORDS_DISPUTED = fault(
    "record.disputed",
    "The committee has repudiated records of a machine after they were anchored.",
    "Ask the committee what the motion rests on; the vote has its hash.",
)
FACTS_MISSING = fault(
    "split.facts_missing",
    "The facts of a distribution are not here: which sales it shared out can't be told.",
    "Ask an oracle node for the facts, and give them.",
)
SPLIT_RECORDS_MISSING = fault(
    "split.records_missing",
    "The log that was given does not reach to all records that a distribution shared out.",
    "Read the log from another place, or copy it anew.",
)
PERIOD_BACKWARDS = fault(
    "bundle.period_backwards",
    "The last day lies before the first.",
    "Give the earlier day first.",
)
API_REFUSED = fault(
    "api.refused",
    "The platform's API gave no answer that can be used.",
    "Check its address and your token (COUNTERFOIL_TOKEN); the detail has the API's own code.",
)
CHALLENGE_UNKNOWN = fault(
    "promise.challenge_unknown",
    "The contract knows no such challenge.",
    "Take the number that the challenge's command printed.",
)
PROMISE_UNKEPT = fault(
    "promise.unkept",
    "The log does not hold what the gateway promised to put into it.",
    "Challenge the promise, if that is not done; look for the record at the gateway.",
)
PIECE_NO_POWER_OF_TWO = fault(
    "sweep.piece_no_power_of_two",
    "A sweep's piece must be a power of two.",
    "Give a power of two.",
)
DEPTH_TOO_GREAT = fault(
    "sweep.depth_too_great",
    "So many blocks must lie above what counts that the contracts' first block does not.",
    "Give a smaller depth, or wait for more blocks.",
)
KEY_CHANGED = fault(
    "sweep.key_changed",
    "A key that records were verified with is another one on chain now.",
    "Ask the registrar; begin the sweep anew with a new state file.",
)
HEAD_CHANGED = fault(
    "head.changed",
    "An anchored head is not the one that an earlier run of the sweep saw.",
    "Ask a second node; if it says the same, the chain itself was rewritten.",
)
HEAD_MISSING = fault(
    "head.missing",
    "A head that must be on chain is not there.",
    "Ask a second node for the chain's events.",
)
ANNEX_UNKNOWN = fault(
    "head.annex_unknown",
    "A head commits to something beside the log that this version can't compute.",
    "Sweep with the version that the oracle's nodes run.",
)
LOG_INCOMPLETE = fault(
    "log.incomplete",
    "The log does not show what would tell.",
    "Read the log from another place.",
)
RECORDS_MISSING = fault(
    "log.records_missing",
    "The log that was given does not hold all records that are under anchored heads: of the rest nothing can be told.",
    "Read the log from another place; if they are nowhere, they are held back.",
)
QUORUM_WEAK = fault(
    "quorum.weak",
    "Fewer nodes had to sign than are asked for.",
    "Ask the consortium why the quorum was so small.",
)
QUORUM_UNKNOWN = fault(
    "quorum.unknown",
    "The node tells of no quorum for some heads.",
    "Ask a node that keeps all events.",
)
DEPOSIT_WITHOUT_STATEMENT = fault(
    "sweep.deposit_without_statement",
    "A mint names an entry that no statement of the bank has, of those that were given.",
    (
        "Give the statements of all days; then ask the bank for the entry under that reference: if it has none, "
        "tokens stand for no money."
    ),
)
DEPOSIT_DIFFERS = fault(
    "sweep.deposit_differs",
    "A mint has another amount than the bank's statement.",
    "Ask the bank which is right.",
)
BALANCE_MISMATCH = fault(
    "sweep.balance_mismatch",
    "What the chain's events add up to is not what its contracts hold.",
    "Ask a second node; if it says the same, stop withdrawals until it is explained.",
)
