"""What a peer of an HTTP door may use, as settings: ``COUNTERFOIL_…_HTTP_…`` of each process that has a door."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field
from pydantic_settings import BaseSettings


@dataclass(frozen=True)
class PeerLimits:
    """What one peer of a door may use; times in seconds."""

    connections: int = 1_000
    """Open at once, of all peers."""
    handshake_within_s: float = 10.0
    """For TLS, before the first request."""
    head_within_s: float = 10.0
    """For a request's line and headers, from the connection or from the request's first byte on."""
    body_within_s: float = 20.0
    """For a request's body; every ``body_bytes_a_second`` of it give a second more."""
    body_bytes_a_second: int = 2_000
    unread_within_s: float = 60.0
    """For a response of which the peer takes nothing."""


_DEFAULT = PeerLimits()


class PeerSettings(BaseSettings):
    """The settings of a process with an HTTP door; :class:`PeerLimits` says what each is for."""

    http_connections: int = Field(default=_DEFAULT.connections, ge=1)
    http_handshake_within_s: float = Field(default=_DEFAULT.handshake_within_s, gt=0)
    http_head_within_s: float = Field(default=_DEFAULT.head_within_s, gt=0)
    http_body_within_s: float = Field(default=_DEFAULT.body_within_s, gt=0)
    http_body_bytes_a_second: int = Field(default=_DEFAULT.body_bytes_a_second, ge=1)
    http_unread_within_s: float = Field(default=_DEFAULT.unread_within_s, gt=0)

    @property
    def peer_limits(self) -> PeerLimits:
        return PeerLimits(
            connections=self.http_connections,
            handshake_within_s=self.http_handshake_within_s,
            head_within_s=self.http_head_within_s,
            body_within_s=self.http_body_within_s,
            body_bytes_a_second=self.http_body_bytes_a_second,
            unread_within_s=self.http_unread_within_s,
        )
