"""What a project's shares earn, in parts of a minor unit; their cap."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_RENAMED = {
    "share_project": {"per_share_minor": "per_share", "carried_minor": "carried"},
    "share_holding": {"earned_minor": "earned", "seen_minor": "seen"},
}


def upgrade() -> None:
    wide = sa.Numeric(78, 0) if op.get_bind().dialect.name == "postgresql" else sa.BigInteger()
    for table, columns in _RENAMED.items():
        with op.batch_alter_table(table) as batch:
            for old, new in columns.items():
                batch.alter_column(old, new_column_name=new)
    with op.batch_alter_table("share_project") as batch:
        for name in ("cap", "issues"):
            batch.add_column(sa.Column(name, wide, nullable=False, server_default="0"))
    with op.batch_alter_table("share_project") as batch:
        for name in ("cap", "issues"):
            batch.alter_column(name, server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("share_project") as batch:
        for name in ("cap", "issues"):
            batch.drop_column(name)
    for table, columns in _RENAMED.items():
        with op.batch_alter_table(table) as batch:
            for old, new in columns.items():
                batch.alter_column(new, new_column_name=old)
