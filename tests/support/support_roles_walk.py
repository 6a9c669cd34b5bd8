"""How each operation of the table of roles is asked for the objects of one party or the other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from support_api import Site
from support_chain import ChainWorld
from support_roles import DAY, FILES, PARTIES, Party

from counterfoil.api.access.auth import Role


@dataclass(frozen=True)
class House:
    """The app over a real chain, with a token for every role of every party."""

    site: Site
    chain: ChainWorld
    app: FastAPI
    tokens: dict[tuple[Role, str], str]
    sales: dict[str, int]
    exceptions: dict[str, int]
    sent: dict[str, str]

    def headers(self, role: Role, party: str) -> dict[str, str]:
        token = self.tokens[role, party]
        return {"Authorization": f"Bearer {token}", "Idempotency-Key": "walk"}


@dataclass(frozen=True)
class Read:
    """How one party's object is asked for, and what shows that it is in the answer (nothing: its being answered)."""

    url: str
    mark: str = ""
    is_item: bool = False


def _list(mark: str) -> Any:
    return lambda p, h, path: Read(f"{path}?limit=500", mark.format(p=p))


def _item(mark: str = "", **given: str) -> Any:
    def made(party: Party, house: House, path: str) -> Read:
        names = {
            name: value.format(
                p=party, sale=house.sales[party.name], it=house.exceptions[party.name]
            )
            for name, value in given.items()
        }
        url = re.sub("{(\\w+)}", lambda found: names[found.group(1)], path)
        return Read(url + names.get("query", ""), mark.format(p=party), is_item=True)

    return made


_DEVICE, _NUMBER = _item("{p.device}", device="{p.device}"), "{p.number}"
_SALE = _item("", log_index="{sale}")


def _batch(party: Party, house: House, path: str) -> Read:
    with TestClient(house.app) as web:
        url = f"/v1/distributions?project={party.project}"
        headers = house.headers(Role.AUDITOR, party.name)
        batch = web.get(url, headers=headers).json()["items"][0]["batch"]
    return Read(path.replace("{batch}", batch), is_item=True)


