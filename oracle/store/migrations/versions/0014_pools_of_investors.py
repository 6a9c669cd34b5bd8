"""Pools of investors, who take their shares out of them; a distribution carries nothing any more."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    wide = sa.Numeric(78, 0) if op.get_bind().dialect.name == "postgresql" else sa.BigInteger()
    op.create_table(
        "investor_pool",
        sa.Column("account", sa.String(42), primary_key=True),
        sa.Column("project_hash", sa.String(), nullable=False),
        sa.Column("investors", sa.Integer(), nullable=False),
        sa.Column("weights", wide, nullable=False),
        sa.Column("is_complete", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_investor_pool_project_hash", "investor_pool", ["project_hash"])
    op.create_table(
        "pool_share",
        sa.Column("pool", sa.String(42), primary_key=True),
        sa.Column("account", sa.String(42), primary_key=True),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("weight", wide, nullable=False),
        sa.Column("before", wide, nullable=False),
        sa.Column("taken_minor", wide, nullable=False),
    )
    op.create_index("ix_pool_share_account", "pool_share", ["account"])
    op.create_table(
        "pool_end",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("pool", sa.String(42), nullable=False),
        sa.Column("paid_minor", wide, nullable=False),
    )
    op.create_index("ix_pool_end_pool", "pool_end", ["pool"])
    with op.batch_alter_table("distributed") as batch:
        batch.drop_column("carried_minor")


def downgrade() -> None:
    wide = sa.Numeric(78, 0) if op.get_bind().dialect.name == "postgresql" else sa.BigInteger()
    with op.batch_alter_table("distributed") as batch:
        batch.add_column(sa.Column("carried_minor", wide, nullable=False, server_default="0"))
    for table in ("pool_end", "pool_share", "investor_pool"):
        op.drop_table(table)
