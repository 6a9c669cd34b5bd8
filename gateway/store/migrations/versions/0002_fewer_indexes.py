"""No index that nothing reads: each of them is another page to write for every record."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_DROPPED = {
    "ix_record_payload_digest": "payload_digest",
    "ix_record_payment_reference": "payment_reference",
    "ix_record_business_date": "business_date",
}


def upgrade() -> None:
    for name in _DROPPED:
        op.drop_index(name, "record")


def downgrade() -> None:
    for name, column in _DROPPED.items():
        op.create_index(name, "record", [column])
