"""Reads from a node and raw signed transactions to it.

Rules that this module keeps:

- ``final`` is said only at the depth or the tag that the engine guarantees (:class:`Finality`).
- No filters and no subscriptions: logs are asked for by block range.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eth_utils.abi import get_aligned_abi_inputs
from eth_utils.crypto import keccak
from web3 import Web3

import counterfoil.chain.recursion_limit  # noqa: F401  # before web3
from counterfoil.chain.abi.artifacts import abi_of, selector_of
from counterfoil.chain.abi.decoding import decode_event, decode_result, function_abis
from counterfoil.chain.address import Address
from counterfoil.chain.errors import ChainError, DeploymentMismatch, RpcRefused
from counterfoil.chain.hexadecimal import NO_BYTES, from_hex, to_hex
from counterfoil.chain.json_rpc import JsonRpc, RpcResponse

_WEB3 = Web3()
_CODEC = _WEB3.codec
"""Encodes strictly: bytes of a fixed length have just that length."""


@dataclass(frozen=True)
class Finality:
    """When a block can no longer be undone: at once, at the node's tag, or at a depth.

    A block is final when ``depth`` blocks lie above it; with 0 it is final at once. ``tag`` is the node's own word for
    its final block ("finalized", "safe") and goes before the depth.
    """

    depth: int = 0
    tag: str | None = None


@dataclass(frozen=True)
class Block:
    """A block: its number, hash and parent's hash (32 bytes each), chain time in seconds, and gas limit."""

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp: int
    gas_limit: int


@dataclass(frozen=True)
class ContractEvent:
    """A contract's event, decoded: its contract and name, its values by name, and its place on the chain."""

    contract: str
    name: str
    values: Mapping[str, Any]
    block_number: int
    block_hash: bytes
    transaction_hash: bytes
    log_index: int


