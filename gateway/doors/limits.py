"""Limits on what one peer, and all of them, may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

_Who = TypeVar("_Who")


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes, times in seconds. docs/formats/mqtt.md says what each is for."""

    max_packet: int = 16_384
    in_flight: int = 512
    connections: int = 10_000
    connect_within_s: float = 10.0
    handshake_within_s: float = 10.0
    close_within_s: float = 2.0
    unread_answers_s: float = 60.0
    keep_alive_most_s: int = 1_200
    refusals_at_once: int = 5_000
    refusals_a_minute: int = 300


class Quota(Generic[_Who]):
    """How much each peer may do: *at_once*, refilled by *a_minute*. Times are seconds of one monotonic clock."""

    def __init__(self, at_once: int, a_minute: int) -> None:
        self._at_once = at_once
        self._a_second = a_minute / 60
        self._spent: dict[_Who, tuple[float, float]] = {}

    def spend(self, who: _Who, now: float) -> bool:
        """Spend one of *who*'s quota; False when none is left."""
        spent = self._spent_by(who, now)
        if spent + 1 > self._at_once:
            self._spent[who] = (spent, now)
            return False
        self._spent[who] = (spent + 1, now)
        return True

    def is_spent(self, who: _Who, now: float) -> bool:
        """Whether *who* has less than a tenth left. After spending all, a peer waits until a tenth is refilled."""
        return who in self._spent and self._spent_by(who, now) > 0.9 * self._at_once

    def forget_full(self, now: float) -> None:
        """Forget the peers whose quota is full again."""
        self._spent = {
            who: entry for who, entry in self._spent.items() if self._spent_by(who, now) > 0
        }

    def _spent_by(self, who: _Who, now: float) -> float:
        spent, at = self._spent.get(who, (0.0, now))
        return max(0.0, spent - (now - at) * self._a_second)
