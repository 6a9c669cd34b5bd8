"""Reads from a node and raw signed transactions to it: the one place where JSON-RPC is spoken.

Rules that this module keeps:

- A revert becomes :class:`~counterfoil.chain.errors.ContractReverted` with the contract's own error and values.
- ``final`` is said only at the depth or the tag that the engine guarantees (:class:`Finality`).
- No filters and no subscriptions: logs are asked for by block range.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NewType

import requests
from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode
from eth_utils.abi import event_abi_to_log_topic, function_abi_to_4byte_selector
from eth_utils.address import to_checksum_address
from web3 import Web3

from counterfoil.chain.artifacts import abi_of
from counterfoil.chain.errors import (
    ChainError,
    ContractReverted,
    DeploymentMismatch,
    NodeUnreachable,
    RpcRefused,
    decode_revert,
    type_of,
)

Address = NewType("Address", str)
"""A checksummed account or contract address, 0x and 40 hex digits."""


_BATCH = 100
"""Calls a request: nodes limit it."""


@dataclass(frozen=True)
class Finality:
    """When a block can't be undone any more: at once, at the node's tag, or at a depth.

    ``depth`` 0 says that a block is final when it is there; otherwise so many blocks must lie above it. With
    ``tag`` the node's own word ("finalized", "safe") is taken instead.
    """

    depth: int = 0
    tag: str | None = None


@dataclass(frozen=True)
class Block:
    """A block's number, hash, parent's hash (32 bytes each), chain time in seconds and limit of gas."""

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp: int
    gas_limit: int


@dataclass(frozen=True)
class Event:
    """A contract's event, decoded: where it stands, which contract (by name) and its named values."""

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
        self.addresses = {
            name: Address(to_checksum_address(a)) for name, a in (addresses or {}).items()
        }
        self.finality = finality
        self._web3 = Web3()
        self._session = requests.Session()
        self._timeout_s = timeout_s

    # ---- JSON-RPC

    def rpc(self, method: str, *params: Any) -> Any:
        """The result of one call.

        Raises:
            NodeUnreachable: no answer.
            ContractReverted: the call was refused by a contract.
            RpcRefused: any other error answer.
        """
        return self.rpc_batch([(method, list(params))])[0].unwrap()

    def rpc_batch(self, calls: Sequence[tuple[str, list[Any]]]) -> list[Answer]:
        """The answers to many calls, 100 a request, in their order; errors stay in their answers."""
        return [
            answer
            for start in range(0, len(calls), _BATCH)
            for answer in self._request(calls[start : start + _BATCH])
        ]

    def _request(self, calls: Sequence[tuple[str, list[Any]]]) -> list[Answer]:
        body: Any = [
            {"jsonrpc": "2.0", "id": i, "method": method, "params": params}
            for i, (method, params) in enumerate(calls)
        ]
        try:
            reply = self._session.post(self.rpc_url, json=body, timeout=self._timeout_s)
            reply.raise_for_status()
            answers = reply.json()
        except (requests.RequestException, ValueError) as failure:
            raise NodeUnreachable(
                f"no answer from the chain's node: {type(failure).__name__}"
            ) from failure
        if isinstance(answers, dict):
            raise RpcRefused(str(answers.get("error", {}).get("message", answers)))
        by_id = {answer.get("id"): answer for answer in answers}
        missing = {"error": {"message": "the node left a call of the batch unanswered"}}
        return [Answer(by_id.get(i, missing)) for i in range(len(calls))]

    # ---- the chain

    def chain_id(self) -> int:
        return int(self.rpc("eth_chainId"), 16)

    def block(self, which: int | str = "latest") -> Block | None:
        """Block number *which*, or by its tag; None where there is none."""
        found = self.rpc(
            "eth_getBlockByNumber", hex(which) if isinstance(which, int) else which, False
        )
        if found is None:
            return None
        return Block(
            int(found["number"], 16),
            bytes.fromhex(found["hash"][2:]),
            bytes.fromhex(found["parentHash"][2:]),
            int(found["timestamp"], 16),
            int(found["gasLimit"], 16),
        )

    def latest(self) -> Block:
        """The newest block."""
        block = self.block()
        if block is None:
            raise RpcRefused("the node has no block")
        return block

    def final_number(self) -> int:
        """Number of the newest block that can't be undone; -1 before there is one."""
        if self.finality.tag is not None:
            block = self.block(self.finality.tag)
            return -1 if block is None else block.number
        return self.latest().number - self.finality.depth

    def receipts(self, hashes: Sequence[bytes]) -> list[Mapping[str, Any] | None]:
        """The receipts of these transactions, None for one that is not mined."""
        calls = [("eth_getTransactionReceipt", ["0x" + h.hex()]) for h in hashes]
        return [answer.unwrap() for answer in self.rpc_batch(calls)]

    def send_raw(self, transactions: Sequence[bytes]) -> list[ChainError | None]:
        """Hand signed transactions to the node; None for each that it took or knew already."""
        calls = [("eth_sendRawTransaction", ["0x" + raw.hex()]) for raw in transactions]
        return [_unless_known(answer.error) for answer in self.rpc_batch(calls)]

    def knows(self, hashes: Sequence[bytes]) -> list[bool]:
        """Whether the node has each of these transactions, mined or waiting."""
        calls = [("eth_getTransactionByHash", ["0x" + h.hex()]) for h in hashes]
        return [answer.unwrap() is not None for answer in self.rpc_batch(calls)]

    def nonce(self, account: str, which: str = "latest") -> int:
        """The next nonce of *account*."""
        return int(self.rpc("eth_getTransactionCount", account, which), 16)

    def base_fee(self) -> int:
        """The newest block's base fee in wei; 0 on chains without one."""
        return int(
            self.rpc("eth_getBlockByNumber", "latest", False).get("baseFeePerGas", "0x0"), 16
        )

    # ---- contracts

    def address_of(self, contract: str) -> Address:
        return self.addresses[contract]

    @staticmethod
    def checksummed(account: str) -> Address:
        """*account* with its checksum; ValueError when it is none."""
        return Address(to_checksum_address(account))

    def encode(self, contract: str, function: str, *arguments: Any) -> bytes:
        """Call data of *function*; structs are given as mappings or tuples."""
        encoded = self._web3.eth.contract(abi=abi_of(contract)).encode_abi(
            function, args=list(arguments)
        )
        return bytes.fromhex(encoded[2:])

    def encode_all(
        self, contract: str, function: str, arguments: Sequence[Sequence[Any]]
    ) -> list[bytes]:
        """Call data of *function* for each of *arguments*, which are plain values: quicker than :meth:`encode`."""
        abi = _function_abis(contract)[function]
        selector = function_abi_to_4byte_selector(abi)  # type: ignore[arg-type]
        types = [type_of(item) for item in abi["inputs"]]
        return [selector + abi_encode(types, list(values)) for values in arguments]

    def decode_call(self, contract: str, data: bytes) -> tuple[str, dict[str, Any]] | None:
        """The function of *contract* that the call data *data* calls, and its arguments; None for no such function."""
        for name, abi in _function_abis(contract).items():
            if function_abi_to_4byte_selector(abi) == data[:4]:  # type: ignore[arg-type]
                values = abi_decode([type_of(item) for item in abi["inputs"]], data[4:])
                parts = zip(abi["inputs"], values, strict=True)
                return name, {item["name"]: _shaped(item, value) for item, value in parts}
        return None

    def encode_constructor(self, contract: str, bytecode: str, *arguments: Any) -> bytes:
        """Creation code with its constructor's arguments."""
        factory = self._web3.eth.contract(abi=abi_of(contract), bytecode=bytecode)
        data = factory.constructor(*arguments).data_in_transaction
        return bytes.fromhex(str(data)[2:])

    def call(
        self,
        contract: str,
        function: str,
        *arguments: Any,
        at: str | None = None,
        block: int | str = "latest",
    ) -> Any:
        """What the view *function* answers: one value, a tuple of many, structs as mappings.

        Raises:
            ContractReverted: the contract refused.
            DeploymentMismatch: there is no contract at that address.
        """
        data = self.encode(contract, function, *arguments)
        raw = self.rpc(
            "eth_call",
            {"to": at or self.addresses[contract], "data": "0x" + data.hex()},
            hex(block) if isinstance(block, int) else block,
        )
        if raw == "0x":
            raise DeploymentMismatch(f"there is no {contract} at {at or self.addresses[contract]}")
        return _decoded(_function_abis(contract)[function], bytes.fromhex(raw[2:]))

    def call_all(
        self,
        contract: str,
        function: str,
        arguments: Sequence[Sequence[Any]],
        block: int | str = "latest",
    ) -> list[Any]:
        """What the view *function* answers to each of *arguments*, asked together; as :meth:`call` else."""
        to = self.addresses[contract]
        at = hex(block) if isinstance(block, int) else block
        abi = _function_abis(contract)[function]
        asked = [
            {"to": to, "data": "0x" + data.hex()}
            for data in self.encode_all(contract, function, arguments)
        ]
        answers = [a.unwrap() for a in self.rpc_batch([("eth_call", [one, at]) for one in asked])]
        if "0x" in answers:
            raise DeploymentMismatch(f"there is no {contract} at {to}")
        return [_decoded(abi, bytes.fromhex(raw[2:])) for raw in answers]

    def estimate_gas(self, sender: str, to: str | None, data: bytes) -> int:
        """Gas that the transaction would use now.

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
        """Gas that each would use now by itself, or why the node refuses it."""
        asked = [
            {"from": sender, "data": "0x" + data.hex()} | ({} if to is None else {"to": to})
            for to, data in calls
        ]
        answers = self.rpc_batch([("eth_estimateGas", [call]) for call in asked])
        return [answer.error or int(str(answer.result), 16) for answer in answers]

    def try_all(
        self, sender: str, calls: Sequence[tuple[str, bytes, int]]
    ) -> list[int | ChainError]:
        """Run each (to, data, gas) once by itself: the gas it was given, or why it is refused."""
        asked = [
            {"from": sender, "to": to, "data": "0x" + data.hex(), "gas": hex(gas)}
            for to, data, gas in calls
        ]
        answers = self.rpc_batch([("eth_call", [call, "latest"]) for call in asked])
        return [a.error or gas for a, (_, _, gas) in zip(answers, calls, strict=True)]

    def events(self, contracts: Sequence[str], first: int, last: int) -> list[Event]:
        """The events of these contracts in blocks *first* to *last*, both included, in their order."""
        names = {self.addresses[name].lower(): name for name in contracts}
        found = self.rpc(
            "eth_getLogs",
            {
                "fromBlock": hex(first),
                "toBlock": hex(last),
                "address": [self.addresses[n] for n in contracts],
            },
        )
        return [self._event(names[entry["address"].lower()], entry) for entry in found]

    def decode_receipt(self, receipt: Mapping[str, Any]) -> list[Event]:
        """The events of our contracts in a transaction's receipt."""
        names = {address.lower(): name for name, address in self.addresses.items()}
        return [
            self._event(names[entry["address"].lower()], entry)
            for entry in receipt["logs"]
            if entry["address"].lower() in names
        ]

    def _event(self, contract: str, entry: Mapping[str, Any]) -> Event:
        topics = [bytes.fromhex(topic[2:]) for topic in entry["topics"]]
        abi = _event_abis(contract).get(topics[0])
        name, values = (
            ("", {}) if abi is None else (abi["name"], _values(abi, topics, entry["data"]))
        )
        return Event(
            contract,
            name,
            values,
            int(entry["blockNumber"], 16),
            bytes.fromhex(entry["blockHash"][2:]),
            bytes.fromhex(entry["transactionHash"][2:]),
            int(entry["logIndex"], 16),
        )


