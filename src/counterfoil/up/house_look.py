"""One look at the whole house: each process is asked, and what must be seen to is in one list.

Rules kept here:

* It works without the API and without any other process: who hangs or is gone is an alarm like the others.
* Nothing is written or made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import SQLAlchemyError

from counterfoil.alarm import Alarm
from counterfoil.api.commands.faults import API_UNREACHABLE
from counterfoil.api.http.certificate_watch import CertificateWatch
from counterfoil.api.http.chain_health import ChainWatch
from counterfoil.api.http.house_watch import HouseWatch
from counterfoil.chain.client import ChainClient
from counterfoil.fault import STORE_UNREADABLE
from counterfoil.oracle.errors import NODE_NOT_WELL
from counterfoil.oracle.status.alarms import standing_alarms
from counterfoil.up.data_folder import House

_ANSWER_WITHIN_S = 5.0
PARTS = ("chain", "gateway", "oracle", "api")


@dataclass(frozen=True)
class Seen:
    """What one look found; *parts* has what is wrong with each process, "" for nothing."""

    parts: dict[str, str]
    alarms: list[Alarm]

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {
            "well": not self.alarms,
            "parts": {name: wrong or "well" for name, wrong in self.parts.items()},
            "alarms": [one.to_json() for one in self.alarms],
        }


class HouseLook:
    """Looks at *house*, again and again if wanted: some of it is known only by comparing two looks."""

    def __init__(self, house: House) -> None:
        self._house = house
        nodes = [ChainClient(house.rpc_url, timeout_s=2.0)]
        self._others = {
            f"oracle-{number}": _opened(house.node(number) / "oracle.db")
            for number in range(2, house.oracles + 1)
        }
        self._watch = HouseWatch(
            _opened(house.folder / "oracle.db"),
            chain=ChainWatch(nodes).health,
            certificates=CertificateWatch(house.folder / "certificates").alarms,
            gateways=[house.gateway_url],
            disks=[house.folder],
        )

    def look(self) -> Seen:
        """Ask everybody; return what was found."""
        alarms = self._watch.alarms()
        for name, engine in self._others.items():
            alarms = merged(alarms, by_a_node(name, engine))
        alarms = merged(alarms, by_the_api(self._house.api_url))
        return Seen(parts_of(alarms), alarms)


def _opened(file: Path) -> Engine:
    """The database in *file*; one that is not there is the oracle's to make, or somebody's to put back."""
    return create_engine(f"sqlite:///file:{quote(str(file))}?mode=rw&uri=true")


def by_a_node(name: str, engine: Engine) -> list[Alarm]:
    """What stands in the own database of the oracle's node *name*; what it says of others, the first node says too."""
    try:
        found = standing_alarms(engine)
    except SQLAlchemyError as failure:
        return [Alarm(STORE_UNREADABLE, str(getattr(failure, "orig", failure)), name)]
    return [replace(one, part=name) for one in found if one.code != NODE_NOT_WELL]


def by_the_api(url: str) -> list[Alarm]:
    """What the API at *url* says, or that it says nothing."""
    try:
        answer = httpx.get(f"{url}/readyz", timeout=_ANSWER_WITHIN_S, trust_env=False)
        return [Alarm.from_json(one, "api") for one in answer.json()["alarms"]]
    except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError) as failure:
        return [Alarm(API_UNREACHABLE, f"{url}: {failure or type(failure).__name__}", "api")]


def merged(seen: list[Alarm], said: list[Alarm]) -> list[Alarm]:
    """Return *seen*, and what is *said* of another code or part."""
    known = {(one.code, one.part) for one in seen}
    return seen + [one for one in said if (one.code, one.part) not in known]


def parts_of(alarms: list[Alarm]) -> dict[str, str]:
    """For each process the codes of what is wrong with it."""
    of = {"verify worker": "gateway", "intake": "gateway", "store": "gateway"}
    wrong: dict[str, list[str]] = {name: [] for name in PARTS}
    for alarm in alarms:
        part = of.get(alarm.part, alarm.part)
        if part in wrong and alarm.code not in wrong[part]:
            wrong[part].append(alarm.code)
    return {name: ", ".join(codes) for name, codes in wrong.items()}
