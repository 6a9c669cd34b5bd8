"""A house whose keys another one has since: it must not be started again, because two would sign with one key."""

from __future__ import annotations

import json
from pathlib import Path

from counterfoil.fault import Code
from counterfoil.gateway.pki.certificate_file import replace_file

_FILE = "superseded.json"


class HouseSuperseded(Exception):
    """The house was restored from its backup elsewhere, and the one there has its keys now."""

    code = Code("house.superseded")
    to_do = (
        "Use the folder in the detail. Only if that one is gone for good, and never signed anything,"
        " remove superseded.json here."
    )


def supersede(folder: Path, by: Path) -> None:
    """Make the house in *folder* one that does not start any more, because the one in *by* has its keys."""
    said = json.dumps({"by": str(by)}).encode()
    replace_file(folder / _FILE, said, 0o600)


def require_not_superseded(folder: Path) -> None:
    """Return when no other house has the keys of the one in *folder*; raises HouseSuperseded."""
    mark = folder / _FILE
    if mark.exists():
        raise HouseSuperseded(f"{folder} was restored elsewhere: {mark.read_text()[:500]}")
