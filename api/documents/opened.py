"""Opened fields: what commitments on chain were made of, for those who are entitled to see it."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, Field

from counterfoil.api.documents import commitments
from counterfoil.api.http.context import ApiParts
from counterfoil.chain.hexadecimal import to_hex


class OpenedOut(BaseModel):
    """The fields and the salt under a commitment: SHA-256(salt || fields), docs/formats/commitment.md."""

    kind: str = Field(examples=["invoice"])
    commitment: str = Field(examples=[to_hex(b"\x7b" * 32)])
    salt: str = Field(examples=[to_hex(b"\x42" * 32)])
    fields: dict[str, str | int] = Field(examples=[{"number": "RE-2026-0017"}])


def opened(parts: ApiParts, of: Mapping[str, str | None], entitled: bool) -> dict[str, OpenedOut]:
    """Return what opens the commitments *of*, by their names; nothing unless *entitled*."""
    if not entitled:
        return {}
    known = commitments.opened(parts.reads, [value for value in of.values() if value])
    return {
        name: OpenedOut(kind=row.kind, commitment=row.commitment, salt=row.salt, fields=row.fields)
        for name, value in of.items()
        if value and (row := known.get(value)) is not None
    }
