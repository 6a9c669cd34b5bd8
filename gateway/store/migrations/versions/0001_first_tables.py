"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "device_key",
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("x", sa.LargeBinary(length=32), nullable=False),
        sa.Column("y", sa.LargeBinary(length=32), nullable=False),
        sa.Column("certificate_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("from_sequence", sa.BigInteger(), nullable=False),
        sa.Column("until_sequence", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("device", "epoch"),
    )
    op.create_table(
        "equivocation",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("first_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("second_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("second_raw", sa.LargeBinary(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("device", "epoch", "sequence", "second_digest"),
    )
    op.create_table(
        "record",
        sa.Column(
            "log_index",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("payload_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("time_ms", sa.BigInteger(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("business_date", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("energy_wh", sa.BigInteger(), nullable=True),
        sa.Column("payment_method", sa.String(), nullable=True),
        sa.Column("payment_reference", sa.String(), nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("log_index"),
        sa.UniqueConstraint("device", "epoch", "sequence"),
    )
    op.create_index(op.f("ix_record_business_date"), "record", ["business_date"], unique=False)
    op.create_index("ix_record_device_date", "record", ["device", "business_date"], unique=False)
    op.create_index(op.f("ix_record_payload_digest"), "record", ["payload_digest"], unique=False)
    op.create_index(
        op.f("ix_record_payment_reference"), "record", ["payment_reference"], unique=False
    )
    op.create_table(
        "refused",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("device", sa.String(), nullable=True),
        sa.Column(
            "epoch",
            sa.Numeric(precision=20, scale=0, asdecimal=False).with_variant(
                sa.BigInteger(), "sqlite"
            ),
            nullable=True,
        ),
        sa.Column(
            "sequence",
            sa.Numeric(precision=20, scale=0, asdecimal=False).with_variant(
                sa.BigInteger(), "sqlite"
            ),
            nullable=True,
        ),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("peer", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_refused_device"), "refused", ["device"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_refused_device"), table_name="refused")
    op.drop_table("refused")
    op.drop_index(op.f("ix_record_payment_reference"), table_name="record")
    op.drop_index(op.f("ix_record_payload_digest"), table_name="record")
    op.drop_index("ix_record_device_date", table_name="record")
    op.drop_index(op.f("ix_record_business_date"), table_name="record")
    op.drop_table("record")
    op.drop_table("equivocation")
    op.drop_table("device_key")
