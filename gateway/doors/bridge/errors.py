"""Why a bridge cannot do its work; codes are stable."""

from __future__ import annotations

from counterfoil.fault import Code
from counterfoil.gateway.errors import GatewayError


class BridgeError(GatewayError):
    """Something went wrong between the bridge and its broker.

    Base of the bridge's errors.
    """

    code = Code("bridge.error")
    to_do = "Read the detail; the bridge goes on where it was when it is started again."


class BrokerUnreachableError(BridgeError):
    """Nobody answers there, or TLS or the password is refused."""

    code = Code("bridge.broker_unreachable")
    to_do = (
        "Start the broker, or correct its address, certificate or password; nothing is lost "
        "meanwhile."
    )


class BrokerUnfitError(BridgeError):
    """The broker's settings would lose records; docs/formats/mqtt.md lists the ones that are needed."""

    code = Code("bridge.broker_unfit")
    to_do = "Change the broker's settings as docs/bridges.md says before any device is let in."


class NotPermittedError(BridgeError):
    """The broker does not let this account read the records, or write the receipts."""

    code = Code("bridge.not_permitted")
    to_do = (
        "Let the bridge's account read the records' topics and write the receipts' at the broker."
    )
