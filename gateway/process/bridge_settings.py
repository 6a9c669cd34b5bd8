"""Settings of the bridge: the environment (``COUNTERFOIL_BRIDGE_…``) over the defaults. No secret has a default."""

from __future__ import annotations

import ssl
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from counterfoil.disk_room import disk_of_database
from counterfoil.fault import SETTINGS_INVALID
from counterfoil.gateway.doors.bridge.errors import BridgeError
from counterfoil.gateway.doors.bridge.mqtt_link import Broker
from counterfoil.gateway.doors.bridge.nats_link import Cluster
from counterfoil.peer_limits import PeerSettings
from counterfoil.settings_form import DatabaseUrl

_MQTT_PORTS = {"mqtt": 1883, "mqtts": 8883}


class SettingsError(BridgeError):
    """A setting of the bridge is not of the form that it must have."""

    code = SETTINGS_INVALID


class BridgeSettings(PeerSettings, BaseSettings):
    """Which broker the bridge reads from, what it stores into, and the key that signs receipts."""

    model_config = SettingsConfigDict(env_prefix="COUNTERFOIL_BRIDGE_")

    broker: str
    """``mqtt://host:port``, ``mqtts://host:port``, or ``nats://host:port`` (several, with commas between)."""
    name: str
    """This gateway's own name at the broker. It names the session, so no two gateways may share it."""
    group: str = "counterfoil"
    """All gateways of a group share the records."""
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    username: str | None = None
    password: str | None = None
    in_flight: int = 1_000
    copies: int = 1
    """NATS: how many servers must hold a record before it is acknowledged to the device."""
    probe: int = 5_000
    """MQTT: how many messages the broker must keep for an absent subscriber; 0 skips the check."""
    gap_within_s: float = 10.0
    database_url: DatabaseUrl = "sqlite:///gateway.db"
    receipt_key: Path
    log_origin: str = "counterfoil.example/log"
    tiles: Path | None = None
    promise_within_s: int = 3_600
    verify_processes: int | None = None
    verify_silent_s: float = Field(default=5.0, gt=0)
    """A process that checks signatures and tells nothing for so long is replaced, and its work done again."""
    stalled_after_s: float = Field(default=10.0, gt=0)
    """When nothing was committed for so long though records wait, it is told."""
    host: str = "127.0.0.1"
    http_port: int = 8886
    """Health and metrics."""

    @property
    def disks(self) -> list[Path]:
        """The folders that are written, as far as they are on this machine."""
        return [*disk_of_database(self.database_url), *([self.tiles] if self.tiles else [])]

    @property
    def is_nats(self) -> bool:
        """Return whether the broker is NATS."""
        return self.broker.startswith(("nats://", "tls://"))

    def mqtt_broker(self) -> Broker:
        """Return the MQTT broker that ``broker`` names.

        Raises:
            SettingsError: it is no such URL, or TLS has no CA.
        """
        url = urlsplit(self.broker)
        if url.scheme not in _MQTT_PORTS or not url.hostname:
            raise SettingsError(f"broker {self.broker!r}: mqtt://, mqtts:// or nats:// and a host")
        if (url.scheme == "mqtts") != (self.ca is not None):
            raise SettingsError("ca is given with mqtts://, and only with it")
        return Broker(
            host=url.hostname,
            port=url.port or _MQTT_PORTS[url.scheme],
            name=self.name,
            group=self.group,
            ca_file=self.ca,
            certificate=self.certificate,
            key=self.key,
            username=self.username,
            password=self.password,
            in_flight=self.in_flight,
        )

    def nats_cluster(self) -> Cluster:
        """Return the NATS cluster that ``broker`` names."""
        tls = None
        if self.ca is not None:
            tls = ssl.create_default_context(cafile=str(self.ca))
            if self.certificate is not None:
                tls.load_cert_chain(self.certificate, self.key)
        return Cluster(
            servers=tuple(self.broker.split(",")),
            name=self.name,
            group=self.group,
            tls=tls,
            username=self.username,
            password=self.password,
            in_flight=self.in_flight,
            copies=self.copies,
        )
