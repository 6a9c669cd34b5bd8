"""The door of an instruction, who brought a statement, and who confirmed a mint."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("instruction") as table:
        table.add_column(sa.Column("door", sa.String(), nullable=False, server_default="api"))
    # What the API stored has a key of its own form; everything else was typed beside the oracle.
    op.execute("UPDATE instruction SET door = 'console' WHERE idempotency_key NOT LIKE 'api:%'")
    with op.batch_alter_table("match_exception") as table:
        table.add_column(sa.Column("entry_hash", sa.String(), nullable=True))
    with op.batch_alter_table("bank_line") as table:
        table.add_column(sa.Column("named_in", sa.String(), nullable=False, server_default=""))
        table.add_column(sa.Column("brought_by", sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("statement_entry") as table:
        table.add_column(sa.Column("taken_ms", sa.BigInteger(), nullable=False, server_default="0"))
        table.create_index("ix_statement_entry_taken_ms", ["taken_ms"])
        table.add_column(sa.Column("confirmed_by", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("statement_entry") as table:
        table.drop_index("ix_statement_entry_taken_ms")
        table.drop_column("confirmed_by")
        table.drop_column("taken_ms")
    with op.batch_alter_table("bank_line") as table:
        table.drop_column("brought_by")
        table.drop_column("named_in")
    with op.batch_alter_table("match_exception") as table:
        table.drop_column("entry_hash")
    with op.batch_alter_table("instruction") as table:
        table.drop_column("door")
