"""Deploys the contracts of one consortium, exactly once: it can be repeated, and killed at any point.

Rules that this module keeps:

- The deployment's file holds each creation's signed bytes and address before the creation is sent. A later run that
  finds them there goes on from them and does not deploy again.
- Roles are read before they are set. Repeated after it has finished, a deployment sends nothing.
- Once all is set, ADMIN goes to the committee with a delay; the deployer's account keeps no role that it is not given.
- Every contract is recorded on chain in the DeploymentRegistry.
- Where the file is gone, it is made again from the chain (``deployment_recovery``): nothing is deployed twice.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from counterfoil.chain.abi.artifacts import creation_code, selector_of
from counterfoil.chain.abi.enums import Role
from counterfoil.chain.address import Address
from counterfoil.chain.client import ChainClient
from counterfoil.chain.consortium import (
    FUNCTION_ROLES,
    PLEDGEES,
    SETTLED,
    TOKEN_LEDGERS,
    Consortium,
    constructors,
    role_holders,
)
from counterfoil.chain.deployment_file import EDITION, Deployment
from counterfoil.chain.deployment_recovery import code_hash, created_address, recovered
from counterfoil.chain.errors import DeploymentMismatch
from counterfoil.chain.hexadecimal import from_hex, to_hex
from counterfoil.chain.keys.signer import Signer
from counterfoil.chain.transaction import send_all, transact_all, unsigned
from counterfoil.logs import get_logger

log = get_logger("chain.deployment")

VERSION = f"0.1.0, edition {EDITION}"


def deploy(
    client: ChainClient,
    admin: Signer,
    consortium: Consortium,
    path: Path,
    progress: Callable[[str], None] = lambda _: None,
) -> Deployment:
    """Deploy the missing contracts and set the missing roles. Returns the whole deployment.

    *admin* is the AccessManager's ADMIN until all is set, and holds nothing afterwards: the contract
    Committee does. The file *path* keeps the deployment.

    Raises:
        EditionDiffers: *path* is of another edition of the ledger; nothing was sent.
        DeploymentMismatch: *path* belongs to another chain, or its contracts are not there.
        DeploymentLost: there is no *path*, and *admin* has created contracts that are no whole deployment.
        ContractReverted: a step was refused.
    """
    here = Deployment.read(path) if path.exists() else _anew(client, admin, consortium, path)
    _require_chain(client, here, path)
    progress("contracts")
    _create_missing(client, admin, here, consortium, path)
    if not here.block_hash:
        progress("the chain is known by its first contract's block from now on")
        here.block_hash = _first_hash(client, here)
        here.write(path)
    client.addresses.update({n: Address(a) for n, a in here.addresses.items()})
    calls = _missing_roles(client, consortium) + _missing_entries(client, here)
    progress(f"{len(calls)} roles and entries")
    is_admin, _ = client.call("ConsortiumAccess", "hasRole", Role.ADMIN, admin.address)
    if calls and not is_admin:
        raise DeploymentMismatch(
            f"{len(calls)} roles or entries differ from the consortium's, and ADMIN is the committee's: "
            "they take its motion"
        )
    transact_all(client, admin, calls)
    if is_admin:
        transact_all(client, admin, _hand_over(client, admin.address, consortium.admin_delay_s))
    return here


def _anew(client: ChainClient, admin: Signer, consortium: Consortium, path: Path) -> Deployment:
    """What *admin* has deployed already, whose file is gone; or the beginning of a new deployment."""
    names = [name for name, _ in constructors(admin.address, consortium)]
    found = recovered(client, admin.address, names=names, version=VERSION)
    if found is None:
        return Deployment(client.chain_id())
    log.warning("deployment_read_again", path=str(path), first_block=found.first_block)
    found.write(path)
    return found


def _require_chain(client: ChainClient, kept: Deployment, path: Path) -> None:
    """Raise DeploymentMismatch unless the node's chain is the one that *kept*, the deployment in *path*, stands on."""
    is_same = client.chain_id() == kept.chain_id
    if is_same and kept.block_hash:
        is_same = _first_hash(client, kept) == kept.block_hash
    elif is_same:
        is_same = all(
            code_hash(client, entry["address"]) == entry["code_hash"]
            for entry in kept.contracts.values()
            if "code_hash" in entry
        )
    if not is_same:
        raise DeploymentMismatch(
            f"{path} is the deployment of another chain than the node's: start the node of its chain, on that chain's "
            "own data, and keep both as they are"
        )


def _first_hash(client: ChainClient, deployment: Deployment) -> str:
    """The hash of the block of the first contract; empty where the chain has no such block."""
    block = client.block(deployment.first_block)
    return "" if block is None else to_hex(block.hash)


