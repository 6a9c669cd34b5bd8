"""Why a row of a table is set aside; the rest of the table is read."""

from __future__ import annotations

from counterfoil.fault import fault

ROW_MALFORMED = fault(
    "row.malformed",
    "The row has another number of cells than the table has columns.",
    "Correct the row where it comes from, and export again.",
)
ROW_UNIDENTIFIED = fault(
    "row.unidentified",
    "The row names no device or no transaction.",
    "Complete the row where it comes from, and export again.",
)
DUPLICATE = fault(
    "row.duplicate",
    "Another row says the same of the same interval.",
    "Nothing: the interval counts once.",
)
DUPLICATE_DIFFERS = fault(
    "row.duplicate_differs",
    "Another row says something else of the same interval.",
    "Find out which of the two is right, and export again.",
)
TRANSACTION_INCONSISTENT = fault(
    "row.transaction_inconsistent",
    "The rows of one transaction contradict each other.",
    "Correct the transaction where it comes from, and export again.",
)
STATUS_NOT_PROCESSED = fault(
    "row.status_not_processed",
    "The transaction was not carried out.",
    "Nothing, unless the money came: then ask whoever processes the payments.",
)
TOTAL_MISMATCH = fault(
    "row.total_mismatch",
    "The lines do not add up to the transaction's total.",
    "Ask for the right figures where the export comes from.",
)
AMOUNT_NEGATIVE = fault(
    "row.amount_negative",
    "An amount is below zero.",
    "Book refunds as refunds; correct the row where it comes from.",
)
LINE_MISMATCH = fault(
    "row.line_mismatch",
    "Quantity times price is not the line's amount.",
    "Ask for the right figures where the export comes from.",
)
DATE_MISMATCH = fault(
    "row.date_mismatch",
    "The row states two days.",
    "Correct the row where it comes from, and export again.",
)
