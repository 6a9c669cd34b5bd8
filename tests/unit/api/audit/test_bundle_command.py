"""``audit bundle`` and ``audit facts`` say which option, setting or token is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner

from counterfoil.api.audit.commands import audit as audit_commands

DEVICE = "urn:dev:os:32473-a"


def refused(*words: object, **env: str) -> dict[str, str]:
    app = Typer()
    app.callback()(lambda: None)
    audit_commands.register(app)
    done = CliRunner().invoke(app, ["audit", *map(str, words)], env=env)
    assert done.exit_code == 2, done.output
    (line,) = done.stderr.splitlines()
    said: dict[str, str] = json.loads(line)
    return said


@pytest.mark.parametrize(
    ("first", "last", "option"),
    [("2026-02-31", "2026-03-01", "--from 2026-02-31"), ("2026-02-01", "soon", "--to soon")],
)
def test_a_date_that_is_none_is_named_with_its_option(
    first: str, last: str, option: str, tmp_path: Path
) -> None:
    words = ("--device", DEVICE, "--from", first, "--to", last, "-o", tmp_path / "out")
    said = refused("bundle", *words)
    assert said["code"] == "date.malformed"
    assert said["detail"].startswith(option)


def test_a_database_that_is_not_there_is_told_with_its_setting(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'none.db'}"
    said = refused("facts", "-o", tmp_path / "out", COUNTERFOIL_API_ORACLE_URL=url)
    assert said["code"] == "store.unreadable"
    assert "COUNTERFOIL_API_ORACLE_URL says where it is" in said["detail"]


@pytest.mark.parametrize("token", ["", "two words", "cf_\nnext"])
def test_a_token_that_is_none_is_told_before_anything_is_asked(token: str, tmp_path: Path) -> None:
    words = ("facts", "--api", "http://127.0.0.1:1", "-o", tmp_path / "out")
    said = refused(*words, COUNTERFOIL_TOKEN=token)
    assert said["code"] == "api.refused"
    assert "COUNTERFOIL_TOKEN" in said["detail"]


def test_an_api_that_is_not_there_is_told_in_plain_words(tmp_path: Path) -> None:
    words = ("facts", "--api", "http://127.0.0.1:1", "-o", tmp_path / "out")
    said = refused(*words, COUNTERFOIL_TOKEN="cf_x")
    assert said["code"] == "api.refused"
    assert "http://127.0.0.1:1" in said["detail"]
    assert "Error" not in said["detail"]
