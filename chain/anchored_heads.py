"""Anchored heads by their events: of a head the contract keeps a hash, and all of its fields are in its event.

Rules that this module keeps:

- Events are asked for by block range, in ranges that the node answers, from the newest head's block back.
- A head is the node's word. ``RecordAnchor.requireHead`` holds its fields against the hash that the contract keeps.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from counterfoil.chain.abi.head_fields import HeadFields
from counterfoil.chain.client import ChainClient
from counterfoil.chain.errors import RpcRefused

_RANGE = 5_000


def newest_head(client: ChainClient) -> HeadFields | None:
    """The newest anchored head; None before the first."""
    latest: dict[str, Any] = client.call("RecordAnchor", "latestHead")
    if not latest["size"]:
        return None
    return head_in_block(client, latest["size"], latest["blockNumber"])


def head_in_block(client: ChainClient, size: int, block: int) -> HeadFields | None:
    """The head of *size* that was anchored in *block*; None where none was.

    Raises:
        RpcRefused: the node has no such block, or not its events.
    """
    found = _heads_in(client, block, block)
    return next((head for head in found if head["size"] == size), None)


def first_head_over(client: ChainClient, log_index: int, first_block: int) -> HeadFields | None:
    """The first head over the record at *log_index*; None where none covers it. Events begin at *first_block*."""
    found: HeadFields | None = None
    for head in _heads_back(client, first_block):
        if head["size"] <= log_index:
            break
        found = head
        if head["previousSize"] <= log_index:
            break
    return found


def _heads_back(client: ChainClient, first_block: int) -> Iterator[HeadFields]:
    """All heads, the newest first."""
    end, width = int(client.call("RecordAnchor", "latestHead")["blockNumber"]), _RANGE
    while end >= first_block:
        start = max(first_block, end - width + 1)
        try:
            found = _heads_in(client, start, end)
        except RpcRefused:
            if width == 1:
                raise
            width //= 2
            continue
        yield from reversed(found)
        end = start - 1


def _heads_in(client: ChainClient, first: int, last: int) -> list[HeadFields]:
    return [
        HeadFields(
            root=event.values["root"],
            state=event.values["state"],
            figures=event.values["figures"],
            annex=event.values["annex"],
            size=event.values["size"],
            previousSize=event.values["previousSize"],
        )
        for event in client.events(["RecordAnchor"], first, last)
        if event.name == "HeadAnchored"
    ]
