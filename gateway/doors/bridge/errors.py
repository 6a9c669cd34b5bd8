"""Why a bridge cannot do its work; codes are stable."""

from __future__ import annotations

from counterfoil.gateway.errors import GatewayError


class BridgeError(GatewayError):
    """Base of what goes wrong between the bridge and its broker."""

    code = "bridge_error"


class BrokerUnreachableError(BridgeError):
    """Nobody answers there, or TLS or the password is refused."""

    code = "broker_unreachable"


class BrokerUnfitError(BridgeError):
    """The broker's settings would lose records; docs/formats/mqtt.md lists the ones that are needed."""

    code = "broker_unfit"


class NotPermittedError(BridgeError):
    """The broker does not let this account read the records, or write the receipts."""

    code = "broker_not_permitted"
