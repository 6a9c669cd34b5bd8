"""The most that the costs of a line's loans may be."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("credit_line") as table:
        table.add_column(sa.Column("costs_ppm", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("credit_line") as table:
        table.drop_column("costs_ppm")
