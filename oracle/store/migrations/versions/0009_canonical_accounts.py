"""Accounts that were told to us stand in the one spelling of EIP-55; what is made of the chain's events always did."""

from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op

from counterfoil.chain.address import Address
from counterfoil.chain.errors import AddressMalformed

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ACCOUNTS: Mapping[str, tuple[str, ...]] = {
    "bank_account": ("holder",),
    "chain_transaction": ("signer", "to_address"),
    "known_document": ("account",),
    "known_participant": ("account",),
    "oracle_node": ("address",),
}
"""Table → its columns that hold accounts and are not made of events alone."""
_KEYS = {("known_participant", "account"), ("oracle_node", "address")}
"""Those that hold an account once: of two rows in two spellings, the one that is canonical already stays."""


def upgrade() -> None:
    for table, columns in _ACCOUNTS.items():
        for column in columns:
            _canonicalise(table, column)


def downgrade() -> None:
    """The accounts stay as they are: they are the same in any spelling."""


def _canonicalise(name: str, column: str) -> None:
    bind, cell = op.get_bind(), sa.column(column, sa.String())
    table = sa.table(name, cell)
    known = set(bind.execute(sa.select(cell).distinct()).scalars())
    for old in sorted(text for text in known if text):
        try:
            new = str(Address(old))
        except AddressMalformed:
            continue
        if new == old:
            continue
        if new in known and (name, column) in _KEYS:
            bind.execute(sa.delete(table).where(cell == old))
        else:
            bind.execute(sa.update(table).where(cell == old).values({column: new}))
        known.add(new)
