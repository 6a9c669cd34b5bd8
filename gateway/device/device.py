"""A device: it turns events into a chain of signed records.

Rules kept here:

* What ``append`` returns is durable in the journal. Its number is never used for other bytes,
  across kill -9 and power loss.
* The folder holds ``record.key`` (of the current epoch), ``tls.key`` and ``journal.db``; the
  certificate from the enrolment goes beside them as ``tls.crt`` with its chain.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from counterfoil.gateway.certificate.enrolment import (
    EnrolmentRequest,
    make_enrolment_request,
    prove_possession,
)
from counterfoil.gateway.device.journal import ChainState, EntryState, Journal, NewEntry
from counterfoil.gateway.errors import DeviceError, JournalError
from counterfoil.gateway.pki.key_file import create_key, load_key
from counterfoil.gateway.record.bodies import Body, MeterInterval
from counterfoil.gateway.record.chain_check import next_counters
from counterfoil.gateway.record.identity import DeviceId, PublicKey
from counterfoil.gateway.record.record import (
    ZERO_DIGEST,
    Clock,
    Counters,
    EpochLink,
    GossipedHead,
    Record,
)
from counterfoil.gateway.record.signed_record import decode, sign_record

RECORD_KEY = "record.key"
TLS_KEY = "tls.key"
TLS_CERTIFICATE = "tls.crt"
_JOURNAL = "journal.db"


@dataclass(frozen=True, slots=True)
class Event:
    """An event to record: *body*, at *time_ms* by a clock in the state *clock*."""

    body: Body
    time_ms: int
    clock: Clock = Clock.SYNCHRONISED


class Device:
    """The device whose keys and journal lie in *folder*."""

    def __init__(self, folder: Path) -> None:
        """Open the device in *folder*; DeviceError when there is none or its key is another's."""
        if not (folder / _JOURNAL).is_file():
            raise DeviceError(f"no device in {folder}")
        self.folder = folder
        self._started = time.monotonic_ns()
        self._key = load_key(folder / RECORD_KEY)
        self.journal = Journal(folder / _JOURNAL)
        try:
            self._require_key(self.journal.chain())
        except JournalError:
            self.journal.close()
            raise

    @classmethod
    def create(
        cls, folder: Path, device: DeviceId, stream: str, energy_register_wh: int = 0
    ) -> Device:
        """Return the new device *device* in *folder*, with new keys, at the start of epoch 1.

        *energy_register_wh* is its meter's register now. Keys in *folder* are used, so that an
        interrupted creation can be repeated. Raises JournalError, a DeviceError, when
        *folder* already holds a device.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        keys = [
            load_key(path) if path.exists() else create_key(path)
            for path in (folder / RECORD_KEY, folder / TLS_KEY)
        ]
        chain = ChainState(
            device=device,
            stream=stream,
            kid=PublicKey.of(keys[0]).kid,
            epoch=1,
            sequence=0,
            prev=ZERO_DIGEST,
            counters=Counters(0, 0, energy_register_wh),
            started=False,
            link=None,
            head=None,
        )
        journal = Journal(folder / _JOURNAL)
        try:
            journal.create(chain)
        finally:
            journal.close()
        return cls(folder)

    def close(self) -> None:
        """Close the journal."""
        self.journal.close()

    @property
    def device_id(self) -> DeviceId:
        """Return the device's name."""
        return self.journal.chain().device

    @property
    def public_key(self) -> PublicKey:
        """Return the public half of the record key of the current epoch."""
        return PublicKey.of(self._key)

    def append(
        self, body: Body, time_ms: int | None = None, clock: Clock = Clock.SYNCHRONISED
    ) -> bytes:
        """Return the signed record of *body*, now durable; *time_ms* is now by default."""
        at = time.time_ns() // 1_000_000 if time_ms is None else time_ms
        return self.append_all([Event(body, at, clock)])[0]

    def append_all(self, events: Iterable[Event]) -> list[bytes]:
        """Return the signed records of *events*, in order, all durable at once."""
        uptime_ms = (time.monotonic_ns() - self._started) // 1_000_000
        raws: list[bytes] = []

        def sign(chain: ChainState) -> list[NewEntry]:
            self._require_key(chain)
            signed: list[NewEntry] = []
            for event in events:
                signed.append(_sign_next(chain, event, uptime_ms, self._key))
                chain = signed[-1].after
            raws.extend(one.raw for one in signed)
            return signed

        self.journal.append(sign)
        return raws

    def begin_epoch(self) -> PublicKey:
        """Make a new record key and let the next record begin the next epoch, linked to the last.

        The old key's file is kept as ``record.key.<epoch>``. The new key must be registered
        before its records are accepted. Raises DeviceError before the device's first record.
        """
        new_key: list[ec.EllipticCurvePrivateKey] = []

        def change(chain: ChainState) -> ChainState:
            self._require_key(chain)
            if not chain.started:
                raise DeviceError("the first epoch has no record to link to")
            fresh = self.folder / f"{RECORD_KEY}.next"
            new_key.append(load_key(fresh) if fresh.exists() else create_key(fresh))
            link = chain.link
            if chain.sequence > 0:
                link = EpochLink(chain.epoch, chain.sequence)
            return replace(
                chain,
                kid=PublicKey.of(new_key[0]).kid,
                epoch=chain.epoch + 1,
                sequence=0,
                link=link,
            )

        self.journal.change(change)
        self._key = new_key[0]
        self._adopt_next_key(self.journal.chain().epoch - 1)
        return self.public_key

    def show_head(self, head: GossipedHead) -> None:
        """Make later records state *head*, from a verified receipt, if it is larger than the last."""

        def change(chain: ChainState) -> ChainState:
            known = chain.head is not None and chain.head.size >= head.size
            return chain if known else replace(chain, head=head)

        self.journal.change(change)

    def enrolment_request(self) -> EnrolmentRequest:
        """Return the request for certificates, which proves that the device holds both keys."""
        return make_enrolment_request(self.device_id, load_key(self.folder / TLS_KEY), self._key)

    def prove_possession(self, chain_id: int, registry: bytes, nonce: bytes) -> bytes:
        """Return the record key's signature for its registration on chain, in this epoch."""
        chain = self.journal.chain()
        return prove_possession(
            record_key=self._key,
            chain_id=chain_id,
            registry=registry,
            device=chain.device,
            epoch=chain.epoch,
            nonce=nonce,
        )

    def status(self) -> dict[str, object]:
        """Return the state of the device's chain and journal, as a JSON document."""
        chain, counts = self.journal.chain(), self.journal.counts()
        return {
            "device": chain.device,
            "stream": chain.stream,
            "kid": chain.kid.hex(),
            "epoch": chain.epoch,
            "sequence": chain.sequence,
            "prev": chain.prev.hex(),
            "count": chain.counters.count,
            "amount_minor": chain.counters.amount_minor,
            "energy_register_wh": chain.counters.energy_register_wh,
            "head_size": None if chain.head is None else chain.head.size,
            "unsent": counts[EntryState.UNSENT],
            "sent": counts[EntryState.SENT],
            "answered_kept": counts[EntryState.ANSWERED],
            "certificate_ends": self._certificate_end(),
        }

    def _certificate_end(self) -> str | None:
        """Return when the TLS certificate ends; None where there is none that can be read."""
        try:
            pem = (self.folder / TLS_CERTIFICATE).read_bytes()
            return x509.load_pem_x509_certificates(pem)[0].not_valid_after_utc.isoformat()
        except (OSError, ValueError):
            return None

    def _require_key(self, chain: ChainState) -> None:
        if PublicKey.of(self._key).kid == chain.kid:
            return
        fresh = self.folder / f"{RECORD_KEY}.next"
        if fresh.exists() and PublicKey.of(load_key(fresh)).kid == chain.kid:
            self._key = load_key(fresh)  # begin_epoch was interrupted after its commit
            self._adopt_next_key(chain.epoch - 1)
            return
        self._key = load_key(self.folder / RECORD_KEY)  # another process may have begun an epoch
        if PublicKey.of(self._key).kid != chain.kid:
            raise JournalError("the journal belongs to another record key")

    def _adopt_next_key(self, old_epoch: int) -> None:
        current, old = self.folder / RECORD_KEY, self.folder / f"{RECORD_KEY}.{old_epoch}"
        if not old.exists():
            old.hardlink_to(current)
        (self.folder / f"{RECORD_KEY}.next").replace(current)


def _sign_next(
    chain: ChainState, event: Event, uptime_ms: int, key: ec.EllipticCurvePrivateKey
) -> NewEntry:
    body = event.body
    before = chain.counters
    if not chain.started and isinstance(body, MeterInterval):
        before = Counters(0, 0, body.register_wh - body.energy_wh)
    counters = next_counters(body, before)
    sequence = chain.sequence + 1
    raw = sign_record(
        Record(
            device=chain.device,
            stream=chain.stream,
            epoch=chain.epoch,
            sequence=sequence,
            prev=chain.prev,
            time_ms=event.time_ms,
            clock=event.clock,
            uptime_ms=uptime_ms,
            body=body,
            counters=counters,
            head=chain.head,
            link=chain.link if sequence == 1 else None,
        ),
        key,
    )
    digest = decode(raw).payload_digest
    after = replace(chain, sequence=sequence, prev=digest, counters=counters, started=True)
    return NewEntry(raw, digest, after)
