"""A keystore's passphrase comes from a file or the environment, and never from a command's arguments."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from counterfoil.__main__ import _COMMANDS
from counterfoil.chain.errors import KeyRefused
from counterfoil.chain.keys.passphrase import read_passphrase

VARIABLE = "COUNTERFOIL_TESTED_PASSPHRASE"


@pytest.fixture(autouse=True)
def nobody_at_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())


def test_the_file_goes_before_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "from the environment")
    kept = tmp_path / "passphrase"
    kept.write_text(" from the file \n")
    assert read_passphrase(VARIABLE) == "from the environment"
    assert read_passphrase(VARIABLE, kept) == " from the file "


def test_without_any_it_says_what_to_set(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_text("\n")
    for file in (None, empty):
        with pytest.raises(KeyRefused, match=f"set {VARIABLE}"):
            read_passphrase(VARIABLE, file)
    with pytest.raises(KeyRefused, match="No such file"):
        read_passphrase(VARIABLE, tmp_path / "missing")


def commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    yield path, command
    for name, found in getattr(command, "commands", {}).items():
        yield from commands(found, f"{path} {name}")


def test_no_command_takes_a_passphrase_among_its_arguments() -> None:
    everything = typer.Typer()
    for module in dict.fromkeys(module for module, _ in _COMMANDS.values()):
        import_module(module).register(everything)
    all_of_them = list(commands(get_command(everything), "counterfoil"))
    assert len(all_of_them) > 60
    secrets = {"--passphrase", "--password", "--key-passphrase"}
    for path, command in all_of_them:
        options = {option for parameter in command.params for option in parameter.opts}
        assert not options & secrets, path
