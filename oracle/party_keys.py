"""Writes of participants whose keys this process keeps: the embedded default, where nobody signs elsewhere.

Rules that this module keeps:

- A call is sent with its party's own key, or, where anybody may make it, with the oracle's if that key is not kept.
- What the oracle sends for others is only what ``ANYONE`` lists: none of it needs a role.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlmodel import Session

from counterfoil.chain.artifacts import selector_of
from counterfoil.chain.client import ChainClient
from counterfoil.chain.keys import LocalSigner, open_keystore
from counterfoil.chain.sender import enqueue
from counterfoil.oracle.errors import InputMalformed, OracleError

ANYONE = frozenset(
    {
        *(("Receivables", name) for name in ("confirmBySignature", "poke", "withdraw")),
        *(("CreditLine", name) for name in ("poke", "sweep", "collect")),
        *(("ProjectShare", name) for name in ("receiveIncome", "withdraw")),
        ("WarehouseReceipts", "callTopUp"),
        ("DepositToken", "permit"),
    }
)
"""Calls that anybody may make: they give nobody anything that was not theirs."""


class KeyNotHeld(OracleError):
    """The party's key is not kept here: it signs the unsigned transaction where the key is."""

    code = "key_not_held"


def open_party_keys(folder: Path | None, passphrase: str) -> dict[str, LocalSigner]:
    """The signers of all keystores (``*.json``) in *folder*, by their accounts.

    Raises:
        KeyRefused: one does not open with *passphrase*.
    """
    if folder is None:
        return {}
    signers = [open_keystore(path, passphrase) for path in sorted(folder.glob("*.json"))]
    return {signer.address: signer for signer in signers}


class PartyWrites:
    """Asks for the transactions and signatures of parties; the senders of their accounts do the rest."""

    def __init__(
        self, client: ChainClient, keys: Mapping[str, LocalSigner], oracle: str = ""
    ) -> None:
        self._client = client
        self._keys = keys
        self._oracle = oracle

    def transact(self, session: Session, key: str, payload: Mapping[str, Any]) -> int:
        """The row of the transaction that *payload* {account, contract, function, data} asks for.

        Raises:
            KeyNotHeld: nobody here may sign it.
            InputMalformed: it is no call of that function.
        """
        contract, function = str(payload["contract"]), str(payload["function"])
        data = bytes.fromhex(str(payload["data"]).removeprefix("0x"))
        if contract not in self._client.addresses or data[:4] != selector_of(contract, function):
            raise InputMalformed(f"no call of {contract}.{function}")
        account = str(payload["account"])
        if account not in self._keys:
            if not self._oracle or (contract, function) not in ANYONE:
                raise KeyNotHeld(f"the key of {account} is not kept here")
            account = self._oracle
        return enqueue(session, account, key, self._client.address_of(contract), data)

    def sign(self, payload: Mapping[str, Any]) -> str:
        """The signature (hex) of *payload*'s account over its digest.

        Raises:
            KeyNotHeld: that key is not kept here.
        """
        account = str(payload["account"])
        if account not in self._keys:
            raise KeyNotHeld(f"the key of {account} is not kept here")
        digest = bytes.fromhex(str(payload["digest"]).removeprefix("0x"))
        return "0x" + self._keys[account].sign_digest(digest).hex()


def lanes(keys: Mapping[str, LocalSigner], others: Sequence[str]) -> list[LocalSigner]:
    """The signers that need a sender of their own: *others* have theirs."""
    return [signer for account, signer in keys.items() if account not in others]
