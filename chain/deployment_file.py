"""The file that says where a consortium's contracts are: a deployment writes it, all others read it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Deployment:
    """The contracts of one chain. ``contracts[name]`` has ``address``, ``code_hash`` and ``block``."""

    chain_id: int
    genesis: str
    contracts: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def addresses(self) -> dict[str, str]:
        return {name: entry["address"] for name, entry in self.contracts.items()}

    @property
    def first_block(self) -> int:
        """The block of the first contract; events are read from here on."""
        return min(int(entry["block"]) for entry in self.contracts.values())

    @classmethod
    def read(cls, path: Path) -> Deployment:
        """The deployment that is recorded at *path*."""
        return cls(**json.loads(path.read_text()))

    def write(self, path: Path) -> None:
        """Write this deployment to *path*. A crash leaves the old file or the new one, whole."""
        fresh = path.with_suffix(".new")
        with fresh.open("w") as out:
            json.dump(self.__dict__, out, indent=1)
            out.flush()
            os.fsync(out.fileno())
        fresh.rename(path)
