"""Whole numbers as wide on PostgreSQL as they can get; SQLite's always were."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_WIDE = sa.Numeric(78, 0)
_BIG: Mapping[str, tuple[str, ...]] = {
    "anchored_head": ("size",),
    "balance": ("credited_minor", "withdrawn_minor"),
    "chain_dead_letter": ("created_ms",),
    "chain_transaction": ("gas", "max_fee_wei", "submitted_ms", "gas_used", "created_ms"),
    "credit": ("amount_minor",),
    "device_standing": ("log_index",),
    "dissent": ("size", "log_index"),
    "distributed": ("gross_minor", "head_size", "carried_minor"),
    "distribution": ("gross_minor", "refunds_minor", "tax_minor", "head_size"),
    "head": ("size", "previous_size"),
    "match_exception": ("log_index", "amount_minor"),
    "oracle_node": ("records", "anchored"),
    "payout": ("amount_minor",),
    "progress": ("log_index",),
    "sale_fact": ("log_index", "amount_minor"),
    "settlement_row": ("amount_minor",),
    "signed_entry": ("log_index",),
    "signed_head": ("size", "previous_size"),
    "statement_entry": ("amount_minor",),
}
"""Table → columns that had 32 bits and get 64."""
_UNSIGNED_OF_32: Mapping[str, tuple[str, ...]] = {
    "participant": ("certified_until",),
    "registry_key": ("from_sequence", "revoked_at"),
}
"""Columns that had 32 bits and take what a contract's word can hold."""
_UNSIGNED_OF_64: Mapping[str, tuple[str, ...]] = {
    "claim": ("face_minor", "redeemed_minor"),
    "claim_balance": ("credited_minor", "withdrawn_minor"),
    "claim_funding": ("amount_minor", "redeemed_minor"),
    "claim_part": (
        "parent",
        "received",
        "amount_minor",
        "redeemed_minor",
        "retained_minor",
        "offer_expires",
    ),
    "credit_line": ("limit_minor", "principal_minor"),
    "discount": ("amount_minor", "price_minor"),
    "goods_price": ("price_minor",),
    "line_sweep": ("amount_minor", "returned_minor"),
    "loan": (
        "order_root",
        "collateral",
        "drawn_minor",
        "repaid_minor",
        "written_off_minor",
        "interest_paid_minor",
        "penalty_paid_minor",
        "costs_minor",
        "costs_paid_minor",
    ),
    "loan_payment": ("costs_minor", "penalty_minor", "interest_minor", "principal_minor"),
    "share_holding": ("shares", "earned_minor", "seen_minor"),
    "share_project": (
        "supply",
        "per_share_minor",
        "received_minor",
        "paid_minor",
        "carried_minor",
        "redemption_price_minor",
    ),
    "warehouse_receipt": ("parent", "quantity"),
}
"""The same, which had 64."""


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    _alter(_BIG, sa.BigInteger())
    _alter(_UNSIGNED_OF_32, _WIDE)
    _alter(_UNSIGNED_OF_64, _WIDE)


def downgrade() -> None:
    """The columns stay wide: they take all that they took before, and may hold what narrower ones would not."""


def _alter(columns: Mapping[str, tuple[str, ...]], kind: sa.types.TypeEngine[Any]) -> None:
    for table, names in columns.items():
        for name in names:
            op.alter_column(table, name, type_=kind)
