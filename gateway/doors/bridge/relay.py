"""Between a broker and the intake: what the broker delivers is acknowledged after the commit, never before.

Rules that this module keeps:

- A message is acknowledged to the broker when its record is stored, or refused with its reason and the device told.
- Several gateways may share a fleet, so a device's records may reach them out of order. A record behind a gap waits,
  unacknowledged, until any gateway has stored the record before it; it is refused only after a time limit.
- Memory is bounded by what the broker may deliver unacknowledged.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from counterfoil.gateway.errors import IdentityError
from counterfoil.gateway.ingest.intake import Intake
from counterfoil.gateway.ingest.pipeline import Arrival, RefusedVerdict, Verdict
from counterfoil.gateway.record.identity import DeviceId, parse_device_id
from counterfoil.gateway.store.gateway_store import GatewayStore
from counterfoil.logs import get_logger

log = get_logger("gateway.bridge")

_LOOK_EVERY_S = 0.01
Position = tuple[int, int]


class Link(Protocol):
    """A connection to a broker; called in the event loop's thread."""

    def acknowledge(self, message: object) -> None:
        """Tell the broker that *message* need not be delivered again."""

    def publish(self, device: DeviceId, message: bytes) -> None:
        """Put *message* on the receipt topic of *device*."""

    def deliver_again(self, messages: Sequence[object]) -> None:
        """Let the broker deliver *messages* once more."""


class Receiver(Protocol):
    """Takes what a link delivers; called in the event loop's thread."""

    @property
    def open_count(self) -> int: ...
    def take(self, device_name: str, raw: bytes, message: object) -> None: ...
    def forget(self) -> None: ...


@dataclass(slots=True)
class _Open:
    """A message that is not acknowledged yet; ``position`` is set while it waits behind a gap."""

    message: object
    arrival: Arrival
    device: DeviceId
    until: float
    position: Position | None = None


class Relay:
    """Submits what one *link* delivers, and takes the verdicts (``intake.Verdicts``)."""

    wants_receipts = True

    def __init__(
        self, intake: Intake, link: Link, store: GatewayStore, gap_within_s: float = 10.0
    ) -> None:
        self._intake = intake
        self._link = link
        self._store = store
        self._gap_within_s = gap_within_s
        self._number = 0
        self._open: dict[int, _Open] = {}
        self._behind: dict[DeviceId, dict[Position, int]] = {}
        self._gap_seen = asyncio.Event()

    @property
    def open_count(self) -> int:
        """Return how many messages are not acknowledged yet."""
        return len(self._open)

    def take(self, device_name: str, raw: bytes, message: object) -> None:
        """Queue the record in *message*, which came on the topic of *device_name*."""
        try:
            device = parse_device_id(device_name)
        except IdentityError as error:
            log.warning("topic_without_device", why=str(error))
            self._link.acknowledge(message)
            return
        self._number += 1
        until = time.monotonic() + self._gap_within_s
        one = _Open(
            message, arrival=Arrival(raw, device, "bridge", waits=True), device=device, until=until
        )
        self._open[self._number] = one
        self._intake.submit(self, self._number, one.arrival)

    # ---- what the intake calls

    def give(self, number: int, verdict: Verdict) -> None:
        """Acknowledge one message after the commit, or let it wait behind its gap."""
        one = self._open.get(number)
        if one is None:
            return
        if isinstance(verdict, RefusedVerdict):
            if verdict.expected is not None and verdict.position and one.arrival.waits:
                self._wait(number, one, verdict.position)
                return
            self._link.publish(one.device, verdict.message())
        del self._open[number]
        self._link.acknowledge(one.message)

    def send_receipt(self, device: DeviceId, message: bytes) -> None:
        """Publish a promise or a receipt for *device*."""
        self._link.publish(device, message)

    def flush(self) -> None:
        """Do nothing: links write at once."""

    def not_committed(self) -> None:
        """Have all open messages delivered again."""
        messages = [one.message for one in self._open.values()]
        self.forget()
        self._link.deliver_again(messages)

    def forget(self) -> None:
        """Forget all open messages, unacknowledged: the broker delivers them again."""
        self._open.clear()
        self._behind.clear()

    # ---- gaps

    async def run(self) -> None:
        """Queue records behind a gap again when the gap is filled, or when their time is over."""
        while True:
            if not self._behind:
                self._gap_seen.clear()
                await self._gap_seen.wait()
            await asyncio.sleep(_LOOK_EVERY_S)
            lowest = {device: min(waiting) for device, waiting in self._behind.items()}
            before = [(device, epoch, at - 1) for device, (epoch, at) in lowest.items()]
            filled = await asyncio.to_thread(self._store.which_are_stored, before)
            now = time.monotonic()
            for device, epoch, sequence in before:
                if (device, epoch, sequence) in filled:
                    self._queue_run(device, (epoch, sequence + 1))
            for device in list(self._behind):
                self._queue_overdue(device, now)

    def _wait(self, number: int, one: _Open, position: Position) -> None:
        waiting = self._behind.setdefault(one.device, {})
        first = waiting.get(position)
        if first is not None and self._open[first].arrival.raw == one.arrival.raw:
            del self._open[number]
            self._link.acknowledge(one.message)
            return
        if first is not None:
            one.arrival = replace(one.arrival, waits=False)
            self._intake.submit(self, number, one.arrival)
            return
        waiting[position] = number
        one.position = position
        self._gap_seen.set()

    def _queue_run(self, device: DeviceId, first: Position) -> None:
        epoch, sequence = first
        waiting = self._behind.get(device, {})
        while (epoch, sequence) in waiting:
            self._queue(device, (epoch, sequence))
            sequence += 1

    def _queue_overdue(self, device: DeviceId, now: float) -> None:
        waiting = self._behind.get(device, {})
        overdue = [at for at, number in waiting.items() if self._open[number].until <= now]
        for position in sorted(overdue):
            self._open[waiting[position]].arrival = replace(
                self._open[waiting[position]].arrival, waits=False
            )
            self._queue(device, position)

    def _queue(self, device: DeviceId, position: Position) -> None:
        waiting = self._behind[device]
        number = waiting.pop(position)
        if not waiting:
            del self._behind[device]
        self._intake.submit(self, number, self._open[number].arrival)
