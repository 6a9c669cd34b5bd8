"""Hyperledger Besu with QBFT: the second engine, from ``besu`` on PATH.

A block that two thirds of the validators have sealed is final. More than half of the validators decide about
membership, each at its own node; the charter's threshold must be that number. Nodes talk only to nodes that they know.
A bank's own settings for Besu, such as TLS, go into ``options`` of its ``member.json``.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import rlp
from eth_account import Account
from tenacity import RetryError, Retrying, retry_if_not_result, stop_after_delay, wait_fixed

import counterfoil.chain.recursion_limit  # noqa: F401  # eth_account brings py_ecc
from counterfoil.chain.address import NOBODY, Address
from counterfoil.chain.errors import ChainError
from counterfoil.chain.hexadecimal import from_any_hex, to_hex
from counterfoil.chain.nodes.network.charter import Charter
from counterfoil.chain.nodes.network.engines.engine import (
    MembershipChange,
    MembershipProposal,
    Progress,
    Validator,
)
from counterfoil.chain.nodes.network.errors import (
    CHANGE_MALFORMED,
    NOT_A_SIGNER,
    NOT_ACCEPTED,
    NOT_INSTALLED,
    PROPOSAL_WRONG,
    SIGNERS,
    THRESHOLD,
    NetworkError,
)
from counterfoil.chain.nodes.network.folder import Member, MemberFolder
from counterfoil.chain.nodes.network.member_files import write_json, write_whole
from counterfoil.chain.nodes.network.rpc import call_rpc

_GAS_LIMIT = 100_000_000
_WEI_EACH = 10**27
_EPOCH_BLOCKS = 30_000
_VOTE_WITHIN_S = 120
_STORAGE = {"archive": "FOREST", "pruned": "BONSAI"}
"""A data folder keeps its format. For the other one, the bank deletes the folder and the node fetches the chain."""
_ISTANBUL = "0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365"
"""The mixHash that marks QBFT's blocks."""


