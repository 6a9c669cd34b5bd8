"""Every route is asked with every parameter at its edges and beyond, by every role: no answer is a fault of ours."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from support_api import Site, build
from support_world import DEVICES

pytestmark = pytest.mark.integration

WIDE = [2**31, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 13728512593976182784, 2**64 + 1]
NUMBERS = ["0", "-1", "1.5", "9" * 23, "9" * 400, *map(str, WIDE)]
DATES = ["0001-01-01", "9999-12-31", "2022-02-30", "99991231"]
WORDS = [
    "",
    "//[",
    "\x00",
    "\u202e",
    "\ud7ff",
    "x" * 5_000,
    "0x" + "f" * 40,
    f"{'9' * 23}-1",
    "1-0",
]
EDGES = [*NUMBERS, *DATES, *WORDS]
FEW = ["9" * 23, "9999-12-31", "//["]
ENDLESS = {"/v1/stream", "/v1/events"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return build(tmp_path_factory.mktemp("edges"), days=3, stored_tail=1)


def _routes(site: Site) -> list[APIRoute]:
    found, left = list[APIRoute](), list(site.app.routes)
    while left:
        one = left.pop(0)
        left += getattr(getattr(one, "original_router", None), "routes", [])
        if isinstance(one, APIRoute) and "GET" in one.methods and one.path not in ENDLESS:
            found.append(one)
    assert len(found) > 80
    return found


def _asked_for(dependant: Dependant) -> Iterator[Dependant]:
    """What a route asks for, and what that asks for."""
    yield dependant
    for below in dependant.dependencies:
        yield from _asked_for(below)


def _addresses(site: Site, route: APIRoute, edges: list[str]) -> Iterator[str]:
    """The route's addresses with one parameter at each edge, and the others in their place."""
    known = {
        "size": str(site.world.heads[-1].size),
        "first": str(site.world.heads[0].size),
        "device": DEVICES[0],
        "project": "lakeside-vending",
    }
    asked = list(_asked_for(route.dependant))
    inside = {
        param.alias: known.get(param.alias, "1") for one in asked for param in one.path_params
    }
    query = {param.alias: param for one in asked for param in one.query_params}
    needed = {
        name: known.get(name, "1")
        for name, param in query.items()
        if param.field_info.is_required()
    }

    def address(path: dict[str, str], values: dict[str, str]) -> str:
        place = route.path_format.format(**{name: quote(v, safe="") for name, v in path.items()})
        return f"{place}?{urlencode(values)}" if values else place

    yield address(inside, needed)
    for name in inside:
        yield from (address(inside | {name: edge}, needed) for edge in edges if edge)
    for name in query:
        yield from (address(inside, needed | {name: edge}) for edge in edges)


def _asked(site: Site, who: str | None, edges: list[str]) -> list[tuple[int, str]]:
    client = TestClient(site.app, raise_server_exceptions=False, follow_redirects=False)
    headers = {} if who is None else site.headers(who)
    if who is not None:
        client.post("/login", data={"secret": site.tokens[who]})
    found = []
    for route in _routes(site):
        for address in _addresses(site, route, edges):
            status = client.get(address, headers=headers).status_code
            if status >= 500 and status != 503:
                found.append((status, address[:200]))
    return found


@pytest.mark.parametrize("who", ["auditor", "lakeside", None])
def test_no_parameter_at_any_edge_is_a_fault_of_ours(site: Site, who: str | None) -> None:
    assert _asked(site, who, EDGES) == []


def test_nor_for_any_other_role(site: Site) -> None:
    others = sorted(site.tokens.keys() - {"auditor", "lakeside"})
    assert len(others) > 5
    assert {who: _asked(site, who, FEW) for who in others} == {who: [] for who in others}


def test_every_whole_number_of_an_address_has_bounds(site: Site) -> None:
    """What no column holds is refused before it is asked for."""
    unbounded = []
    for route in _routes(site):
        for one in _asked_for(route.dependant):
            for param in (*one.path_params, *one.query_params):
                if "int" not in str(param.field_info.annotation):
                    continue
                said = {type(bound).__name__ for bound in param.field_info.metadata}
                if not (said & {"Ge", "Gt"} and said & {"Le", "Lt"}):
                    unbounded.append(f"{route.path} {param.alias}")
    assert unbounded == []