class Answer:
    """One answer of a batch: a result, or an error that :meth:`unwrap` raises."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        self.result = answer.get("result")
        self.error = _error(answer["error"]) if answer.get("error") else None

    def unwrap(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.result


def _error(error: Mapping[str, Any]) -> ChainError:
    """A node's error answer as one of ours; anvil, geth and ganache carry revert data in different places."""
    data = error.get("data")
    if isinstance(data, dict):
        data = data.get("result") or data.get("data")
    if isinstance(data, str) and data.startswith("0x") and len(data) >= 10:
        return decode_revert(bytes.fromhex(data[2:]))
    message = str(error.get("message", ""))
    if "revert" in message:
        return ContractReverted("Reverted", {"message": message})
    return RpcRefused(message, error.get("code"))


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


def _decoded(abi: Mapping[str, Any], raw: bytes) -> Any:
    outputs = abi["outputs"]
    values = abi_decode([type_of(item) for item in outputs], raw)
    shaped = [_shaped(item, value) for item, value in zip(outputs, values, strict=True)]
    return shaped[0] if len(shaped) == 1 else tuple(shaped)


def _values(abi: Mapping[str, Any], topics: Sequence[bytes], data: str) -> dict[str, Any]:
    """An event's values by name: indexed ones from the topics, the others from the data."""
    indexed = [item for item in abi["inputs"] if item["indexed"]]
    plain = [item for item in abi["inputs"] if not item["indexed"]]
    values = {
        item["name"]: _shaped(item, abi_decode([type_of(item)], topic)[0])
        for item, topic in zip(indexed, topics[1:], strict=True)
    }
    decoded = abi_decode([type_of(item) for item in plain], bytes.fromhex(data[2:]))
    values |= {item["name"]: _shaped(item, v) for item, v in zip(plain, decoded, strict=True)}
    return values


def _shaped(item: Mapping[str, Any], value: Any) -> Any:
    """Structs as mappings by their field names, addresses checksummed, lists of either alike."""
    kind: str = item["type"]
    if kind.endswith("]"):
        inner = {**item, "type": kind[: kind.rindex("[")]}
        return [_shaped(inner, element) for element in value]
    if kind == "tuple":
        parts = zip(item["components"], value, strict=True)
        return {part["name"]: _shaped(part, element) for part, element in parts}
    return to_checksum_address(value) if kind == "address" else value


@cache
def _event_abis(contract: str) -> dict[bytes, dict[str, Any]]:
    return {event_abi_to_log_topic(i): i for i in abi_of(contract) if i["type"] == "event"}  # type: ignore[arg-type]


@cache
def _function_abis(contract: str) -> dict[str, dict[str, Any]]:
    return {item["name"]: item for item in abi_of(contract) if item["type"] == "function"}
