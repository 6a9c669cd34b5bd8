"""Every test finds a call that is made while a database transaction is open: here one is made on purpose."""

from __future__ import annotations

from pathlib import Path

import pytest
import support_sessions
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, text

from counterfoil.chain.client import ChainClient
from counterfoil.chain.errors import NodeUnreachable
from counterfoil.oracle.store.database import open_database

NOBODY_LISTENS = "http://127.0.0.1:1"


@pytest.mark.parametrize("reads_only", [True, False])
def test_a_call_within_a_session_is_found(
    tmp_path: Path, reads_only: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(support_sessions, "tests_too", True)
    engine = open_database(f"sqlite:///{tmp_path / 'oracle.db'}")
    client = ChainClient(NOBODY_LISTENS)
    with Session(engine.execution_options(reads_only=reads_only)) as session:
        with pytest.raises(NodeUnreachable):
            client.chain_id()  # nothing was read yet: no transaction is open
        session.exec(text("SELECT 1"))
        with pytest.raises(support_sessions.SessionOpen):
            client.chain_id()
        session.commit()
        with pytest.raises(NodeUnreachable):
            client.chain_id()
    assert len(support_sessions.found) == 1
    assert "test_sessions.py" in support_sessions.found[0], "it says which lines asked"
    support_sessions.found.clear()
    engine.dispose()


def test_a_session_that_was_rolled_back_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(support_sessions, "tests_too", True)
    engine = open_database(f"sqlite:///{tmp_path / 'oracle.db'}")
    with pytest.raises(OperationalError), Session(engine) as session:
        session.exec(text("SELECT 1 FROM nowhere"))
    assert support_sessions.open_here() == []
    engine.dispose()
