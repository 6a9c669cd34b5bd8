"""The numbers of a key that were repudiated after they were anchored."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("registry_key") as batch:
        batch.add_column(sa.Column("disputed_until", sa.String(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("registry_key") as batch:
        batch.drop_column("disputed_until")
