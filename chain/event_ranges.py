"""Events of many blocks, in ranges that the node answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from counterfoil.chain.client import ChainClient, ContractEvent
from counterfoil.chain.errors import RpcRefused

_RANGE = 5_000


def events_between(
    client: ChainClient,
    contracts: Sequence[str],
    first: int,
    last: int,
    *,
    subject: bytes | None = None,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> list[ContractEvent]:
    """The events of *contracts* in the blocks *first* to *last*, both included, in the chain's order.

    With *subject* those whose first indexed value it is. *progress* is told how many blocks of all were read.

    Raises:
        RpcRefused: the node does not answer for a single block.
    """
    found: list[ContractEvent] = []
    start, width = first, _RANGE
    while start <= last:
        end = min(last, start + width - 1)
        try:
            found += client.events(contracts, first=start, last=end, subject=subject)
        except RpcRefused:
            if width == 1:
                raise
            width //= 2
            continue
        start = end + 1
        progress(start - first, last - first + 1)
    return found
