"""Which kind of backup is due, and which ones are kept no longer. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from counterfoil.backup.manifest import FULL, INCREMENTAL

_FORM = "%Y%m%dT%H%M%SZ"
_DAY_S = 86_400
_SLACK_S = 3_600
"""A timer that fires a little early still makes the full one on its day."""


def backup_name(at_s: int, kind: str) -> str:
    """Return the name of a backup that is made now: names are in the order of time."""
    return f"{datetime.fromtimestamp(at_s, UTC):{_FORM}}-{kind}"


def made_at(name: str) -> int | None:
    """Return the UTC second in a backup's *name*; None when it is no such name."""
    stamp, _, kind = name.partition("-")
    if kind not in {FULL, INCREMENTAL}:
        return None
    try:
        return int(datetime.strptime(stamp, _FORM).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None


def kind_due(names: Sequence[str], at_s: int, full_every_days: int) -> str:
    """Return the kind that is due at *at_s* where *names* are there; full again when the clock went back."""
    fulls = [name for name in sorted(names) if name.endswith(FULL)]
    newest = made_at(fulls[-1]) if fulls else None
    if newest is None or not 0 <= at_s - newest < full_every_days * _DAY_S - _SLACK_S:
        return FULL
    return INCREMENTAL


def to_drop(names: Sequence[str], keep_fulls: int) -> list[str]:
    """Return the backups that are kept no longer, the newest first: all before the *keep_fulls* newest full ones.

    Newest first, so that what is left after a kill is always whole.
    """
    ordered = sorted(names)
    fulls = [name for name in ordered if name.endswith(FULL)]
    if len(fulls) <= keep_fulls:
        return []
    oldest_kept = fulls[-keep_fulls]
    return [name for name in reversed(ordered) if name < oldest_kept]
