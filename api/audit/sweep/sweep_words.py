"""The sentences of a sweep's report, each in one place. Pure.

Rules kept here:

* A line's sentence begins with *that*, so that it asserts nothing by itself: ``held``, ``failed`` or ``not told``
  stands before it.
* What a single finding says stands where it is found, behind its code.
"""

from __future__ import annotations

from datetime import UTC, datetime

_WORDS: dict[str, str] = {
    # What a report is made of.
    "asked": "What was asked",
    "verdict": "Verdict",
    "lines": "What was checked",
    "unseen": "What was not looked at, and how to look",
    # What was asked.
    "chain": "chain",
    "deployment": "deployment",
    "node": "node asked",
    "block": "newest block",
    "block.value": "{number:,}, {moment}, {hash}",
    "depth": "blocks above it",
    "log": "log",
    "log.value": "{where}: {records} read",
    "log.before": "{records} of them verified by an earlier run ({state})",
    "facts": "facts given",
    "facts.none": "none",
    "facts.value": "{files} in {folder}",
    "facts.bundle": "those of {distributions} in the bundle {file}",
    "statements": "bank's statements given",
    "statements.value": "{files} in {folder}",
    "passed_over": "passed over in {folder}",
    "projects": "projects named",
    "at_least": "signatures asked for",
    "at_least.value": "{number} or more of each head",
    "date": "date of the sweep",
    "date.value": "{moment}, by this computer's clock",
    "program": "verified by",
    # The verdict.
    "valid": "valid: nothing that was checked is false, and nothing that the checks need is missing",
    "invalid": "invalid: something is false ({findings})",
    "unverifiable": "unverifiable: not everything could be told, because what is needed is missing ({findings})",
    # The states of a line.
    "held": "held",
    "failed": "failed",
    "not_told": "not told",
    # What was checked.
    "line.records": "that {records} are signed with registered keys and numbered without a gap",
    "line.records.short": "; looked at: the first {read:,}",
    "machines": "{records} of {machines}",
    "line.heads": "that root, state and figures of {heads} on chain follow from the records",
    "line.heads.short": "; looked at: the first {read:,}",
    "line.signers": "that each of {heads} had to be signed by {at_least} or more",
    "line.gossip": "that {heads} that machines were shown are beginnings of this log",
    "line.splits": "that what {distributions} paid is what the terms on chain come to, to the minor unit",
    "line.facts": "that {distributions} shared out sales and refunds of the log, each once, of its day and project",
    "line.facts.missing": "; the facts of {missing:,} of them are not here (--facts, --bundle)",
    "line.balances": "that balances and supply on chain are what its events add up to",
    "line.mints": "that {mints} of {amount} in all stand in the bank's statements that were given",
    "more": "and {number:,} more (--json has all)",
    # Below the line of the signers, and below that of the facts.
    "quorum": "{heads} under a quorum of {threshold} of {signers}, since block {block:,}",
    "shared.all": "every sale and refund under {head} was shared out",
    "shared.all.read": "every sale and refund that could be read under {head} was shared out",
    "shared.not": "anchored and not shared out: {sales} and {refunds}",
    "shared.untold": (
        "{sales} and {refunds} are in no distribution whose facts are here; whether {missing} shared them out can't be "
        "told, nor what was never shared out"
    ),
    "shared.untold.none": "each sale and refund under {head} is in a distribution whose facts are here",
    "head": "the newest head",
    "head.read": "the newest head that the log reaches",
    "row": "{date} {project}: {sales}, {refunds}, sales less refunds {amount}, from record {first:,} on",
    "row.repudiated": ", {number:,} of them repudiated",
    "row.no_project": "no project",
    # What was not looked at, and how to look.
    "unseen.records": (
        "{records} behind the end of the log that was given: read the log from another place, or copy it anew"
    ),
    "unseen.facts": (
        "which sales {missing} shared out: give the facts, as `counterfoil audit facts` writes them (--facts), or "
        "bundles that hold them (--bundle)"
    ),
    "unseen.mints": (
        "whether the bank received what {mints} of {amount} in all stand for: give the bank's own camt.053 statements "
        "(--statements)"
    ),
    "unseen.later": "records that were not under a head by block {block:,} ({moment}): sweep again later",
    "unseen.certificates": (
        "who certified the machines' keys, and whether a certificate was revoked: the sweep takes no root and believes "
        "the registrar; `counterfoil audit verify` of a machine's bundle with --root-ca"
    ),
    "unseen.dated": "whether a record is dated before its machine's key was registered: `counterfoil audit verify`",
    "unseen.clock": "whether the machines' clocks were right: compare dates with statements and delivery notes",
    "unseen.events": (
        "whether what the machines signed took place: compare with the bank's and the payment provider's statements"
    ),
    "unseen.reasons": "why a sale was not shared out: ask the oracle's operators for the reason that was given",
    "unseen.witnesses": (
        "whether others are shown the same log: `counterfoil witness compare` with what a witness saw"
    ),
    "unseen.node": (
        "whether others are shown the same chain: compare the newest block's number and hash with another member's node"
    ),
    "unseen.deployment": (
        "whether these contracts are the consortium's: compare the deployment's hash with what several members tell "
        "you (`counterfoil audit deployment`)"
    ),
    "unseen.contracts": (
        "receivables, credit lines, warehouse receipts and shares: the sweep reads {contracts} alone; read the others' "
        "events on your node"
    ),
}


def word(key: str, **values: object) -> str:
    """Return the sentence of *key*, its ``{names}`` filled in."""
    text = _WORDS[key]
    return text.format(**values) if values else text


def counted(number: int, noun: str) -> str:
    """Return *number* with its *noun*, which takes an s unless *number* is 1."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def date_text(date: int) -> str:
    """Return a business date, YYYYMMDD, as YYYY-MM-DD."""
    return f"{date // 10_000:04}-{date // 100 % 100:02}-{date % 100:02}"


def moment(time_s: float) -> str:
    """Return a time as a UTC date and time, to the second."""
    return f"{datetime.fromtimestamp(time_s, UTC):%Y-%m-%d %H:%M:%S}Z"