def _hand_over(client: ChainClient, admin: str, delay_s: int) -> list[tuple[str, bytes]]:
    """The calls that give ADMIN to the committee, with a delay, and leave the deployer nothing."""
    committee = client.address_of("Committee")
    calls = [
        client.encode("ConsortiumAccess", "grantRole", Role.ADMIN, committee, delay_s),
        client.encode("ConsortiumAccess", "renounceRole", Role.ADMIN, admin),
    ]
    return [(client.address_of("ConsortiumAccess"), data) for data in calls]


def _create_missing(
    client: ChainClient, admin: Signer, here: Deployment, consortium: Consortium, path: Path
) -> None:
    """Create the contracts that are missing. The file has all signed bytes before the first is sent."""
    nonce = client.nonce(admin.address, "pending")
    for name, arguments in constructors(admin.address, consortium):
        if name in here.contracts:
            continue
        data = client.encode_constructor(
            name, creation_code(name, here.addresses), *arguments(here.addresses)
        )
        raw = admin.sign_transaction(
            unsigned(client, sender=admin.address, to=None, data=data, nonce=nonce)
        )
        here.contracts[name] = {
            "address": created_address(admin.address, nonce),
            "raw": to_hex(raw),
        }
        nonce += 1
    here.write(path)
    sent = {n: from_hex(e["raw"]) for n, e in here.contracts.items() if "raw" in e}
    for name, receipt in zip(sent, send_all(client, list(sent.values())), strict=True):
        address = here.contracts[name]["address"]
        here.contracts[name] = {
            "address": address,
            "code_hash": code_hash(client, address),
            "block": int(receipt["blockNumber"], 16),
        }
    here.write(path)
    for name, entry in here.contracts.items():
        if code_hash(client, entry["address"]) != entry["code_hash"]:
            raise DeploymentMismatch(f"{name} is not at {entry['address']} on this chain")


def _missing_roles(client: ChainClient, consortium: Consortium) -> list[tuple[str, bytes]]:
    """The calls that set the missing roles of functions and the missing holders of roles."""
    access = client.address_of("ConsortiumAccess")
    calls: list[tuple[str, bytes]] = []

    def add(function: str, *arguments: Any) -> None:
        calls.append((access, client.encode("ConsortiumAccess", function, *arguments)))

    for contract, by_role in FUNCTION_ROLES.items():
        target = client.address_of(contract)
        for role, names in by_role.items():
            selectors = [selector_of(contract, name) for name in names]
            missing = [
                selector
                for selector in selectors
                if client.call("ConsortiumAccess", "getTargetFunctionRole", target, selector)
                != role
            ]
            if missing:
                add("setTargetFunctionRole", target, missing, role)
    for role, account in role_holders(
        consortium, client.address_of("OracleQuorum"), client.address_of("Committee")
    ):
        is_member, _ = client.call("ConsortiumAccess", "hasRole", role, account)
        if not is_member:
            add("grantRole", role, account, 0)
    return calls + _missing_links(client, consortium)


def _missing_links(client: ChainClient, consortium: Consortium) -> list[tuple[str, bytes]]:
    """The calls that tell a contract the missing addresses of others."""
    token, settlement = client.address_of("DepositToken"), client.address_of("Settlement")
    calls: list[tuple[str, bytes]] = []
    registry = "ParticipantRegistry"
    currency = consortium.currency.encode()
    if client.call(registry, "currencyOf", token) != currency:
        data = client.encode(registry, "admitToken", token, currency, consortium.bank)
        calls.append((client.address_of(registry), data))
    calls += [
        (client.address_of(registry), client.encode(registry, "addPledgee", pledgee))
        for pledgee in map(client.address_of, PLEDGEES)
        if not client.call(registry, "isPledgee", pledgee)
    ]
    if int(client.call("DepositToken", "split"), 16) == 0:
        split = client.address_of("RevenueSplit")
        calls.append((token, client.encode("DepositToken", "setSplit", split)))
    calls += [
        (token, client.encode("DepositToken", "addLedger", ledger))
        for ledger in map(client.address_of, TOKEN_LEDGERS)
        if not client.call("DepositToken", "isLedger", ledger)
    ]
    calls += [
        (client.address_of(name), client.encode(name, "setSettlement", settlement))
        for name in SETTLED
        if int(client.call(name, "settlement"), 16) == 0
    ]
    return calls


def _missing_entries(client: ChainClient, here: Deployment) -> list[tuple[str, bytes]]:
    """The calls that record the contracts that the chain's registry does not have."""
    calls: list[tuple[str, bytes]] = []
    for name in here.contracts:
        label = name.encode().ljust(32, b"\0")
        history = client.call("DeploymentRegistry", "history", label)
        version = VERSION.encode().ljust(32, b"\0")
        newest = (history[-1]["account"], history[-1]["version"]) if history else None
        if newest == (client.address_of(name), version):
            continue
        data = client.encode(
            "DeploymentRegistry", "record", label, client.address_of(name), version
        )
        calls.append((client.address_of("DeploymentRegistry"), data))
    return calls
