"""A head as ``RecordAnchor`` takes it, and what else the oracle commits to with it. Pure."""

from __future__ import annotations

from counterfoil.chain.abi.head_fields import HeadFields
from counterfoil.gateway.log.checkpoint import Head
from counterfoil.gateway.record.identity import Digest

NO_ANNEX = Digest(bytes(32))
"""The annex of a head with which the oracle commits to nothing else: of every one today."""

NO_HEAD = HeadFields(
    root=bytes(32), state=bytes(32), figures=bytes(32), annex=bytes(32), size=0, previousSize=0
)
"""What is shown before the first head."""


def head_argument(head: Head, figures: Digest, annex: Digest, previous_size: int) -> HeadFields:
    """The contract's struct; *annex* is the hash of what else it commits to, *previous_size* 0 for the first."""
    return HeadFields(
        root=head.root,
        state=head.state,
        figures=figures,
        annex=annex,
        size=head.size,
        previousSize=previous_size,
    )
