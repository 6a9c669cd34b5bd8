"""The shipped bytecode in an EVM inside this process: thousands of calls a second, no blocks and no signatures."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any

import pyrevm
from eth_abi import decode, encode
from eth_account import Account
from eth_utils import function_abi_to_4byte_selector, to_checksum_address

from counterfoil.chain.abi.artifacts import abi_of, creation_code
from counterfoil.chain.abi.decoding import type_of
from counterfoil.chain.abi.enums import Role
from counterfoil.chain.abi.reverts import decode_revert
from counterfoil.chain.errors import ContractReverted

ADMIN = to_checksum_address("0x" + "ad" * 20)
"""Holds every role, and is the bank."""
SIGNER = Account.from_key(b"\7" * 32)
_ROLES = (
    ("ParticipantRegistry", Role.REGISTRAR, ("admit", "certify")),
    ("ParticipantRegistry", Role.SUPERVISOR, ("freeze", "unfreeze")),
    ("RevenueSplit", Role.REGISTRAR, ("openProject", "setTerms")),
    ("RevenueSplit", Role.ORACLE, ("distribute",)),
    ("RevenueSplit", Role.GUARDIAN, ("pause", "unpause")),
    ("DepositToken", Role.SUPERVISOR, ("openCollection",)),
)

NOW_S = 1_800_000_000
"""The chain's time: in January 2027, after the days on which the models sell."""


class Evm:
    """The contracts of a small consortium; calls answer decoded values and raise ContractReverted."""

    def __init__(self) -> None:
        self._evm = pyrevm.EVM(spec_id="MERGE")
        self._evm.set_block_env(pyrevm.BlockEnv(timestamp=NOW_S))
        self.at: dict[str, str] = {}
        self.gas_used = 0
        self.deploy("ConsortiumAccess", ADMIN)
        access = self.at["ConsortiumAccess"]
        self.deploy("ParticipantRegistry", access)
        self.deploy("RecordAnchor", access, [SIGNER.address], 1)
        self.deploy(
            "DepositToken",
            access,
            self.at["ParticipantRegistry"],
            ADMIN,
            "Bank CNY",
            "dCNY",
            "CNY",
            2,
        )
        self.deploy("SplitTerms")
        self.deploy("RevenueSplit", access, self.at["ParticipantRegistry"], self.at["RecordAnchor"])
        for contract, role, functions in _ROLES:
            selectors = [function_abi_to_4byte_selector(_function(contract, f)) for f in functions]
            self.send(
                "ConsortiumAccess", "setTargetFunctionRole", self.at[contract], selectors, role
            )
            self.send("ConsortiumAccess", "grantRole", role, ADMIN, 0)
        self.send("ParticipantRegistry", "admitToken", self.at["DepositToken"], b"CNY", ADMIN)
        self.send("DepositToken", "setSplit", self.at["RevenueSplit"])

    def deploy(self, name: str, *arguments: Any) -> None:
        """Create the contract *name*."""
        inputs = next((i["inputs"] for i in abi_of(name) if i["type"] == "constructor"), [])
        code = bytes.fromhex(creation_code(name, self.at)[2:])
        data = code + encode([type_of(item) for item in inputs], arguments)
        self.at[name] = to_checksum_address(self._evm.deploy(ADMIN, data))

    def send(self, contract: str, function: str, *arguments: Any, sender: str = ADMIN) -> Any:
        """Call and keep what it changes."""
        return self._call(contract, function, arguments, sender, is_static=False)

    def ask(self, contract: str, function: str, *arguments: Any, sender: str = ADMIN) -> Any:
        """Call a reading function."""
        return self._call(contract, function, arguments, sender, is_static=True)

    def anchor_head(self, size: int) -> None:
        """Anchor a first head of *size* records."""
        hashes = (sha256(part).digest() for part in (b"root", b"state", b"figures", b"annex"))
        head = (*hashes, size, 0)
        signed = SIGNER.unsafe_sign_hash(self.ask("RecordAnchor", "headDigest", head))
        self.send("RecordAnchor", "anchor", head, [], [bytes(signed.signature)])

    def _call(
        self, contract: str, function: str, arguments: Any, sender: str, *, is_static: bool
    ) -> Any:
        abi = _function(contract, function)
        data = function_abi_to_4byte_selector(abi)
        data += encode([type_of(item) for item in abi["inputs"]], arguments)
        try:
            answer = self._evm.message_call(
                sender, self.at[contract], calldata=data, is_static=is_static
            )
        except RuntimeError as failure:
            raise _reverted(str(failure)) from failure
        self.gas_used = self._evm.result.gas_used
        values = decode([type_of(item) for item in abi["outputs"]], bytes(answer))
        return values[0] if len(values) == 1 else values


def _function(contract: str, name: str) -> Any:
    return next(i for i in abi_of(contract) if i["type"] == "function" and i["name"] == name)


def _reverted(text: str) -> ContractReverted:
    found = re.search(r"output: 0x([0-9a-f]*)", text)
    if found is None:
        return ContractReverted("Halted", {"why": text})
    return decode_revert(bytes.fromhex(found[1]))
