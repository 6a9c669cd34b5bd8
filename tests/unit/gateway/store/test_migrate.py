"""The gateway's database is brought up to date by Alembic, and opened without it afterwards."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from counterfoil.gateway.store import schema as migrate
from counterfoil.gateway.store.gateway_store import open_store
from counterfoil.gateway.store.tables import metadata

OPEN = """
import sys
from counterfoil.gateway.store.gateway_store import open_store
store = open_store(sys.argv[1])
print(store.size(), "alembic" in sys.modules)
"""


def test_the_newest_version_is_the_last_migration() -> None:
    config = Config()
    folder = Path(migrate.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    assert ScriptDirectory.from_config(config).get_heads() == [migrate.NEWEST]


def test_the_migrations_make_the_tables_that_the_code_has(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'g.db'}")
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        differences = compare_metadata(context, metadata)
    store.engine.dispose()
    # Alembic's own table of versions is no table of the code.
    assert [d for d in differences if migrate.VERSION_TABLE not in str(d)] == []


def test_an_up_to_date_database_is_opened_without_alembic(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'g.db'}"
    opened = [
        subprocess.run(
            [sys.executable, "-c", OPEN, url], capture_output=True, text=True, check=True
        ).stdout.split()
        for _ in range(2)
    ]
    assert opened == [["0", "True"], ["0", "False"]]
