"""Writes: what a party asks for, kept as an instruction that the oracle carries out once.

Rules kept here:

* An idempotency key belongs to its party. The same key with the same request gives the same
  instruction again; with another request it is a conflict.
* The instruction and the key are committed together.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from hashlib import sha256

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from counterfoil.api.access.auth import Principal, now_ms
from counterfoil.api.http.faults import KEY_IN_USE, KEY_REUSED
from counterfoil.api.http.problems import conflict
from counterfoil.api.store.tables import ApiIdempotency
from counterfoil.oracle.instructions.request import Json, Kind, Request
from counterfoil.oracle.instructions.stored_form import encode
from counterfoil.oracle.store.instruction_table import Instruction


def ask(engine: Engine, principal: Principal, key: str, request: Request) -> Instruction:
    """Return the instruction under the party's *key*: the one that is here, or a new one.

    Raises the problem ``request.key_reused`` when the key was used for another request.
    """
    return ask_completed(
        engine, principal, key, asked=(request.kind, encode(request)), completed=lambda: request
    )


def ask_completed(
    engine: Engine,
    principal: Principal,
    key: str,
    asked: tuple[Kind, Mapping[str, Json]],
    completed: Callable[[], Request],
) -> Instruction:
    """The same for a request that takes time to make: *asked* is what tells it from another.

    What *completed* returns is kept as a new instruction; it is not called for one that is here.
    """
    request: Request | None = None
    digest = sha256(json.dumps(asked, sort_keys=True).encode()).digest()
    for _ in range(2):  # by hand: what *completed* returned is kept for the second time
        with Session(engine, expire_on_commit=False) as session:
            known = session.get(ApiIdempotency, (principal.party, key))
            if known is not None:
                if known.request_digest != digest:
                    raise conflict(KEY_REUSED, "this key was used for another request")
                return session.exec(
                    select(Instruction).where(Instruction.id == known.body["instruction"])
                ).one()
        request = request or completed()
        with Session(engine, expire_on_commit=False) as session:
            row = Instruction(
                idempotency_key=f"api:{principal.party}:{key}",
                party=principal.party,
                kind=request.kind,
                payload=encode(request),
                created_ms=now_ms(),
            )
            session.add(row)
            try:
                session.flush()
                session.add(
                    ApiIdempotency(
                        party=principal.party,
                        key=key,
                        request_digest=digest,
                        status=202,
                        body={"instruction": row.id},
                        created_ms=now_ms(),
                    )
                )
                session.commit()
            except (
                IntegrityError
            ):  # the same request, at the same moment: read what the other wrote
                session.rollback()
                continue
            return row
    raise conflict(KEY_IN_USE, "another request with this key is being answered")
