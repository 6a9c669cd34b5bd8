"""Which figures of a business day do not agree; each stands in the day's report."""

from __future__ import annotations

from counterfoil.fault import fault

ENTRY_MINTED_OTHERWISE = fault(
    "day.entry_minted_otherwise",
    "An entry of a statement was minted with another amount.",
    "Compare the bank's entry with the mint; the bank's treasurer decides.",
)
ENTRY_NOT_MINTED = fault(
    "day.entry_not_minted",
    "An entry of a statement was not minted.",
    "Look at the mint's transaction, and have it sent again.",
)
DEPOSIT_WITHOUT_STATEMENT = fault(
    "day.deposit_without_statement",
    "A mint names an entry that no statement has shown.",
    "Import the missing statement, or ask the bank who minted.",
)
BANK_LINE_SET_ASIDE = fault(
    "day.bank_line_set_aside",
    "A line of the bank's statement changed the bank's account and nothing here.",
    "Decide on the line: `counterfoil statements lines` shows it with its reason.",
)
PAYOUT_NOT_CONFIRMED = fault(
    "day.payout_not_confirmed",
    "The bank has paid a payout that the chain does not know as paid.",
    "Look at the confirmation's transaction, and have it sent again.",
)
ATTESTED_DIFFERS = fault(
    "day.attested_differs",
    "Mints less withdrawals are not what the token says that the bank attested.",
    "Compare the mints with the bank's statements.",
)
SUPPLY_DIFFERS = fault(
    "day.supply_differs",
    "The token's supply is not what the bank attested.",
    "Stop paying out until it is explained; compare mints and withdrawals.",
)
BALANCE_DIFFERS = fault(
    "day.balance_differs",
    "An account's balance by the ledger is not the chain's.",
    "Build the ledger anew from the chain's events; the chain's figure holds.",
)
HOLDINGS_DIFFER = fault(
    "day.holdings_differ",
    "The balances do not add up to the supply.",
    "Build the ledger anew from the chain's events.",
)
EVENTS_NOT_PROJECTED = fault(
    "day.events_not_projected",
    "Events of the chain could not be taken into the ledger.",
    "Read the log for their cause; update the program, then build the ledger anew.",
)
CLAIMABLE_DIFFERS = fault(
    "day.claimable_differs",
    "What stands to an account's credit by the ledger is not what the chain says.",
    "Build the ledger anew from the chain's events; the chain's figure holds.",
)
DISTRIBUTED_DIFFERS = fault(
    "day.distributed_differs",
    "What the ledger has distributed for a project is not what the chain says.",
    "Compare the project's distributions with the chain's events.",
)
SPLIT_DIFFERS = fault(
    "day.split_differs",
    "The shares of a project's distributions do not add up to them.",
    "Compare the distributions with the terms.",
)
COLLECTION_DIFFERS = fault(
    "day.collection_differs",
    "A collection account does not hold what was paid in less what was shared out.",
    "Compare deposits and distributions of the project.",
)
SPLIT_CASH_DIFFERS = fault(
    "day.split_cash_differs",
    "The split's account does not hold what it owes.",
    "Stop withdrawals until it is explained.",
)
LOAN_DIFFERS = fault(
    "day.loan_differs",
    "A loan's figure by the ledger is not the chain's.",
    "Compare the loan's events; the chain's figure holds.",
)
PRINCIPAL_DIFFERS = fault(
    "day.principal_differs",
    "A line's principal is not that of its loans.",
    "Compare the line's draws and repayments.",
)
LIMIT_EXCEEDED = fault(
    "day.limit_exceeded",
    "More is outstanding on a line than its limit.",
    "Ask the lender: nothing more may be drawn.",
)
CLAIM_DIFFERS = fault(
    "day.claim_differs",
    "What was redeemed of a claim by the ledger is not what the chain says.",
    "Compare the claim's events; the chain's figure holds.",
)
PARTS_DIFFER = fault(
    "day.parts_differ",
    "A claim's live parts do not add up to it.",
    "Compare the claim's splits and redemptions.",
)
CLAIMS_CASH_DIFFERS = fault(
    "day.claims_cash_differs",
    "The claims' account does not hold what it owes.",
    "Stop withdrawals until it is explained.",
)
STEP_FAILED = fault(
    "day.step_failed",
    "A transaction of the day's closing failed.",
    "Read the contract's code in the detail; put it right, then close the day again.",
)
