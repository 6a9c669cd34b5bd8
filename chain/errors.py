"""Every failure of the chain has a stable code, and a contract's typed error keeps its values.

A contract's error ``HeadNotGrowing(uint64 anchoredSize, uint64 size)`` becomes :class:`ContractReverted` with the code
``contract.head_not_growing`` and ``values == {"anchoredSize": …, "size": …}``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from counterfoil.chain.hexadecimal import to_hex


class ChainError(Exception):
    """Base of all errors of this package; ``code`` is stable."""

    code = "chain.error"


class NodeUnreachable(ChainError):
    """The node did not answer; what was asked may be asked again."""

    code = "chain.node_unreachable"


class RpcRefused(ChainError):
    """The node answered with an error that no contract raised."""

    code = "chain.rpc_refused"

    def __init__(self, message: str, number: int | None = None) -> None:
        super().__init__(message)
        self.number = number


class StateNotKept(RpcRefused):
    """The node has the block but no longer the state that it left: a node that keeps all states has it."""

    code = "chain.state_not_kept"


class TransactionStuck(ChainError):
    """A transaction was not mined in the time that was given."""

    code = "chain.transaction_stuck"


class DeploymentMismatch(ChainError):
    """The recorded deployment is not what this chain holds."""

    code = "chain.deployment_mismatch"


class NodeMissing(ChainError):
    """The program of an embedded chain is not installed; the message says the line that mends it."""

    code = "chain.node_missing"


class NodeNotReady(ChainError):
    """An embedded chain was started and did not answer in time."""

    code = "chain.node_not_ready"


class AddressMalformed(ChainError, ValueError):
    """What should be an account or a contract is no address."""

    code = "chain.address_malformed"


class KeyRefused(ChainError):
    """A keystore could not be opened."""

    code = "chain.key_refused"


class ContractReverted(ChainError):
    """A contract refused; ``name`` and ``values`` are the typed error's own."""

    def __init__(self, name: str, values: Mapping[str, Any], raw: bytes = b"") -> None:
        self.name = name
        self.values = dict(values)
        self.raw = raw
        self.code = "contract." + snake_case(name)
        listed = ", ".join(f"{key}={_shown(value)}" for key, value in self.values.items())
        super().__init__(f"{name}({listed})")


def snake_case(name: str) -> str:
    """``HeadNotGrowing`` → ``head_not_growing``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _shown(value: Any) -> str:
    return to_hex(value) if isinstance(value, bytes) else str(value)
