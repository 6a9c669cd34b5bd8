"""Simple interest without rounding, as in Interest.sol: numerators that add up.

Each convention maps every date to a position on a line. So the time from a to c is exactly the time from a to b plus
that from b to c. Interest is kept as a numerator over ``denominator(convention)`` and rounded only when it is posted.
 Rates are parts per million a year, amounts minor units, dates YYYYMMDD.
"""

from __future__ import annotations

from counterfoil.chain.abi.enums import Convention
from counterfoil.fault import Code
from counterfoil.oracle.errors import OracleError
from counterfoil.oracle.rules.business_date import is_leap, parts, serial

PPM = 1_000_000
_ACT_ACT = 365 * 366


class RateTooHigh(OracleError):
    """A discount takes more than the whole."""

    code = Code("loan.rate_too_high")
    to_do = "Lower the rate or shorten the time."


def position(convention: Convention, date: int) -> int:
    """Units of time up to *date*; a year has ``basis(convention)`` units."""
    year, month, day = parts(date)
    if convention is Convention.THIRTY_E_360:
        return 360 * year + 30 * month + min(day, 30)
    if convention is Convention.ACT_ACT_ISDA:
        days = serial(date) - serial(year * 10_000 + 101)
        return _ACT_ACT * year + days * (365 if is_leap(year) else 366)
    return serial(date)


def basis(convention: Convention) -> int:
    """Units of time in a year."""
    if convention is Convention.ACT_365F:
        return 365
    return _ACT_ACT if convention is Convention.ACT_ACT_ISDA else 360


def denominator(convention: Convention) -> int:
    """The divisor that turns numerators of ``accrued`` into minor units."""
    return basis(convention) * PPM


def accrued(
    convention: Convention, principal_minor: int, rate_ppm: int, start: int, end: int
) -> int:
    """Interest from *start* to *end*, as a numerator; 0 when *end* is not later."""
    if end <= start:
        return 0
    return principal_minor * rate_ppm * (position(convention, end) - position(convention, start))


def discounted(
    convention: Convention, face_minor: int, rate_ppm: int, start: int, end: int
) -> tuple[int, int]:
    """Face × (1 − rate × time), rounded down, and the numerator that rounding left; raises RateTooHigh."""
    whole = denominator(convention)
    numerator = face_minor * whole - accrued(
        convention, principal_minor=face_minor, rate_ppm=rate_ppm, start=start, end=end
    )
    if numerator < 0:
        raise RateTooHigh(f"{rate_ppm} ppm from {start} to {end} is more than the whole")
    return divmod(numerator, whole)
