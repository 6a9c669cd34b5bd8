"""Lets accounts transact or deploy, by the lists that the chain itself keeps.

subnet-evm keeps the lists in contracts at fixed addresses; a member's own account may change them. An admitted account
also gets wei: at a base fee of 1 wei, it never runs out. A chain without such lists needs only the wei.
"""

from __future__ import annotations

from collections.abc import Sequence

from eth_utils.crypto import keccak

from counterfoil.chain.address import Address
from counterfoil.chain.client import ChainClient
from counterfoil.chain.hexadecimal import NO_BYTES, to_hex
from counterfoil.chain.keys.signer import Signer
from counterfoil.chain.transaction import fees, send_all

TRANSACTORS = Address("0x0200000000000000000000000000000000000002")
DEPLOYERS = Address("0x0200000000000000000000000000000000000000")
_READ, _ENABLE = keccak(b"readAllowList(address)")[:4], keccak(b"setEnabled(address)")[:4]
_NO_ROLE = 0
_WEI = 10**24
_CALL_GAS, _TRANSFER_GAS = 200_000, 21_000


def admit(
    client: ChainClient, member: Signer, accounts: Sequence[str], deploying: bool = False
) -> int:
    """Let *accounts* transact (and deploy), and give them wei. Returns the number of transactions sent.

    Raises:
        ChainError: *member* may not admit them, or the node refused a transaction.
    """
    calls: list[tuple[str, bytes, int, int]] = []
    for account in accounts:
        word = bytes(12) + Address(account).raw
        for allow_list in (TRANSACTORS, DEPLOYERS) if deploying else (TRANSACTORS,):
            role = _role(client, allow_list, word)
            if role == _NO_ROLE:
                calls.append((allow_list, _ENABLE + word, 0, _CALL_GAS))
        if int(client.rpc("eth_getBalance", account, "latest"), 16) < _WEI:
            calls.append((account, b"", _WEI, _TRANSFER_GAS))
    if not calls:
        return 0
    nonce = client.nonce(member.address, "pending")
    shared = {"chainId": client.chain_id(), "type": 2, **fees(client)}
    raws = [
        member.sign_transaction(
            {
                **shared,
                "nonce": nonce + i,
                "to": to,
                "value": value,
                "gas": gas,
                "data": to_hex(data),
            }
        )
        for i, (to, data, value, gas) in enumerate(calls)
    ]
    return len(send_all(client, raws))


def may_transact(client: ChainClient, account: str) -> bool:
    """Whether the chain takes *account*'s transactions; True where the chain has no list."""
    return _role(client, TRANSACTORS, bytes(12) + Address(account).raw) != _NO_ROLE


def _role(client: ChainClient, allow_list: str, word: bytes) -> int | None:
    """The account's role in the list; None where the chain has no list."""
    data = to_hex(_READ + word)
    role = client.rpc("eth_call", {"to": allow_list, "data": data}, "latest")
    return None if role == NO_BYTES else int(role, 16)
