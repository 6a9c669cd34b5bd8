"""What else a head commits to, and the head that it extends."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_NOTHING = "0x" + "00" * 32


def upgrade() -> None:
    for table in ("anchored_head", "signed_head"):
        op.add_column(
            table, sa.Column("annex", sa.String(), nullable=False, server_default=_NOTHING)
        )
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column(
        "anchored_head", sa.Column("previous_size", big, nullable=False, server_default="0")
    )
    op.execute(
        "UPDATE anchored_head SET previous_size = COALESCE((SELECT MAX(before.size)"
        " FROM anchored_head AS before WHERE before.size < anchored_head.size), 0)"
    )


def downgrade() -> None:
    with op.batch_alter_table("anchored_head") as table:
        table.drop_column("previous_size")
    for name in ("signed_head", "anchored_head"):
        with op.batch_alter_table(name) as table:
            table.drop_column("annex")
