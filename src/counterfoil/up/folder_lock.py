"""One process at a time uses a data folder. The lock is the kernel's: it ends with the process, however that ends."""

from __future__ import annotations

import os
from pathlib import Path

from counterfoil.chain.nodes.folder_lock import lock_file
from counterfoil.fault import Code


class HouseInUse(Exception):
    """Another process tree runs over this folder."""

    code = Code("house.in_use")
    to_do = "Stop the other `counterfoil up` over this folder, or give another folder."


class FolderLock:
    """The lock of one data folder, which exists; a context, or taken and given back by hand."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor: int | None = None

    def take(self) -> None:
        """Take the lock, or raise HouseInUse at once."""
        try:
            self._descriptor = lock_file(self._folder / ".lock", within_s=0)
        except BlockingIOError as taken:
            raise HouseInUse(f"{self._folder} is in use by another `counterfoil up`") from taken

    def give_back(self) -> None:
        """Give the lock back, if it was taken."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> FolderLock:
        self.take()
        return self

    def __exit__(self, *_: object) -> None:
        self.give_back()


def default_data() -> Path:
    """The default data folder: ``$COUNTERFOIL_DATA``, or ``.counterfoil`` in the working directory."""
    return Path(os.environ.get("COUNTERFOIL_DATA", ".counterfoil"))
