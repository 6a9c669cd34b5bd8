"""The codes of refused records, as ``area.word_word``: one fault has one code."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_RENAMED = {
    "counters_inconsistent": "record.counters_inconsistent",
    "envelope_malformed": "record.envelope_malformed",
    "epoch_closed": "record.epoch_closed",
    "epoch_link_mismatch": "record.epoch_link_mismatch",
    "equivocation": "record.equivocation",
    "header_malformed": "record.header_malformed",
    "identity_malformed": "name.malformed",
    "issuer_mismatch": "record.issuer_mismatch",
    "key_id_mismatch": "record.key_id_mismatch",
    "key_revoked": "record.key_revoked",
    "key_unknown": "record.key_unknown",
    "payload_malformed": "record.payload_malformed",
    "previous_mismatch": "record.previous_mismatch",
    "record_refused": "record.refused",
    "record_too_large": "record.too_large",
    "sequence_gap": "record.sequence_gap",
    "sequence_outside_key": "record.sequence_outside_key",
    "signature_invalid": "record.signature_invalid",
    "version_unsupported": "record.version_unsupported",
}


def upgrade() -> None:
    refused = sa.table("refused", sa.column("code"))
    for old, new in _RENAMED.items():
        op.execute(sa.update(refused).where(refused.c.code == old).values(code=new))


def downgrade() -> None:
    """The codes stay: an older program shows them as they are."""
