"""avalanchego with its subnet-evm: a permissioned subnet of a private primary network.

Every accepted block is final. The primary network's platform chain keeps the membership, and only the owners, k of n,
can change it there. A member's node gets its settings from ``network.json`` at each start.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from counterfoil.chain.errors import ChainError
from counterfoil.chain.nodes.network.charter import Charter
from counterfoil.chain.nodes.network.engines import installation as programs
from counterfoil.chain.nodes.network.engines import process
from counterfoil.chain.nodes.network.engines.avalanche_genesis import chain_genesis, idle_genesis
from counterfoil.chain.nodes.network.engines.avalanche_settings import (
    CONFIDENCE,
    DATABASE,
    SAMPLE,
    SNOW_FLAGS,
    chain_settings,
    subnet_settings,
)
from counterfoil.chain.nodes.network.engines.consortium_tool import run_tool
from counterfoil.chain.nodes.network.engines.engine import (
    MembershipChange,
    MembershipProposal,
    Progress,
    Validator,
)
from counterfoil.chain.nodes.network.errors import (
    OTHER_NETWORK,
    PROPOSAL_WRONG,
    SEAT_ENDS,
    NetworkError,
)
from counterfoil.chain.nodes.network.folder import Member, MemberFolder
from counterfoil.chain.nodes.network.member_files import write_json
from counterfoil.chain.nodes.network.rpc import call_rpc
from counterfoil.chain.nodes.ports import free_ports

_DAY_S = 86_400


class Avalanche:
    """The engine ``avalanche``."""

    name = "avalanche"
    least_free_percent = 3

    # ---- founding

    def install(self, progress: Progress) -> str:
        return str(programs.install(progress))

    def make_node_keys(self, keys: Path) -> dict[str, Any]:
        keys.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = run_tool("identity", {"folder": str(keys)})
        for path in keys.iterdir():
            path.chmod(0o600)
        return made

    def launch(
        self, charter: Charter, folders: Sequence[MemberFolder], progress: Progress
    ) -> dict[str, Any]:
        nodes = [folder.me.node for folder in folders]
        ends = _term_ends(charter.years)
        facts: dict[str, Any] = {
            "network_id": 100_000 + secrets.randbelow(2**31 - 100_000),
            "years": charter.years,
            "block_delay_ms": charter.block_delay_ms,
            "subnet": "",
            "chain": "",
        }
        made = run_tool(
            "genesis",
            {
                "network_id": facts["network_id"],
                "years": charter.years,
                "nodes": nodes,
                "c_chain_genesis": json.dumps(idle_genesis()),
            },
        )
        facts["genesis"] = made["genesis"]
        facts["chain_genesis"] = chain_genesis(charter, [f.me.account for f in folders])
        near = _on_this_machine(folders, facts)
        try:
            progress("starting the nodes")
            process.start_all(self, near)
            progress("making the chain and giving it to its owners")
            ids = run_tool(
                "found",
                {
                    "uri": _uri(near[0]),
                    "founder": made["founder"],
                    "owners": [folder.me.owner for folder in folders],
                    "threshold": charter.threshold,
                    "validators": [node["node_id"] for node in nodes],
                    "ends": ends - _DAY_S,
                    "vm": programs.VM_ID,
                    "genesis": facts["chain_genesis"],
                    "name": charter.name,
                },
            )
            facts |= ids
            progress("starting the chain at every node")
            process.stop_all(near)
            process.start_all(self, _on_this_machine(folders, facts))
        finally:
            process.stop_all(near)
        return facts

    # ---- a node

    def command(self, folder: MemberFolder, peers: Sequence[Member]) -> list[str]:
        facts, me = folder.network.engine_facts, folder.me
        engine = folder.engine_path
        for name in ("subnets", f"chains/{facts['chain']}"):
            (engine / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        write_json(engine / "genesis.json", facts["genesis"])
        stay = f"{24 * 365 * facts['years']}h"
        argv = [
            str(programs.program(programs.NODE)),
            f"--network-id={facts['network_id']}",
            f"--genesis-file={engine / 'genesis.json'}",
            f"--data-dir={folder.data}",
            "--http-host=127.0.0.1",
            f"--http-port={folder.rpc_port}",
            f"--staking-host={me.host}",
            f"--staking-port={me.peer_port}",
            f"--public-ip={me.host}",
            f"--staking-tls-key-file={folder.keys / 'staker.key'}",
            f"--staking-tls-cert-file={folder.keys / 'staker.crt'}",
            f"--staking-signer-key-file={folder.keys / 'signer.key'}",
            f"--plugin-dir={programs.program(programs.PLUGIN).parent}",
            f"--chain-config-dir={engine / 'chains'}",
            f"--subnet-config-dir={engine / 'subnets'}",
            "--min-validator-stake=1",
            "--min-delegator-stake=1",
            "--min-stake-duration=1h",
            f"--max-stake-duration={stay}",
            f"--stake-minting-period={stay}",
            "--log-level=info",
            "--log-display-level=off",
            "--log-rotater-max-files=3",
            "--fd-limit=16384",
            "--network-allow-private-ips=true",
            f"--system-tracker-disk-required-available-space-percentage={self.least_free_percent}",
            "--db-type=pebbledb",
            f"--db-config-file-content={DATABASE}",
            f"--bootstrap-ids={','.join(peer.node_id for peer in peers)}",
            f"--bootstrap-ips={','.join(_endpoint(peer) for peer in peers)}",
            *SNOW_FLAGS,
        ]
        if facts["subnet"]:
            write_json(engine / f"subnets/{facts['subnet']}.json", subnet_settings(folder))
            write_json(engine / f"chains/{facts['chain']}/config.json", chain_settings(folder))
            argv.append(f"--track-subnets={facts['subnet']}")
        return argv + list(folder.options)

    def rpc_url(self, folder: MemberFolder) -> str:
        return f"http://127.0.0.1:{folder.rpc_port}{_chain_path(folder)}"

    def is_ready(self, folder: MemberFolder) -> bool:
        chain = folder.network.engine_facts["chain"] or "C"
        try:
            for name in ("P", chain):
                asked = {"chain": name}
                found = call_rpc(
                    folder.rpc_port, path="/ext/info", method="info.isBootstrapped", params=asked
                )
                if not found["isBootstrapped"]:
                    return False
        except ChainError:
            return False
        return True

    def validators(self, folder: MemberFolder) -> list[Validator]:
        names = {m.node_id: m.name for m in folder.network.members}
        asked = {"subnetID": folder.network.engine_facts["subnet"]}
        found = call_rpc(
            folder.rpc_port, path="/ext/bc/P", method="platform.getCurrentValidators", params=asked
        )
        connected = {folder.me.node_id, *_peers(folder)}
        listed = [
            Validator(
                node_id=entry["nodeID"],
                name=names.get(entry["nodeID"], entry["nodeID"]),
                is_connected=entry["nodeID"] in connected,
                ends_s=int(entry["endTime"]),
            )
            for entry in found["validators"]
        ]
        return sorted(listed, key=lambda validator: validator.name)

    def peers(self, folder: MemberFolder) -> list[str]:
        names = {m.node_id: m.name for m in folder.network.members}
        return sorted(names.get(node_id, node_id) for node_id in _peers(folder))

    def waiting(self, folder: MemberFolder) -> int:
        return int(call_rpc(folder.rpc_port, _chain_path(folder), "txpool_status")["pending"], 16)

    def needed(self, validators: int) -> int:
        return -(-validators * CONFIDENCE // SAMPLE)

    # ---- membership

    def owners(self, folder: MemberFolder) -> tuple[int, list[str]]:
        asked = {"subnetID": folder.network.engine_facts["subnet"]}
        found = call_rpc(
            folder.rpc_port, path="/ext/bc/P", method="platform.getSubnet", params=asked
        )
        addresses, members = list(found["controlKeys"]), folder.network.members
        names = {member.owner: member.name for member in members}
        keys = [""] * len(addresses)
        if programs.is_installed():  # else a node started by an earlier version still runs
            keys = run_tool("whose", {"addresses": addresses, "known": list(names)})["keys"]
        owners = (names.get(key, at) for key, at in zip(keys, addresses, strict=True))
        return int(found["threshold"]), sorted(owners)

    def propose(
        self, folder: MemberFolder, change: MembershipChange, signers: Sequence[str]
    ) -> MembershipProposal:
        network = folder.network
        facts = network.engine_facts
        if change.kind == "add":
            change = replace(change, ends_s=_seat_ends(folder, network.member(change.member)))
        asked: dict[str, Any] = {
            "uri": _uri(folder),
            "kind": change.kind,
            "subnet": facts["subnet"],
            "known": [m.owner for m in network.members],
            "signers": [network.member(name).owner for name in signers],
            "ends": change.ends_s,
        }
        if change.kind == "owners":
            asked["new_owners"] = [network.member(name).owner for name in change.owners]
            asked["new_threshold"] = change.threshold
        else:
            asked["node_id"] = network.member(change.member).node_id
        if change.kind == "add":
            asked["signer"] = network.member(change.member).node["signer"]
        made = run_tool("propose", asked)
        return self.check(
            folder,
            MembershipProposal(
                network=network.name, engine=self.name, change=asdict(change), payload=made
            ),
        )

    def check(self, folder: MemberFolder, proposal: MembershipProposal) -> MembershipProposal:
        network = folder.network
        found = run_tool(
            "describe", {"payload": proposal.payload, "known": [m.owner for m in network.members]}
        )
        deeds, change = found["deeds"], MembershipChange(**proposal.change)
        if proposal.payload["subnet"] != network.engine_facts["subnet"]:
            raise NetworkError(OTHER_NETWORK, "this proposal is for another network")
        if [_essence(deed) for deed in deeds] not in _deeds_of(network.member, change):
            raise NetworkError(
                PROPOSAL_WRONG, "the transactions do something else than the proposal's words say"
            )
        names = {m.owner: m.name for m in network.members}
        asked = {names.get(key, key) for deed in deeds for key in deed["asked"]}
        not_yet = {names.get(key, key) for d in deeds for key in set(d["asked"]) - set(d["signed"])}
        return replace(proposal, asked=sorted(asked), signed=sorted(asked - not_yet))

    def vote(
        self, folder: MemberFolder, proposal: MembershipProposal, key: bytes
    ) -> MembershipProposal:
        signed = run_tool("sign", {"payload": proposal.payload, "key": key.hex()})
        return self.check(folder, replace(proposal, payload=signed))

    def submit(self, folder: MemberFolder, proposal: MembershipProposal) -> None:
        run_tool("submit", {"uri": _uri(folder), "payload": proposal.payload})


def _term_ends(years: int) -> int:
    """The end of *years* from now, two days before the engine's longest term, in seconds since 1970."""
    return int(time.time()) + years * 365 * _DAY_S - 2 * _DAY_S


