"""Times as a report says them, the same in every language. Pure."""

from __future__ import annotations

from counterfoil.gateway.record.utc_date import business_date

_DAY_MS, _HOUR_MS, _MINUTE_MS = 86_400_000, 3_600_000, 60_000


def moment(time_ms: int) -> str:
    """Return *time_ms* as a UTC date and time, to the second."""
    date, rest = business_date(time_ms), time_ms % _DAY_MS
    hour, minute = rest // _HOUR_MS, rest % _HOUR_MS // _MINUTE_MS
    second = rest % _MINUTE_MS // 1_000
    year, month, day = date // 10_000, date // 100 % 100, date % 100
    return f"{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}Z"
