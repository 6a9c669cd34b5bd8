"""The most that the costs of a line's loans may be, and the date by which they are due."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("credit_line") as table:
        for name in ("costs_ppm", "last_due"):
            table.add_column(sa.Column(name, sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("credit_line") as table:
        for name in ("last_due", "costs_ppm"):
            table.drop_column(name)
