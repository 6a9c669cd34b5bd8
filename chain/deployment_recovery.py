"""A deployment whose file is gone, read again from the chain: a second one must never happen by itself.

Rules kept here:

- A contract's address follows from its creator and the creator's nonce. The contracts of a consortium are created one
  after the other, so the first one's nonce says where all are; each must have code, and the chain's
  DeploymentRegistry must name the same addresses as far as it names any.
- Where the deployer's account has created contracts that are not a whole deployment of this program's edition, nothing
  is guessed, and nothing is deployed.
"""

from __future__ import annotations

from collections.abc import Sequence

import rlp
from eth_utils.crypto import keccak

from counterfoil.chain.address import Address
from counterfoil.chain.client import ChainClient
from counterfoil.chain.deployment_file import Deployment
from counterfoil.chain.errors import ChainError, DeploymentLost
from counterfoil.chain.event_ranges import events_between
from counterfoil.chain.hexadecimal import from_hex, to_hex

_MOST = 10_000
"""Transactions of the deployer's that are looked through."""
_AT_ONCE = 500


def created_address(sender: Address, nonce: int) -> Address:
    """Return where *sender*'s transaction *nonce* creates its contract."""
    encoded = rlp.encode([sender.raw, nonce])
    return Address(keccak(encoded)[12:])


def code_hash(client: ChainClient, address: str) -> str:
    """Return the hash of the code at *address*."""
    return to_hex(keccak(from_hex(client.rpc("eth_getCode", address, "latest"))))


def recovered(
    client: ChainClient, admin: Address, names: Sequence[str], version: str
) -> Deployment | None:
    """Return the deployment of *names*, in the order of their creation, that *admin* made on the client's chain.

    None where it has created no contract there. *client* knows the addresses afterwards.

    Raises:
        DeploymentLost: it has created others, or fewer, or contracts of another version.
    """
    nonces = _creations(client, admin)
    if not nonces:
        return None
    at = {name: created_address(admin, nonces[0] + place) for place, name in enumerate(names)}
    if nonces[: len(names)] != list(range(nonces[0], nonces[0] + len(names))):
        raise DeploymentLost(
            f"{admin} has created contracts on chain {client.chain_id()}, and they are not one whole deployment"
        )
    client.addresses.update(at)
    _check_registry(client, at, version)
    first = _first_block(client)
    return Deployment(
        client.chain_id(),
        {
            name: {"address": address, "code_hash": code_hash(client, address), "block": first}
            for name, address in at.items()
        },
    )


def _creations(client: ChainClient, admin: Address) -> list[int]:
    """The nonces with which *admin* has created contracts, ascending."""
    found: list[int] = []
    sent = min(client.nonce(admin, "latest"), _MOST)
    for start in range(0, sent, _AT_ONCE):
        nonces = range(start, min(sent, start + _AT_ONCE))
        asked = [("eth_getCode", [created_address(admin, n), "latest"]) for n in nonces]
        answers = client.rpc_batch(asked)
        found += [n for n, one in zip(nonces, answers, strict=True) if one.unwrap() != "0x"]
    return found


def _check_registry(client: ChainClient, at: dict[str, Address], version: str) -> None:
    """Raise DeploymentLost unless the chain's registry names these contracts, as far as it names any."""
    for name, address in at.items():
        try:
            history = client.call("DeploymentRegistry", "history", name.encode().ljust(32, b"\0"))
        except ChainError as error:
            raise DeploymentLost(f"{at['DeploymentRegistry']} is no registry: {error}") from error
        if not history:
            continue
        newest = history[-1]
        if newest["account"] != address or newest["version"].rstrip(b"\0") != version.encode():
            raise DeploymentLost(
                f"the chain's registry has {name} at {newest['account']}, "
                f"{newest['version'].rstrip(bytes(1)).decode(errors='replace')}, not {version} at {address}"
            )


def _first_block(client: ChainClient) -> int:
    """The block of the first contract: it says who holds ADMIN when it is created."""
    last = client.latest().number
    events = events_between(client, ["ConsortiumAccess"], first=0, last=last)
    if not events:
        raise DeploymentLost("the first contract has no event: the node does not answer for it")
    return events[0].block_number
