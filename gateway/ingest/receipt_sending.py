"""Receipts to the devices, as soon as a published head covers their records.

Rules that this module keeps:

- A receipt vouches for all of a device's records before it, so only its newest stored record gets one.
- One signature serves every receipt under a head.
- A receipt whose proof does not hold is not sent: the store was put back from an older copy.
- A device that is away misses its receipt and loses nothing: it sends its oldest record again, and a duplicate
  gets a receipt too.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from counterfoil.gateway.errors import LogError, ProofError, StoreBehindError
from counterfoil.gateway.ingest.intake import Verdicts
from counterfoil.gateway.ingest.pipeline import Stored
from counterfoil.gateway.log.merkle import hash_leaf, inclusion_proof, verify_inclusion
from counterfoil.gateway.log.receipt import ReceiptSigner, SignedRoot
from counterfoil.gateway.logfiles.tiles import TileReader, read_folder, read_size
from counterfoil.gateway.record.downlink import ReceiptMessage
from counterfoil.gateway.record.identity import DeviceId
from counterfoil.gateway.store.gateway_store import GatewayStore
from counterfoil.logs import get_logger

log = get_logger("gateway.receipts")

_LOOK_EVERY_S = 0.5
_MOST_AT_ONCE = 500


class ReceiptSending:
    """Follows the log in the folder *tiles*, and sends each device the receipt of its newest record."""

    def __init__(self, store: GatewayStore, receipts: ReceiptSigner, tiles: Path) -> None:
        self._store = store
        self._receipts = receipts
        self._tiles = tiles
        self._waiting: dict[DeviceId, tuple[Verdicts, Stored]] = {}
        self._head: SignedRoot | None = None

    def note(self, sender: Verdicts, stored: Stored) -> None:
        """Note that a device's record is stored, now or before: its receipt goes out by *sender*."""
        device = stored.signed.record.device
        known = self._waiting.get(device)
        if known is None or known[0] is not sender or known[1].position <= stored.position:
            self._waiting[device] = (sender, stored)

    async def run(self) -> None:
        """Send receipts until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            if not self._waiting:
                continue
            try:
                ready = await asyncio.to_thread(self._make, list(self._waiting.values()))
            except (LogError, OSError) as failure:
                log.warning("no_receipts", why=str(failure))
                continue
            for sender, stored, message in ready:
                device = stored.signed.record.device
                if self._waiting.get(device) == (sender, stored):
                    del self._waiting[device]
                sender.send_receipt(device, message)
                sender.flush()

    def _make(self, waiting: list[tuple[Verdicts, Stored]]) -> list[tuple[Verdicts, Stored, bytes]]:
        size, root = read_size(self._tiles)
        if size == 0:
            return []
        if self._head is None or (self._head.tree_size, self._head.root) != (size, root):
            self._head = self._receipts.sign_root(size, root)
        read = TileReader(read_folder(self._tiles), size).read
        ready: list[tuple[Verdicts, Stored, bytes]] = []
        for sender, stored in waiting:
            record = stored.signed.record
            index = stored.log_index
            if index is None:
                found = self._store.find(record.device, record.epoch, record.sequence)
                index = None if found is None else found[0]
            if index is None or index >= size:
                continue
            proof = inclusion_proof(index, size, read)
            try:
                leaf = hash_leaf(stored.signed.raw)
                verify_inclusion(index, size, leaf_hash=leaf, proof=proof, root=root)
            except ProofError:
                log.error(StoreBehindError.code, log_index=index, device=record.device)
                self._waiting.pop(record.device, None)
                continue
            receipt = self._head.receipt(index, proof)
            message = ReceiptMessage(receipt, record.epoch, record.sequence).encode()
            ready.append((sender, stored, message))
            if len(ready) == _MOST_AT_ONCE:
                break
        return ready
