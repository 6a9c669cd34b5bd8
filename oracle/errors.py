"""What the oracle refuses; every error has a stable code."""

from __future__ import annotations

from counterfoil.fault import Code, fault
from counterfoil.gateway.errors import GATEWAY_UNREACHABLE, RecordError


class OracleError(Exception):
    """The oracle failed, for a reason without a code of its own.

    Base of all errors of this package.
    """

    code = Code("oracle.error")
    to_do = "Read the detail; where it says nothing more, report it with the log."


class InputMalformed(OracleError):
    """A file or an instruction does not have the form that it should."""

    code = Code("input.malformed")
    to_do = "Correct the file or the request; the detail names the place."


class UnknownName(OracleError):
    """A project, a device, a party or an exception that nobody has told the oracle of."""

    code = Code("name.unknown")
    to_do = "Check the spelling, or tell the oracle of it first."


class NotAllowedNow(OracleError):
    """The state of things does not allow it (any more)."""

    code = Code("instruction.not_allowed_now")
    to_do = "Look at the state that the detail names; nothing was changed."


class PeersInvalid(OracleError):
    """The file that lists the oracle's nodes does not, or this node is not among them."""

    code = Code("quorum.peers_invalid")
    to_do = "Correct the file of the nodes as docs/oracle-nodes.md shows it."


class PriceFileError(OracleError):
    """The file of an agreed price is none, or carries a signature that is not over its words."""

    code = Code("price.file_invalid")
    to_do = "Ask for the file again from the node that made it; sign nothing by it."


class RecordRefused(OracleError):
    """The record at ``log_index`` does not verify from its bytes; ``reason`` is the verification's own code."""

    code = RecordError.code

    def __init__(self, log_index: int, reason: Code, detail: str) -> None:
        super().__init__(f"record {log_index}: {reason}: {detail}")
        self.log_index = log_index
        self.reason = reason


class GatewayNotThere(OracleError):
    """No gateway gave the log's entries."""

    code = GATEWAY_UNREACHABLE


NOT_IN_TIME = fault(
    "instruction.not_in_time",
    "The oracle did not take the instruction in the time that was given.",
    (
        "Look whether the oracle runs. The instruction stays asked for: look at it again before"
        " asking twice."
    ),
)
DAY_DIFFERS = fault(
    "day.differs",
    "A business day was closed, and figures do not agree.",
    "Read the day's report: it names each figure. Clear them up, then close the day again.",
)
KEY_AWAITED = fault(
    "head.key_awaited",
    (
        "A record waits for its device's key to be registered and final; nothing is anchored "
        "from it on."
    ),
    "Register the key that the detail names, or wait for it.",
)
GOSSIP_DIFFERS = fault(
    "head.gossip_differs",
    "A device was shown another head than the log has.",
    "Keep the record: it is evidence that two logs were shown. Look at the gateway.",
)
RECORD_NOT_BELIEVED = fault(
    "log.record_not_believed",
    "A record of the log does not verify from its bytes: nothing from it on is anchored.",
    (
        "Find out who changed the store: compare the record with a copy of the log. Anchoring "
        "goes on once it verifies again."
    ),
)
COPY_DIFFERS = fault(
    "log.copy_differs",
    "The records do not give the anchored head; those beyond the last head that they give are asked for anew.",
    (
        "Nothing, if it happens once. If it stays so, compare this gateway's log with another "
        "node's copy."
    ),
)
COPY_IN_USE = fault(
    "log.copy_in_use",
    "Another process writes the copy of the log.",
    "Stop the other one; each node has a copy of its own.",
)
RECORD_TWICE = fault(
    "log.record_twice",
    "A record stands twice in the log.",
    "Ask the log's operator; the copy stops before it.",
)
NOT_A_PEER = fault(
    "quorum.not_a_peer",
    "No node of the quorum has the certificate that was shown.",
    "Put the node's certificate into every node's file of the quorum.",
)
STORE_BUSY = fault(
    "store.busy",
    "The database was held by another process for too long.",
    "Nothing: it is tried again. If it stays so, look for a process that holds it.",
)
ORACLE_SILENT = fault(
    "oracle.silent",
    "The oracle gives no sign of life, or has been in one step for too long.",
    (
        "Look whether its process runs, is stopped, or waits for what the detail names. Started again, it goes on "
        "where it was; nothing is done twice."
    ),
)
STEP_WAITS = fault(
    "oracle.step_waits",
    "A part of the oracle can't go on, and is tried again; the others go on.",
    "See to what the detail names, by its own code; the part goes on by itself.",
)
INSTRUCTION_WAITS = fault(
    "instruction.waits",
    "An instruction is not carried out, or its transaction is not final, though it was asked for a while ago.",
    "Look at the instruction that the detail names, and whether the oracle and the chain go on.",
)
TRANSACTION_WAITS = fault(
    "chain.transaction_waits",
    "A transaction that was asked for a while ago is in no block.",
    (
        "Look whether the chain makes blocks, and whether the sender's account may transact there. It is sent again by "
        "itself."
    ),
)
NODE_NOT_WELL = fault(
    "quorum.node_not_well",
    "A node of the quorum does not respond, or its copy of the log has stopped.",
    "Ask who runs it. Anchoring goes on while more than two thirds of the nodes sign.",
)
INSTRUCTION_STUMBLED = fault(
    "instruction.stumbled",
    "The instruction failed several times for a reason that is not known.",
    "Report it with the oracle's log, which has the whole failure; then ask for it again.",
)
DISTRIBUTION_UNKNOWN = fault(
    "revenue.distribution_unknown",
    "The chain has a distribution whose sales are not known here, so nothing of its project is distributed.",
    "Put told.db back from a backup, beside the tiles; the oracle goes on by itself.",
)
