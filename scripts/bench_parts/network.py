"""The permissioned network of four nodes on this machine, beside the embedded chain: the same transfers on both.

A transfer is the deposit token's, between admitted participants, each sender with a nonce lane of its own.
"""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

from eth_account import Account
from eth_account.hdaccount.mnemonic import Mnemonic
from eth_utils.crypto import keccak

from counterfoil.chain.address import Address
from counterfoil.chain.client import ChainClient
from counterfoil.chain.consortium import ACCOUNT_ROLES, Consortium
from counterfoil.chain.deployment import deploy
from counterfoil.chain.hexadecimal import to_hex
from counterfoil.chain.keys.signer import LocalSigner
from counterfoil.chain.nodes.embedded import start_node
from counterfoil.chain.nodes.network.admission import admit
from counterfoil.chain.nodes.network.charter import Charter, Seat
from counterfoil.chain.nodes.network.creation import account_signer, create
from counterfoil.chain.nodes.network.engines import process
from counterfoil.chain.nodes.network.engines.avalanche import Avalanche
from counterfoil.chain.nodes.network.folder import MemberFolder
from counterfoil.chain.nodes.network.member_files import read_json
from counterfoil.chain.nodes.ports import free_ports
from counterfoil.chain.transaction import transact_all

BANKS = ("harbour", "lakeside", "northfield", "brunswick")
SENDERS, EACH = 16, 500
SAMPLES = 40
IDLE_S = 20.0
_CERTIFIED_UNTIL = 4_000_000_000
_GAS = 150_000
_WITHIN_S = 300.0


