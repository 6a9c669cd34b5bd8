"""The devices' slots in the state, kept in the table ``slot``: positions count from 0 without a gap."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, func, insert, update
from sqlmodel import Session, col, select

from counterfoil.chain.abi.head_fields import HeadFields
from counterfoil.gateway.log.state_tree import Slot, StateTree
from counterfoil.gateway.record.identity import DeviceId, Digest
from counterfoil.oracle.rules.anchored_head import NO_HEAD
from counterfoil.oracle.store.head_tables import SlotRow


def read_slots(session: Session) -> StateTree:
    """The state made from the kept slots."""
    rows = session.exec(select(SlotRow).order_by(col(SlotRow.position)))
    return StateTree(
        Slot(
            device=DeviceId(s.device),
            epoch=s.epoch,
            sequence=s.sequence,
            payload_digest=Digest(bytes.fromhex(s.payload_digest)),
        )
        for s in rows
    )


def end_argument(state: StateTree, head: HeadFields | None, device: DeviceId) -> tuple[Any, ...]:
    """The contracts' ``Slot`` of *device* under *head*, whose state is *state*; empty where it has none."""
    shown = NO_HEAD if head is None else head
    if state.slot_of(device) is None:
        return shown, 0, 0, 0, 0, bytes(32), []
    number, slot, path = state.inclusion_proof(device)
    return shown, number, len(state), slot.epoch, slot.sequence, slot.payload_digest, path


def keep_slots(session: Session, state: StateTree, devices: Iterable[DeviceId]) -> None:
    """Write the slots of *devices*, which are all that changed in *state* since the last time. The caller commits."""
    newest = session.exec(select(func.max(SlotRow.position))).one()
    kept = -1 if newest is None else newest
    old: list[dict[str, Any]] = []
    new: list[dict[str, Any]] = []
    for device in devices:
        found = state.slot_of(device)
        if found is None:
            continue
        position, slot = found
        end = {
            "epoch": slot.epoch,
            "sequence": slot.sequence,
            "payload_digest": slot.payload_digest.hex(),
        }
        if position <= kept:
            old.append({"at": position, **end})
        else:
            new.append({"position": position, "device": device, **end})
    # On the connection: the session would read each row before writing it.
    connection = session.connection()
    if old:
        connection.execute(update(SlotRow).where(col(SlotRow.position) == bindparam("at")), old)
    if new:
        connection.execute(insert(SlotRow), new)