def _seat_ends(folder: MemberFolder, member: Member) -> int:
    """The end of a seat that *member* gets now: with its present stake, or else the network's agreed years from now.

    Raises:
        NetworkError: its present stake ends too soon and can't be renewed.
    """
    asked = {"nodeIDs": [member.node_id]}
    found = call_rpc(
        folder.rpc_port, path="/ext/bc/P", method="platform.getCurrentValidators", params=asked
    )
    ends = [int(entry["endTime"]) for entry in found["validators"]]
    if not ends:
        return _term_ends(int(folder.network.engine_facts["years"]))
    if ends[0] - time.time() < 2 * _DAY_S:
        raise NetworkError(
            SEAT_ENDS,
            f"{member.name}'s node has a stake that ends within two days: it is to join with a new node",
        )
    return ends[0] - _DAY_S


def _essence(deed: Mapping[str, Any]) -> tuple[Any, ...]:
    said = (deed.get(name, 0) for name in ("threshold", "ends"))
    return (deed["does"], deed.get("node_id", ""), deed.get("owners"), *said)


def _deeds_of(member: Any, change: MembershipChange) -> list[list[tuple[Any, ...]]]:
    """The allowed lists of deeds of *change*: its transactions do one of them, and nothing else."""
    if change.kind == "owners":
        keys = sorted(member(name).owner for name in change.owners)
        return [[("owners", "", keys, change.threshold, 0), ("move", "", None, 0, 0)]]
    node_id = member(change.member).node_id
    if change.kind == "add":  # a node that was a validator before has a stake already
        added = ("add", node_id, None, 0, change.ends_s)
        return [[("stake", node_id, None, 0, change.ends_s + _DAY_S), added], [added]]
    return [[("remove", node_id, None, 0, 0)]]


def _on_this_machine(folders: Sequence[MemberFolder], facts: dict[str, Any]) -> list[MemberFolder]:
    """The same folders, each node on loopback at free ports: the launch needs all of them for some seconds."""
    ports = iter(free_ports(2 * len(folders)))
    members = [replace(f.me, host="127.0.0.1", peer_port=next(ports)) for f in folders]
    network = replace(folders[0].network, members=members, engine_facts=facts)
    return [replace(f, rpc_port=next(ports), network=network) for f in folders]


def _peers(folder: MemberFolder) -> list[str]:
    """The ids of the nodes that our node is connected to."""
    found = call_rpc(folder.rpc_port, path="/ext/info", method="info.peers", params={})
    return [str(peer["nodeID"]) for peer in found["peers"]]


def _uri(folder: MemberFolder) -> str:
    return f"http://127.0.0.1:{folder.rpc_port}"


def _chain_path(folder: MemberFolder) -> str:
    return f"/ext/bc/{folder.network.engine_facts['chain']}/rpc"


def _endpoint(member: Member) -> str:
    host = f"[{member.host}]" if ":" in member.host else member.host
    return f"{host}:{member.peer_port}"