def measure(folder: Path, say: Callable[[str], None]) -> dict[str, object]:
    """Transfers per second on the network and on the embedded chain; time to every node; memory and idle CPU."""
    home = folder / "network"
    home.mkdir()
    say("network: four nodes")
    began = time.perf_counter()
    engine = Avalanche()
    ports = free_ports(2 * len(BANKS))
    seats = [
        Seat(name=n, host="127.0.0.1", peer_port=ports[2 * i], rpc_port=ports[2 * i + 1])
        for i, n in enumerate(BANKS)
    ]
    banks = create(
        engine,
        Charter(name="bench", engine="avalanche", chain_id=770_012, members=seats, threshold=3),
        home / "banks",
    )
    try:
        process.start_all(engine, banks)
        made_s = time.perf_counter() - began
        clients = [ChainClient(engine.rpc_url(bank)) for bank in banks]
        signers = _signers()
        passphrase = read_json(home / "banks" / "passphrases.json")[BANKS[0]]
        member = account_signer(banks[0], passphrase)
        admit(clients[0], member, [signers[0].address], deploying=True)
        admit(clients[0], member, [s.address for s in signers[1:]])
        say("network: transfers")
        on_network = Transfers(clients, signers, home / "network.json")
        before = [_cpu_s(bank) for bank in banks]
        rate = on_network.per_s()
        spent = sum(_cpu_s(bank) - b for bank, b in zip(banks, before, strict=True))
        gas = on_network.gas()
        say("network: sent to final on all four")
        delays = sorted(on_network.delay() for _ in range(SAMPLES))
        loaded = [_memory(bank) for bank in banks]
        before = [_cpu_s(bank) for bank in banks]
        time.sleep(IDLE_S)
        idle = [(_cpu_s(bank) - b) / IDLE_S for bank, b in zip(banks, before, strict=True)]
    finally:
        process.stop_all(banks)
    say("network: the same on the embedded chain")
    node = start_node("anvil", home / "anvil", block_time_s=1.0)
    try:
        local = [LocalSigner(node.account(i)) for i in range(len(ACCOUNT_ROLES) + SENDERS)]
        beside = Transfers([ChainClient(node.rpc_url)], local, home / "embedded.json").per_s()
    finally:
        node.stop()
    return {
        "nodes": len(BANKS),
        "made_and_serving_s": round(made_s, 1),
        "transfers": SENDERS * EACH,
        "transfers_per_s": round(rate),
        "embedded_transfers_per_s": round(beside),
        "to_embedded": round(rate / beside, 2),
        "gas_a_transfer": gas,
        "all_nodes_cpu_ms_a_transfer": round(1_000 * spent / (SENDERS * EACH), 2),
        "all_nodes_share_of_the_processors": round(
            spent / (SENDERS * EACH / rate) / (os.cpu_count() or 1), 2
        ),
        "sent_to_final_on_all_s": {
            "p50": round(statistics.median(delays), 2),
            "p99": round(delays[min(len(delays) - 1, len(delays) * 99 // 100)], 2),
        },
        "node_memory_mb": round(statistics.mean(loaded) / 1e6),
        "node_idle_cpu_percent": round(100 * statistics.mean(idle), 1),
    }


class Transfers:
    """The contracts on a chain, and participants who hold deposit tokens and transfer them in a ring."""

    def __init__(
        self, clients: Sequence[ChainClient], signers: Sequence[LocalSigner], deployment: Path
    ) -> None:
        roles = dict(zip(ACCOUNT_ROLES, signers, strict=False))
        self._senders = signers[len(ACCOUNT_ROLES) :]
        at = {role: signer.address for role, signer in roles.items() if role != "admin"}
        consortium = Consortium(**at, signers=[at["oracle"]])
        self._clients = clients
        first = clients[0]
        found = deploy(client=first, admin=roles["admin"], consortium=consortium, path=deployment)
        self._chain_id = found.chain_id
        for client in clients:
            client.addresses = {n: Address(a) for n, a in found.addresses.items()}
        participants, token = (
            first.address_of("ParticipantRegistry"),
            first.address_of("DepositToken"),
        )
        for function, argument in (("admit", 0), ("certify", _CERTIFIED_UNTIL)):
            calls = [
                first.encode("ParticipantRegistry", function, s.address, argument, _name(i))
                for i, s in enumerate(self._senders)
            ]
            transact_all(first, roles["registrar"], [(participants, data) for data in calls])
        minted = [
            first.encode("DepositToken", "mint", s.address, 1_000_000, _name(i))
            for i, s in enumerate(self._senders)
        ]
        transact_all(first, roles["bank"], [(token, data) for data in minted])
        self._token = token

    def per_s(self) -> float:
        """Transfers mined per second, from the first that is sent to the last that is mined."""
        raws = [self._signed(at, EACH) for at in range(len(self._senders))]
        goals = [self._clients[0].nonce(s.address) + EACH for s in self._senders]
        began = time.perf_counter()
        threads = [
            threading.Thread(target=self._send, args=(at, raw)) for at, raw in enumerate(raws)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        client = self._clients[0]
        while any(client.nonce(s.address) < g for s, g in zip(self._senders, goals, strict=True)):
            if time.perf_counter() - began > _WITHIN_S:
                raise RuntimeError("not all transfers were mined")
            time.sleep(0.05)
        return len(self._senders) * EACH / (time.perf_counter() - began)

    def delay(self) -> float:
        """Seconds from sending one transfer to its receipt on every node."""
        (raw,) = self._signed(0, 1)
        digest = keccak(raw)
        began = time.perf_counter()
        (error,) = self._clients[0].send_raw([raw])
        if error is not None:
            raise error
        waiting = list(self._clients)
        while waiting:
            waiting = [client for client in waiting if client.receipts([digest]) == [None]]
            if time.perf_counter() - began > _WITHIN_S:
                raise RuntimeError("a transfer did not reach every node")
            time.sleep(0.02)
        return time.perf_counter() - began

    def gas(self) -> int:
        """Gas of one transfer between two accounts that hold the token already."""
        sender, to = self._senders[0], self._senders[1]
        data = self._clients[0].encode("DepositToken", "transfer", to.address, 1)
        return self._clients[0].estimate_gas(sender.address, self._token, data)

    def _send(self, at: int, raws: Sequence[bytes]) -> None:
        client = ChainClient(self._clients[at % len(self._clients)].rpc_url, timeout_s=120)
        for start in range(0, len(raws), 100):
            for error in client.send_raw(raws[start : start + 100]):
                if error is not None:
                    raise error

    def _signed(self, at: int, count: int) -> list[bytes]:
        """The next *count* transfers of sender *at* to the next sender."""
        sender, to = self._senders[at], self._senders[(at + 1) % len(self._senders)]
        data = self._clients[0].encode("DepositToken", "transfer", to.address, 1)
        nonce = self._clients[0].nonce(sender.address)
        fields = {"chainId": self._chain_id, "type": 2, "value": 0, "gas": _GAS, "to": self._token}
        fields |= {"maxFeePerGas": 10, "maxPriorityFeePerGas": 1, "data": to_hex(data)}
        return [sender.sign_transaction({**fields, "nonce": nonce + i}) for i in range(count)]


def _signers() -> list[LocalSigner]:
    Account.enable_unaudited_hdwallet_features()
    words = str(Mnemonic().generate(num_words=24))
    path = "m/44'/60'/0'/0/{}"
    return [
        LocalSigner(Account.from_mnemonic(words, account_path=path.format(i)))
        for i in range(len(ACCOUNT_ROLES) + SENDERS)
    ]


def _name(at: int) -> bytes:
    return sha256(f"participant {at}".encode()).digest()


def _processes(bank: MemberFolder) -> list[int]:
    """The process ids of the node and of the chain's program that it started."""
    pid = process.running_pid(bank)
    if pid is None:
        raise RuntimeError(f"{bank.name}'s node does not run")
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for task in Path(f"/proc/{pid}/task").iterdir():
        children += (task / "children").read_text().split()
    return [pid, *{int(child) for child in children}]


def _memory(bank: MemberFolder) -> int:
    """Memory of the node's processes in bytes; each counts its share of shared pages."""
    total = 0
    for pid in _processes(bank):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def _cpu_s(bank: MemberFolder) -> float:
    """CPU seconds that the node's processes have used."""
    ticks = 0
    for pid in _processes(bank):
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
