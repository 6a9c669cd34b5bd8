"""Why a claim is disputed, and how that ended."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("claim") as table:
        table.add_column(sa.Column("dispute_reason", sa.String(), nullable=True))
        table.add_column(sa.Column("dispute_outcome", sa.String(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("claim") as table:
        table.drop_column("dispute_outcome")
        table.drop_column("dispute_reason")
