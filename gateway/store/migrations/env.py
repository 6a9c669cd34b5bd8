"""Alembic's entry: the connection is handed in by ``migrate.upgrade``."""

from alembic import context

from counterfoil.gateway.store.schema import VERSION_TABLE
from counterfoil.gateway.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
context.config.attributes["connection"].commit()
