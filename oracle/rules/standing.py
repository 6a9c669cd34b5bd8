"""Whether a machine runs and stands in its place, by its own records up to a sale. Pure.

The rules:

1. Its newest status record decides whether it runs; before the first one it counts as running.
2. Its first location record is its place, until a person accepts another location as its place.
3. It stands in its place while its newest location is at most ``reach_m`` plus the location's accuracy away from it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from counterfoil.fault import Code
from counterfoil.gateway.record.bodies import Body, Location, Status
from counterfoil.oracle.rules.faults.sale import DEVICE_NOT_IN_PLACE, DEVICE_NOT_RUNNING

REACH_M = 200
"""How far from its place a machine's location may be: a building's length, and the error of indoor positioning."""

_STANDING_STILL = frozenset(("fault", "out_of_service"))
_EARTH_M = 6_371_009
_E7 = 10_000_000


@dataclass(frozen=True)
class Standing:
    """A machine's newest state ("" before the first status), place and location (latitude, longitude; 1e-7 degrees)."""

    state: str = ""
    place: tuple[int, int] | None = None
    here: tuple[int, int] | None = None
    accuracy_m: int = 0

    def after(self, body: Body) -> Standing:
        """The standing after the machine has signed *body*."""
        if isinstance(body, Status):
            return replace(self, state=body.state)
        if isinstance(body, Location):
            here = (body.lat_e7, body.lon_e7)
            place = self.place if self.place is not None else here
            return replace(self, place=place, here=here, accuracy_m=body.accuracy_m or 0)
        return self

    def settled(self) -> Standing:
        """The standing after a person has accepted the newest location as the place."""
        return replace(self, place=self.here)

    @property
    def away_m(self) -> int:
        """Metres from its place to its newest location; 0 when one is missing."""
        if self.place is None or self.here is None:
            return 0
        return round(distance_m(self.place, self.here))

    def refusal(self, reach_m: int = REACH_M) -> tuple[Code, str] | None:
        """The code and detail of why a sale signed now does not count by itself, or None."""
        if self.state in _STANDING_STILL:
            return DEVICE_NOT_RUNNING, f"its newest status is {self.state}"
        if self.away_m > reach_m + self.accuracy_m:
            return DEVICE_NOT_IN_PLACE, f"it stands {self.away_m:,} m from its place"
        return None


def distance_m(a: tuple[int, int], b: tuple[int, int]) -> float:
    """Great-circle distance in metres between two points in 1e-7 degrees (haversine, the earth's mean radius)."""
    (lat_a, lon_a), (lat_b, lon_b) = (
        (math.radians(lat / _E7), math.radians(lon / _E7)) for lat, lon in (a, b)
    )
    chord = (
        math.sin((lat_b - lat_a) / 2) ** 2
        + math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    )
    return 2 * _EARTH_M * math.asin(math.sqrt(min(1.0, chord)))
