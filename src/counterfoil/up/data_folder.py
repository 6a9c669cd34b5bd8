"""One data folder with all that an embedded deployment needs: keys, certificates, ports, addresses.

Rules that this module keeps:

- Nothing is made twice. What is there is kept, so that a start after a kill goes on where the last one ended.
- Secrets are random, made here, and readable by their owner only. There is no default secret.
"""

from __future__ import annotations

import json
import secrets
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from eth_account import Account

import counterfoil.chain.recursion_limit  # noqa: F401  # eth_account brings py_ecc
from counterfoil.chain.client import ChainClient
from counterfoil.chain.consortium import ACCOUNT_ROLES, Consortium
from counterfoil.chain.deployment import deploy
from counterfoil.chain.deployment_file import EDITION, Deployment, check_edition
from counterfoil.chain.errors import KeyRefused
from counterfoil.chain.keys.signer import LocalSigner
from counterfoil.chain.nodes.embedded import keep_mnemonic
from counterfoil.chain.nodes.network.admission import admit, may_transact
from counterfoil.chain.nodes.network.creation import account_signer
from counterfoil.chain.nodes.network.engines.choice import engine_of
from counterfoil.chain.nodes.network.folder import read_folder
from counterfoil.chain.nodes.ports import free_ports
from counterfoil.fault import Code
from counterfoil.gateway.pki.authority import CertificateAuthority
from counterfoil.gateway.pki.certificate_file import replace_file
from counterfoil.gateway.pki.key_file import create_key, load_key
from counterfoil.oracle.quorum.peers import create_identity
from counterfoil.up.folder_lock import FolderLock
from counterfoil.up.superseded import require_not_superseded

PORTS = ("chain", "mqtt", "gateway_http", "api", "reader")
LOG_ORIGIN = "counterfoil.example/log"
_FIRST_PARTY = len(ACCOUNT_ROLES)
_PARTIES = 13
_FIRST_NODE = _FIRST_PARTY + _PARTIES - 1
"""Account of the second oracle node, less 1: the first node has the role's own."""
MOST_ORACLES = 12


class HouseNotThere(Exception):
    """The folder is no house's data folder."""

    code = Code("house.not_there")
    to_do = "Name the folder that `counterfoil up` runs over, or start one there."


@dataclass(frozen=True)
class House:
    """A deployment in one folder: its ports by name, its secret, and what was chosen when it was made."""

    folder: Path
    ports: dict[str, int]
    passphrase: str
    currency: str
    engine: str
    oracles: int = 1
    network: str = ""
    """The folder of the permissioned network's member whose node is used; empty where the chain is embedded."""

    @property
    def accounts(self) -> list[str]:
        """All accounts that transact: the roles (admin first), the parties, the oracle's nodes."""
        return [self.account(i).address for i in range(_FIRST_NODE + self.oracles + 1)]

    @property
    def threshold(self) -> int:
        """How many of the oracle's nodes must sign: more than two thirds of them."""
        return self.oracles * 2 // 3 + 1

    @property
    def rpc_url(self) -> str:
        if self.network:
            member = read_folder(Path(self.network))
            return engine_of(member.network.engine).rpc_url(member)
        return f"http://127.0.0.1:{self.ports['chain']}"

    @property
    def gateway_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['gateway_http']}"

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['api']}"

    @property
    def gateway_database(self) -> str:
        return f"sqlite:///{self.folder / 'gateway.db'}"

    @property
    def oracle_database(self) -> str:
        return f"sqlite:///{self.folder / 'oracle.db'}"

    @property
    def other_oracle_databases(self) -> list[str]:
        """The databases of the oracle's nodes from the second on; none where one process is the oracle."""
        return [f"sqlite:///{self.node(n) / 'oracle.db'}" for n in range(2, self.oracles + 1)]

    def node(self, number: int) -> Path:
        """The folder of oracle node *number*, from 1, where the oracle is more than one process."""
        return self.folder / "oracles" / str(number)

    def node_signer(self, number: int) -> LocalSigner:
        """The signer of oracle node *number*, from 1."""
        return self.role("oracle") if number == 1 else self.account(_FIRST_NODE + number)

    @property
    def deployment(self) -> Path:
        return self.folder / "deployment.json"

    @property
    def tiles(self) -> Path:
        return self.folder / "tiles"

    def authority(self) -> CertificateAuthority:
        """The device CA, made if it is not there."""
        return CertificateAuthority.create(self.pki, self.passphrase)

    @property
    def pki(self) -> Path:
        """The device CA's folder."""
        return self.folder / "pki"

    @property
    def gateway_certificate(self) -> Path:
        """The gateway's TLS certificate, and its issuer's."""
        return self.folder / "keys" / "gateway.crt"

    @property
    def passphrase_file(self) -> Path:
        """A file with the passphrase alone, for processes whose environment shall not have it."""
        return self.folder / "keys" / "passphrase"

    def keystore(self, role: str) -> Path:
        """Where the keystore of a role lies."""
        return self.folder / "keys" / f"{role}.json"

    def account(self, index: int) -> LocalSigner:
        """Funded account *index* of the embedded chain: the roles' first, then the parties'."""
        Account.enable_unaudited_hdwallet_features()
        mnemonic = (self.folder / "chain" / "mnemonic").read_text().strip()
        return LocalSigner(Account.from_mnemonic(mnemonic, account_path=f"m/44'/60'/0'/0/{index}"))

    def role(self, role: str) -> LocalSigner:
        """The signer of a role."""
        return self.account(ACCOUNT_ROLES.index(role))

    def party(self, index: int) -> LocalSigner:
        """The signer of party *index*, from 0 to 12."""
        return self.account(_FIRST_PARTY + index)


