"""Every failure of the chain has a stable code, and a contract's typed error keeps its values.

A contract's error ``HeadNotGrowing(uint64 anchoredSize, uint64 size)`` becomes :class:`ContractReverted` with the code
``contract.head_not_growing`` and ``values == {"anchoredSize": …, "size": …}``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from counterfoil.chain.hexadecimal import to_hex
from counterfoil.fault import Code, fault


class ChainError(Exception):
    """Something that was asked of the chain failed, for a reason without a code of its own.

    Base of all errors of this package.
    """

    code = Code("chain.error")
    to_do = "Read the detail; where it says nothing more, report it with the log."


class NodeUnreachable(ChainError):
    """The node did not answer; what was asked may be asked again."""

    code = Code("chain.node_unreachable")
    to_do = "Start the node or correct its address; what was asked may be asked again."


class RpcRefused(ChainError):
    """The node answered with an error that no contract raised."""

    code = Code("chain.rpc_refused")
    to_do = "Read the node's own words in the detail, and its log."

    def __init__(self, message: str, number: int | None = None) -> None:
        super().__init__(message)
        self.number = number


class StateNotKept(RpcRefused):
    """The node has the block but no longer the state that it left: a node that keeps all states has it."""

    code = Code("chain.state_not_kept")
    to_do = "Ask a node that keeps all states."


class TransactionStuck(ChainError):
    """A transaction was not mined in the time that was given."""

    code = Code("chain.transaction_stuck")
    to_do = (
        "Look whether the chain makes blocks; the transaction may be mined still, so send no "
        "other in its place by hand."
    )


class DeploymentMismatch(ChainError):
    """The recorded deployment is not what this chain holds."""

    code = Code("chain.deployment_mismatch")
    to_do = (
        "Check that the node and the deployment file are of the same chain; deploy nothing "
        "until they are."
    )


class DeploymentLost(ChainError):
    """There is no deployment file, and the deployer's account has created contracts that can't be told to be one."""

    code = Code("chain.deployment_lost")
    to_do = (
        "Put the deployment's file back from a backup, or from another member who has it; deploy again only for a new "
        "consortium, from another account."
    )


class EditionDiffers(ChainError):
    """The contracts, or the data folder, are of another edition of the ledger than this program's."""

    code = Code("ledger.edition_differs")
    to_do = (
        "Run the version of the program that made it: nothing in it was changed. A new edition is a "
        "new deployment in a new folder."
    )


class NodeMissing(ChainError):
    """The program of an embedded chain is not installed; the message says the line that mends it."""

    code = Code("chain.node_missing")
    to_do = "Run the line that the detail says."


class NodeNotReady(ChainError):
    """An embedded chain was started and did not answer in time."""

    code = Code("chain.node_not_ready")
    to_do = "Look at the node's log in its folder, and start it again."


class AddressMalformed(ChainError, ValueError):
    """What should be an account or a contract is no address."""

    code = Code("address.malformed")
    to_do = "Copy the address whole: 0x and 40 hex digits."


class KeyRefused(ChainError):
    """A keystore could not be opened."""

    code = Code("keys.refused")
    to_do = "Name the keystore and its passphrase; keep the file as it is."


class ContractReverted(ChainError):
    """A contract refused; ``name`` and ``values`` are the typed error's own."""

    def __init__(self, name: str, values: Mapping[str, Any], raw: bytes = b"") -> None:
        self.name = name
        self.values = dict(values)
        self.raw = raw
        self.code = Code("contract." + snake_case(name))
        listed = ", ".join(f"{key}={_shown(value)}" for key, value in self.values.items())
        super().__init__(f"{name}({listed})")


def snake_case(name: str) -> str:
    """``HeadNotGrowing`` → ``head_not_growing``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _shown(value: Any) -> str:
    return to_hex(value) if isinstance(value, bytes) else str(value)


OUT_OF_GAS = fault(
    "chain.out_of_gas",
    "A transaction used all of its gas.",
    "Report it: the estimate was too low. It is asked again with a new estimate.",
)
NONCE_TAKEN = fault(
    "chain.nonce_taken",
    "The transaction's number was used by another transaction of the same account.",
    (
        "Find out who else holds the key. What was asked for was not done; it is asked again "
        "with a new number."
    ),
)
REVERTED = fault(
    "contract.reverted",
    "A transaction was reverted for a reason that has passed since.",
    "Ask again.",
)
CONSORTIUM_MALFORMED = fault(
    "chain.consortium_malformed",
    "The file of who holds which role can't be read, or is not of its form.",
    "Correct the file; nothing was deployed by it.",
)
