"""Participants, made of the events of ParticipantRegistry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlmodel import Field, Session

from counterfoil.chain.address import Address
from counterfoil.chain.address_column import AddressColumn
from counterfoil.chain.tables import EventRow, Handler
from counterfoil.oracle.store.integers import UnsignedInteger
from counterfoil.oracle.store.table import OracleTable

_Arguments = Mapping[str, Any]


class ParticipantRow(OracleTable, table=True):
    """Projected: the registry's entry of a participant."""

    __tablename__ = "participant"

    account: Address = Field(primary_key=True, sa_type=AddressColumn)
    parts: str
    certified_until: int = Field(default=0, sa_type=UnsignedInteger)
    frozen: bool = False


def _row(session: Session, a: _Arguments) -> ParticipantRow:
    """The account's row. An account that nobody has admitted is frozen too, and stays so when it is."""
    row = session.get(ParticipantRow, a["account"])
    if row is None:
        row = ParticipantRow(account=a["account"], parts="0")
        session.add(row)
    return row


def _admitted(session: Session, _: EventRow, a: _Arguments) -> None:
    _row(session, a).parts = str(a["parts"])


def _parts(session: Session, _: EventRow, a: _Arguments) -> None:
    session.get_one(ParticipantRow, a["account"]).parts = str(a["parts"])


def _certified(session: Session, _: EventRow, a: _Arguments) -> None:
    session.get_one(ParticipantRow, a["account"]).certified_until = int(a["until"])


def _frozen(session: Session, _: EventRow, a: _Arguments) -> None:
    _row(session, a).frozen = True


def _unfrozen(session: Session, _: EventRow, a: _Arguments) -> None:
    session.get_one(ParticipantRow, a["account"]).frozen = False


HANDLERS: Mapping[tuple[str, str], Handler] = {
    ("ParticipantRegistry", "ParticipantAdmitted"): _admitted,
    ("ParticipantRegistry", "ParticipantPartsChanged"): _parts,
    ("ParticipantRegistry", "ParticipantCertified"): _certified,
    ("ParticipantRegistry", "ParticipantFrozen"): _frozen,
    ("ParticipantRegistry", "ParticipantUnfrozen"): _unfrozen,
}
