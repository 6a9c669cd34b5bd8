"""The shipped deployment, asked role by role: who can do what alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from support_chain import ROLES, ChainWorld, consortium_of, running_node, signer_of

from counterfoil.chain.abi.artifacts import abi_of, selector_of
from counterfoil.chain.abi.enums import Role
from counterfoil.chain.client import ChainClient
from counterfoil.chain.consortium import FUNCTION_ROLES
from counterfoil.chain.deployment import deploy
from counterfoil.chain.errors import ContractReverted
from counterfoil.chain.keys.signer import LocalSigner
from counterfoil.chain.transaction import transact

MEMBERS = (8, 9)
"""The node's accounts that are members of the committee beside its first."""
ALONE: dict[str, frozenset[Role]] = {
    "admin": frozenset(),
    "registrar": frozenset({Role.REGISTRAR}),
    "oracle": frozenset({Role.ORACLE, Role.CALENDAR}),
    "bank": frozenset({Role.BANK}),
    "supervisor": frozenset({Role.SUPERVISOR}),
    "committee": frozenset(),
    "guardian": frozenset({Role.GUARDIAN}),
    "operator": frozenset(),
}
"""By account, the roles that it holds and may use without anybody else; docs/roles.md says what each can do."""


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChainWorld]:
    folder = tmp_path_factory.mktemp("shipped")
    with running_node("anvil", folder / "node") as node:
        members = [node.account(number).address for number in MEMBERS]
        consortium = replace(consortium_of(node), members=members)
        path = folder / "deployment.json"
        deploy(ChainClient(node.rpc_url), signer_of(node, "admin"), consortium, path)
        yield ChainWorld.made_in(folder, node)


def accounts(world: ChainWorld) -> dict[str, tuple[str, frozenset[Role]]]:
    found = {name: (world.signer(name).address, ALONE[name]) for name in ROLES}
    for number in MEMBERS:
        found[f"member {number}"] = (world.node.account(number).address, frozenset())
    return found


def test_no_account_holds_more_than_its_role(shipped: ChainWorld) -> None:
    for name, (account, wanted) in accounts(shipped).items():
        held = {
            role
            for role in Role
            if shipped.client.call("ConsortiumAccess", "hasRole", role, account)[0]
        }
        assert held == wanted, name


def test_the_committee_holds_its_role_and_admin_with_a_delay(shipped: ChainWorld) -> None:
    committee = shipped.client.address_of("Committee")
    call = shipped.client.call
    assert call("ConsortiumAccess", "hasRole", Role.COMMITTEE, committee) == (True, 0)
    assert call("ConsortiumAccess", "hasRole", Role.ADMIN, committee) == (True, 172_800)
    assert call("Committee", "threshold") == 2
    assert len(call("Committee", "members")) == 3


def test_each_function_is_open_to_the_accounts_of_its_role_and_to_no_other(
    shipped: ChainWorld,
) -> None:
    """Every function that changes something, of every contract; what has no role in the table is ADMIN's."""
    asked = 0
    for contract in shipped.deployment.contracts:
        target = shipped.client.address_of(contract)
        roles = {
            function: role
            for role, functions in FUNCTION_ROLES.get(contract, {}).items()
            for function in functions
        }
        for item in abi_of(contract):
            if item["type"] != "function" or item["stateMutability"] in ("view", "pure"):
                continue
            selector = selector_of(contract, item["name"])
            role = roles.get(item["name"], Role.ADMIN)
            for name, (account, holds) in accounts(shipped).items():
                may, _ = shipped.client.call(
                    "ConsortiumAccess", "canCall", account, target, selector
                )
                assert may == (role in holds), (contract, item["name"], name)
                asked += 1
    assert asked > 500


@pytest.mark.parametrize(
    ("contract", "function", "arguments"),
    [
        ("RecordAnchor", "setQuorum", (["0x" + "ee" * 20], 1)),
        ("DepositToken", "unpause", ()),
        ("DepositToken", "addLedger", ("0x" + "ee" * 20,)),
        ("ParticipantRegistry", "admitToken", ("0x" + "ee" * 20, b"CNY", "0x" + "ee" * 20)),
        ("ParticipantRegistry", "addPledgee", ("0x" + "ee" * 20,)),
        ("ConsortiumAccess", "grantRole", (Role.ORACLE, "0x" + "ee" * 20, 0)),
        ("ParticipantRegistry", "setRules", ("0x" + "ee" * 20,)),
        ("CreditLine", "carry", (1, 0, 1)),
        ("BusinessCalendar", "jump", (0, 20260101)),
        ("Committee", "setMembers", (["0x" + "ee" * 20], 1)),
    ],
)
def test_no_account_does_alone_what_is_the_committees(
    shipped: ChainWorld, contract: str, function: str, arguments: tuple[Any, ...]
) -> None:
    data = shipped.client.encode(contract, function, *arguments)
    target = shipped.client.address_of(contract)
    signers = [shipped.node.account(n) for n in (*range(len(ROLES)), *MEMBERS)]
    for account in signers:
        with pytest.raises(ContractReverted):
            transact(shipped.client, LocalSigner(account), target, data)


def test_a_second_run_sends_nothing_and_needs_no_admin(shipped: ChainWorld) -> None:
    admin = shipped.signer("admin")
    before = shipped.client.nonce(admin.address)
    members = [shipped.node.account(number).address for number in MEMBERS]
    consortium = replace(consortium_of(shipped.node), members=members)  # type: ignore[arg-type]
    deploy(shipped.client, admin, consortium, shipped.path)
    assert shipped.client.nonce(admin.address) == before
