"""What the oracle refuses; every error has a stable code."""

from __future__ import annotations


class OracleError(Exception):
    """Base of all errors of this package."""

    code = "oracle.error"


class RecordNotBelieved(OracleError):
    """A stored record does not verify again: nothing from it on is anchored until a person has looked."""

    code = "oracle.record_not_believed"


class InputMalformed(OracleError):
    """A file or an instruction does not have the form that it should."""

    code = "oracle.input_malformed"


class UnknownName(OracleError):
    """A project, a device, a party or an exception that nobody has told the oracle of."""

    code = "oracle.unknown_name"


class NotAllowedNow(OracleError):
    """The state of things does not allow it (any more)."""

    code = "oracle.not_allowed_now"


class PeersInvalid(OracleError):
    """The file that lists the oracle's nodes does not, or this node is not among them."""

    code = "oracle.peers_invalid"


class PriceFileError(OracleError):
    """The file of an agreed price is none, or carries a signature that is not over its words."""

    code = "oracle.price_file"


class RecordRefused(OracleError):
    """The record at ``log_index`` does not verify from its bytes; ``reason`` is the verification's own code."""

    code = "oracle.record_refused"

    def __init__(self, log_index: int, reason: str, detail: str) -> None:
        super().__init__(f"record {log_index}: {reason}: {detail}")
        self.log_index = log_index
        self.reason = reason


class GatewayNotThere(OracleError):
    """No gateway gave the log's entries."""

    code = "oracle.gateway_not_there"
