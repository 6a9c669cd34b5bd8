"""Verification of a batch before its turn to be committed: its keys are found, its signatures checked by the pool."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from counterfoil.gateway.errors import KeyUnknownError, RecordError
from counterfoil.gateway.ingest.pipeline import Arrival, Pipeline, Verdict
from counterfoil.gateway.ingest.signature_pool import SignaturePool
from counterfoil.gateway.record.verification import equation_of, read_all


class EarlyVerification:
    """Does steps 1 to 7 for *pipeline*'s batches; the processes of *pool* check the signatures."""

    def __init__(self, pipeline: Pipeline, pool: SignaturePool) -> None:
        self._pipeline = pipeline
        self._pool = pool

    async def check(self, arrivals: Sequence[Arrival]) -> Callable[[], list[Verdict]]:
        """Return the function that judges and commits the batch; it may be called again when it failed.

        Raises:
            SignatureWorkersLost: the signatures could not be checked.
        """
        if self._pipeline.keys_are_old():
            await asyncio.to_thread(self._pipeline.read_keys)
        identified = self._pipeline.identify(arrivals)
        is_strange = any(isinstance(one, KeyUnknownError) for one in identified)
        if is_strange and self._pipeline.keys_may_have_changed():
            await asyncio.to_thread(self._pipeline.read_keys)
            identified = self._pipeline.identify(arrivals)
        equations = [equation_of(one) for one in identified if not isinstance(one, RecordError)]
        holds = await self._pool.holds(equations)
        return partial(self._pipeline.commit, arrivals, read_all(identified, holds))
