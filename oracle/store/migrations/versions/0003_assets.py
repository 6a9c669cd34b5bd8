"""Claims, credit, receipts, shares and deals, and what commitments were made of."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "business_day",
        sa.Column("date", sa.Integer(), nullable=False),
        sa.Column("block_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("date"),
    )
    op.create_table(
        "claim",
        sa.Column("root", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("obligor", sa.String(), nullable=False),
        sa.Column("creditor", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("face_minor", sa.BigInteger(), nullable=False),
        sa.Column("redeemed_minor", sa.BigInteger(), nullable=False),
        sa.Column("issue_date", sa.Integer(), nullable=False),
        sa.Column("due_date", sa.Integer(), nullable=False),
        sa.Column("default_days", sa.Integer(), nullable=False),
        sa.Column("invoice", sa.String(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("delivery", sa.String(), nullable=True),
        sa.Column("disputed", sa.Boolean(), nullable=False),
        sa.Column("block_number", sa.Integer(), nullable=False),
        sa.Column("transaction_hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("root"),
    )
    op.create_index("ix_claim_creditor", "claim", ["creditor"], unique=False)
    op.create_index("ix_claim_due_date", "claim", ["due_date"], unique=False)
    op.create_index("ix_claim_invoice", "claim", ["invoice"], unique=False)
    op.create_index("ix_claim_obligor", "claim", ["obligor"], unique=False)
    op.create_index("ix_claim_state", "claim", ["state"], unique=False)
    op.create_table(
        "claim_balance",
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("credited_minor", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token", "account"),
    )
    op.create_table(
        "claim_funding",
        sa.Column("transaction_hash", sa.String(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("root", sa.BigInteger(), nullable=False),
        sa.Column("payer", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("redeemed_minor", sa.BigInteger(), nullable=False),
        sa.Column("date", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("transaction_hash", "log_index"),
    )
    op.create_index("ix_claim_funding_root", "claim_funding", ["root"], unique=False)
    op.create_table(
        "claim_part",
        sa.Column("part", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.BigInteger(), nullable=False),
        sa.Column("parent", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("redeemed_minor", sa.BigInteger(), nullable=False),
        sa.Column("retained_minor", sa.BigInteger(), nullable=False),
        sa.Column("recourse", sa.Boolean(), nullable=False),
        sa.Column("demanded", sa.Boolean(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("pledgee", sa.String(), nullable=True),
        sa.Column("offered_to", sa.String(), nullable=True),
        sa.Column("offer_recourse", sa.Boolean(), nullable=True),
        sa.Column("offer_expires", sa.BigInteger(), nullable=True),
        sa.Column("block_number", sa.Integer(), nullable=False),
        sa.Column("transaction_hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("part"),
    )
    op.create_index("ix_claim_part_holder", "claim_part", ["holder"], unique=False)
    op.create_index("ix_claim_part_live", "claim_part", ["live"], unique=False)
    op.create_index("ix_claim_part_offered_to", "claim_part", ["offered_to"], unique=False)
    op.create_index("ix_claim_part_pledgee", "claim_part", ["pledgee"], unique=False)
    op.create_index("ix_claim_part_root", "claim_part", ["root"], unique=False)
    op.create_table(
        "credit_line",
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("borrower", sa.String(), nullable=False),
        sa.Column("lender", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("limit_minor", sa.BigInteger(), nullable=False),
        sa.Column("principal_minor", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.Integer(), nullable=False),
        sa.Column("valid_until", sa.Integer(), nullable=False),
        sa.Column("rate_ppm", sa.Integer(), nullable=False),
        sa.Column("penalty_ppm", sa.Integer(), nullable=False),
        sa.Column("convention", sa.String(), nullable=False),
        sa.Column("grace_days", sa.Integer(), nullable=False),
        sa.Column("default_days", sa.Integer(), nullable=False),
        sa.Column("repayment_order", sa.JSON(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("votes", sa.JSON(), nullable=False),
        sa.Column("suppliers", sa.JSON(), nullable=False),
        sa.Column("block_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("line"),
    )
    op.create_index("ix_credit_line_borrower", "credit_line", ["borrower"], unique=False)
    op.create_index("ix_credit_line_lender", "credit_line", ["lender"], unique=False)
    op.create_index("ix_credit_line_state", "credit_line", ["state"], unique=False)
    op.create_table(
        "deal",
        sa.Column("deal", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("block_number", sa.Integer(), nullable=False),
        sa.Column("transaction_hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("deal", "by"),
    )
    op.create_table(
        "discount",
        sa.Column("part", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("rate_ppm", sa.Integer(), nullable=False),
        sa.Column("from_date", sa.Integer(), nullable=False),
        sa.Column("to_date", sa.Integer(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("rest", sa.String(), nullable=False),
        sa.Column("transaction_hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("part"),
    )
    op.create_table(
        "goods_price",
        sa.Column("goods", sa.String(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("date", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("goods"),
    )
    op.create_table(
        "known_document",
        sa.Column("commitment", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("salt", sa.String(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("commitment"),
        sa.UniqueConstraint("identity"),
    )
    op.create_index("ix_known_document_account", "known_document", ["account"], unique=False)
    op.create_table(
        "line_sweep",
        sa.Column("transaction_hash", sa.String(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("date", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("returned_minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("transaction_hash", "log_index"),
    )
    op.create_index("ix_line_sweep_line", "line_sweep", ["line"], unique=False)
    op.create_table(
        "loan",
        sa.Column("loan", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("plan", sa.String(), nullable=False),
        sa.Column("supplier", sa.String(), nullable=False),
        sa.Column("order_root", sa.BigInteger(), nullable=False),
        sa.Column("collateral", sa.BigInteger(), nullable=False),
        sa.Column("drawn_date", sa.Integer(), nullable=False),
        sa.Column("drawn_minor", sa.BigInteger(), nullable=False),
        sa.Column("repaid_minor", sa.BigInteger(), nullable=False),
        sa.Column("written_off_minor", sa.BigInteger(), nullable=False),
        sa.Column("interest_paid_minor", sa.BigInteger(), nullable=False),
        sa.Column("penalty_paid_minor", sa.BigInteger(), nullable=False),
        sa.Column("costs_minor", sa.BigInteger(), nullable=False),
        sa.Column("costs_paid_minor", sa.BigInteger(), nullable=False),
        sa.Column("instalments", sa.JSON(), nullable=False),
        sa.Column("block_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("loan"),
    )
    op.create_index("ix_loan_line", "loan", ["line"], unique=False)
    op.create_index("ix_loan_state", "loan", ["state"], unique=False)
    op.create_table(
        "loan_payment",
        sa.Column("transaction_hash", sa.String(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("loan", sa.BigInteger(), nullable=False),
        sa.Column("payer", sa.String(), nullable=False),
        sa.Column("date", sa.Integer(), nullable=False),
        sa.Column("costs_minor", sa.BigInteger(), nullable=False),
        sa.Column("penalty_minor", sa.BigInteger(), nullable=False),
        sa.Column("interest_minor", sa.BigInteger(), nullable=False),
        sa.Column("principal_minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("transaction_hash", "log_index"),
    )
    op.create_index("ix_loan_payment_loan", "loan_payment", ["loan"], unique=False)
    op.create_table(
        "receipt_pledge",
        sa.Column("pledge", sa.BigInteger(), nullable=False),
        sa.Column("loan", sa.BigInteger(), nullable=False),
        sa.Column("pledgee", sa.String(), nullable=False),
        sa.Column("ltv_basis_points", sa.Integer(), nullable=False),
        sa.Column("call_date", sa.Integer(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("block_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("pledge"),
    )
    op.create_index("ix_receipt_pledge_loan", "receipt_pledge", ["loan"], unique=False)
    op.create_index("ix_receipt_pledge_pledgee", "receipt_pledge", ["pledgee"], unique=False)
    op.create_table(
        "share_holding",
        sa.Column("project_hash", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("shares", sa.BigInteger(), nullable=False),
        sa.Column("earned_minor", sa.BigInteger(), nullable=False),
        sa.Column("seen_minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project_hash", "holder"),
    )
    op.create_table(
        "share_project",
        sa.Column("project_hash", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("supply", sa.BigInteger(), nullable=False),
        sa.Column("per_share_minor", sa.BigInteger(), nullable=False),
        sa.Column("received_minor", sa.BigInteger(), nullable=False),
        sa.Column("paid_minor", sa.BigInteger(), nullable=False),
        sa.Column("carried_minor", sa.BigInteger(), nullable=False),
        sa.Column("redemption_price_minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project_hash"),
    )
    op.create_table(
        "warehouse_receipt",
        sa.Column("receipt", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("warehouse", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("parent", sa.BigInteger(), nullable=False),
        sa.Column("pledge", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("goods", sa.String(), nullable=False),
        sa.Column("block_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("receipt"),
    )
    op.create_index("ix_warehouse_receipt_holder", "warehouse_receipt", ["holder"], unique=False)
    op.create_index("ix_warehouse_receipt_pledge", "warehouse_receipt", ["pledge"], unique=False)
    op.create_index("ix_warehouse_receipt_state", "warehouse_receipt", ["state"], unique=False)
    op.create_index(
        "ix_warehouse_receipt_warehouse", "warehouse_receipt", ["warehouse"], unique=False
    )

    # The chain is read again from its beginning: events of these contracts were not taken in before; those that
    # were are known by their places, and passed over.
    op.execute("DELETE FROM chain_cursor")


def downgrade() -> None:
    op.drop_table("warehouse_receipt")
    op.drop_table("share_project")
    op.drop_table("share_holding")
    op.drop_table("receipt_pledge")
    op.drop_table("loan_payment")
    op.drop_table("loan")
    op.drop_table("line_sweep")
    op.drop_table("known_document")
    op.drop_table("goods_price")
    op.drop_table("discount")
    op.drop_table("deal")
    op.drop_table("credit_line")
    op.drop_table("claim_part")
    op.drop_table("claim_funding")
    op.drop_table("claim_balance")
    op.drop_table("claim")
    op.drop_table("business_day")
