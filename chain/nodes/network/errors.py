"""The errors of a network, each with a stable code."""

from __future__ import annotations

from counterfoil.chain.errors import ChainError


class NetworkError(ChainError):
    """A network's command failed; ``code`` begins with ``network.``."""

    def __init__(self, code: str, detail: str) -> None:
        self.code = f"network.{code}"
        super().__init__(detail)
