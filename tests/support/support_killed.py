"""The oracle and the witness as processes that kill themselves, as a power cut would, at a step named beforehand.

They are composed by the product's own roots, and run in place of ``counterfoil oracle run`` and ``counterfoil witness
run``. The product tells whoever watches it the steps that it reaches; to die there is known only here.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

from counterfoil.gateway.witness.run import run as run_witness
from counterfoil.gateway.witness.settings import open_witness
from counterfoil.oracle.run.loop import run as run_oracle
from counterfoil.oracle.settings import OracleSettings


def killed_at(step: str) -> Callable[[str], None]:
    """What ends this process when it is told of *step*, with no chance to tidy up."""

    def on_step(reached: str) -> None:
        if reached == step:
            os.kill(os.getpid(), signal.SIGKILL)

    return on_step


def oracle(step: str) -> int:
    """Run the oracle with the settings in the environment, until *step*."""
    run_oracle(OracleSettings(), killed_at(step))
    return 0


def witness(step: str, folder: str, port: str) -> int:
    """Run the witness in *folder* on *port*, looking at its logs five times a second, until *step*."""
    run_witness(
        home=open_witness(Path(folder)), port=int(port), poll_s=0.2, on_step=killed_at(step)
    )
    return 0
