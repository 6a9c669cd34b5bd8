"""Settings from a file: under the environment, and refused where a line says nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from counterfoil.settings_file import SettingsFileError, read_settings

_SHOW = """
import sys
from counterfoil import __main__
__main__._take_settings()
from counterfoil.chain.settings import ChainSettings
from counterfoil.gateway.process.gateway_settings import GatewaySettings
print(ChainSettings().port, ChainSettings().chain_id, sys.argv[1:])
"""


def run(*argv: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *argv],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


def test_names_quotes_and_comments_are_read_as_they_stand(tmp_path: Path) -> None:
    file = tmp_path / "settings.env"
    file.write_text(
        "# of the gateway\n\nCOUNTERFOIL_GATEWAY_HOST=127.0.0.1\n"
        "COUNTERFOIL_ORACLE_PASSPHRASE='a $HOME # b'\n"
    )
    assert read_settings(file) == {
        "COUNTERFOIL_GATEWAY_HOST": "127.0.0.1",
        "COUNTERFOIL_ORACLE_PASSPHRASE": "a $HOME # b",
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("COUNTERFOIL_CHAIN_PORT\n", "line 1: not NAME=value"),
        ("\nCOUNTERFOIL CHAIN = 1\n", "not NAME=value"),
        ("PATH=/bin\n", "PATH does not begin COUNTERFOIL_"),
    ],
)
def test_a_line_that_says_nothing_is_refused(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "settings.env"
    file.write_text(text)
    with pytest.raises(SettingsFileError, match=says):
        read_settings(file)


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "settings.env"
    file.write_text("COUNTERFOIL_CHAIN_PORT=7001\nCOUNTERFOIL_CHAIN_CHAIN_ID=99\n")
    named = run("-c", _SHOW, "--settings", str(file), "chain", COUNTERFOIL_CHAIN_PORT="7002")
    assert named.stdout.split() == ["7002", "99", "['chain']"], named.stderr
    told = run("-c", _SHOW, "chain", COUNTERFOIL_SETTINGS=str(file))
    assert told.stdout.split() == ["7001", "99", "['chain']"], told.stderr


def test_a_file_that_is_not_there_ends_the_command_with_a_code(tmp_path: Path) -> None:
    missing = run("-m", "counterfoil", "--settings", str(tmp_path / "none"), "chain", "--help")
    assert missing.returncode == 2
    assert json.loads(missing.stderr)["code"] == "settings.file_unusable"
