"""What a batch adds up to, with each head."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("head", "anchored_head"):
        op.add_column(table, sa.Column("figures", sa.String(), nullable=False, server_default=""))
    op.create_table(
        "batch_figures",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("figures", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )


def downgrade() -> None:
    op.drop_table("batch_figures")
    for table in ("head", "anchored_head"):
        op.drop_column(table, "figures")
