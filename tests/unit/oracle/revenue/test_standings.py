"""A machine counts while it runs and stands where it belongs."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from counterfoil.gateway.record.bodies import Location, Status
from counterfoil.gateway.record.identity import DeviceId
from counterfoil.oracle.errors import UnknownName
from counterfoil.oracle.revenue.standings import Standings
from counterfoil.oracle.rules.standing import Standing, distance_m
from counterfoil.oracle.store.database import open_database

HERE = Location(481_371_540, 115_754_300)
NEXT_DOOR = Location(481_380_000, 115_754_300)
ELSEWHERE = Location(525_200_070, 134_049_540)
DEVICE = DeviceId("urn:dev:os:32473-m1")


def after(*bodies: Location | Status) -> Standing:
    standing = Standing()
    for body in bodies:
        standing = standing.after(body)
    return standing


def test_distances_are_those_of_the_sphere() -> None:
    quarter = distance_m((0, 0), (0, 900_000_000))
    assert quarter == pytest.approx(10_007_557, abs=2)
    munich_berlin = distance_m((HERE.lat_e7, HERE.lon_e7), (ELSEWHERE.lat_e7, ELSEWHERE.lon_e7))
    assert munich_berlin == pytest.approx(504_000, rel=0.005)
    assert distance_m((1, 1), (1, 1)) == 0


@pytest.mark.parametrize("state", ["fault", "out_of_service"])
def test_a_machine_that_stands_still_sells_nothing_by_itself(state: str) -> None:
    stopped = after(Status("running"), Status(state))
    refusal = stopped.refusal()
    assert refusal is not None
    assert refusal[0] == "sale.device_not_running"
    assert stopped.after(Status("running")).refusal() is None


def test_what_never_said_anything_counts() -> None:
    assert Standing().refusal() is None


def test_a_machine_counts_in_its_place_and_not_away_from_it() -> None:
    assert after(HERE, NEXT_DOOR).refusal() is None
    moved = after(HERE, NEXT_DOOR, ELSEWHERE)
    refusal = moved.refusal()
    assert refusal is not None
    assert refusal[0] == "sale.device_not_in_place"
    assert moved.after(NEXT_DOOR).refusal() is None, "it is back"
    assert moved.settled().refusal() is None, "a person accepted the new place"
    assert moved.settled().after(HERE).refusal() is not None, "and the old one is none any more"


def test_a_locations_own_accuracy_is_allowed_for() -> None:
    vague = Location(481_371_540 + 27_000, 115_754_300, 150)
    exact = Location(481_371_540 + 27_000, 115_754_300)
    assert after(HERE, vague).refusal() is None
    assert after(HERE, exact).refusal() is not None


def test_standings_are_kept_across_sessions() -> None:
    engine = open_database("sqlite://")
    with Session(engine) as session:
        standings = Standings(session)
        with pytest.raises(UnknownName):
            standings.settle(DEVICE)
        for log_index, body in enumerate((HERE, ELSEWHERE, Status("fault"))):
            standings.take(DEVICE, body, log_index)
        session.commit()
    with Session(engine) as session:
        kept = Standings(session).of(DEVICE)
        assert kept == after(HERE, ELSEWHERE, Status("fault"))
        Standings(session).settle(DEVICE)
        session.commit()
    with Session(engine) as session:
        assert Standings(session).of(DEVICE).away_m == 0
        assert Standings(session).of(DeviceId("urn:dev:os:32473-m2")) == Standing()
