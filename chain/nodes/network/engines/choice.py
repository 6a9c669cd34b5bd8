"""The choice of an engine by its name."""

from __future__ import annotations

from counterfoil.chain.nodes.network.engines.engine import Engine
from counterfoil.chain.nodes.network.errors import NO_SUCH_ENGINE, NetworkError


def engine_of(name: str) -> Engine:
    """The engine called *name*."""
    if name == "avalanche":
        from counterfoil.chain.nodes.network.engines.avalanche import Avalanche

        return Avalanche()
    if name == "besu":
        from counterfoil.chain.nodes.network.engines.besu import Besu

        return Besu()
    raise NetworkError(NO_SUCH_ENGINE, f"there is no engine {name!r}")