ASKS_THE_CHAIN = {
    "GET /v1/devices/{device}/bundle",
    "GET /v1/loans/{loan}",
    "GET /v1/operators/{operator}/takings",
    "GET /v1/operators/{operator}/limit-proposal",
    "GET /v1/receivables/{root}/confirmation",
    "GET /v1/credit-lines/{line}",
    "GET /v1/credit-lines/{line}/health",
    "GET /v1/loans/{loan}/owed",
    "GET /v1/pledges/{pledge}",
}
"""Whoever is let through is told that the chain has no such thing (409, 503), which nobody else is told."""
HOW: dict[str, Any] = {
    "GET /v1/alarms": _list("{p.device}"),
    "GET /v1/devices": _list("{p.device}"),
    "GET /v1/devices/{device}": _DEVICE,
    "GET /v1/devices/{device}/keys": _item("", device="{p.device}"),
    "GET /v1/devices/{device}/bundle": _item(
        "", device="{p.device}", query="?first=2022-08-29&last=2022-08-30"
    ),
    "GET /v1/records": _list("{p.device}"),
    "GET /v1/records/{log_index}": _SALE,
    "GET /v1/records/{log_index}/evidence": _SALE,
    "GET /v1/records/{log_index}/proof": _SALE,
    "GET /v1/records/{log_index}/raw": _SALE,
    "GET /v1/refused-records": _list("{p.device}"),
    "GET /v1/refused-records/{number}/raw": lambda p, h, path: Read(
        path.replace("{number}", str(1 + PARTIES.index(p))), p.device, is_item=True
    ),
    "GET /": lambda p, h, path: Read("/?date=2022-08-29", p.label),
    "GET /proof": lambda p, h, path: Read(path, p.label),
    "GET /sales": lambda p, h, path: Read(path, p.label),
    "GET /sales/{log_index}": _SALE,
    "GET /parts/sales/{log_index}": _SALE,
    "GET /exceptions": lambda p, h, path: Read(path, f"/sales/{h.exceptions[p.name] + 2}"),
    "GET /v1/exceptions": lambda p, h, path: Read(path, f'"{p.project}"'),
    "GET /v1/exceptions/{number}": _item("{p.project}", number="{it}"),
    "GET /v1/projects": _list("{p.project}"),
    "GET /v1/projects/{project}": _item("{p.project}", project="{p.project}"),
    "GET /v1/projects/{project}/split-versions": _item("", project="{p.project}"),
    "GET /v1/distributions": _list("{p.project}"),
    "GET /v1/distributions/{batch}": _batch,
    "GET /v1/distributions/{batch}/facts": _batch,
    "GET /v1/pools": _list("{p.pool}"),
    "GET /v1/pools/{pool}/shares": _item("{p.account}", pool="{p.pool}"),
    "GET /v1/operators/{operator}/takings": _item("", operator="{p.name}"),
    "GET /v1/operators/{operator}/limit-proposal": _item("", operator="{p.name}"),
    "GET /v1/balances": _list("{p.account}"),
    "GET /v1/participants": _list('"{p.name}"'),
    "GET /v1/withdrawals": _list("{p.number}"),
    "GET /v1/cash": lambda p, h, path: Read(path, p.account),
    "GET /v1/offers": _list(_NUMBER),
    "GET /v1/orders": _list(_NUMBER),
    "GET /v1/parts": _list(_NUMBER),
    "GET /v1/parts/{part}": _item(_NUMBER, part=_NUMBER),
    "GET /v1/parts/{part}/discount": _item(_NUMBER, part=_NUMBER),
    "GET /v1/parts/{part}/provenance": _item(_NUMBER, part=_NUMBER),
    "GET /v1/receivables": _list(_NUMBER),
    "GET /v1/receivables/{root}": _item(_NUMBER, root=_NUMBER),
    "GET /v1/receivables/{root}/confirmation": _item(
        "", root=_NUMBER, query="?deadline=2000000000"
    ),
    "GET /v1/receivables/{root}/funding": _item(_NUMBER, root=_NUMBER),
    "GET /v1/receivables/{root}/parts": _item(_NUMBER, root=_NUMBER),
    "GET /v1/credit-lines": _list(_NUMBER),
    "GET /v1/credit-lines/{line}": _item(_NUMBER, line=_NUMBER),
    "GET /v1/credit-lines/{line}/health": _item("", line=_NUMBER),
    "GET /v1/credit-lines/{line}/sweeps": _item(_NUMBER, line=_NUMBER),
    "GET /v1/loans": _list(_NUMBER),
    "GET /v1/loans/{loan}": _item(_NUMBER, loan=_NUMBER),
    "GET /v1/loans/{loan}/owed": _item("", loan=_NUMBER, query="?date=20220901"),
    "GET /v1/loans/{loan}/payments": _item(_NUMBER, loan=_NUMBER),
    "GET /v1/pledges": _list(_NUMBER),
    "GET /v1/pledges/{pledge}": _item(_NUMBER, pledge=_NUMBER),
    "GET /v1/warehouse-receipts": _list(_NUMBER),
    "GET /v1/warehouse-receipts/{receipt}": _item(_NUMBER, receipt=_NUMBER),
    "GET /v1/shares": _list("{p.project}"),
    "GET /v1/shares/{project}/holdings": _item("", project="{p.project}"),
    "GET /v1/quotes": lambda p, h, path: Read(path, p.digest("quote")),
    "GET /v1/settlements": lambda p, h, path: Read(path, p.digest("deal")),
    "GET /v1/quotes/{quote}": lambda p, h, path: Read(
        path.replace("{quote}", p.digest("quote")), is_item=True
    ),
    "GET /v1/settlements/{deal}": lambda p, h, path: Read(
        path.replace("{deal}", p.digest("deal")), is_item=True
    ),
    "GET /v1/instructions": _list(_NUMBER),
    "GET /v1/instructions/{number}": _item(_NUMBER, number=_NUMBER),
    "GET /v1/statements": _list("E2E of {p.name}"),
}
"""How the object of each party is read, for each operation that reads one."""
BANKS: dict[str, tuple[str, str]] = {
    "GET /v1/bank-accounts": ("/v1/bank-accounts", "BANKS-ACCOUNT"),
    "GET /v1/bank-lines": ("/v1/bank-lines", "BANKS-REFERENCE"),
    "GET /v1/bank-statements": ("/v1/bank-statements", "BANKS-ACCOUNT"),
    "GET /v1/days": ("/v1/days", str(DAY)),
    "GET /v1/days/{date}": (f"/v1/days/{DAY}", "BANKS-REFERENCE"),
    "GET /v1/payout-files": ("/v1/payout-files", "CF-BANKS"),
    "GET /v1/payout-files/{number}/document": (
        f"/v1/payout-files/{FILES}/document",
        "BANKS-ACCOUNT",
    ),
    "GET /v1/statements": ("/v1/statements", "E2E of harbour"),
}
"""Where the bank's files are read, and what shows that they are."""
EVERYBODYS = {
    "GET /v1/heads/{size}": "/v1/heads/{head}",
    "GET /v1/heads/{size}/raw": "/v1/heads/{head}/raw",
    "GET /v1/heads/{size}/consistency": "/v1/heads/{head}/consistency?first=1",
    "GET /v1/heads/{size}/figures": "/v1/heads/{head}/figures",
    "GET /v1/parties/{party}": "/v1/parties/harbour",
}
SKIPPED = {"GET /v1/stream": "it does not end; its events have cells of their own"}
CHANGES: dict[str, Any] = {
    "POST /v1/exceptions/{number}/resolution": (
        lambda p, h: f"/v1/exceptions/{h.exceptions[p.name]}/resolution",
        lambda p: {"resolution": "accepted"},
    ),
    "POST /v1/settlement-files": (
        lambda p, h: "/v1/settlement-files",
        lambda p: {"project": p.project, "source": "s", "text": "t"},
    ),
    "POST /v1/cash/permits/typed-data": (
        lambda p, h: "/v1/cash/permits/typed-data",
        lambda p: {
            "owner": p.name,
            "spender": "receivables",
            "amount_minor": 5,
            "deadline": 2_000_000_000,
        },
    ),
    **{
        f"POST /v1/{noun}s/{{{kind}}}/{what}": (
            lambda p, h, noun=noun, kind=kind, what=what: f"/v1/{noun}s/{p.digest(kind)}/{what}",
            lambda p: {"signature": "0x" + "1b" * 65},
        )
        for noun, kind in (("settlement", "deal"), ("quote", "quote"))
        for what in ("signature-requests", "signatures")
    },
}
"""The writes that are about an object of a party's own: where, and with which body."""
