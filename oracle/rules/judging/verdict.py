"""What a judge says, and the checks that all proposals share. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from counterfoil.fault import Code
from counterfoil.gateway.record.identity import Digest
from counterfoil.oracle.errors import OracleError
from counterfoil.oracle.rules.faults.proposal import NOT_A_SIGNER, SIGNATURE_WRONG
from counterfoil.oracle.rules.judging.proposal import Proposal, proposer_of


class NotYet(OracleError):
    """This node can't judge it now; ``code`` says what it waits for."""

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class Dissents(OracleError):
    """A check failed; ``log_index`` is the record that it failed on, where it is one record's."""

    def __init__(self, code: Code, detail: str, log_index: int | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.log_index = log_index


@dataclass(frozen=True)
class AnchoredState:
    """What the chain says now: the newest anchored head and who may sign."""

    chain_id: int
    anchor: str
    signers: Collection[str]
    size: int
    root: Digest
    block: int


def check_sender(proposal: Proposal, sender: str, signers: Collection[str]) -> None:
    """Return when *proposal* is signed by who sent it, a current signer.

    Raises:
        Dissents: it is not.
    """
    signer = proposer_of(proposal)
    if signer != sender:
        raise Dissents(SIGNATURE_WRONG, f"sent by {sender}, signed by {signer or 'nobody'}")
    if sender not in signers:
        raise Dissents(NOT_A_SIGNER, f"{sender} is none of the quorum's signers")
