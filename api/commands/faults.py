"""Why a command of the API's can't do its work."""

from __future__ import annotations

from counterfoil.fault import fault

API_UNREACHABLE = fault(
    "api.unreachable",
    "The API gave no answer that can be read.",
    ("Start the API or correct COUNTERFOIL_API_URL; look whether it was done before asking again."),
)
TOKEN_MISSING = fault(
    "token.missing",
    "No token was given.",
    "Set COUNTERFOIL_TOKEN or COUNTERFOIL_TOKEN_FILE.",
)
TOKEN_UNKNOWN = fault(
    "token.unknown",
    "There is no token of this ID.",
    "Take the ID from the list of tokens.",
)
NOT_SHOWN = fault(
    "command.not_shown",
    "Things of this kind are listed, not shown one by one.",
    "List them.",
)
OPERATION_UNKNOWN = fault(
    "command.operation_unknown",
    "The role has no such operation.",
    "Take one from the list that the command prints.",
)
ID_MISSING = fault(
    "command.id_missing",
    "The operation needs to know what it is about.",
    "Give the ID.",
)
ID_NOT_WANTED = fault(
    "command.id_not_wanted",
    "The operation is about nothing that has an ID.",
    "Leave the ID out.",
)
BODY_MALFORMED = fault(
    "command.body_malformed",
    "What was given is no JSON object and no NAME=VALUE.",
    "Correct it; the detail names it.",
)
NOT_AS_ASKED = fault(
    "transaction.not_as_asked",
    "The API offered another transaction than was asked for; it was not signed.",
    "Do not sign it; report it to whoever runs the API.",
)
TRANSACTION_FAILED = fault(
    "transaction.failed",
    "The transaction was mined and failed.",
    "Look at the transaction; ask again once its cause is put right.",
)
NOT_MINED = fault(
    "transaction.not_mined",
    "The transaction is not mined yet.",
    "Wait and look again; do not send another one in its place.",
)
