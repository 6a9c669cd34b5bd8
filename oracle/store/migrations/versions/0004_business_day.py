"""The business day, the bank's statements and the payouts."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "day_close",
        sa.Column("date", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("started_ms", sa.BigInteger(), nullable=False),
        sa.Column("finished_ms", sa.BigInteger(), nullable=True),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("error_detail", sa.String(), nullable=True),
        sa.Column("report", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("date"),
    )
    op.create_index(op.f("ix_day_close_status"), "day_close", ["status"], unique=False)
    op.create_table(
        "day_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("date", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.Integer(), nullable=False),
        sa.Column("before", sa.String(), nullable=False),
        sa.Column("transaction_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("date", "attempt", "kind", "subject"),
    )
    op.create_index(op.f("ix_day_step_date"), "day_step", ["date"], unique=False)
    op.create_table(
        "token_balance",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )
    op.create_table(
        "deposit",
        sa.Column("entry_hash", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("block_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("entry_hash"),
    )
    op.create_index(op.f("ix_deposit_account"), "deposit", ["account"], unique=False)
    _bank()
    _project()


def _project() -> None:
    """Make the projected tables of the events that were taken in before; the feed passes those over."""
    event = sa.table(
        "chain_event",
        sa.column("id", sa.Integer),
        sa.column("block_number", sa.Integer),
        sa.column("contract"),
        sa.column("name"),
        sa.column("arguments", sa.JSON),
    )
    rows = op.get_bind().execute(
        sa.select(event)
        .where(event.c.contract == "DepositToken", event.c.name.in_(("Transfer", "Deposited")))
        .order_by(event.c.id)
    )
    held: dict[str, int] = {}
    deposits = []
    for row in rows:
        a = row.arguments
        if row.name == "Deposited":
            values = {"entry_hash": a["entry"], "account": a["to"]}
            values |= {"amount_minor": int(a["amount"]), "block_number": row.block_number}
            deposits.append(values)
            continue
        for account, change in ((a["from"], -int(a["value"])), (a["to"], int(a["value"]))):
            if int(account, 16) != 0:
                held[account] = held.get(account, 0) + change
    balances = [{"account": a, "amount_minor": amount} for a, amount in held.items()]
    metadata = sa.MetaData()
    for name, found in (("deposit", deposits), ("token_balance", balances)):
        op.bulk_insert(sa.Table(name, metadata, autoload_with=op.get_bind()), found)


def _bank() -> None:
    op.create_table(
        "bank_account",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("bic", sa.String(), nullable=False),
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("pays_out", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )
    op.create_table(
        "payee_account",
        sa.Column("commitment", sa.String(), nullable=False),
        sa.Column("salt", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("bic", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("commitment"),
    )
    op.create_table(
        "bank_statement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("identification", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("opening_minor", sa.BigInteger(), nullable=True),
        sa.Column("closing_minor", sa.BigInteger(), nullable=True),
        sa.Column("document_hash", sa.String(), nullable=False),
        sa.Column("finding", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("taken_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account", "identification"),
    )
    op.create_index(op.f("ix_bank_statement_account"), "bank_statement", ["account"], unique=False)
    op.create_table(
        "bank_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("statement_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("booked", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("entry_hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("statement_id", "reference", "outcome"):
        op.create_index(op.f(f"ix_bank_line_{column}"), "bank_line", [column], unique=False)
    op.create_table(
        "payout_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("execution_date", sa.Integer(), nullable=False),
        sa.Column("payouts", sa.Integer(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("document_hash", sa.String(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("message"),
    )
    op.create_table(
        "payout_order",
        sa.Column("payout", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("end_to_end_id", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("commitment", sa.String(), nullable=False),
        sa.Column("payment", sa.String(), nullable=True),
        sa.Column("transaction_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("payout"),
        sa.UniqueConstraint("end_to_end_id"),
    )
    op.create_index(op.f("ix_payout_order_file_id"), "payout_order", ["file_id"], unique=False)


def downgrade() -> None:
    for name in (
        "payout_order",
        "payout_file",
        "bank_line",
        "bank_statement",
        "payee_account",
        "bank_account",
        "deposit",
        "token_balance",
        "day_step",
        "day_close",
    ):
        op.drop_table(name)