def open_house(
    folder: Path,
    *,
    currency: str = "USD",
    engine: str = "anvil",
    oracles: int = 1,
    network: Path | None = None,
) -> House:
    """Return the house in *folder*; make its folders, ports, secret, device CA and gateway keys where they are missing.

    Currency, engine, oracles and network only count when the house is made; later they stay as they are.

    Raises:
        EditionDiffers: the house is of another edition of the ledger; nothing in it was touched.
        HouseInUse: a process tree runs over it; nothing in it was touched.
        HouseSuperseded: it was restored elsewhere, and its keys sign there.
    """
    folder = folder.resolve()
    _check_edition(folder)
    require_not_superseded(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with FolderLock(folder):
        return _open_house(
            folder, currency=currency, engine=engine, oracles=oracles, network=network
        )


def _open_house(
    folder: Path, currency: str, engine: str, oracles: int, network: Path | None
) -> House:
    for name in ("keys", "logs", "tiles"):
        (folder / name).mkdir(exist_ok=True, mode=0o700)
    settings = folder / "house.json"
    if settings.exists():
        kept = json.loads(settings.read_text())
    else:
        kept = {
            "edition": EDITION,
            "ports": {},
            "currency": currency,
            "engine": engine,
            "oracles": oracles,
            "network": "" if network is None else str(read_folder(network).path),
            "passphrase": secrets.token_urlsafe(32),
        }
    count = kept.setdefault("oracles", 1)
    nodes = [f"oracle_{number}" for number in range(1, count + 1)] if count > 1 else []
    kept["ports"] = {name: _usable(kept["ports"].get(name)) for name in (*PORTS, *nodes)}
    replace_file(settings, json.dumps(kept, indent=1).encode(), 0o600)
    house = _house_of(folder, kept)
    if house.network:
        (folder / "chain").mkdir(exist_ok=True, mode=0o700)
        keep_mnemonic(folder / "chain" / "mnemonic")
    replace_file(house.passphrase_file, house.passphrase.encode(), 0o600)
    _make_gateway_keys(house)
    if count > 1:
        _make_nodes(house)
    return house


def read_house(folder: Path) -> House:
    """Return the house in *folder* as it is; nothing is made or changed.

    Raises:
        HouseNotThere: there is none.
    """
    settings = folder.resolve() / "house.json"
    if not settings.is_file():
        raise HouseNotThere(f"{folder} holds no house.json")
    return _house_of(settings.parent, json.loads(settings.read_text()))


def _house_of(folder: Path, kept: dict[str, Any]) -> House:
    return House(
        folder,
        ports=kept["ports"],
        passphrase=kept["passphrase"],
        currency=kept["currency"],
        engine=kept["engine"],
        oracles=kept.get("oracles", 1),
        network=kept.get("network", ""),
    )


def _check_edition(folder: Path) -> None:
    settings, deployment = folder / "house.json", folder / "deployment.json"
    if settings.exists():
        check_edition(json.loads(settings.read_text()).get("edition"), folder)
    if deployment.exists():
        Deployment.read(deployment)


def admit_accounts(house: House, client: ChainClient, passphrase: str | None) -> int:
    """Let the house's accounts into the network, by the member whose node is used; return the number of calls.

    Raises:
        KeyRefused: an account is to be let in, and *passphrase* does not open the member's keystore.
    """
    if all(may_transact(client, account) for account in house.accounts):
        return 0
    if not passphrase:
        raise KeyRefused(
            "set COUNTERFOIL_NETWORK_PASSPHRASE: the member whose node is used lets the accounts in"
        )
    member = account_signer(read_folder(Path(house.network)), passphrase)
    sent = admit(client, member, house.accounts[:1], deploying=True)
    return sent + admit(client, member, house.accounts[1:])


def deploy_contracts(
    house: House, client: ChainClient, progress: Callable[[str], None]
) -> Deployment:
    """Deploy the contracts that are missing, with the house's roles; write each role's keystore."""
    for role in ACCOUNT_ROLES:
        path = house.keystore(role)
        if not path.exists():
            key = house.role(role)
            locked = key.to_keystore(house.passphrase)
            replace_file(path, json.dumps(locked).encode(), 0o600)
    nodes = [house.node_signer(number) for number in range(1, house.oracles + 1)]
    if house.oracles > 1:
        _write_nodes(house, nodes)
    holders: dict[str, str] = {role: house.role(role).address for role in ACCOUNT_ROLES[1:]}
    consortium = Consortium(
        registrar=holders["registrar"],
        oracle=holders["oracle"] if house.oracles == 1 else "",
        calendar=holders["oracle"],
        bank=holders["bank"],
        supervisor=holders["supervisor"],
        committee=holders["committee"],
        guardian=holders["guardian"],
        signers=[node.address for node in nodes],
        threshold=house.threshold,
        currency=house.currency,
        decimals=2,
        bank_name=f"Demo bank {house.currency} deposits",
    )
    return deploy(
        client,
        admin=house.role("admin"),
        consortium=consortium,
        path=house.deployment,
        progress=progress,
    )


def export_certificates(house: House, authority: CertificateAuthority) -> Path:
    """Write what a bundle needs of the CA into ``certificates/``: authorities, record certificates, the CRL."""
    folder = house.folder / "certificates"
    folder.mkdir(exist_ok=True)
    replace_file(folder / "authorities.pem", authority.chain_pem, 0o644)
    export_list(house)
    for row in authority.issued():
        if row.kind == "record":
            certificate = authority.certificate(int(row.serial, 16))
            pem = certificate.public_bytes(serialization.Encoding.PEM)
            (folder / f"{row.name.replace(':', '_')}-{row.serial}.pem").write_bytes(pem)
    return folder


def export_list(house: House) -> None:
    """Write the newest revocation list into ``certificates/``, where that folder is."""
    folder = house.folder / "certificates"
    if folder.is_dir():
        replace_file(folder / "crl.pem", (house.pki / "crl.pem").read_bytes(), 0o644)


def _make_gateway_keys(house: House) -> None:
    authority = house.authority()
    keys = house.folder / "keys"
    if not (keys / "receipt.pem").exists():
        create_key(keys / "receipt.pem")
    if not (keys / "log.pem").exists():
        pem = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        replace_file(keys / "log.pem", pem, 0o600)
    if not house.gateway_certificate.exists():
        # A start that was killed between the two left a key without a certificate.
        path = keys / "gateway.key"
        key = load_key(path) if path.exists() else create_key(path)
        certificate = authority.certify_server(key.public_key(), ["localhost", "127.0.0.1"])
        replace_file(house.gateway_certificate, certificate, 0o644)
    replace_file(keys / "device-ca.pem", authority.chain_pem, 0o644)
    authority.write_crl()  # at every start, so that neither the gateway nor a bundle is left with one that is overdue
    if (house.folder / "certificates").is_dir():
        export_certificates(house, authority)
    authority.close()


def _make_nodes(house: House) -> None:
    """Make each oracle node's TLS certificate and key, and the list of certificates that may read the log."""
    readers = b""
    for number in range(1, house.oracles + 1):
        folder = house.node(number)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (folder / "node.crt").exists():
            (folder / "node.key").unlink(missing_ok=True)
            create_identity(
                certificate=folder / "node.crt",
                key=folder / "node.key",
                name=f"oracle-{number}",
                hosts=["127.0.0.1"],
            )
        readers += (folder / "node.crt").read_bytes()
    replace_file(house.folder / "oracles" / "readers.pem", readers, 0o600)


def _write_nodes(house: House, signers: Sequence[LocalSigner]) -> None:
    """Write each node's keystore, and the peers' file."""
    nodes = []
    for number, signer in enumerate(signers, 1):
        folder = house.node(number)
        if not (folder / "key.json").exists():
            locked = signer.to_keystore(house.passphrase)
            replace_file(folder / "key.json", json.dumps(locked).encode(), 0o600)
        nodes.append(
            {
                "name": f"oracle-{number}",
                "address": signer.address,
                "url": f"https://127.0.0.1:{house.ports[f'oracle_{number}']}",
                "certificate": (folder / "node.crt").read_text(),
            }
        )
    peers = json.dumps({"nodes": nodes}, indent=1).encode()
    replace_file(house.folder / "oracles" / "peers.json", peers, 0o600)


def _usable(port: int | None) -> int:
    """Return *port* if it can be listened on, else a free one. Raises OSError when there is none."""
    if port:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    return free_ports(1)[0]
