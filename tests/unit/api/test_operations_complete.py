"""Whoever works through the API alone can do all that the contracts of the asset side let a party do."""

from __future__ import annotations

import pytest

from counterfoil.api.nouns import OPERATIONS
from counterfoil.chain.abi.artifacts import abi_of

CONTRACTS = ("Receivables", "CreditLine", "WarehouseReceipts", "ProjectShare", "Settlement")
_GUARDIANS = "the guardian's, in an emergency, with its own key"
_COMMITTEES = "the committee's, by the votes of its members"
_SET_UP = "done once when the contracts are deployed"
_CONTRACTS_OWN = "only the settlement contract may call it"
NOT_OFFERED = {
    "pause": _GUARDIANS,
    "unpause": _COMMITTEES,
    "carry": _COMMITTEES,
    "setAuthority": _SET_UP,
    "setSettlement": _SET_UP,
    "transferBySettlement": _CONTRACTS_OWN,
}
ANOTHER_DOES_IT = {("Receivables", "withdraw")}
"""Left out for an operation that does this and more."""
"""Function → why no party needs it."""


def writes(contract: str) -> set[str]:
    """The functions of *contract* that change its state."""
    return {
        item["name"]
        for item in abi_of(contract)
        if item["type"] == "function" and item["stateMutability"] in ("nonpayable", "payable")
    }


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_write_of_a_contract_is_an_operation(contract: str) -> None:
    offered = {o.function for o in OPERATIONS.values() if o.contract == contract}
    done = {function for at, function in ANOTHER_DOES_IT if at == contract}
    assert writes(contract) - NOT_OFFERED.keys() - done == offered


def test_what_is_not_offered_is_a_write_that_there_is() -> None:
    known = set().union(*(writes(contract) for contract in CONTRACTS))
    assert NOT_OFFERED.keys() <= known


def test_names_and_paths_are_each_one_operations() -> None:
    assert len({o.path for o in OPERATIONS.values()}) == len(OPERATIONS)
    assert all(name == o.name for name, o in OPERATIONS.items())
