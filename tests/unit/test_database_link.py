"""A database's server that says nothing is not waited for for ever."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest
from sqlalchemy.exc import OperationalError

from counterfoil.database_link import link_limits
from counterfoil.gateway.store.gateway_store import open_store
from counterfoil.oracle.store.database import open_database


@pytest.mark.parametrize("opened", [open_store, open_database])
def test_a_server_that_takes_the_connection_and_is_silent_is_an_error(
    opened: Callable[[str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("counterfoil.database_link._LIMITS", {"connect_timeout": 2})
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(OperationalError):
            opened(f"postgresql+psycopg://u:p@127.0.0.1:{port}/d")


def test_the_url_goes_before_and_a_file_has_no_link() -> None:
    assert link_limits("sqlite:///a.db") == {}
    limits = link_limits("postgresql+psycopg://h/d?connect_timeout=99")
    assert "connect_timeout" not in limits
    assert limits["tcp_user_timeout"] > 0
    assert "connect_timeout" in link_limits("postgresql+psycopg://h/d")
