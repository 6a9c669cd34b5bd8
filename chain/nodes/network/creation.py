"""Creates a network from its charter, and a new member's folder from an existing network.

Rules that this module keeps:

- Private keys are made in their member's folder, with mode 0600, and never in a repository. The owner's and the
  account's keys are encrypted; the node's keys are in clear, because the engine reads them so.
- Each member has its own random passphrase. The passphrases lie beside the members' folders, not in them.
- A network exists whole or not at all.
"""

from __future__ import annotations

import secrets
import shutil
from dataclasses import replace
from pathlib import Path

from counterfoil.chain.keys.signer import LocalSigner, create_keystore, open_keystore, read_keystore
from counterfoil.chain.nodes.network.charter import Charter, Seat
from counterfoil.chain.nodes.network.engines.engine import Engine, Progress
from counterfoil.chain.nodes.network.errors import EXISTS, NAME_TAKEN, NetworkError
from counterfoil.chain.nodes.network.folder import Member, MemberFolder, Network
from counterfoil.chain.nodes.network.handout import readme, unit
from counterfoil.chain.nodes.network.member_files import (
    require_outside_of_a_repository,
    write_json,
    write_whole,
)

OWNER, ACCOUNT = "owner.json", "account.json"


def create(
    engine: Engine, charter: Charter, out: Path, progress: Progress = lambda _: None
) -> list[MemberFolder]:
    """Create the network of *charter* in the folder *out*. Returns its members' folders.

    Raises:
        NetworkError: *out* exists or lies in a repository, or a node did not start.
    """
    out = out.resolve()
    require_outside_of_a_repository(out)
    if out.exists():
        raise NetworkError(EXISTS, f"{out} is there already; a network is never made over another")
    engine.install(progress)
    fresh = out.with_name(f".{out.name}.new")
    if fresh.exists():
        shutil.rmtree(fresh)
    fresh.mkdir(parents=True, mode=0o700)
    try:
        progress("making keys")
        passphrases: dict[str, str] = {}
        members = []
        for seat in charter.members:
            passphrases[seat.name] = secrets.token_urlsafe(24)
            keys = fresh / "members" / seat.name / "keys"
            members.append(_member(engine, seat, keys, passphrase=passphrases[seat.name]))
        network = Network(
            charter.name, charter.engine, charter.chain_id, members=members, engine_facts={}
        )
        folders = [
            MemberFolder(
                path=fresh / "members" / seat.name,
                name=seat.name,
                rpc_port=seat.rpc_port,
                network=network,
                states=seat.states,
            )
            for seat in charter.members
        ]
        network.engine_facts = engine.launch(charter, folders, progress)
        for folder in folders:
            shutil.rmtree(folder.engine_path, ignore_errors=True)
            (folder.path / "node.log").unlink(missing_ok=True)
            final = replace(folder, path=out / "members" / folder.name)
            folder.write()
            _write_handout(engine, folder, final)
        write_json(fresh / "passphrases.json", passphrases, 0o600)
        fresh.rename(out)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return [replace(folder, path=out / "members" / folder.name) for folder in folders]


def join(
    engine: Engine, network: Network, seat: Seat, out: Path, passphrase: str
) -> tuple[MemberFolder, Member]:
    """Create a new member's folder *out* with its own keys. Returns the folder, and the member for the others.

    Raises:
        NetworkError: *out* exists or lies in a repository, or the name is taken.
    """
    out = out.resolve()
    require_outside_of_a_repository(out)
    if out.exists():
        raise NetworkError(EXISTS, f"{out} is there already")
    if any(member.name == seat.name for member in network.members):
        raise NetworkError(NAME_TAKEN, f"{network.name} has a member {seat.name!r} already")
    member = _member(engine, seat, keys=out / "keys", passphrase=passphrase)
    known = replace(network, members=[*network.members, member])
    folder = MemberFolder(
        path=out, name=seat.name, rpc_port=seat.rpc_port, network=known, states=seat.states
    )
    folder.write()
    _write_handout(engine, folder, folder)
    return folder, member


def allow(folder: MemberFolder, member: Member) -> bool:
    """Let *member*'s node follow the chain from this folder's node, from its next start on. Returns whether it is new.

    Raises:
        NetworkError: another member has this name or this node.
    """
    network = folder.network
    if member in network.members:
        return False
    if any(m.name == member.name or m.node_id == member.node_id for m in network.members):
        raise NetworkError(
            NAME_TAKEN, f"{network.name} has another member of this name or this node already"
        )
    network.members.append(member)
    folder.write()
    return True


def owner_key(folder: MemberFolder, passphrase: str) -> bytes:
    """The private key with which this member votes.

    Raises:
        KeyRefused: the passphrase is wrong, or the keystore is missing.
    """
    return read_keystore(folder.keys / OWNER, passphrase)


def account_signer(folder: MemberFolder, passphrase: str) -> LocalSigner:
    """The signer of this member's account on the chain.

    Raises:
        KeyRefused: the passphrase is wrong, or the keystore is missing.
    """
    return open_keystore(folder.keys / ACCOUNT, passphrase)


def _member(engine: Engine, seat: Seat, keys: Path, passphrase: str) -> Member:
    node = engine.make_node_keys(keys)
    owner = create_keystore(keys / OWNER, passphrase)
    account = create_keystore(keys / ACCOUNT, passphrase)
    return Member(
        name=seat.name,
        host=seat.host,
        peer_port=seat.peer_port,
        node=node,
        owner=owner.public_key.hex(),
        account=account.address,
    )


def _write_handout(engine: Engine, folder: MemberFolder, final: MemberFolder) -> None:
    write_whole(folder.path / "README.md", readme(engine, final).encode())
    write_whole(folder.path / f"counterfoil-{folder.name}.service", unit(final).encode())
