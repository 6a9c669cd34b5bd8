"""A request through the API: one instruction for its key, whichever version of the API was asked first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session
from support_instructions import WRITTEN

from counterfoil.api.access.auth import Principal, Role
from counterfoil.api.http.problems import ApiProblem
from counterfoil.api.instructions.request import ask, ask_completed
from counterfoil.api.store.database import open_oracle_database
from counterfoil.api.store.tables import ApiIdempotency
from counterfoil.oracle.instructions.request import CloseDay, Kind, Transact
from counterfoil.oracle.instructions.stored_form import decode

WHO = Principal(token_id="token", role=Role.OPERATOR, party="northfield", name="Northfield")
CALL = Transact(
    account="0x",
    contract="Receivables",
    function="fund",
    data=b"\xab",
    operation="fund_claim",
    key=17,
)


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = open_oracle_database("sqlite://")
    yield engine
    engine.dispose()


@pytest.mark.parametrize(("kind", "payload"), WRITTEN)
def test_a_key_of_the_version_before_is_known_by_the_same_digest(
    engine: Engine, kind: str, payload: dict[str, Any]
) -> None:
    row = ask(engine, principal=WHO, key="k", request=decode(kind, payload))
    assert (row.kind, row.payload) == (kind, payload)
    with Session(engine) as session:
        known = session.get_one(ApiIdempotency, (WHO.party, "k"))
        before = json.dumps([kind, payload], sort_keys=True).encode()
        assert known.request_digest == sha256(before).digest()


def test_another_request_under_the_same_key_is_a_conflict(engine: Engine) -> None:
    first = ask(engine, principal=WHO, key="k", request=CloseDay(20220831, far=False))
    assert ask(engine, principal=WHO, key="k", request=CloseDay(20220831, far=False)).id == first.id
    with pytest.raises(ApiProblem) as refused:
        ask(engine, principal=WHO, key="k", request=CloseDay(20220831, far=True))
    assert refused.value.code == "request.key_reused"


def test_a_request_that_is_here_is_not_made_again(engine: Engine) -> None:
    made = []

    def make() -> Transact:
        made.append(CALL)
        return CALL

    asked = (Kind.TRANSACT, {"operation": "fund_claim", "key": 17})
    first = ask_completed(engine, principal=WHO, key="k", asked=asked, completed=make)
    assert ask_completed(engine, principal=WHO, key="k", asked=asked, completed=make).id == first.id
    assert len(made) == 1
    assert first.payload["data"] == "0xab"
