"""Writes: what a party asks for, kept as an instruction that the oracle carries out once.

Rules kept here:

* An idempotency key belongs to its party. The same key with the same request gives the same
  instruction again; with another request it is a conflict.
* The instruction and the key are committed together.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from counterfoil.api.access.auth import Principal, now_ms
from counterfoil.api.http.problems import conflict
from counterfoil.api.store.tables import ApiIdempotency
from counterfoil.oracle.store.instruction_table import Instruction


def ask(
    engine: Engine,
    principal: Principal,
    key: str,
    kind: str,
    payload: dict[str, Any],
    completed: Callable[[], dict[str, Any]] = dict,
) -> Instruction:
    """Return the instruction under the party's *key*: the one that is here, or a new one.

    What *completed* answers joins the payload of a new one; it is not called for one that is here.
    Raises the problem ``idempotency_key_reused`` when the key was used for another request.
    """
    more: dict[str, Any] | None = None
    digest = sha256(json.dumps([kind, payload], sort_keys=True).encode()).digest()
    for _ in range(2):
        with Session(engine, expire_on_commit=False) as session:
            known = session.get(ApiIdempotency, (principal.party, key))
            if known is not None:
                if known.request_digest != digest:
                    raise conflict(
                        "idempotency_key_reused", "this key was used for another request"
                    )
                return session.exec(
                    select(Instruction).where(Instruction.id == known.body["instruction"])
                ).one()
        more = completed() if more is None else more
        with Session(engine, expire_on_commit=False) as session:
            row = Instruction(
                idempotency_key=f"api:{principal.party}:{key}",
                party=principal.party,
                kind=kind,
                payload=payload | more,
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
    raise conflict("idempotency_key_in_use", "another request with this key is being answered")
