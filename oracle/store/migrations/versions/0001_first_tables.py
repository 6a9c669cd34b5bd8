"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alarm",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=True),
        sa.Column("raised_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "anchored_head",
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("root", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("block_number", sa.Integer(), nullable=False),
        sa.Column("block_hash", sa.String(), nullable=False),
        sa.Column("transaction_hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("size"),
    )
    op.create_table(
        "balance",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("credited_minor", sa.Integer(), nullable=False),
        sa.Column("withdrawn_minor", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )
    op.create_table(
        "credit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch", sa.String(), nullable=False),
        sa.Column("project_hash", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_credit_account"), "credit", ["account"], unique=False)
    op.create_index(op.f("ix_credit_batch"), "credit", ["batch"], unique=False)
    op.create_index(op.f("ix_credit_project_hash"), "credit", ["project_hash"], unique=False)
    op.create_table(
        "device",
        sa.Column("device_hash", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("operator", sa.String(), nullable=False),
        sa.Column("project_hash", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("device_hash"),
    )
    op.create_index(op.f("ix_device_project_hash"), "device", ["project_hash"], unique=False)
    op.create_table(
        "distributed",
        sa.Column("batch", sa.String(), nullable=False),
        sa.Column("project_hash", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("gross_minor", sa.Integer(), nullable=False),
        sa.Column("head_size", sa.Integer(), nullable=False),
        sa.Column("facts_hash", sa.String(), nullable=False),
        sa.Column("block_number", sa.Integer(), nullable=False),
        sa.Column("transaction_hash", sa.String(), nullable=False),
        sa.Column("carried_minor", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("batch"),
    )
    op.create_index(
        op.f("ix_distributed_project_hash"), "distributed", ["project_hash"], unique=False
    )
    op.create_table(
        "distribution",
        sa.Column("batch", sa.String(), nullable=False),
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("business_date", sa.Integer(), nullable=False),
        sa.Column("gross_minor", sa.Integer(), nullable=False),
        sa.Column("refunds_minor", sa.Integer(), nullable=False),
        sa.Column("tax_minor", sa.Integer(), nullable=False),
        sa.Column("units", sa.JSON(), nullable=False),
        sa.Column("head_size", sa.Integer(), nullable=False),
        sa.Column("facts_hash", sa.String(), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=False),
        sa.Column("transaction_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("batch"),
    )
    op.create_index(op.f("ix_distribution_project"), "distribution", ["project"], unique=False)
    op.create_table(
        "head",
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("root", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("previous_size", sa.Integer(), nullable=False),
        sa.Column("closed_ms", sa.BigInteger(), nullable=False),
        sa.Column("transaction_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("size"),
    )
    op.create_table(
        "instruction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("error_detail", sa.String(), nullable=True),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("finished_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("idempotency_key"),
    )
    op.create_index(op.f("ix_instruction_status"), "instruction", ["status"], unique=False)
    op.create_table(
        "known_device",
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("device_hash", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("location", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("device"),
        sa.UniqueConstraint("device_hash"),
    )
    op.create_table(
        "known_goods",
        sa.Column("goods_hash", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("goods_hash"),
    )
    op.create_table(
        "known_participant",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("account"),
        sa.UniqueConstraint("party"),
    )
    op.create_table(
        "known_project",
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("project_hash", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("operator", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("decimals", sa.Integer(), nullable=False),
        sa.Column("tax_basis_points", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("project"),
        sa.UniqueConstraint("project_hash"),
    )
    op.create_table(
        "known_terms",
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("effective_from", sa.Integer(), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("project", "effective_from"),
    )
    op.create_table(
        "match_exception",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=True),
        sa.Column("settlement_id", sa.Integer(), nullable=True),
        sa.Column("business_date", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("resolution", sa.String(), nullable=True),
        sa.Column("resolved_by", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("resolved_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        op.f("ix_match_exception_log_index"), "match_exception", ["log_index"], unique=False
    )
    op.create_index(
        op.f("ix_match_exception_project"), "match_exception", ["project"], unique=False
    )
    op.create_index(op.f("ix_match_exception_status"), "match_exception", ["status"], unique=False)
    op.create_table(
        "participant",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("parts", sa.String(), nullable=False),
        sa.Column("certified_until", sa.Integer(), nullable=False),
        sa.Column("frozen", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )
    op.create_table(
        "payout",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("payout_account", sa.String(), nullable=False),
        sa.Column("payment", sa.String(), nullable=True),
        sa.Column("block_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_payout_holder"), "payout", ["holder"], unique=False)
    op.create_table(
        "progress",
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("reader"),
    )
    op.create_table(
        "registry_key",
        sa.Column("device_hash", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("x", sa.String(), nullable=False),
        sa.Column("y", sa.String(), nullable=False),
        sa.Column("certificate_hash", sa.String(), nullable=False),
        sa.Column("from_sequence", sa.Integer(), nullable=False),
        sa.Column("until_sequence", sa.String(), nullable=False),
        sa.Column("registered_block", sa.Integer(), nullable=False),
        sa.Column("revoked_at", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("device_hash", "epoch"),
    )
    op.create_table(
        "sale_fact",
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("business_date", sa.Integer(), nullable=False),
        sa.Column("is_refund", sa.Boolean(), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("units", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("batch", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("log_index"),
    )
    op.create_index(op.f("ix_sale_fact_batch"), "sale_fact", ["batch"], unique=False)
    op.create_index(op.f("ix_sale_fact_device"), "sale_fact", ["device"], unique=False)
    op.create_index(
        "ix_sale_fact_group", "sale_fact", ["status", "project", "business_date"], unique=False
    )
    op.create_index(op.f("ix_sale_fact_reference"), "sale_fact", ["reference"], unique=False)
    op.create_table(
        "settlement_row",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("business_date", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("reference"),
    )
    op.create_index(
        op.f("ix_settlement_row_business_date"), "settlement_row", ["business_date"], unique=False
    )
    op.create_index(op.f("ix_settlement_row_project"), "settlement_row", ["project"], unique=False)
    op.create_index(op.f("ix_settlement_row_status"), "settlement_row", ["status"], unique=False)
    op.create_table(
        "slot",
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("payload_digest", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("device"),
    )
    op.create_table(
        "statement_entry",
        sa.Column("entry_hash", sa.String(), nullable=False),
        sa.Column("statement", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("business_date", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("transaction_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("entry_hash"),
    )
    op.create_table(
        "terms",
        sa.Column("project_hash", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("effective_from", sa.Integer(), nullable=False),
        sa.Column("terms_hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("project_hash", "version"),
    )
    op.create_table(
        "chain_block",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "chain_cursor",
        sa.Column("feed", sa.String(), nullable=False),
        sa.Column("block_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("feed"),
    )
    op.create_table(
        "chain_dead_letter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("block_hash", sa.String(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("contract", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("created_ms", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "chain_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("block_number", sa.Integer(), nullable=False),
        sa.Column("block_hash", sa.String(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("transaction_hash", sa.String(), nullable=False),
        sa.Column("contract", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("block_hash", "log_index"),
    )
    op.create_index(
        op.f("ix_chain_event_block_number"), "chain_event", ["block_number"], unique=False
    )
    op.create_index(
        op.f("ix_chain_event_transaction_hash"), "chain_event", ["transaction_hash"], unique=False
    )
    op.create_table(
        "chain_transaction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("signer", sa.String(), nullable=False),
        sa.Column("to_address", sa.String(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("nonce", sa.Integer(), nullable=True),
        sa.Column("gas", sa.Integer(), nullable=True),
        sa.Column("max_fee_wei", sa.Integer(), nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("hashes", sa.JSON(), nullable=False),
        sa.Column("submitted_ms", sa.Integer(), nullable=True),
        sa.Column("tx_hash", sa.String(), nullable=True),
        sa.Column("block_number", sa.Integer(), nullable=True),
        sa.Column("block_hash", sa.String(), nullable=True),
        sa.Column("gas_used", sa.Integer(), nullable=True),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("error_detail", sa.String(), nullable=True),
        sa.Column("created_ms", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("idempotency_key"),
    )
    op.create_index(
        op.f("ix_chain_transaction_signer"), "chain_transaction", ["signer"], unique=False
    )
    op.create_index(
        op.f("ix_chain_transaction_status"), "chain_transaction", ["status"], unique=False
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_chain_transaction_status"), table_name="chain_transaction")
    op.drop_index(op.f("ix_chain_transaction_signer"), table_name="chain_transaction")
    op.drop_table("chain_transaction")
    op.drop_index(op.f("ix_chain_event_transaction_hash"), table_name="chain_event")
    op.drop_index(op.f("ix_chain_event_block_number"), table_name="chain_event")
    op.drop_table("chain_event")
    op.drop_table("chain_dead_letter")
    op.drop_table("chain_cursor")
    op.drop_table("chain_block")
    op.drop_table("terms")
    op.drop_table("statement_entry")
    op.drop_table("slot")
    op.drop_index(op.f("ix_settlement_row_status"), table_name="settlement_row")
    op.drop_index(op.f("ix_settlement_row_project"), table_name="settlement_row")
    op.drop_index(op.f("ix_settlement_row_business_date"), table_name="settlement_row")
    op.drop_table("settlement_row")
    op.drop_index(op.f("ix_sale_fact_reference"), table_name="sale_fact")
    op.drop_index("ix_sale_fact_group", table_name="sale_fact")
    op.drop_index(op.f("ix_sale_fact_device"), table_name="sale_fact")
    op.drop_index(op.f("ix_sale_fact_batch"), table_name="sale_fact")
    op.drop_table("sale_fact")
    op.drop_table("registry_key")
    op.drop_table("progress")
    op.drop_index(op.f("ix_payout_holder"), table_name="payout")
    op.drop_table("payout")
    op.drop_table("participant")
    op.drop_index(op.f("ix_match_exception_status"), table_name="match_exception")
    op.drop_index(op.f("ix_match_exception_project"), table_name="match_exception")
    op.drop_index(op.f("ix_match_exception_log_index"), table_name="match_exception")
    op.drop_table("match_exception")
    op.drop_table("known_terms")
    op.drop_table("known_project")
    op.drop_table("known_participant")
    op.drop_table("known_goods")
    op.drop_table("known_device")
    op.drop_index(op.f("ix_instruction_status"), table_name="instruction")
    op.drop_table("instruction")
    op.drop_table("head")
    op.drop_index(op.f("ix_distribution_project"), table_name="distribution")
    op.drop_table("distribution")
    op.drop_index(op.f("ix_distributed_project_hash"), table_name="distributed")
    op.drop_table("distributed")
    op.drop_index(op.f("ix_device_project_hash"), table_name="device")
    op.drop_table("device")
    op.drop_index(op.f("ix_credit_project_hash"), table_name="credit")
    op.drop_index(op.f("ix_credit_batch"), table_name="credit")
    op.drop_index(op.f("ix_credit_account"), table_name="credit")
    op.drop_table("credit")
    op.drop_table("balance")
    op.drop_table("anchored_head")
    op.drop_table("alarm")
