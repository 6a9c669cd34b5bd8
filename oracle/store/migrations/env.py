"""Alembic's entry: the connection is handed in by ``database.open_database``."""

from alembic import context

from counterfoil.chain.tables import metadata as chain_metadata
from counterfoil.oracle.store.table import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=[metadata, chain_metadata],
    version_table="alembic_version_oracle",
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
context.config.attributes["connection"].commit()
