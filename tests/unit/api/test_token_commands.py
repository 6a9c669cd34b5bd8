"""The commands about tokens: what they do where no house is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner

from counterfoil.api.commands.api import register


@pytest.mark.parametrize(
    "words", [("create", "--role", "bank", "--party", "bank"), ("list",), ("revoke", "one")]
)
def test_a_mistaken_setting_makes_no_new_store(words: tuple[str, ...], tmp_path: Path) -> None:
    """A token that is made in another database would open nothing."""
    absent = tmp_path / "absent.db"
    app = Typer()
    register(app)
    result = CliRunner().invoke(
        app,
        ["api", "token", *words],
        env={"COUNTERFOIL_API_ORACLE_URL": f"sqlite:///{absent}"},
    )
    said = json.loads(result.stderr)
    assert (result.exit_code, said["code"]) == (2, "store.unreadable")
    assert "COUNTERFOIL_API_ORACLE_URL" in said["detail"]
    assert not absent.exists()
