"""A price of goods that the quorum's banks agree on: one file that goes from bank to bank.

No record proves a price, so no node signs one by itself. People at each bank read it and sign it with their oracle
node's key. Rules that this module keeps:

- The file holds fields (goods, price, date) and signatures. The signed call is made from the fields each time.
- The date is part of the label. So the same price can be posted on another day, and once a day.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path

from counterfoil.chain.client import ChainClient
from counterfoil.chain.keys.signer import Signer
from counterfoil.chain.proof.signature import recover
from counterfoil.gateway.record.identity import on_chain_id
from counterfoil.oracle.errors import PriceFileError
from counterfoil.oracle.rules.judging.digest import call_digest

_MOST = 2**63 - 1


@dataclass(frozen=True)
class AgreedPrice:
    """What a unit of *goods* is worth on *date* (YYYYMMDD), in minor units; ``signatures`` by signer's address."""

    goods: str
    price_minor: int
    date: int
    chain_id: int
    signatures: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise ``PriceFileError`` unless every field is what it says."""
        words = isinstance(self.goods, str) and 0 < len(self.goods.strip()) <= 200
        numbers = [self.price_minor, self.date, self.chain_id]
        if not words or any(type(number) is not int for number in numbers):
            raise PriceFileError("goods are words; price, date and chain are whole numbers")
        if not 0 < self.price_minor <= _MOST:
            raise PriceFileError(f"the price is from 1 to {_MOST}")
        try:
            date(self.date // 10_000, self.date // 100 % 100, self.date % 100)
            signed = {a: bytes.fromhex(s) for a, s in self.signatures.items()}
        except (ValueError, TypeError, AttributeError) as malformed:
            raise PriceFileError(f"a date is YYYYMMDD, a signature hex: {malformed}") from malformed
        if any(len(signature) != 65 for signature in signed.values()):
            raise PriceFileError("a signature has 65 bytes")

    @property
    def label(self) -> bytes:
        """The call's label: 32 bytes."""
        return sha256(f"price\n{self.goods}\n{self.price_minor}\n{self.date}".encode()).digest()

    def data(self, client: ChainClient) -> bytes:
        """The call data of ``postPrice``."""
        return client.encode(
            "WarehouseReceipts", "postPrice", on_chain_id(self.goods), self.price_minor
        )

    def digest(self, client: ChainClient) -> bytes:
        """The digest that each signer signs (32 bytes)."""
        to, calls = client.address_of("WarehouseReceipts"), client.address_of("OracleQuorum")
        return call_digest(
            target=to,
            data=self.data(client),
            label=self.label,
            chain_id=self.chain_id,
            contract=calls,
        )

    def signed_by(self, client: ChainClient, signer: Signer) -> AgreedPrice:
        """This price with *signer*'s signature added.

        Raises:
            PriceFileError: the price is for another chain.
        """
        if client.chain_id() != self.chain_id:
            raise PriceFileError(f"it is for chain {self.chain_id}, the node is of another one")
        signature = signer.sign_digest(self.digest(client)).hex()
        mine = {**self.signatures, signer.address: signature}
        return AgreedPrice(
            self.goods, self.price_minor, self.date, chain_id=self.chain_id, signatures=mine
        )

    def true_signatures(self, client: ChainClient, signers: Sequence[str]) -> dict[str, bytes]:
        """The valid signatures of *signers* over this call, by address, ascending.

        Raises:
            PriceFileError: a signature is not its signer's over this call.
        """
        digest = self.digest(client)
        found: dict[str, bytes] = {}
        for address, text in self.signatures.items():
            signer = recover(digest, bytes.fromhex(text))
            if signer is None or signer != address:
                raise PriceFileError(f"the signature of {address} is over something else")
            if signer in signers:
                found[signer] = bytes.fromhex(text)
        return dict(sorted(found.items(), key=lambda entry: int(entry[0], 16)))

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
            return cls(**json.loads(path.read_text()))
        except OSError as missing:
            raise PriceFileError(f"{path} can't be read: {missing.strerror}") from missing
        except (ValueError, TypeError) as malformed:
            raise PriceFileError(f"{path} is no price file: {malformed}") from malformed
