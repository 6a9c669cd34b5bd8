"""The list of commands: complete, true, and there at once."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest
import typer
from typer.main import get_command

from counterfoil.__main__ import _COMMANDS

_HELP = """
import sys
sys.argv = ["counterfoil", "--help"]
from counterfoil.__main__ import main
try:
    main()
finally:
    print("IMPORTED", sorted(m for m in sys.modules if m.startswith("counterfoil.")))
    print("HEAVY", sorted({"web3", "sqlalchemy", "fastapi", "cryptography"} & set(sys.modules)))
"""


def test_the_list_needs_no_package() -> None:
    run = subprocess.run([sys.executable, "-c", _HELP], capture_output=True, text=True, check=True)
    assert "IMPORTED ['counterfoil.__main__']" in run.stdout
    assert "HEAVY []" in run.stdout
    for name, (_, says) in _COMMANDS.items():
        assert any(f" {name} " in line and says[:30] in line for line in run.stdout.splitlines())


@pytest.mark.parametrize("name", _COMMANDS)
def test_every_command_of_the_list_is_where_it_says(name: str) -> None:
    app = typer.Typer()
    app.callback()(lambda: None)
    import_module(_COMMANDS[name][0]).register(app)
    assert name in get_command(app).commands  # type: ignore[attr-defined]


def test_an_unknown_command_is_refused() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "counterfoil", "nonsense"], capture_output=True, text=True
    )
    assert run.returncode == 2
    assert "nonsense" in run.stderr
