"""What is wrong with a setting: its name in the environment, and the form that it must have. Never its value.

Rules kept here:

* Every class of settings is found by itself: its prefix and its fields are its own, and nothing is registered here.
* A value may be a secret, so none is repeated.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, ValidationError
from pydantic_settings import BaseSettings, SettingsError

_FIELD = re.compile(r'field "(\w+)"')
_LIST = 'a JSON list of texts, such as ["http://127.0.0.1:8545"]'


def _checked(url: str) -> str:
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        make_url(url)
    except (ArgumentError, ValueError):
        form = "a database's URL, such as sqlite:////var/lib/counterfoil/oracle.db"
        raise ValueError(form) from None
    return url


DatabaseUrl = Annotated[str, AfterValidator(_checked)]
"""A setting that is a database's URL, as SQLAlchemy reads it."""
NoDatabaseOrUrl = Annotated[str, AfterValidator(lambda url: _checked(url) if url else url)]
"""The same, or empty where there is no such database."""


def wrong_settings(failure: Exception) -> str | None:
    """Return which settings are not as they must be, and what they must be; None for another failure."""
    if isinstance(failure, SettingsError):
        return _undecoded(str(failure))
    if not isinstance(failure, ValidationError):
        return None
    settings = next((one for one in _classes() if one.__name__ == failure.title), None)
    if settings is None:
        return None
    return "; ".join(_line(settings, error) for error in failure.errors(include_input=False))


def _classes(base: type[BaseSettings] = BaseSettings) -> Iterator[type[BaseSettings]]:
    for one in base.__subclasses__():
        yield one
        yield from _classes(one)


def _variable(settings: type[BaseSettings], field: str) -> str:
    return f"{settings.model_config.get('env_prefix', '')}{field}".upper()


def _line(settings: type[BaseSettings], error: Any) -> str:
    says = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "missing":
        says = "it is not set"
    says = says.replace("Input should be", "it must be").partition(", unable")[0]
    if error["loc"]:
        field = str(error["loc"][0])
    else:  # of several settings together: the sentence begins with the one
        field, _, rest = says.partition(": ")
        says = rest or says
        field = field if field in settings.model_fields else "…"
    return f"{_variable(settings, field)}: {says}"


def _undecoded(text: str) -> str:
    """A value that must be JSON and is none: the library names the field alone."""
    found = _FIELD.search(text)
    field = found[1] if found else ""
    for settings in _classes():
        name = _variable(settings, field)
        if field in settings.model_fields and not _is_json(os.environ.get(name, "[]")):
            return f"{name}: it must be {_LIST}"
    return f"{field}: it must be {_LIST}"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def with_file_contents(given: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return the settings *given*, each of *names* that is missing read from the file that ``<name>_file`` names.

    Raises:
        ValueError: such a file can't be read.
    """
    found = dict(given)
    for name in names:
        file = found.get(f"{name}_file")
        if file and not found.get(name):
            try:
                found[name] = Path(file).read_text().rstrip("\n")
            except (OSError, UnicodeDecodeError) as failure:
                raise ValueError(f"{name}_file: {failure}") from failure
    return found
