"""The nouns of the API: their routers and their writes, listed once. Each writes its whole paths, ``/v1`` included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from counterfoil.api.bank import routes as bank_routes
from counterfoil.api.bank import settlement_files as bank_settlement_files
from counterfoil.api.bank import statements as bank_statements
from counterfoil.api.cash import balances as cash_balances
from counterfoil.api.cash import routes as cash_routes
from counterfoil.api.cash import writes as cash_writes
from counterfoil.api.chain import routes as chain_routes
from counterfoil.api.chain import unsigned as chain_unsigned
from counterfoil.api.claims import offers as claims_offers
from counterfoil.api.claims import orders as claims_orders
from counterfoil.api.claims import parts as claims_parts
from counterfoil.api.claims import routes as claims_routes
from counterfoil.api.claims import writes as claims_writes
from counterfoil.api.credit import line_health as credit_line_health
from counterfoil.api.credit import lines as credit_lines
from counterfoil.api.credit import loans as credit_loans
from counterfoil.api.credit import operators as credit_operators
from counterfoil.api.credit import writes as credit_writes
from counterfoil.api.days import business_dates as days_business_dates
from counterfoil.api.days import routes as days_routes
from counterfoil.api.exceptions import alarms as exceptions_alarms
from counterfoil.api.exceptions import page as exceptions_page
from counterfoil.api.exceptions import routes as exceptions_routes
from counterfoil.api.heads import quorum as heads_quorum
from counterfoil.api.heads import routes as heads_routes
from counterfoil.api.instructions import routes as instructions_routes
from counterfoil.api.instructions.operation import Operation
from counterfoil.api.projects import parties as projects_parties
from counterfoil.api.projects import pools as projects_pools
from counterfoil.api.projects import routes as projects_routes
from counterfoil.api.records import devices as records_devices
from counterfoil.api.records import routes as records_routes
from counterfoil.api.settlement import routes as settlement_routes
from counterfoil.api.settlement import writes as settlement_writes
from counterfoil.api.shares import routes as shares_routes
from counterfoil.api.shares import writes as shares_writes
from counterfoil.api.warehouse import routes as warehouse_routes
from counterfoil.api.warehouse import writes as warehouse_writes

ROUTERS = (
    records_devices.router,
    records_routes.router,
    heads_routes.router,
    heads_quorum.router,
    exceptions_routes.router,
    exceptions_alarms.router,
    projects_routes.router,
    projects_pools.router,
    cash_balances.router,
    bank_statements.router,
    bank_settlement_files.router,
    bank_routes.router,
    days_routes.router,
    projects_parties.router,
    days_business_dates.router,
    claims_routes.router,
    claims_parts.router,
    claims_offers.router,
    claims_orders.router,
    credit_lines.router,
    credit_line_health.router,
    credit_loans.router,
    credit_operators.router,
    warehouse_routes.router,
    shares_routes.router,
    settlement_routes.router,
    cash_routes.router,
    instructions_routes.router,
    chain_routes.router,
    chain_unsigned.router,
)

PAGES = (exceptions_page.router,)
"""The nouns' pages, for people."""

OPERATIONS: Mapping[str, Operation[Any]] = {
    operation.name: operation
    for module in (
        claims_writes,
        credit_writes,
        warehouse_writes,
        shares_writes,
        settlement_writes,
        cash_writes,
    )
    for operation in module.OPERATIONS
}

UPLOADS = frozenset({"/v1/statements", "/v1/statements/camt053", "/v1/settlement-files"})
"""The paths that take files: their bodies may be larger than others'."""
