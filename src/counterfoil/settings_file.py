"""A file of settings: lines ``COUNTERFOIL_GATEWAY_TLS_KEY=…``, as in the environment and in systemd's EnvironmentFile.

Rules kept here:

* The environment's value of a name goes before the file's.
* A line that is not ``COUNTERFOIL_…=…`` is refused, so that no slip of the pen is overlooked.
"""

from __future__ import annotations

from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from counterfoil.fault import Code


class SettingsFileError(Exception):
    """The settings file can't be used."""

    code = Code("settings.file_unusable")
    to_do = "Correct the line that the detail names."


def read_settings(path: Path) -> dict[str, str]:
    """Return the names and values in the file at *path*.

    Raises:
        SettingsFileError: it can't be read, or a line is not a COUNTERFOIL_ name with its value.
    """
    try:
        with path.open(encoding="utf-8") as lines:
            for line in parse_stream(lines):
                if line.error or (line.key is not None and line.value is None):
                    raise SettingsFileError(f"{path}, line {line.original.line}: not NAME=value")
                if line.key is not None and not line.key.startswith("COUNTERFOIL_"):
                    raise SettingsFileError(
                        f"{path}, line {line.original.line}: {line.key} does not begin COUNTERFOIL_"
                    )
        found = dotenv_values(path, interpolate=False)
    except (OSError, UnicodeDecodeError) as failure:
        raise SettingsFileError(f"{path} can't be read: {failure}") from failure
    return {name: value for name, value in found.items() if value is not None}
