"""The log's published checkpoint follows the newest head on chain."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from counterfoil.chain.hexadecimal import from_hex
from counterfoil.gateway.log.checkpoint import Checkpoint, Head, log_key_of, sign_checkpoint
from counterfoil.gateway.logfiles.tiles import TileWriter, read_size
from counterfoil.gateway.pki.key_file import log_private_key
from counterfoil.gateway.record.identity import Digest
from counterfoil.oracle.heads.witnesses import Witnesses
from counterfoil.oracle.ledger.record_anchor import AnchoredHeadRow
from counterfoil.oracle.settings import OracleSettings


class CheckpointWriter:
    """Keeps the tiles' checkpoint at the newest anchored head, with its witnesses' cosignatures."""

    def __init__(self, settings: OracleSettings, engine: Engine) -> None:
        if settings.log_key is None:
            raise ValueError("no log key")
        self._key = log_private_key(settings.log_key)
        self._origin = settings.log_origin
        self._tiles = settings.tiles
        self._writer = TileWriter(settings.tiles)
        self._writer.write_log_key(log_key_of(self._origin, self._key).verifier_key())
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
