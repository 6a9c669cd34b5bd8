"""A head's fields by the contract's names."""

from __future__ import annotations

from typing import TypedDict


class HeadFields(TypedDict):
    """The struct ``IRecordAnchor.Head``, all of which a head's event states too.

    ``annex`` is the hash of what else the oracle commits to with the head, zero where there is nothing;
    ``previousSize`` the size of the head before, 0 for the first.
    """

    root: bytes
    state: bytes
    figures: bytes
    annex: bytes
    size: int
    previousSize: int
