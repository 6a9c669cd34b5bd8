"""The table of roles, written by hand: each operation, and for each role whose objects it reaches.

Rules kept here:

* Whoever adds a route adds it here: an operation without a row is refused to everybody.
* ``http.context`` asks this table before a route runs, ``scripts/list-roles`` prints it into docs/roles.md, and
  ``tests/integration/test_roles_table.py`` walks every cell of it with real objects of two of each.
* A cell says the most that a role may see. What is nobody else's business is not in *all* either: the result of an
  instruction, a deal or a quote before it is settled, the opened fields of papers.
"""

from __future__ import annotations

from counterfoil.api.access import role_groups as group
from counterfoil.api.access.auth import Role
from counterfoil.api.access.whose import Rule, Whose, cells

ALL, BANK, OWN, PARTY, TRIES = Whose.ALL, Whose.BANK, Whose.OWN, Whose.PARTY, Whose.TRIES

_OPEN = Rule(
    "the house's state and the way in",
    is_open=True,
    operations=(
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",
        "GET /openapi.json",
        "GET /docs",
        "GET /static",
        "GET /login",
        "GET /login/{code}",
        "POST /login",
        "POST /logout",
        "GET /language/{language}",
    ),
)

_READS = (
    Rule(
        "what everybody in the consortium may know: the chain, its heads, dates and prices; a party by its name",
        cells=cells((ALL, group.EVERY)),
        operations=(
            "GET /v1/business-dates",
            "GET /v1/chain",
            "GET /v1/heads",
            "GET /v1/heads/latest",
            "GET /v1/heads/{size}",
            "GET /v1/heads/{size}/consistency",
            "GET /v1/heads/{size}/raw",
            "GET /v1/operations",
            "GET /v1/parties/{party}",
            "GET /v1/prices",
            "GET /v1/stream",
            "GET /parts/health",
            "EVENT head",
        ),
    ),
    Rule(
        "the quorum; why a node dissented is in *all* alone",
        cells=cells((ALL, group.SEERS), (OWN, group.OTHERS)),
        operations=("GET /v1/quorum",),
    ),
    Rule(
        "what a head's batch adds up to",
        cells=cells((ALL, group.SEERS)),
        operations=("GET /v1/heads/{size}/figures",),
    ),
    Rule(
        "machines and what they signed: of the machine's owner and operator, and of who runs its project",
        cells=cells((ALL, group.SEERS), (OWN, group.OTHERS)),
        operations=(
            "GET /v1/alarms",
            "GET /v1/devices",
            "GET /v1/devices/{device}",
            "GET /v1/devices/{device}/bundle",
            "GET /v1/devices/{device}/keys",
            "GET /v1/records",
            "GET /v1/records/{log_index}",
            "GET /v1/records/{log_index}/evidence",
            "GET /v1/records/{log_index}/proof",
            "GET /v1/records/{log_index}/raw",
            "GET /v1/refused-records",
            "GET /v1/refused-records/{number}/raw",
            "GET /",
            "GET /proof",
            "GET /sales",
            "GET /sales/{log_index}",
            "GET /parts/sales/{log_index}",
            "EVENT record",
        ),
    ),
    Rule(
        "what did not match: of who runs the project, and a sale's of who may see its record",
        cells=cells((ALL, group.SEERS), (OWN, group.OTHERS)),
        operations=(
            "GET /v1/exceptions",
            "GET /v1/exceptions/{number}",
            "GET /exceptions",
            "EVENT exception",
        ),
    ),
    Rule(
        "projects, and what was shared out: of who runs the project; of who is paid by it, its own credits",
        cells=cells((ALL, group.SEERS), (OWN, group.OTHERS)),
        operations=(
            "GET /v1/projects",
            "GET /v1/projects/{project}",
            "GET /v1/projects/{project}/split-versions",
            "GET /v1/distributions",
            "GET /v1/distributions/{batch}",
            "GET /v1/distributions/{batch}/facts",
            "GET /v1/pools",
            "GET /v1/pools/{pool}/shares",
            "GET /v1/operators/{operator}/takings",
            "GET /v1/operators/{operator}/limit-proposal",
            "EVENT distribution",
        ),
    ),
    Rule(
        "balances, withdrawals, transactions and entries of participants, as on the chain",
        cells=cells((ALL, group.SEERS), (OWN, group.OTHERS)),
        operations=(
            "GET /v1/balances",
            "GET /v1/participants",
            "GET /v1/transactions/{transaction}",
            "GET /v1/withdrawals",
            "EVENT withdrawal",
        ),
    ),
    Rule(
        "the asker's money",
        cells=cells((OWN, group.EVERY)),
        operations=("GET /v1/cash",),
    ),
    Rule(
        "claims, lines of credit, receipts and shares, as on the chain; who is no side of one sees no opened papers",
        cells=cells((ALL, group.SEERS), (PARTY, group.OTHERS)),
        operations=(
            "GET /v1/offers",
            "GET /v1/orders",
            "GET /v1/parts",
            "GET /v1/parts/{part}",
            "GET /v1/parts/{part}/discount",
            "GET /v1/parts/{part}/provenance",
            "GET /v1/receivables",
            "GET /v1/receivables/{root}",
            "GET /v1/receivables/{root}/confirmation",
            "GET /v1/receivables/{root}/funding",
            "GET /v1/receivables/{root}/parts",
            "GET /v1/credit-lines",
            "GET /v1/credit-lines/{line}",
            "GET /v1/credit-lines/{line}/health",
            "GET /v1/credit-lines/{line}/sweeps",
            "GET /v1/loans",
            "GET /v1/loans/{loan}",
            "GET /v1/loans/{loan}/owed",
            "GET /v1/loans/{loan}/payments",
            "GET /v1/pledges",
            "GET /v1/pledges/{pledge}",
            "GET /v1/warehouse-receipts",
            "GET /v1/warehouse-receipts/{receipt}",
            "GET /v1/shares",
            "GET /v1/shares/{project}/holdings",
        ),
    ),
    Rule(
        "deals and quotes before they are settled",
        cells=cells((PARTY, group.EVERY)),
        operations=(
            "GET /v1/quotes",
            "GET /v1/quotes/{quote}",
            "GET /v1/settlements",
            "GET /v1/settlements/{deal}",
        ),
    ),
    Rule(
        "instructions; their results (signatures, salts) are of the party that asked alone, in *all* too",
        cells=cells((ALL, group.OVERSEERS), (OWN, group.EVERY - group.OVERSEERS)),
        operations=(
            "GET /v1/instructions",
            "GET /v1/instructions/{number}",
            "EVENT instruction",
        ),
    ),
    Rule(
        "the bank's accounts, statements and payment files, and the reports of days, which quote them",
        cells=cells((ALL, group.BANKS_EYES), (BANK, {Role.BANK})),
        operations=(
            "GET /v1/bank-accounts",
            "GET /v1/bank-lines",
            "GET /v1/bank-statements",
            "GET /v1/days",
            "GET /v1/days/{date}",
            "GET /v1/payout-files",
            "GET /v1/payout-files/{number}/document",
        ),
    ),
    Rule(
        "entries of statements: of who runs the project that they are for",
        cells=cells((ALL, group.BANKS_EYES), (BANK, {Role.BANK}), (OWN, group.OTHERS)),
        operations=("GET /v1/statements",),
    ),
)

