"""Bytes as somebody would send them who means harm, made out of true ones."""

from __future__ import annotations

import random
from collections.abc import Sequence


def mutated(
    source: bytes, rng: random.Random, spliced: Sequence[bytes], replaced_below: int
) -> bytes:
    """*source* with one to four changes: a byte, a piece of *spliced* for fewer than *replaced_below* bytes, a cut."""
    content = bytearray(source)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(content) or 1)
        if rng.random() < 0.4:
            content[at : at + 1] = bytes([rng.randrange(256)])
        elif rng.random() < 0.7:
            content[at : at + rng.randrange(replaced_below)] = rng.choice(spliced)
        else:
            del content[at : at + rng.randrange(1, 40)]
    return bytes(content)
