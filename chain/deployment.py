"""The contracts of one consortium, deployed once, however often this is run and wherever it is killed.

Rules that this module keeps:

- Before a creation is sent, its signed bytes and the address that it gives are in the deployment's file; a run that
  finds them there goes on from them instead of deploying again.
- Roles are read before they are set. A run over a finished deployment sends nothing.
- Every contract is recorded on chain in the DeploymentRegistry.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import rlp
from eth_utils.crypto import keccak

from counterfoil.chain.abi.artifacts import artifact, selector_of
from counterfoil.chain.address import Address
from counterfoil.chain.client import ChainClient
from counterfoil.chain.consortium import (
    FUNCTION_ROLES,
    SETTLED,
    TOKEN_LEDGERS,
    Consortium,
    constructors,
    role_holders,
)
from counterfoil.chain.deployment_file import Deployment
from counterfoil.chain.errors import DeploymentMismatch
from counterfoil.chain.hexadecimal import from_hex, to_hex
from counterfoil.chain.keys.signer import Signer
from counterfoil.chain.transaction import send_all, transact_all, unsigned

VERSION = "0.1.0"


def deploy(
    client: ChainClient,
    admin: Signer,
    consortium: Consortium,
    path: Path,
    progress: Callable[[str], None] = lambda _: None,
) -> Deployment:
    """Deploy what is missing of the contracts and their roles, and answer the whole.

    *admin* becomes the AccessManager's ADMIN. The deployment is kept in *path*.

    Raises:
        DeploymentMismatch: *path* belongs to another chain, or its contracts are not there.
        ContractReverted: a step was refused.
    """
    genesis = client.block(0)
    here = Deployment(client.chain_id(), to_hex(genesis.hash if genesis else b""))
    if path.exists():
        kept = Deployment.read(path)
        if (kept.chain_id, kept.genesis) != (here.chain_id, here.genesis):
            raise DeploymentMismatch(
                f"{path} is the deployment of another chain: move it away to deploy anew"
            )
        here = kept
    progress("contracts")
    _create_missing(client, admin, here, consortium, path)
    client.addresses.update({n: Address(a) for n, a in here.addresses.items()})
    calls = _missing_roles(client, consortium) + _missing_entries(client, here)
    progress(f"{len(calls)} roles and entries")
    transact_all(client, admin, calls)
    return here


def _create_missing(
    client: ChainClient, admin: Signer, here: Deployment, consortium: Consortium, path: Path
) -> None:
    """Create what has no code yet: all signed bytes are in the file before the first is sent."""
    nonce = client.nonce(admin.address, "pending")
    for name, arguments in constructors(admin.address, consortium):
        if name in here.contracts:
            continue
        data = client.encode_constructor(
            name, artifact(name)["bytecode"], *arguments(here.addresses)
        )
        raw = admin.sign_transaction(
            unsigned(client, sender=admin.address, to=None, data=data, nonce=nonce)
        )
        here.contracts[name] = {
            "address": _created_address(admin.address, nonce),
            "raw": to_hex(raw),
        }
        nonce += 1
    here.write(path)
    sent = {n: from_hex(e["raw"]) for n, e in here.contracts.items() if "raw" in e}
    for name, receipt in zip(sent, send_all(client, list(sent.values())), strict=True):
        address = here.contracts[name]["address"]
        here.contracts[name] = {
            "address": address,
            "code_hash": _code_hash(client, address),
            "block": int(receipt["blockNumber"], 16),
        }
    here.write(path)
    for name, entry in here.contracts.items():
        if _code_hash(client, entry["address"]) != entry["code_hash"]:
            raise DeploymentMismatch(f"{name} is not at {entry['address']} on this chain")


def _code_hash(client: ChainClient, address: str) -> str:
    return to_hex(keccak(from_hex(client.rpc("eth_getCode", address, "latest"))))


def _missing_roles(client: ChainClient, consortium: Consortium) -> list[tuple[str, bytes]]:
    """The calls that give each function its role and each role its holder, as far as they are not set."""
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
    for role, account in role_holders(consortium, client.address_of("OracleQuorum")):
        is_member, _ = client.call("ConsortiumAccess", "hasRole", role, account)
        if not is_member:
            add("grantRole", role, account, 0)
    return calls + _missing_links(client)


def _missing_links(client: ChainClient) -> list[tuple[str, bytes]]:
    """The calls that tell the contracts of each other, as far as they don't know."""
    token, settlement = client.address_of("DepositToken"), client.address_of("Settlement")
    calls: list[tuple[str, bytes]] = []
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
    """The calls that record each contract on chain, as far as it is not recorded."""
    calls: list[tuple[str, bytes]] = []
    for name in here.contracts:
        label = name.encode().ljust(32, b"\0")
        history = client.call("DeploymentRegistry", "history", label)
        if history and history[-1]["account"] == client.address_of(name):
            continue
        version = VERSION.encode().ljust(32, b"\0")
        data = client.encode(
            "DeploymentRegistry", "record", label, client.address_of(name), version
        )
        calls.append((client.address_of("DeploymentRegistry"), data))
    return calls


def _created_address(sender: Address, nonce: int) -> Address:
    encoded = rlp.encode([sender.raw, nonce])
    return Address(keccak(encoded)[12:])
