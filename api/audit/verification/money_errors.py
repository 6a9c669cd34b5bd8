"""What can be wrong with a bundle's distributions, terms, facts and pools, as typed errors (see ``errors``)."""

from __future__ import annotations

from counterfoil.api.audit.faults import (
    FACTS_MISMATCH,
    FACTS_MISSING,
    PROJECT_IN_DOUBT,
    SPLIT_CALL_UNKNOWN,
    SPLIT_MISMATCH,
)
from counterfoil.api.audit.verification.errors import AuditError
from counterfoil.fault import Code


class TermsError(AuditError):
    """A version of the waterfall is not the one that was set on chain."""

    code = Code("split.terms_mismatch")
    to_do = "Compare with the terms on chain: those hold."
    step = 13


class SplitError(AuditError):
    """A distribution is not what its terms come to, or not what the block's receipts hold."""

    code = SPLIT_MISMATCH
    to_do = "Compare it with the terms on chain and the chain's events; ask the oracle's operators."
    step = 13


class SplitUnknownError(AuditError):
    """The transaction of a distribution calls something else: what was sold is not known."""

    code = SPLIT_CALL_UNKNOWN
    to_do = "Ask the oracle's operators for the call."
    step = 13
    unverifiable = True


class FactsError(AuditError):
    """The facts of a distribution are not those of its call, or not what the records say."""

    code = FACTS_MISMATCH
    to_do = "Keep the facts; ask the oracle's operators which records were shared out."
    step = 13


class FactsMissingError(AuditError):
    """The facts of a distribution of the period are not here: which sales it shared out can't be told."""

    code = FACTS_MISSING
    to_do = "Ask an oracle node for the facts, and have the bundle made again with them."
    step = 13
    unverifiable = True


class ProjectDoubtError(AuditError):
    """A sale was shared out to one of two projects that its machine was in between its date and its head."""

    code = PROJECT_IN_DOUBT
    to_do = "Ask the registrar when the machine changed hands, and the oracle's operators whose the sale is."
    step = 13
    unverifiable = True


class NotDistributedError(AuditError):
    """Sales or refunds of the period are in no distribution that is shown here."""

    code = Code("split.sales_not_shown")
    to_do = "Ask your own node for the project's distributions (--rpc), and the operator for those that are not here."
    step = 13
    unverifiable = True


class DistributionLeftOutError(AuditError):
    """The chain has a distribution of the period that the file does not show."""

    code = Code("split.left_out")
    to_do = "Ask for a bundle with all distributions of the period; keep this one."
    step = 14


class DistributedSinceError(AuditError):
    """The chain has a distribution of the period that is newer than the file, or the file shows none at all."""

    code = Code("split.distributed_since")
    to_do = "Have the bundle made again, with the project's distributions."
    step = 14
    unverifiable = True
