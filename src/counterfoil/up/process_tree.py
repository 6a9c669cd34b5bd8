"""The process tree of one house: chain, gateway, oracle (or its nodes) and API, each a command of its own."""

from __future__ import annotations

import json
import os
import ssl
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType

import httpx

from counterfoil.chain.client import ChainClient
from counterfoil.chain.deployment_file import Deployment
from counterfoil.chain.errors import ChainError
from counterfoil.chain.keys.passphrase import read_passphrase
from counterfoil.up.data_folder import LOG_ORIGIN, House, admit_accounts, deploy_contracts
from counterfoil.up.folder_lock import FolderLock
from counterfoil.up.renewal import Renewal, utc_now
from counterfoil.up.supervisor import Child, Supervisor
from counterfoil.up.watchdog import Watchdog

_NETWORK_PASSPHRASE = "COUNTERFOIL_NETWORK_PASSPHRASE"  # noqa: S105  # the variable's name
_READY_S = 60.0
"""How long a process may take to be ready, for each of those started at once: they share the processors."""
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Without certificate authorities, which would be read at each look: loopback needs no TLS."""


class Tree:
    """Started by :meth:`start` or as a context; :meth:`stop` ends every process, the last started first."""

    def __init__(
        self,
        house: House,
        progress: Callable[[str], None] = lambda _: None,
        now: Callable[[], datetime] = utc_now,
        oracle_settings: Mapping[str, str] | None = None,
    ) -> None:
        """*oracle_settings* are settings of the settling oracle by their names in the environment, which goes first."""
        self._oracle_settings = dict(oracle_settings or {})
        self.house = house
        self.supervisor = Supervisor()
        self._renewal = Renewal(house, now)
        self._watchdog = Watchdog(house)
        self._progress = progress
        self._lock = FolderLock(house.folder)

    def __enter__(self) -> Tree:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def client(self) -> ChainClient:
        """A client of the house's chain and contracts."""
        return ChainClient(self.house.rpc_url, Deployment.read(self.house.deployment).addresses)

    def start(self) -> None:
        """Start chain and gateway, and once they are ready oracle and API.

        Raises:
            HouseInUse: another process tree runs over this folder.
            ChildFailed: a process did not become ready.
        """
        self._lock.take()
        try:
            self._renewal.start()
            # Processes that do not need each other start together: most of a start is a process's own work.
            self._start(
                *self._chain(),
                self._child("gateway", self._gateway_env(), self._answers(self.house.gateway_url)),
            )
            client = ChainClient(self.house.rpc_url)
            if self.house.network:
                self._progress("accounts on the network")
                admit_accounts(self.house, client, _network_passphrase())
            self._progress("contracts")
            deploy_contracts(self.house, client, lambda _: None)
            self._start(
                *self._oracles(),
                self._child("api", self._api_env(), self._answers(self.house.api_url)),
            )
            self._watchdog.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End every process; each has time to finish what it does."""
        self._watchdog.stop()
        self._renewal.stop()
        self.supervisor.stop()
        self._lock.give_back()

    # ---- parts

    def _child(
        self, name: str, env: dict[str, str], is_ready: Callable[[], bool], command: str = ""
    ) -> Child:
        argv = [sys.executable, "-m", "counterfoil", command or name, "run"]
        return Child(name, argv, env, log_path=self._log_of(name), is_ready=is_ready)

    def _start(self, *children: Child) -> None:
        self._progress(", ".join(child.name for child in children))
        self.supervisor.start(*children, timeout_s=_READY_S * max(1, len(children) - 1))

    def _chain(self) -> list[Child]:
        """The embedded chain; nothing in a network, where each bank runs its own node."""
        if self.house.network:
            return []
        return [self._child("chain", self._chain_env(), self._chain_ready)]

    def _oracles(self) -> list[Child]:
        """The oracle: one process that signs alone, or a process for each node."""
        if self.house.oracles == 1:
            return [self._child("oracle", self._oracle_env(), self._says_ready("oracle"))]
        return [
            self._child(
                name, env=self._node_env(number), is_ready=self._says_ready(name), command="oracle"
            )
            for number in range(1, self.house.oracles + 1)
            for name in (f"oracle-{number}",)
        ]

    def _log_of(self, name: str) -> Path:
        return self.house.folder / "logs" / f"{name}.log"

    def _chain_env(self) -> dict[str, str]:
        return {
            "COUNTERFOIL_CHAIN_ENGINE": self.house.engine,
            "COUNTERFOIL_CHAIN_STATE_DIR": str(self.house.folder / "chain"),
            "COUNTERFOIL_CHAIN_PORT": str(self.house.ports["chain"]),
            "COUNTERFOIL_CHAIN_ORIGINS": json.dumps(
                [f"http://{name}:{self.house.ports['api']}" for name in ("127.0.0.1", "localhost")]
            ),
        }

    def _gateway_env(self) -> dict[str, str]:
        keys = self.house.folder / "keys"
        return {
            "COUNTERFOIL_GATEWAY_DATABASE_URL": self.house.gateway_database,
            "COUNTERFOIL_GATEWAY_MQTT_PORT": str(self.house.ports["mqtt"]),
            "COUNTERFOIL_GATEWAY_HTTP_PORT": str(self.house.ports["gateway_http"]),
            "COUNTERFOIL_GATEWAY_TLS_CERTIFICATE": str(self.house.gateway_certificate),
            "COUNTERFOIL_GATEWAY_TLS_KEY": str(keys / "gateway.key"),
            "COUNTERFOIL_GATEWAY_DEVICE_CA": str(keys / "device-ca.pem"),
            "COUNTERFOIL_GATEWAY_CRL": str(self.house.pki / "crl.pem"),
            "COUNTERFOIL_GATEWAY_RECEIPT_KEY": str(keys / "receipt.pem"),
            "COUNTERFOIL_GATEWAY_TILES": str(self.house.tiles),
            "COUNTERFOIL_GATEWAY_LOG_ORIGIN": LOG_ORIGIN,
        } | self._reader_env()

    def _reader_env(self) -> dict[str, str]:
        if self.house.oracles == 1:
            return {}
        return {
            "COUNTERFOIL_GATEWAY_READER_PORT": str(self.house.ports["reader"]),
            "COUNTERFOIL_GATEWAY_READERS": str(self.house.folder / "oracles" / "readers.pem"),
        }

    def _oracle_env(self) -> dict[str, str]:
        return {
            "COUNTERFOIL_ORACLE_DATABASE_URL": self.house.oracle_database,
            "COUNTERFOIL_ORACLE_GATEWAY_DATABASE_URL": self.house.gateway_database,
            "COUNTERFOIL_ORACLE_RPC_URL": self.house.rpc_url,
            "COUNTERFOIL_ORACLE_DEPLOYMENT": str(self.house.deployment),
            "COUNTERFOIL_ORACLE_TILES": str(self.house.tiles),
            "COUNTERFOIL_ORACLE_KEYSTORE": str(self.house.keystore("oracle")),
            "COUNTERFOIL_ORACLE_PASSPHRASE_FILE": str(self.house.passphrase_file),
            "COUNTERFOIL_ORACLE_BANK_KEYSTORE": str(self.house.keystore("bank")),
            "COUNTERFOIL_ORACLE_BANK_PASSPHRASE_FILE": str(self.house.passphrase_file),
            "COUNTERFOIL_ORACLE_LOG_KEY": str(self.house.folder / "keys" / "log.pem"),
            "COUNTERFOIL_ORACLE_LOG_ORIGIN": LOG_ORIGIN,
        } | {name: os.environ.get(name, value) for name, value in self._oracle_settings.items()}

    def _node_env(self, number: int) -> dict[str, str]:
        """The first node uses the house's database and tiles and settles payments; the others have their own."""
        folder = self.house.node(number)
        env = {
            "COUNTERFOIL_ORACLE_PEERS": str(self.house.folder / "oracles" / "peers.json"),
            "COUNTERFOIL_ORACLE_KEYSTORE": str(folder / "key.json"),
            "COUNTERFOIL_ORACLE_NODE_CERTIFICATE": str(folder / "node.crt"),
            "COUNTERFOIL_ORACLE_NODE_KEY": str(folder / "node.key"),
            "COUNTERFOIL_ORACLE_NODE_PORT": str(self.house.ports[f"oracle_{number}"]),
            "COUNTERFOIL_ORACLE_RECORDS_DATABASE_URL": f"sqlite:///{folder / 'records.db'}",
            "COUNTERFOIL_ORACLE_GATEWAYS": json.dumps(
                [f"https://127.0.0.1:{self.house.ports['reader']}"]
            ),
            "COUNTERFOIL_ORACLE_GATEWAY_CA": str(self.house.folder / "keys" / "device-ca.pem"),
        }
        if number == 1:
            return self._oracle_env() | env
        return env | {
            "COUNTERFOIL_ORACLE_DATABASE_URL": f"sqlite:///{folder / 'oracle.db'}",
            "COUNTERFOIL_ORACLE_GATEWAY_DATABASE_URL": "",
            "COUNTERFOIL_ORACLE_RPC_URL": self.house.rpc_url,
            "COUNTERFOIL_ORACLE_DEPLOYMENT": str(self.house.deployment),
            "COUNTERFOIL_ORACLE_TILES": str(folder / "tiles"),
            "COUNTERFOIL_ORACLE_PASSPHRASE_FILE": str(self.house.passphrase_file),
            "COUNTERFOIL_ORACLE_SETTLES": "false",
        }

    def _api_env(self) -> dict[str, str]:
        return {
            "COUNTERFOIL_API_GATEWAY_URL": self.house.gateway_database,
            "COUNTERFOIL_API_ORACLE_URL": self.house.oracle_database,
            "COUNTERFOIL_API_TILES": str(self.house.tiles),
            "COUNTERFOIL_API_DEPLOYMENT": str(self.house.deployment),
            "COUNTERFOIL_API_RPC_URLS": json.dumps([self.house.rpc_url]),
            "COUNTERFOIL_API_GATEWAYS": json.dumps([self.house.gateway_url]),
            "COUNTERFOIL_API_CERTIFICATES": str(self.house.folder / "certificates"),
            "COUNTERFOIL_API_PORT": str(self.house.ports["api"]),
        }

    def _chain_ready(self) -> bool:
        try:
            ChainClient(self.house.rpc_url, timeout_s=2).chain_id()
        except ChainError:
            return False
        return True

    def _says_ready(self, name: str) -> Callable[[], bool]:
        path = self._log_of(name)
        mark = path.stat().st_size if path.exists() else 0

        def ready() -> bool:
            with path.open("rb") as lines:
                lines.seek(mark)
                return b"oracle_ready" in lines.read()

        return ready

    def _answers(self, url: str) -> Callable[[], bool]:
        def ready() -> bool:
            try:
                found = httpx.get(f"{url}/healthz", timeout=2, verify=_NO_TLS, trust_env=False)
            except httpx.HTTPError:
                return False
            return found.status_code == 200

        return ready


def _network_passphrase() -> str | None:
    named = os.environ.get(f"{_NETWORK_PASSPHRASE}_FILE")
    if named:
        return read_passphrase(_NETWORK_PASSPHRASE, Path(named))
    return os.environ.get(_NETWORK_PASSPHRASE)