class Besu:
    """The engine ``besu``."""

    name = "besu"
    least_free_percent = 0

    # ---- founding

    def install(self, progress: Progress) -> str:
        return _program()

    def make_node_keys(self, keys: Path) -> dict[str, Any]:
        keys.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = keys / "node.key"
        if not path.exists():
            write_whole(path, bytes(Account.create().key).hex().encode(), 0o600)
        account = Account.from_key(from_any_hex(path.read_text().strip(), 32))
        public = account._key_obj.public_key.to_bytes().hex()
        return {"node_id": _validator(account.address), "public_key": public}

    def launch(
        self, charter: Charter, folders: Sequence[MemberFolder], progress: Progress
    ) -> dict[str, Any]:
        enough = _more_than_half(len(folders))
        if charter.threshold != enough:
            raise NetworkError(
                THRESHOLD,
                f"Besu decides by more than half: threshold is {enough} of {len(folders)}",
            )
        funded = {*(f.me.account for f in folders), *charter.accounts, *charter.deployers}
        validators = [folder.me.node_id for folder in folders]
        return {"genesis": genesis_of(charter, validators, sorted(funded))}

    # ---- a node

    def command(self, folder: MemberFolder, peers: Sequence[Member]) -> list[str]:
        me, engine = folder.me, folder.engine_path
        engine.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_json(engine / "genesis.json", folder.network.engine_facts["genesis"])
        write_json(engine / "static-nodes.json", [enode_of(peer) for peer in peers])
        known = ", ".join(f'"{enode_of(member)}"' for member in folder.network.members)
        write_whole(engine / "permissions.toml", f"nodes-allowlist=[{known}]\n".encode())
        return [
            _program(),
            f"--data-path={folder.data}",
            f"--genesis-file={engine / 'genesis.json'}",
            f"--node-private-key-file={folder.keys / 'node.key'}",
            f"--static-nodes-file={engine / 'static-nodes.json'}",
            "--permissions-nodes-config-file-enabled=true",
            f"--permissions-nodes-config-file={engine / 'permissions.toml'}",
            "--discovery-enabled=false",
            "--p2p-enabled=true",
            f"--p2p-host={me.host}",
            f"--p2p-interface={me.host}",
            f"--p2p-port={me.peer_port}",
            "--rpc-http-enabled=true",
            "--rpc-http-host=127.0.0.1",
            f"--rpc-http-port={folder.rpc_port}",
            "--rpc-http-api=ETH,NET,WEB3,TXPOOL,QBFT,ADMIN",
            "--host-allowlist=localhost,127.0.0.1",
            "--rpc-http-max-batch-size=1024",
            "--sync-mode=FULL",
            "--sync-min-peers=1",
            f"--data-storage-format={_STORAGE[folder.states]}",
            "--min-gas-price=0",
            *folder.options,
        ]

    def rpc_url(self, folder: MemberFolder) -> str:
        return f"http://127.0.0.1:{folder.rpc_port}"

    def is_ready(self, folder: MemberFolder) -> bool:
        try:
            return call_rpc(folder.rpc_port, "/", "eth_syncing") is False
        except ChainError:
            return False

    def validators(self, folder: MemberFolder) -> list[Validator]:
        connected = {folder.me.node_id, *_peers(folder)}
        by_address = {member.node_id: member for member in folder.network.members}
        found: list[Validator] = []
        for address in call_rpc(
            folder.rpc_port, path="/", method="qbft_getValidatorsByBlockNumber", params=["latest"]
        ):
            node_id = _validator(address)
            member = by_address.get(node_id)
            ids = {node_id} | ({member.node["public_key"]} if member else set())
            name = member.name if member else node_id
            found.append(Validator(node_id, name, bool(ids & connected)))
        return sorted(found, key=lambda validator: validator.name)

    def peers(self, folder: MemberFolder) -> list[str]:
        names = {m.node["public_key"]: m.name for m in folder.network.members}
        return sorted(names.get(key, key) for key in _peers(folder))

    def waiting(self, folder: MemberFolder) -> int:
        return len(call_rpc(folder.rpc_port, "/", "txpool_besuTransactions"))

    def needed(self, validators: int) -> int:
        return -(-2 * validators // 3)

    # ---- membership

    def owners(self, folder: MemberFolder) -> tuple[int, list[str]]:
        names = [validator.name for validator in self.validators(folder)]
        return _more_than_half(len(names)), names

    def propose(
        self, folder: MemberFolder, change: MembershipChange, signers: Sequence[str]
    ) -> MembershipProposal:
        if change.kind == "owners":
            raise NetworkError(CHANGE_MALFORMED, "on Besu the validators are the owners")
        validators = [v.name for v in self.validators(folder)]
        enough = _more_than_half(len(validators))
        asked = list(signers) or validators[:enough]
        if len(asked) < enough or not set(asked) <= set(validators):
            raise NetworkError(
                SIGNERS, f"{enough} of the validators {', '.join(validators)} must vote"
            )
        payload = _payload(folder, change)
        return MembershipProposal(
            network=folder.network.name,
            engine=self.name,
            change=asdict(change),
            payload=payload,
            asked=sorted(asked),
        )

    def check(self, folder: MemberFolder, proposal: MembershipProposal) -> MembershipProposal:
        if proposal.payload != _payload(folder, MembershipChange(**proposal.change)):
            raise NetworkError(PROPOSAL_WRONG, "the vote is on something else than it says")
        return proposal

    def vote(
        self, folder: MemberFolder, proposal: MembershipProposal, key: bytes
    ) -> MembershipProposal:
        """Our own node votes with its key, in the blocks that it proposes."""
        if folder.name not in proposal.asked:
            raise NetworkError(NOT_A_SIGNER, f"{folder.name} is not among those who are to vote")
        vote = [proposal.payload["address"], proposal.payload["is_added"]]
        call_rpc(folder.rpc_port, path="/", method="qbft_proposeValidatorVote", params=vote)
        return replace(proposal, signed=sorted({*proposal.signed, folder.name}))

    def submit(self, folder: MemberFolder, proposal: MembershipProposal) -> None:
        address, is_added = proposal.payload["address"], proposal.payload["is_added"]

        def took_effect() -> bool:
            return (address in {v.node_id for v in self.validators(folder)}) is is_added

        again = Retrying(
            retry=retry_if_not_result(bool),
            wait=wait_fixed(0.5),
            stop=stop_after_delay(_VOTE_WITHIN_S),
        )
        try:
            again(took_effect)
        except RetryError:
            raise NetworkError(
                NOT_ACCEPTED, "the votes did not take effect: not all of them are in blocks"
            ) from None


def extra_data(validators: Sequence[str]) -> str:
    """The first block's extraData: RLP of [32 zero bytes, validators ascending, no vote, round 0, no seals]."""
    addresses = sorted(Address(v).raw for v in validators)
    return to_hex(bytes(rlp.encode([bytes(32), addresses, [], b"", []])))


def genesis_of(
    charter: Charter, validators: Sequence[str], funded: Sequence[str]
) -> dict[str, Any]:
    """The genesis document of a QBFT network in which gas costs nothing."""
    period_s = max(1, -(-charter.block_delay_ms // 1_000))
    zero = to_hex(bytes(32))
    return {
        "config": {
            "chainId": charter.chain_id,
            "berlinBlock": 0,
            "londonBlock": 0,
            "zeroBaseFee": True,
            "qbft": {
                "blockperiodseconds": period_s,
                "epochlength": _EPOCH_BLOCKS,
                "requesttimeoutseconds": 2 * period_s,
            },
        },
        "nonce": hex(0),
        "timestamp": hex(int(time.time()) - 60),
        "gasLimit": hex(_GAS_LIMIT),
        "difficulty": hex(1),
        "mixHash": _ISTANBUL,
        "coinbase": NOBODY,
        "number": hex(0),
        "gasUsed": hex(0),
        "parentHash": zero,
        "extraData": extra_data(validators),
        "alloc": {Address(a).raw.hex(): {"balance": hex(_WEI_EACH)} for a in funded},
    }


def enode_of(member: Member) -> str:
    """The enode URL of *member*'s node: its public key and where the others reach it."""
    host = f"[{member.host}]" if ":" in member.host else member.host
    return f"enode://{member.node['public_key']}@{host}:{member.peer_port}?discport=0"


def _validator(address: str) -> str:
    """A validator's name in this engine's files: its address, in lower case."""
    return to_hex(Address(address).raw)


def _more_than_half(validators: int) -> int:
    return validators // 2 + 1


def _payload(folder: MemberFolder, change: MembershipChange) -> dict[str, Any]:
    member = folder.network.member(change.member)
    return {"address": member.node_id, "is_added": change.kind == "add"}


def _peers(folder: MemberFolder) -> list[str]:
    """The public keys of the nodes that our node is connected to."""
    found = call_rpc(folder.rpc_port, "/", "admin_peers")
    return [from_any_hex(str(peer.get("id", ""))).hex() for peer in found]


def _program() -> str:
    found = shutil.which("besu")
    if found is None:
        raise NetworkError(
            NOT_INSTALLED,
            "besu is not on PATH: unpack its release and put its bin folder on PATH",
        )
    return found
