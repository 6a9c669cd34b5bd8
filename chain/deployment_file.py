"""The file that says where a consortium's contracts are: a deployment writes it, all others read it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from counterfoil.chain.errors import EditionDiffers
from counterfoil.given_file import GivenFileMalformed, read_text_file

EDITION = 2
"""The edition of the ledger: it changes when contracts of an older one can't be gone on with."""


def check_edition(found: object, where: Path) -> None:
    """Return when *found*, the edition that *where* states, is this program's; None is the first one.

    Raises:
        EditionDiffers: it is another one.
    """
    if found != EDITION or type(found) is not int:
        stated = 1 if found is None else found
        raise EditionDiffers(
            f"{where} is of edition {stated!r} of the ledger, this program is of {EDITION}"
        )


@dataclass
class Deployment:
    """The contracts of one chain. ``contracts[name]`` has ``address``, ``code_hash`` and ``block``.

    A chain is known by ``block_hash``, the hash of the block of the first contract; empty before there is one. (Not by
    block 0: the embedded chain makes a new one at each start.)
    """

    chain_id: int
    contracts: dict[str, dict[str, Any]] = field(default_factory=dict)
    edition: int = EDITION
    block_hash: str = ""

    @property
    def addresses(self) -> dict[str, str]:
        return {name: entry["address"] for name, entry in self.contracts.items()}

    @property
    def first_block(self) -> int:
        """The block of the first contract; events are read from here on."""
        return min(int(entry["block"]) for entry in self.contracts.values())

    @classmethod
    def read(cls, path: Path) -> Deployment:
        """The deployment that is recorded at *path*.

        Raises:
            EditionDiffers: its contracts are of another edition of the ledger.
            GivenFileError: it can't be read, or is no deployment.
        """
        text = read_text_file(path)
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise GivenFileMalformed(path, "no deployment: it is no JSON") from error
        if not isinstance(found, dict) or not {"chain_id", "contracts"} <= found.keys():
            raise GivenFileMalformed(path, "no deployment: chain_id and contracts are not in it")
        check_edition(found.get("edition"), path)
        # An earlier file of this edition knew its chain by block 0.
        found.pop("genesis", None)
        if not _is_whole(found):
            raise GivenFileMalformed(path, "no deployment: its fields are not those of one")
        return cls(**found)

    def write(self, path: Path) -> None:
        """Write this deployment to *path*. A crash leaves the old file or the new one, whole."""
        fresh = path.with_suffix(".new")
        with fresh.open("w") as out:
            json.dump(self.__dict__, out, indent=1)
            out.flush()
            os.fsync(out.fileno())
        fresh.rename(path)


def _is_whole(found: dict[str, Any]) -> bool:
    """Whether *found* has a deployment's fields and no others, each of its type."""
    contracts = found["contracts"]
    if found.keys() - {"chain_id", "contracts", "edition", "block_hash"}:
        return False
    if type(found["chain_id"]) is not int or not isinstance(found.get("block_hash", ""), str):
        return False
    return isinstance(contracts, dict) and all(
        isinstance(entry, dict)
        and isinstance(entry.get("address"), str)
        and type(entry.get("block", 0)) is int
        for entry in contracts.values()
    )
