"""Why a sale or a payment does not count by itself; a person decides on it."""

from __future__ import annotations

from counterfoil.fault import fault

PAYMENT_MISSING = fault(
    "sale.payment_missing",
    "No settled payment has the sale's reference.",
    "Ask the payment processor; accept the sale once the money is there, else exclude it.",
)
CREDIT_WITHOUT_SETTLEMENT = fault(
    "sale.credit_without_settlement",
    "The bank credited a project with more than its settlement files come to.",
    "Import the missing settlement file before the close; else ask the bank who paid, and exclude the amount.",
)
REFERENCE_MISSING = fault(
    "sale.reference_missing",
    "A sale by card has no payment reference.",
    "Look for the payment by hand; accept the sale or exclude it.",
)
REFERENCE_USED_TWICE = fault(
    "sale.reference_used_twice",
    "Another sale has matched this payment already.",
    "Find out which sale was paid; exclude the other one.",
)
AMOUNT_DIFFERS = fault(
    "sale.amount_differs",
    "The sale and its payment have two amounts.",
    "Ask the operator and the processor which is right; then accept or exclude.",
)
CASH_NOT_COUNTED = fault(
    "sale.cash_not_counted",
    "No cash was counted for the device and day.",
    "Have the cash counted and imported, or exclude the sales.",
)
CASH_DIFFERS = fault(
    "sale.cash_differs",
    "The counted cash is not what the sales add up to.",
    "Count again; then accept or exclude the sales.",
)
PAYMENT_WITHOUT_SALE = fault(
    "payment.without_sale",
    "A payment was settled and no signed sale has its reference.",
    "Look whether the device has records that it did not send; then exclude the payment.",
)
DEVICE_UNKNOWN = fault(
    "sale.device_unknown",
    "The sale's device is not registered.",
    "Register the device; accept the sale if it is the project's.",
)
DEVICE_SUSPENDED = fault(
    "sale.device_suspended",
    "The sale's device is suspended or retired.",
    "Find out why it still sells; then accept or exclude.",
)
NOT_IN_PROJECT = fault(
    "sale.not_in_project",
    "The sale's device belongs to no project that is known here.",
    "Assign the device to its project.",
)
CURRENCY_DIFFERS = fault(
    "sale.currency_differs",
    "The sale is in another currency than the project.",
    "Correct the device's settings; exclude the sale.",
)
NUMBER_NOT_COUNTED = fault(
    "sale.number_not_counted",
    "The sale's number lies behind the last that counts of its key: it was repudiated, or the key revoked.",
    "Exclude it: the consortium has said that it does not count.",
)
DEVICE_NOT_RUNNING = fault(
    "sale.device_not_running",
    "By its newest status the device does not run, and yet it sold.",
    "Ask the operator; then accept or exclude.",
)
DEVICE_NOT_IN_PLACE = fault(
    "sale.device_not_in_place",
    "The device stands away from its place.",
    "Ask the operator; accept the new place if it was moved, then decide on the sale.",
)
