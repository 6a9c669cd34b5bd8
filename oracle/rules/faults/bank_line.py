"""What became of an entry of a bank's statement that moved nothing here, or of the statement."""

from __future__ import annotations

from counterfoil.fault import fault

STATEMENT_KNOWN = fault(
    "bank.statement_known",
    "The statement was taken in before.",
    "Nothing: each entry counts once.",
)
STATEMENT_GAP = fault(
    "bank.statement_gap",
    "The statement does not open with what the one before closed with.",
    "Ask the bank for the statements between the two.",
)
ENTRY_NOT_BOOKED = fault(
    "bank.entry_not_booked",
    "The bank has not booked the entry yet.",
    "Nothing: it comes again when it is booked.",
)
ACCOUNT_UNKNOWN = fault(
    "bank.account_unknown",
    "Nobody has told whose bank account this is.",
    "Register the account, then import the statement again.",
)
CURRENCY_DIFFERS = fault(
    "bank.currency_differs",
    "The entry is in another currency than its account.",
    "Ask the bank; register the account in the right currency.",
)
REFERENCE_MISSING = fault(
    "bank.reference_missing",
    "The bank gave the entry no reference to name it by.",
    "Ask the bank for statements with references.",
)
AMOUNT_ZERO = fault(
    "bank.amount_zero",
    "The entry moves nothing.",
    "Nothing.",
)
REFERENCE_REUSED = fault(
    "bank.reference_reused",
    "The entry's reference names another entry.",
    "Ask the bank which of the two it is, and decide on the line by hand.",
)
ENTRY_KNOWN = fault(
    "bank.entry_known",
    "The entry came with an earlier statement.",
    "Nothing: it counts once.",
)
PAYMENT_RETURNED = fault(
    "bank.payment_returned",
    "A payout came back, or an entry was reversed.",
    "Clear it up with the payee, and decide on the line by hand.",
)
MINT_UNCONFIRMED = fault(
    "bank.mint_unconfirmed",
    "With this entry more would be minted within a day than one account may say.",
    "Look at the bank's own books, then let a second account confirm the line.",
)
DEBIT_UNKNOWN = fault(
    "bank.debit_unknown",
    "No payout is called as the debit says.",
    "Ask the bank what was paid, and decide on the line by hand.",
)
PAYOUT_PAID_TWICE = fault(
    "bank.payout_paid_twice",
    "The debit pays a payout that was paid before.",
    "Ask the bank for the money back.",
)
PAYOUT_AMOUNT_DIFFERS = fault(
    "bank.payout_amount_differs",
    "The debit is not the sum of its payouts.",
    "Ask the bank what was paid, and decide on the line by hand.",
)
