"""What every test may ask for: the shared data folder, a PostgreSQL server, and the support modules on the path."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from support_postgres import Postgres

ROOT = Path(__file__).resolve().parents[1]
# How long an example takes says how busy the machine is, and nothing of the code.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

LONGEST = (
    "network_members",
    "network_membership",
    "replay_command",
    "network_faults",
    "invoices_run",
    "oracle_quorum",
    "day_close",
    "oracle_lies",
    "network_partition",
    "audit_commands",
    "audit_sweep_consortium",
    "asset_projection",
    "chain_sender",
    "oracle_exactly_once",
    "up_tree",
)
"""The files that take longest, by what follows ``test_``: begun first, so that no processor is idle at the end."""
sys.path.insert(0, str(ROOT / "tests" / "support"))


def pytest_configure(config: pytest.Config) -> None:
    """Watch the sessions; give the chains that are prepared once (``support_chain``) one folder for all workers."""
    import support_sessions  # its path is set above

    support_sessions.watch()
    if not hasattr(config, "workerinput"):
        folder = tempfile.mkdtemp(prefix="counterfoil-chains-")
        os.environ["COUNTERFOIL_TEST_CHAINS"] = folder
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, each file's tests in their order."""
    places = {f"test_{name}": place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


@pytest.fixture(autouse=True)
def _no_call_within_a_session() -> Iterator[None]:
    """Fail a test in which anybody was asked while a database transaction was open, even if that was caught."""
    import support_sessions

    support_sessions.found.clear()
    yield
    assert not support_sessions.found, support_sessions.found[0]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data and published vectors; the test is skipped where it is absent."""
    folder = Path(os.environ.get("COUNTERFOIL_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder}: set COUNTERFOIL_SHARED to its parent")
    return folder


@pytest.fixture(scope="session")
def running_postgres() -> Iterator[Postgres]:
    """A server that is up; the test is skipped where none is installed."""
    from support_postgres import Postgres  # its path is set above

    server = Postgres()
    server.start()
    yield server
    server.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def oracle_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new, empty database for the oracle, once of each store."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'oracle.db'}"
    server: Postgres = request.getfixturevalue("running_postgres")
    return server.new_database()
