"""Parts of claims by what they have had, since what is paid on them follows from their claims; claims with a tag."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_NO_TAG = "0x" + "00" * 32


def _wide() -> Any:
    return sa.Numeric(78, 0) if op.get_bind().dialect.name == "postgresql" else sa.BigInteger()


def upgrade() -> None:
    with op.batch_alter_table("claim_part") as batch:
        for name in ("base_minor", "credited_minor"):
            batch.add_column(sa.Column(name, _wide(), nullable=False, server_default="0"))
        for name in ("redeemed_minor", "retained_minor"):
            batch.drop_column(name)
    with op.batch_alter_table("claim") as batch:
        batch.add_column(sa.Column("tag", sa.String(), nullable=False, server_default=_NO_TAG))


def downgrade() -> None:
    with op.batch_alter_table("claim") as batch:
        batch.drop_column("tag")
    with op.batch_alter_table("claim_part") as batch:
        for name in ("redeemed_minor", "retained_minor"):
            batch.add_column(sa.Column(name, _wide(), nullable=False, server_default="0"))
        for name in ("base_minor", "credited_minor"):
            batch.drop_column(name)
