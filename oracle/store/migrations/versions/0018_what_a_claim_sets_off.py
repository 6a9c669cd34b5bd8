"""What of a claim was paid on its invoice before it, under another claim."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def _wide() -> Any:
    return sa.Numeric(78, 0) if op.get_bind().dialect.name == "postgresql" else sa.BigInteger()


def upgrade() -> None:
    with op.batch_alter_table("claim") as batch:
        batch.add_column(sa.Column("set_off_minor", _wide(), nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("claim") as batch:
        batch.drop_column("set_off_minor")
