"""Why the API does not do what it is asked, besides what the other packages say."""

from __future__ import annotations

from counterfoil.fault import fault

UNAUTHORISED = fault(
    "request.unauthorised",
    "Nobody is known to be asking: there is no valid token or session.",
    "Sign in, or send a valid token.",
)
ROLE_INSUFFICIENT = fault(
    "request.role_insufficient",
    "The asker's role does not reach that far.",
    "Ask somebody whose role does; docs/roles.md lists them.",
)
CSRF_TOKEN_MISSING = fault(
    "request.csrf_token_missing",
    "The session's CSRF token is missing.",
    "Load the page again, or send the token of the session with the request.",
)
INTERNAL = fault(
    "request.internal",
    "An unexpected failure; it was logged.",
    "Ask again later, and report it with its time.",
)
KEY_REUSED = fault(
    "request.key_reused",
    "The Idempotency-Key was used for another request.",
    "Use a new key for a new request.",
)
KEY_IN_USE = fault(
    "request.key_in_use",
    "Another request with this Idempotency-Key is being worked on.",
    "Wait a moment, and send the same again.",
)
UPLOADS_BUSY = fault(
    "request.uploads_busy",
    "As many large files are being read as may be at once.",
    "Send it again after the time in Retry-After.",
)
STREAMS_TOO_MANY = fault(
    "request.streams_too_many",
    "The party has as many event streams open as it may have.",
    "Close one, or share one between its readers; docs/limits.md has the number.",
)
WRITES_TOO_MANY = fault(
    "request.writes_too_many",
    "The party has asked for more writes than it may in that time.",
    "Send it again after the time in Retry-After, under the same Idempotency-Key.",
)
ACCOUNT_MISSING = fault(
    "party.account_missing",
    "The party has no account on the ledger.",
    "Have the registrar enter the party's account.",
)
PARTY_UNKNOWN = fault(
    "party.unknown",
    "Nobody is called so, or the name is no account.",
    "Check the name against the list of parties.",
)
CHAIN_NOT_CONFIGURED = fault(
    "api.chain_not_configured",
    "This API was given no node or no deployment.",
    "Set the node and the deployment file in its settings.",
)
DATE_BEFORE_DRAW = fault(
    "loan.date_before_draw",
    "The loan was drawn on a later date.",
    "Give a date from the draw on.",
)
NO_BUSINESS_DATE = fault(
    "day.no_business_date",
    "The business calendar has no date yet.",
    "Close a first day.",
)
CURRENCY_UNCLEAR = fault(
    "operator.currency_unclear",
    "The operator's takings are in several currencies, or in none.",
    "Say which currency is meant.",
)
EXCEPTION_NOT_OPEN = fault(
    "exception.not_open",
    "The exception was decided already.",
    "Look at its resolution.",
)
HEAD_NOT_EARLIER = fault(
    "head.not_earlier",
    "The first head is larger than the second.",
    "Give the smaller head first.",
)
PROPOSAL_IN_USE = fault(
    "deal.proposal_in_use",
    "Another request is proposing the same.",
    "Wait a moment, and ask again.",
)
PROPOSAL_NOT_SIGNED = fault(
    "deal.signature_missing",
    "A side has not signed what is proposed.",
    "Have that side sign it first.",
)
PROPOSAL_SIGNATURE_INVALID = fault(
    "deal.signature_invalid",
    "The signature is not the asker's over what is proposed.",
    "Sign it again, as it stands now, with the party's own account.",
)
NOT_A_SIDE = fault(
    "deal.not_a_side",
    "The asker gives and gets nothing in the deal.",
    "Let one of the sides propose it.",
)
TARGET_NOT_OURS = fault(
    "transaction.target_not_ours",
    "The transaction is for none of the consortium's contracts.",
    "Send it to a node by another way, if it is meant.",
)
NODES_DISAGREE = fault(
    "chain.nodes_disagree",
    "The chain's nodes that are asked have different blocks, or some do not respond.",
    "Look at each node: one may be down, behind, or of another chain. Believe none of them alone meanwhile.",
)
CLOCK_DIFFERS = fault(
    "clock.differs",
    "The clock of this machine, of the chain or of another process is off by more than half a minute.",
    (
        "Set the clocks by NTP. Certificates, days and deadlines go by them; a chain's node that catches up says the "
        "same until it has."
    ),
)
