"""One file a resource; each has a ``router``. All answer below ``/v1``."""

from counterfoil.api.resources import (
    alarms,
    bank,
    chain,
    days,
    devices,
    exceptions,
    heads,
    instructions,
    money,
    projects,
    quorum,
    records,
    stream,
    unsigned,
)

ROUTERS = (
    devices.router,
    records.router,
    heads.router,
    quorum.router,
    exceptions.router,
    alarms.router,
    projects.router,
    money.router,
    bank.router,
    days.router,
    instructions.router,
    chain.router,
    unsigned.router,
    stream.router,
)