_WRITES = (
    Rule(
        "decide on what did not match: of who runs the project",
        cells=cells((ALL, group.ADMINS), (OWN, {Role.OPERATOR})),
        operations=("POST /v1/exceptions/{number}/resolution", "POST /exceptions/{number}"),
    ),
    Rule(
        "bring a payment provider's file: of who runs the project",
        cells=cells((ALL, group.ADMINS), (OWN, {Role.OPERATOR})),
        operations=("POST /v1/settlement-files",),
    ),
    Rule(
        "bring statements and accounts, make payment files: the token's own bank, by its account",
        cells=cells((TRIES, group.LENDERS)),
        operations=(
            "POST /v1/bank-accounts",
            "POST /v1/payout-files",
            "POST /v1/statements",
            "POST /v1/statements/camt053",
            "POST /v1/statements/unsigned",
        ),
    ),
    Rule(
        "deal with an entry that was set aside",
        cells=cells((ALL, group.ADMINS), (BANK, {Role.BANK})),
        operations=("POST /v1/bank-lines/{number}/resolution",),
    ),
    Rule(
        "confirm a mint: an account that the oracle's settings name",
        cells=cells((ALL, group.SUPERVISORS), (BANK, {Role.BANK})),
        operations=("POST /v1/bank-lines/{number}/confirmation",),
    ),
    Rule(
        "say that a withdrawal was paid: the token's own bank",
        cells=cells((TRIES, {Role.BANK})),
        operations=("POST /v1/withdrawals/{number}/payment/unsigned",),
    ),
    Rule(
        "close a business day",
        cells=cells((TRIES, group.LENDERS)),
        operations=("POST /v1/days",),
    ),
    Rule(
        "new terms of a project, the first shares, prices of goods, the business date",
        cells=cells((TRIES, group.ADMINS)),
        operations=(
            "POST /v1/business-dates",
            "POST /v1/prices",
            "POST /v1/projects/{project}/split-versions/unsigned",
            "POST /v1/shares",
        ),
    ),
    Rule(
        "send a transaction that was signed elsewhere; what anybody may do for others: permits, pokes, sweeps, payouts",
        cells=cells((TRIES, group.WRITERS)),
        operations=(
            "POST /v1/transactions",
            "POST /v1/cash/permits",
            "POST /v1/cash/pool-ends",
            "POST /v1/cash/pool-payouts",
            "POST /v1/cash/split-payouts",
            "POST /v1/credit-lines/withdrawals",
            "POST /v1/credit-lines/{line}/sweep",
            "POST /v1/loans/{loan}/collect",
            "POST /v1/loans/{loan}/costs/admit",
            "POST /v1/loans/{loan}/poke",
            "POST /v1/parts/collections",
            "POST /v1/pledges/{pledge}/call",
            "POST /v1/pledges/{pledge}/end-call",
            "POST /v1/projects/{project}/investors",
            "POST /v1/receivables/withdrawals",
            "POST /v1/receivables/{root}/confirmation",
            "POST /v1/receivables/{root}/poke",
            "POST /v1/shares/{project}/income",
            "POST /v1/shares/{project}/withdrawals",
        ),
    ),
    Rule(
        "the message of an allowance to sign: the owner's; an admin's for anybody",
        cells=cells((ALL, group.ADMINS), (OWN, group.WRITERS - group.ADMINS)),
        operations=("POST /v1/cash/permits/typed-data",),
    ),
    Rule(
        "withdraw, and say where to be paid",
        cells=cells((TRIES, group.PAID)),
        operations=("POST /v1/payout-accounts", "POST /v1/withdrawals/unsigned"),
    ),
    Rule(
        "propose and sign deals and quotes",
        cells=cells((PARTY, group.TRADERS)),
        operations=(
            "POST /v1/quotes",
            "POST /v1/quotes/{quote}/signature-requests",
            "POST /v1/quotes/{quote}/signatures",
            "POST /v1/settlements",
            "POST /v1/settlements/{deal}/signature-requests",
            "POST /v1/settlements/{deal}/signatures",
        ),
    ),
    Rule(
        "hold, owe, buy, sell and pay",
        cells=cells((TRIES, group.TRADERS)),
        operations=(
            "POST /v1/cash/approvals",
            "POST /v1/cash/transfers",
            "POST /v1/credit-lines/{line}/close",
            "POST /v1/loans/{loan}/costs/dispute",
            "POST /v1/loans/{loan}/repay",
            "POST /v1/offers/{part}/accept",
            "POST /v1/offers/{part}/end",
            "POST /v1/orders/{root}/deliver",
            "POST /v1/parts/{part}/demand-recourse",
            "POST /v1/parts/{part}/offer",
            "POST /v1/parts/{part}/pay-recourse",
            "POST /v1/parts/{part}/pledge",
            "POST /v1/parts/{part}/release",
            "POST /v1/parts/{part}/return-collateral",
            "POST /v1/parts/{part}/split",
            "POST /v1/parts/{part}/take",
            "POST /v1/pledges",
            "POST /v1/pledges/{pledge}/foreclose",
            "POST /v1/pledges/{pledge}/release",
            "POST /v1/pledges/{pledge}/top-up",
            "POST /v1/quotes/{quote}/accept",
            "POST /v1/quotes/{quote}/revoke",
            "POST /v1/receivables",
            "POST /v1/receivables/confirmations",
            "POST /v1/receivables/drafts",
            "POST /v1/receivables/fundings",
            "POST /v1/receivables/{root}/cancel",
            "POST /v1/receivables/{root}/dispute",
            "POST /v1/receivables/{root}/fund",
            "POST /v1/receivables/{root}/register",
            "POST /v1/settlements/{deal}/revoke",
            "POST /v1/settlements/{deal}/settle",
            "POST /v1/shares/{project}/consents",
            "POST /v1/shares/{project}/increase",
            "POST /v1/shares/{project}/issue",
            "POST /v1/shares/{project}/redeem",
            "POST /v1/shares/{project}/redemption-offer",
            "POST /v1/shares/{project}/transfer",
            "POST /v1/warehouse-receipts/{receipt}/split",
            "POST /v1/warehouse-receipts/{receipt}/surrender",
            "POST /v1/warehouse-receipts/{receipt}/transfer",
        ),
    ),
    Rule(
        "apply for a line, draw",
        cells=cells((TRIES, group.BORROWERS)),
        operations=("POST /v1/credit-lines", "POST /v1/credit-lines/{line}/loans"),
    ),
    Rule(
        "lend: open and freeze a line, its suppliers, costs and bounds",
        cells=cells((TRIES, group.LENDERS)),
        operations=(
            "POST /v1/credit-lines/{line}/activate",
            "POST /v1/credit-lines/{line}/freeze",
            "POST /v1/credit-lines/{line}/pledge-terms",
            "POST /v1/credit-lines/{line}/suppliers",
            "POST /v1/loans/{loan}/costs",
            "POST /v1/loans/{loan}/write-off",
        ),
    ),
    Rule(
        "issue receipts, hand goods out",
        cells=cells((TRIES, group.WAREHOUSES)),
        operations=("POST /v1/warehouse-receipts", "POST /v1/warehouse-receipts/{receipt}/deliver"),
    ),
    Rule(
        "end a surrender",
        cells=cells((TRIES, group.TRADERS | group.WAREHOUSES)),
        operations=("POST /v1/warehouse-receipts/{receipt}/give-back",),
    ),
    Rule(
        "verify receipts, decide disputes",
        cells=cells((TRIES, group.SUPERVISORS)),
        operations=(
            "POST /v1/loans/{loan}/costs/decide",
            "POST /v1/receivables/{root}/resolve",
            "POST /v1/warehouse-receipts/{receipt}/verify",
        ),
    ),
    Rule(
        "vote",
        cells=cells((TRIES, group.COMMITTEE)),
        operations=("POST /v1/business-dates/votes", "POST /v1/credit-lines/{line}/votes"),
    ),
)

RULES = (_OPEN, *_READS, *_WRITES)