class ChainClient:
    """One node, by its JSON-RPC address, and the contracts of one deployment."""

    def __init__(
        self,
        rpc_url: str,
        addresses: Mapping[str, str] | None = None,
        finality: Finality = Finality(),
        timeout_s: float = 20.0,
    ) -> None:
        self.rpc_url = rpc_url
        self.addresses = {name: Address(a) for name, a in (addresses or {}).items()}
        self.finality = finality
        self._node = JsonRpc(rpc_url, timeout_s)

    # ---- JSON-RPC

    def rpc(self, method: str, *params: Any) -> Any:
        """The result of one call.

        Raises:
            NodeUnreachable: the node did not answer.
            ContractReverted: a contract refused the call.
            RpcRefused: the node returned any other error.
        """
        return self.rpc_batch([(method, list(params))])[0].unwrap()

    def rpc_batch(self, calls: Sequence[tuple[str, list[Any]]]) -> list[RpcResponse]:
        """The responses to *calls*, in their order. An error stays in its response. A request holds 100 calls."""
        return self._node.batch(calls)

    # ---- the chain

    def chain_id(self) -> int:
        return int(self.rpc("eth_chainId"), 16)

    def block(self, which: int | str = "latest") -> Block | None:
        """The block with the number or the tag *which*; None where there is none."""
        found = self.rpc(
            "eth_getBlockByNumber", hex(which) if isinstance(which, int) else which, False
        )
        if found is None:
            return None
        return Block(
            number=int(found["number"], 16),
            hash=from_hex(found["hash"]),
            parent_hash=from_hex(found["parentHash"]),
            timestamp=int(found["timestamp"], 16),
            gas_limit=int(found["gasLimit"], 16),
        )

    def latest(self) -> Block:
        """The newest block."""
        block = self.block()
        if block is None:
            raise RpcRefused("the node has no block")
        return block

    def now_s(self) -> int:
        """Chain time now, in seconds: the newest block's, or this machine's clock where that is later."""
        return max(self.latest().timestamp, int(time.time()))

    def final_number(self) -> int:
        """The number of the newest block that can't be undone; -1 before there is one."""
        if self.finality.tag is not None:
            block = self.block(self.finality.tag)
            return -1 if block is None else block.number
        return self.latest().number - self.finality.depth

    def receipts(self, hashes: Sequence[bytes]) -> list[Mapping[str, Any] | None]:
        """The transactions' receipts, in their order; None for a transaction that is not mined."""
        calls = [("eth_getTransactionReceipt", [to_hex(h)]) for h in hashes]
        return [response.unwrap() for response in self.rpc_batch(calls)]

    def send_raw(self, transactions: Sequence[bytes]) -> list[ChainError | None]:
        """Send signed transactions to the node. Returns None for each that it took or knew already, or its error."""
        calls = [("eth_sendRawTransaction", [to_hex(raw)]) for raw in transactions]
        return [_unless_known(response.error) for response in self.rpc_batch(calls)]

    def knows(self, hashes: Sequence[bytes]) -> list[bool]:
        """For each transaction, whether the node has it, mined or waiting."""
        calls = [("eth_getTransactionByHash", [to_hex(h)]) for h in hashes]
        return [response.unwrap() is not None for response in self.rpc_batch(calls)]

    def forgotten(self, transactions: Sequence[bytes]) -> list[bytes]:
        """The signed transactions that the node does not have, neither mined nor waiting."""
        known = self.knows([keccak(raw) for raw in transactions])
        return [raw for raw, is_known in zip(transactions, known, strict=True) if not is_known]

    def nonce(self, account: str, which: str = "latest") -> int:
        """The next nonce of *account*."""
        return int(self.rpc("eth_getTransactionCount", account, which), 16)

    def base_fee(self) -> int:
        """The newest block's base fee in wei; 0 on chains without one."""
        return int(
            self.rpc("eth_getBlockByNumber", "latest", False).get("baseFeePerGas", hex(0)), 16
        )

    # ---- contracts

    def address_of(self, contract: str) -> Address:
        return self.addresses[contract]

    def encode(self, contract: str, function: str, *arguments: Any) -> bytes:
        """The call data of *function*. A struct is a mapping or a tuple.

        Raises:
            TypeError: there are more or fewer arguments than the function takes.
            eth_abi.exceptions.EncodingError: an argument is no value of its type.
        """
        types, values = get_aligned_abi_inputs(function_abis(contract)[function], arguments)  # type: ignore[arg-type]
        if len(types) != len(arguments):
            raise TypeError(f"{contract}.{function} takes {len(types)} arguments")
        return selector_of(contract, function) + _CODEC.encode(types, values)

    def encode_constructor(self, contract: str, bytecode: str, *arguments: Any) -> bytes:
        """The creation code, with the constructor's arguments after it."""
        factory = _WEB3.eth.contract(abi=abi_of(contract), bytecode=bytecode)
        data = factory.constructor(*arguments).data_in_transaction
        return from_hex(str(data))

    def call(
        self,
        contract: str,
        function: str,
        *arguments: Any,
        at: str | None = None,
        block: int | str = "latest",
        sender: str | None = None,
    ) -> Any:
        """The result of the view *function*: one value, or a tuple of several. A struct is a mapping.

        Of a function that writes it is what it would say now to *sender*; nothing is written.

        Raises:
            ContractReverted: the contract refused.
            DeploymentMismatch: there is no contract at that address.
        """
        raw = self.call_raw(contract, function, *arguments, at=at, block=block, sender=sender)
        return decode_result(contract, function, raw)

    def call_raw(
        self,
        contract: str,
        function: str,
        *arguments: Any,
        at: str | None = None,
        block: int | str = "latest",
        sender: str | None = None,
    ) -> bytes:
        """The result of the view *function*, as the contract encoded it. Raises as :meth:`call` does."""
        data = self.encode(contract, function, *arguments)
        raw: str = self.rpc(
            "eth_call",
            {"to": at or self.addresses[contract], "data": to_hex(data)}
            | ({} if sender is None else {"from": sender}),
            hex(block) if isinstance(block, int) else block,
        )
        if raw == NO_BYTES:
            raise DeploymentMismatch(f"there is no {contract} at {at or self.addresses[contract]}")
        return from_hex(raw)

    def call_all(
        self,
        contract: str,
        function: str,
        arguments: Sequence[Sequence[Any]],
        block: int | str = "latest",
    ) -> list[Any]:
        """The result of the view *function* for each of *arguments*, in one batch. Raises as :meth:`call` does."""
        to = self.addresses[contract]
        at = hex(block) if isinstance(block, int) else block
        asked = [
            {"to": to, "data": to_hex(self.encode(contract, function, *values))}
            for values in arguments
        ]
        responses = [a.unwrap() for a in self.rpc_batch([("eth_call", [one, at]) for one in asked])]
        if NO_BYTES in responses:
            raise DeploymentMismatch(f"there is no {contract} at {to}")
        return [decode_result(contract, function, from_hex(raw)) for raw in responses]

    def estimate_gas(self, sender: str, to: str | None, data: bytes) -> int:
        """The gas that the transaction would use now.

        Raises:
            ContractReverted: it would revert.
        """
        (gas,) = self.estimate_gas_all(sender, [(to, data)])
        if isinstance(gas, ChainError):
            raise gas
        return gas

    def estimate_gas_all(
        self, sender: str, calls: Sequence[tuple[str | None, bytes]]
    ) -> list[int | ChainError]:
        """For each (to, data), the gas that it would use now by itself, or why the node refuses it."""
        asked = [
            {"from": sender, "data": to_hex(data)} | ({} if to is None else {"to": to})
            for to, data in calls
        ]
        responses = self.rpc_batch([("eth_estimateGas", [call]) for call in asked])
        return [response.error or int(str(response.result), 16) for response in responses]

    def try_all(
        self, sender: str, calls: Sequence[tuple[str, bytes, int]]
    ) -> list[int | ChainError]:
        """Run each (to, data, gas) once by itself. Returns its *gas*, or why the node refuses it."""
        asked = [
            {"from": sender, "to": to, "data": to_hex(data), "gas": hex(gas)}
            for to, data, gas in calls
        ]
        responses = self.rpc_batch([("eth_call", [call, "latest"]) for call in asked])
        return [a.error or gas for a, (_, _, gas) in zip(responses, calls, strict=True)]

    def events(
        self, contracts: Sequence[str], first: int, last: int, *, subject: bytes | None = None
    ) -> list[ContractEvent]:
        """The events of *contracts* in the blocks *first* to *last*, both included, in the chain's order.

        With *subject* those whose first indexed value it is.
        """
        names = {self.addresses[name]: name for name in contracts}
        wanted: dict[str, Any] = {
            "fromBlock": hex(first),
            "toBlock": hex(last),
            "address": [self.addresses[n] for n in contracts],
        }
        if subject is not None:
            wanted["topics"] = [None, to_hex(subject)]
        found = self.rpc("eth_getLogs", wanted)
        return [self._event(names[Address(entry["address"])], entry) for entry in found]

    def decode_receipt(self, receipt: Mapping[str, Any]) -> list[ContractEvent]:
        """The events of the deployment's contracts in a transaction's receipt."""
        names = {address: name for name, address in self.addresses.items()}
        logs = ((Address(entry["address"]), entry) for entry in receipt["logs"])
        return [self._event(names[at], entry) for at, entry in logs if at in names]

    def _event(self, contract: str, entry: Mapping[str, Any]) -> ContractEvent:
        topics = [from_hex(topic) for topic in entry["topics"]]
        name, values = decode_event(contract, topics, from_hex(entry["data"]))
        return ContractEvent(
            contract,
            name,
            values,
            block_number=int(entry["blockNumber"], 16),
            block_hash=from_hex(entry["blockHash"]),
            transaction_hash=from_hex(entry["transactionHash"]),
            log_index=int(entry["logIndex"], 16),
        )


def _unless_known(error: ChainError | None) -> ChainError | None:
    known = (
        "already known",
        "already imported",
        "already in mempool",
        "known transaction",
        "same hash",
    )
    if isinstance(error, RpcRefused) and any(word in str(error).lower() for word in known):
        return None
    return error
