"""The worlds that tests of the audit look at, and bundles of their days."""

from __future__ import annotations

from support_world import DAY_MS, DEVICES, FIRST_MS, World

from counterfoil.api.audit.making.collection import collect
from counterfoil.api.audit.verification.bundle import Bundle


def world_of(days: int) -> World:
    """All machines' sales on *days* days from the first on, each under its head."""
    world = World()
    world.sell(days=days)
    return world


def one_machine(days: int = 3) -> World:
    """One machine, two sales a day: small enough to be changed byte by byte."""
    world = World(devices=DEVICES[:1])
    world.sell(days=days, sales_a_day=2)
    return world


def bundle_of(world: World, days: int, *, since: int = 0) -> Bundle:
    """The first machine's records of *days* days, the first of them the one after *since* days of the world."""
    first_ms = FIRST_MS + since * DAY_MS
    facts = world.facts(DEVICES[0], first_ms, first_ms + days * DAY_MS)
    return collect(world.store().engine, None, facts)


def bundle_from_the_start(world: World, days: int) -> Bundle:
    """The first machine's records up to the end of *days* days, from 1970 on: nothing lies before them."""
    facts = world.facts(DEVICES[0], 0, FIRST_MS + days * DAY_MS)
    return collect(world.store().engine, None, facts)
