"""The machines' standings (``rules.standing``), kept in the database."""

from __future__ import annotations

from collections.abc import Collection

from sqlmodel import Session, col, select

from counterfoil.gateway.record.bodies import Location, Status
from counterfoil.gateway.record.identity import DeviceId
from counterfoil.oracle.errors import UnknownName
from counterfoil.oracle.rules.standing import Standing
from counterfoil.oracle.store.revenue_tables import DeviceStanding


class Standings:
    """Reads and writes the machines' standings in ``device_standing``. The caller commits."""

    def __init__(self, session: Session, devices: Collection[DeviceId] = ()) -> None:
        """The standings of *devices* are read in one query, others when they are needed."""
        self._session = session
        self._rows: dict[str, DeviceStanding | None] = dict.fromkeys(devices)
        if devices:
            query = select(DeviceStanding).where(col(DeviceStanding.device).in_(devices))
            self._rows |= {row.device: row for row in session.exec(query)}

    def of(self, device: DeviceId) -> Standing:
        """The standing of *device*; a blank one before its first status or location."""
        row = self._row(device)
        return Standing() if row is None else _read_standing(row)

    def take(self, device: DeviceId, body: Status | Location, log_index: int) -> None:
        """Store the status or location that *device* signed at *log_index*."""
        row = self._row(device) or DeviceStanding(device=device, log_index=log_index)
        _write_standing(row, _read_standing(row).after(body), log_index)
        self._session.add(row)
        self._rows[device] = row

    def settle(self, device: DeviceId) -> Standing:
        """Make the newest location of *device* its place.

        Raises:
            UnknownName: it has signed no location.
        """
        row = self._row(device)
        if row is None or row.here_lat_e7 is None:
            raise UnknownName(f"{device} never said where it is")
        _write_standing(row, _read_standing(row).settled(), row.log_index)
        return _read_standing(row)

    def _row(self, device: DeviceId) -> DeviceStanding | None:
        if device not in self._rows:
            self._rows[device] = self._session.get(DeviceStanding, device)
        return self._rows[device]


def _read_standing(row: DeviceStanding) -> Standing:
    return Standing(
        row.state,
        place=_point(row.place_lat_e7, row.place_lon_e7),
        here=_point(row.here_lat_e7, row.here_lon_e7),
        accuracy_m=row.accuracy_m,
    )


def _write_standing(row: DeviceStanding, standing: Standing, log_index: int) -> None:
    row.state, row.accuracy_m, row.log_index = standing.state, standing.accuracy_m, log_index
    row.place_lat_e7, row.place_lon_e7 = standing.place or (None, None)
    row.here_lat_e7, row.here_lon_e7 = standing.here or (None, None)


def _point(lat_e7: int | None, lon_e7: int | None) -> tuple[int, int] | None:
    return None if lat_e7 is None or lon_e7 is None else (lat_e7, lon_e7)
