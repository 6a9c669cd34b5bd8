"""The log's published checkpoint follows the newest head on chain."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from counterfoil.chain.hexadecimal import from_hex
from counterfoil.gateway.log.checkpoint import Checkpoint, Head, sign_checkpoint
from counterfoil.gateway.logfiles.tiles import TileWriter, read_size
from counterfoil.gateway.record.identity import Digest
from counterfoil.given_file import read_file
from counterfoil.oracle.heads.witnesses import Witnesses
from counterfoil.oracle.ledger.record_anchor import AnchoredHeadRow
from counterfoil.oracle.settings import OracleSettings


class CheckpointWriter:
    """Keeps the tiles' checkpoint at the newest anchored head, with its witnesses' cosignatures."""

    def __init__(self, settings: OracleSettings, engine: Engine) -> None:
        if settings.log_key is None:
            raise ValueError("no log key")
        key = load_pem_private_key(read_file(settings.log_key), None)
        if not isinstance(key, Ed25519PrivateKey):
            raise TypeError(f"{settings.log_key} is no Ed25519 key")
        self._key = key
        self._origin = settings.log_origin
        self._tiles = settings.tiles
        self._writer = TileWriter(settings.tiles)
        self._engine = engine
        self._written = 0
        self._note = b""
        self._witnesses = (
            Witnesses.read(settings.witnesses, settings.tiles) if settings.witnesses else None
        )

    def step(self) -> None:
        """Write a checkpoint when a newer head is anchored and the tiles reach it; ask the missing witnesses."""
        published, _ = read_size(self._tiles)
        with Session(self._engine) as session:
            head = session.exec(
                select(AnchoredHeadRow)
                .where(AnchoredHeadRow.size <= published)
                .order_by(col(AnchoredHeadRow.size).desc())
            ).first()
        if head is None:
            return
        if head.size != self._written:
            anchored = Head(
                head.size,
                Digest(from_hex(head.root)),
                Digest(from_hex(head.state)),
            )
            checkpoint = Checkpoint(self._origin, anchored)
            self._write(sign_checkpoint(checkpoint, self._origin, self._key), head.size)
        if self._witnesses is not None:
            cosigned = self._witnesses.cosign(self._note, head.size)
            if cosigned != self._note:
                self._write(cosigned, head.size)

    def _write(self, note: bytes, size: int) -> None:
        self._writer.write_checkpoint(note)
        self._note, self._written = note, size
