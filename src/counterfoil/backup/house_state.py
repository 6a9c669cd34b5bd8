"""What a backup reads of the house itself: its settings, and where it stands. Nothing in the house is changed."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from counterfoil.backup.errors import ChainSilent
from counterfoil.backup.house_files import SETTINGS
from counterfoil.backup.manifest import Standing
from counterfoil.chain.client import ChainClient
from counterfoil.chain.deployment_file import Deployment
from counterfoil.chain.errors import ChainError
from counterfoil.up.data_folder import House

_SECRET = "passphrase"  # noqa: S105  # the field's name


@dataclass(frozen=True)
class HouseState:
    """The house in *folder*; *settings* are those of house.json, none where that is lost."""

    folder: Path
    settings: dict[str, Any]

    @property
    def settings_without_secret(self) -> dict[str, Any]:
        """The settings, without the passphrase of the keys."""
        return {name: value for name, value in self.settings.items() if name != _SECRET}

    @property
    def is_embedded(self) -> bool:
        """Whether the chain is in this folder."""
        return not self.settings.get("network")

    @property
    def engine(self) -> str:
        """The embedded chain's program."""
        named = str(self.settings.get("engine", ""))
        return named or ("ganache" if (self.folder / "chain" / "ganache").is_dir() else "anvil")

    @property
    def rpc_url(self) -> str:
        """Where the chain answers while the house runs."""
        return House(
            self.folder,
            ports=self.settings.get("ports", {"chain": 0}),
            passphrase="",
            currency="",
            engine=self.engine,
            network=str(self.settings.get("network", "")),
        ).rpc_url

    def standing(self, records: int, tiles: int, oracle: Path | None, running: bool) -> Standing:
        """Where the house stands, by the copies' sizes, the *oracle*'s copied database, and the chain if it answers.

        Raises:
            ChainSilent: the house runs, and its chain does not answer.
        """
        chain_id, block, block_hash = 0, 0, ""
        deployment = self.folder / "deployment.json"
        if deployment.exists():
            chain_id = Deployment.read(deployment).chain_id
        if running:
            try:
                latest = ChainClient(self.rpc_url).latest()
            except ChainError as failure:
                raise ChainSilent(str(failure)) from failure
            block, block_hash = latest.number, latest.hash.hex()
        return Standing(
            records=records,
            tiles=tiles,
            anchored=_anchored(oracle),
            chain_id=chain_id,
            block=block,
            block_hash=block_hash,
            is_embedded=self.is_embedded,
        )


def read_state(folder: Path) -> HouseState:
    """Return the state of the house in *folder*, whose house.json may be lost."""
    settings = folder / SETTINGS
    return HouseState(folder, json.loads(settings.read_text()) if settings.exists() else {})


def _anchored(oracle: Path | None) -> int:
    if oracle is None:
        return 0
    with closing(sqlite3.connect(f"{oracle.as_uri()}?mode=ro", uri=True)) as copy:
        try:
            (size,) = copy.execute("SELECT max(size) FROM anchored_head").fetchone()
        except sqlite3.OperationalError:  # before its first migration
            return 0
    return int(size or 0)
