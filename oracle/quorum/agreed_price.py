"""A price of goods that the quorum's banks agree on: one file that goes from bank to bank.

No record proves a price, so no node signs one by itself. People at each bank read it and sign it with their oracle
node's key. Rules that this module keeps:

- The file holds fields (goods, price, date, deadline) and signatures. The signed call is made from the fields.
- The date is part of the call: a price is posted as the price of its own day, whenever that is done.
- The call ends at the deadline, and before that when the quorum has signed that it is taken back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from hashlib import sha256
from pathlib import Path

from counterfoil.chain.client import ChainClient
from counterfoil.chain.keys.signer import Signer
from counterfoil.chain.proof.signature import recover
from counterfoil.gateway.record.identity import on_chain_id
from counterfoil.given_file import GivenFileError, read_text_file
from counterfoil.oracle.errors import PriceFileError
from counterfoil.oracle.rules.judging.digest import call_digest, revocation_digest

_MOST = 2**63 - 1


@dataclass(frozen=True)
class AgreedPrice:
    """What a unit of *goods* is worth on *date* (YYYYMMDD), in minor units; ``signatures`` by signer's address.

    It can be posted until *deadline*, seconds of chain time. ``revocations`` are signatures that take it back.
    """

    goods: str
    price_minor: int
    date: int
    deadline: int
    chain_id: int
    signatures: dict[str, str] = field(default_factory=dict)
    revocations: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise ``PriceFileError`` unless every field is what it says."""
        words = isinstance(self.goods, str) and 0 < len(self.goods.strip()) <= 200
        numbers = [self.price_minor, self.date, self.deadline, self.chain_id]
        if not words or any(type(number) is not int for number in numbers):
            raise PriceFileError("goods are words; price, date, deadline, chain are whole numbers")
        if not 0 < self.price_minor <= _MOST:
            raise PriceFileError(f"the price is from 1 to {_MOST}")
        if not 0 < self.deadline <= _MOST:
            raise PriceFileError("the deadline is in seconds of chain time")
        try:
            date(self.date // 10_000, self.date // 100 % 100, self.date % 100)
            found = (*self.signatures.values(), *self.revocations.values())
            signed = [bytes.fromhex(signature) for signature in found]
        except (ValueError, TypeError, AttributeError) as malformed:
            raise PriceFileError(f"a date is YYYYMMDD, a signature hex: {malformed}") from malformed
        if any(len(signature) != 65 for signature in signed):
            raise PriceFileError("a signature has 65 bytes")

    @property
    def label(self) -> bytes:
        """The call's label: 32 bytes."""
        return sha256(f"price\n{self.goods}\n{self.price_minor}\n{self.date}".encode()).digest()

    def data(self, client: ChainClient) -> bytes:
        """The call data of ``postPrice``."""
        return client.encode(
            "WarehouseReceipts", "postPrice", on_chain_id(self.goods), self.price_minor, self.date
        )

    def digest(self, client: ChainClient) -> bytes:
        """The digest that each signer signs (32 bytes)."""
        to, calls = client.address_of("WarehouseReceipts"), client.address_of("OracleQuorum")
        return call_digest(
            target=to,
            data=self.data(client),
            label=self.label,
            deadline=self.deadline,
            chain_id=self.chain_id,
            contract=calls,
        )

    def revocation(self, client: ChainClient) -> bytes:
        """The digest that each signer signs to take the call back (32 bytes)."""
        return revocation_digest(
            self.digest(client), self.chain_id, contract=client.address_of("OracleQuorum")
        )

    def signed_by(self, client: ChainClient, signer: Signer) -> AgreedPrice:
        """This price with *signer*'s signature added.

        Raises:
            PriceFileError: the price is for another chain.
        """
        self._require_chain(client)
        signature = signer.sign_digest(self.digest(client)).hex()
        return replace(self, signatures={**self.signatures, signer.address: signature})

    def taken_back_by(self, client: ChainClient, signer: Signer) -> AgreedPrice:
        """This price with *signer*'s signature that takes it back.

        Raises:
            PriceFileError: the price is for another chain.
        """
        self._require_chain(client)
        signature = signer.sign_digest(self.revocation(client)).hex()
        return replace(self, revocations={**self.revocations, signer.address: signature})

    def true_signatures(self, client: ChainClient, signers: Sequence[str]) -> dict[str, bytes]:
        """The valid signatures of *signers* over this call, by address, ascending.

        Raises:
            PriceFileError: a signature is not its signer's over this call.
        """
        return _true(self.digest(client), self.signatures, signers)

    def true_revocations(self, client: ChainClient, signers: Sequence[str]) -> dict[str, bytes]:
        """The valid signatures of *signers* that take it back, by address, ascending.

        Raises:
            PriceFileError: a signature is not its signer's.
        """
        return _true(self.revocation(client), self.revocations, signers)

    def _require_chain(self, client: ChainClient) -> None:
        if client.chain_id() != self.chain_id:
            raise PriceFileError(f"it is for chain {self.chain_id}, the node is of another one")

    def write(self, path: Path) -> None:
        """Write the price to *path* in one step: a crash leaves the old file or the new one."""
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_text(json.dumps(asdict(self), indent=1) + "\n")
        fresh.replace(path)

    @classmethod
    def read(cls, path: Path) -> AgreedPrice:
        """The price in the file at *path*.

        Raises:
            PriceFileError: the file is missing or holds no price.
        """
        try:
            return cls(**json.loads(read_text_file(path)))
        except GivenFileError as missing:
            raise PriceFileError(str(missing)) from missing
        except (ValueError, TypeError) as malformed:
            raise PriceFileError(f"{path} is no price file: {malformed}") from malformed


def _true(digest: bytes, signatures: Mapping[str, str], signers: Sequence[str]) -> dict[str, bytes]:
    """Those of *signatures* that are of *signers* over *digest*, by address, ascending."""
    found: dict[str, bytes] = {}
    for address, text in signatures.items():
        signer = recover(digest, bytes.fromhex(text))
        if signer is None or signer != address:
            raise PriceFileError(f"the signature of {address} is over something else")
        if signer in signers:
            found[signer] = bytes.fromhex(text)
    return dict(sorted(found.items(), key=lambda entry: int(entry[0], 16)))
