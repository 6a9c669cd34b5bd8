"""Sends each new checkpoint to the witnesses, and adds their cosignatures to it.

Rules kept here:

* A checkpoint is published at once; cosignatures are added as they come. A witness that is away or slow does not delay
  the log, and is not asked again before its pause is over.
* Only lines that verify, by keys in the settings, are taken.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from counterfoil.gateway.errors import CheckpointError, LogError
from counterfoil.gateway.log.cosignature import WitnessKey, cosignatures, with_lines
from counterfoil.gateway.log.merkle import consistency_proof
from counterfoil.gateway.log.witness_request import write_request
from counterfoil.gateway.logfiles.tiles import TileReader, read_folder
from counterfoil.gateway.record.identity import Digest
from counterfoil.given_file import read_text_file
from counterfoil.logs import get_logger
from counterfoil.oracle.errors import InputMalformed

log = get_logger("oracle.witnesses")

_TIMEOUT_S = 2.0
_PAUSE_S = 10.0


@dataclass
class _Asked:
    key: WitnessKey
    url: str
    size: int = 0
    """The size of the newest head that it has probably seen."""
    wait_until: float = field(default=0.0)


class Witnesses:
    """The witnesses in the settings, and what each has seen."""

    def __init__(self, known: Sequence[tuple[WitnessKey, str]], tiles: Path) -> None:
        self._asked = [_Asked(key, url.rstrip("/")) for key, url in known]
        self._tiles = tiles
        self._client = httpx.Client(timeout=_TIMEOUT_S)

    @classmethod
    def read(cls, path: Path, tiles: Path) -> Witnesses:
        """The witnesses in the JSON file at *path*: ``[{"key": name+id+base64, "url": …}]``.

        Raises InputMalformed when the file is no such list.
        """
        try:
            rows = json.loads(read_text_file(path))
            known = [(WitnessKey.from_verifier_key(row["key"]), str(row["url"])) for row in rows]
        except (OSError, ValueError, KeyError, TypeError, CheckpointError) as error:
            raise InputMalformed(f"{path} is no list of witnesses: {error}") from error
        return cls(known, tiles)

    def cosign(self, note: bytes, size: int) -> bytes:
        """*note*, the checkpoint of *size*, with the new lines of the witnesses that respond."""
        has = {one.witness for one in cosignatures(note, [asked.key for asked in self._asked])}
        for asked in self._asked:
            if asked.key.name in has or time.monotonic() < asked.wait_until:
                continue
            try:
                note = with_lines(note, self._lines(asked, note, size))
            except (httpx.HTTPError, LogError, CheckpointError) as error:
                # By hand: a pass must not sleep, and each witness has a pause of its own.
                asked.wait_until = time.monotonic() + _PAUSE_S
                log.warning("witness_waits", witness=asked.key.name, why=str(error) or repr(error))
        return note

    def _lines(self, asked: _Asked, note: bytes, size: int) -> list[str]:
        # By hand: the second request starts at another size, which came with the first response.
        for _ in range(2):
            response = self._client.post(
                f"{asked.url}/add-checkpoint", content=self._request(asked, note, size)
            )
            if response.status_code == 409 and asked.size != (
                told := _told_size(response.text, size)
            ):
                asked.size = told
                continue
            break
        if response.status_code != 200:
            raise CheckpointError(
                f"HTTP status {response.status_code}: {response.text.strip()[:200]}"
            )
        lines = [f"{line}\n" for line in response.text.splitlines()]
        bare = note[: note.index(b"\n\n") + 2]
        cosignatures(bare + "".join(lines).encode(), [asked.key])
        mine = [line for line in lines if line.split(" ")[1] == asked.key.name]
        if not mine:
            raise CheckpointError("it answered without a line of its own")
        asked.size = size
        return mine

    def _request(self, asked: _Asked, note: bytes, size: int) -> bytes:
        proof: list[Digest] = []
        if 0 < asked.size < size:
            reader = TileReader(read_folder(self._tiles), size)
            proof = consistency_proof(asked.size, size, reader.read)
        return write_request(asked.size, proof, note)


def _told_size(text: str, size: int) -> int:
    """The size that a witness says it has; raises CheckpointError when it is above the log's own."""
    said = text.strip()
    if not (said.isascii() and said.isdigit() and len(said) <= len(str(size))) or int(said) > size:
        raise CheckpointError(f"it says that it has seen a head of {said[:20]}")
    return int(said)
