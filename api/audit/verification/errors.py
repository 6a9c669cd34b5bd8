"""What can be wrong with a bundle, as typed errors that name the part and the entry.

Rules kept here:

* Every error carries ``code``, as docs/errors.md lists it, and ``step``, the number of the
  verification step (see ``verify``) that it fails.
* ``where`` names the part of the bundle, and the entry in it where one can be told.
* ``said_where`` and ``said`` are said in any language; ``where`` and ``detail`` are their English.
* ``to_do`` is what the auditor can do about it; its Chinese stands in ``said_zh_to_do``.
* What an error quotes of the file is escaped where the error is made, so that it is safe wherever it is shown.
"""

from __future__ import annotations

from typing import ClassVar

from counterfoil.api.audit.faults import (
    RECORDS_BROKEN,
    RECORDS_DISPUTED,
)
from counterfoil.api.audit.verification.said import Said, said_in
from counterfoil.chain.errors import NodeUnreachable
from counterfoil.chain.proof.block_proof import BlockProofInvalid
from counterfoil.fault import Code
from counterfoil.gateway.certificate.errors import CertificateRevokedError as CertificateRevoked
from counterfoil.gateway.certificate.errors import PathInvalidError, RevocationListInvalidError
from counterfoil.gateway.errors import BUNDLE_MALFORMED, PART_ALTERED, RecordError
from counterfoil.gateway.errors import CosignaturesTooFewError as CosignaturesTooFew
from counterfoil.oracle.rules.faults.proposal import (
    NOT_INCLUDED,
    PROJECT_DIFFERS,
    STATE_DIFFERS,
)


class AuditError(Exception):
    """An audit found something that is not as it must be.

    Base of all that an audit finds.
    """

    code: ClassVar[Code] = Code("audit.error")
    to_do: ClassVar[str] = "Read the detail."
    step: ClassVar[int] = 0
    unverifiable: ClassVar[bool] = False

    def __init__(self, where: Said, detail: Said) -> None:
        self.said_where, self.said = where, detail
        self.where, self.detail = said_in("en", where), self.detail_in("en")
        super().__init__(f"{self.where}: {self.detail}")

    def detail_in(self, language: str) -> str:
        """Return the detail in *language*; what it quotes does not repeat the code, which stands before it."""
        return said_in(language, self.said).replace(f"{self.code}: ", "")


class ContainerError(AuditError):
    """The file is not a bundle in the one form that the format has."""

    code = BUNDLE_MALFORMED
    to_do = "Ask for the bundle again; it may have been cut off on its way."
    step = 1


class OlderVersionError(ContainerError):
    """The file is a bundle of a version that was written once: a new one must be made, or an older program asked."""

    code = Code("bundle.version_unsupported")
    to_do = "Have the bundle made again, or verify it with the program of its time."
    unverifiable = True


class SubjectError(AuditError):
    """The file is about another device or period than was asked for."""

    code = Code("bundle.not_what_was_asked")
    to_do = "Ask for the file of the device and the days that you want."
    step = 1


class PartAlteredError(AuditError):
    """A part's bytes are not those that the bundle was made with."""

    code = PART_ALTERED
    to_do = "Ask for the bundle again, from its maker; believe nothing in this one."
    step = 2


class PartMalformedError(AuditError):
    """A part does not hold what its name says."""

    code = Code("bundle.part_malformed")
    to_do = "Ask for the bundle again; if it stays so, its maker's program is at fault."
    step = 2


class CertificateError(AuditError):
    """A certificate does not lead to the root, or does not name the device."""

    code = PathInvalidError.code
    to_do = "Check that the root given is the right one; ask the authority for the certificates and lists below it."
    step = 3


class CertificateMissingError(AuditError):
    """A key is registered with a certificate that is not in the bundle."""

    code = Code("bundle.certificate_missing")
    to_do = "Ask for a bundle that holds the certificates, or for the certificate itself."
    step = 3
    unverifiable = True


class CertificateRevokedError(AuditError):
    """The issuing authority revoked the certificate while the registry kept its key open."""

    code = CertificateRevoked.code
    to_do = (
        "Ask the registrar why the key counts all the same; believe nothing that it signed since."
    )
    step = 3


class RevocationListMissingError(AuditError):
    """There is no list of the authority that certified a key: whether the key was revoked can't be told."""

    code = Code("bundle.revocation_list_missing")
    to_do = "Ask the authority for its list, and give it with --crl, or have the bundle made again with it."
    step = 3
    unverifiable = True


class RevocationListStaleError(AuditError):
    """The authority's list was overdue when the bundle was made: what was revoked since can't be told."""

    code = RevocationListInvalidError.code
    to_do = "Ask the authority for its newest list, and give it with --crl."
    step = 3
    unverifiable = True


class RevokedKeyUsedError(AuditError):
    """Records that count were signed after the certificate of their key was revoked."""

    code = Code("bundle.revoked_key_used")
    to_do = "Ask the registrar why the key ends behind its revocation, and the machine's owner for these sales."
    step = 5
    unverifiable = True


class RegistryMismatchError(AuditError):
    """The registered key is not the key of the certificate that it was registered with."""

    code = Code("bundle.registry_mismatch")
    to_do = "Ask the registrar which key was registered, and why it is another one."
    step = 4


class RecordRefusedError(AuditError):
    """A record does not verify under the device's registered key."""

    code = RecordError.code
    to_do = "Don't count the record, and keep the file; ask the device's operator why it does not verify."
    step = 5


class ChainBrokenError(AuditError):
    """A record does not follow the one before it: a gap, another predecessor, other counters."""

    code = RECORDS_BROKEN
    to_do = (
        "Ask the log's operator for the records between; if there are none, records were left out."
    )
    step = 6


class PeriodError(AuditError):
    """The records do not cover the period from its beginning to its end."""

    code = Code("bundle.period_not_covered")
    to_do = "Ask for a bundle of the whole period; if there is none, records are held back."
    step = 7


class EndOpenError(AuditError):
    """The file does not show that its last record is the device's last of the period: a later head may hold more."""

    code = Code("bundle.end_open")
    to_do = "Ask your own node for the newest head (--rpc); if it is a later one, have the bundle made again."
    step = 7
    unverifiable = True


class HeadTooEarlyError(AuditError):
    """The file's last head was anchored before the period ended: what came after it is not shown."""

    code = Code("bundle.head_too_early")
    to_do = "Ask for a bundle that was made after the period's end, under a head of after it."
    step = 7
    unverifiable = True


class ClockError(AuditError):
    """The device's clock jumped: which of its records are of the period can't be told by their times."""

    code = Code("record.clock_jumped")
    to_do = "Ask for a bundle of a longer period, and compare its records' numbers with what the machine took."
    step = 7
    unverifiable = True


class InclusionError(AuditError):
    """A record is not under the head that is said to hold it."""

    code = NOT_INCLUDED
    to_do = (
        "Ask for the proof under the right head; if there is none, the record is not in the log."
    )
    step = 8


class ConsistencyError(AuditError):
    """A head is not the beginning of the next one."""

    code = Code("proof.consistency_invalid")
    to_do = "Keep both heads: they are evidence that the log was rewritten, or that the bundle was."
    step = 9


class CheckpointMismatchError(AuditError):
    """The log's signed checkpoint is not of the last head, or a signature on it does not verify."""

    code = Code("checkpoint.mismatch")
    to_do = "Ask the log's operator for the checkpoint that belongs to these heads."
    step = 9


class CosignaturesTooFewError(AuditError):
    """Fewer of the witnesses that the auditor knows have cosigned than were asked for."""

    code = CosignaturesTooFew.code
    to_do = "Ask the witnesses for their cosignatures, or ask for fewer of them."
    step = 9
    unverifiable = True


class StateError(AuditError):
    """The last head states another end of the device's chain than the records do."""

    code = STATE_DIFFERS
    to_do = "Keep the file; ask the log's operator for the device's newest records, and its slot under this head."
    step = 10


class TakenBackError(AuditError):
    """The key ends below numbers that are under the last head: these were anchored, and taken back since."""

    code = RECORDS_DISPUTED
    to_do = "Ask the committee what the motion rests on; the vote has its hash."
    step = 10
    unverifiable = True


class BlockProofError(AuditError):
    """A block's header or a proof under it is not what it is given for."""

    code = BlockProofInvalid.code
    to_do = (
        "Ask for the block's proof again, from another node; if it stays wrong, it proves nothing."
    )
    step = 11


class BlockMissingError(AuditError):
    """The bundle was made without a node: no block's header shows what is on chain."""

    code = Code("bundle.block_missing")
    to_do = "Have the bundle made again with a node, or verify it against one with --rpc."
    step = 11
    unverifiable = True


class NotAnchoredError(AuditError):
    """The block's receipts don't hold the head, or not in the block and transaction that are stated."""

    code = Code("head.not_anchored")
    to_do = "Ask for the transaction that anchored the head; without one, the head is not on chain."
    step = 12


class ProjectError(AuditError):
    """The device was not in the project, by its assignments on chain."""

    code = PROJECT_DIFFERS
    to_do = (
        "Ask the registrar which project the device was in, and have the bundle made for that one."
    )
    step = 12


class AssignmentError(AuditError):
    """An assignment of the device to a project is not the one that a block's receipts hold, or one is left out."""

    code = Code("bundle.assignment_mismatch")
    to_do = (
        "Ask the registrar for the device's assignments, and compare them with the chain's events."
    )
    step = 12


class AddressError(AuditError):
    """A contract stands elsewhere than the auditor's own deployment file says."""

    code = Code("bundle.address_mismatch")
    to_do = "Check which deployment file is the consortium's; trust only your own."
    step = 12


class DeploymentUnknownError(AuditError):
    """The auditor has said nothing of the deployment: the contracts may be of anybody's making."""

    code = Code("bundle.deployment_unknown")
    to_do = (
        "Get the consortium's deployment file, or its hash, from somewhere else than the bundle, and give it with "
        "--deployment or --deployment-hash."
    )
    step = 12
    unverifiable = True


class OnChainMismatchError(AuditError):
    """The chain holds something else than the bundle says."""

    code = Code("bundle.chain_mismatch")
    to_do = "Ask a second node; if it says the same, the bundle is not of this chain or not true."
    step = 14


class RecordsDisputedError(AuditError):
    """The committee has repudiated records of the device after they were anchored."""

    code = RECORDS_DISPUTED
    to_do = "Ask the committee what the motion rests on; the vote has its hash."
    step = 14
    unverifiable = True


class ChainUnreachableError(AuditError):
    """The chain's node did not answer: what is on chain could not be told."""

    code = NodeUnreachable.code
    to_do = "Look at the node's address (--rpc), and ask it again, or another one."
    step = 14
    unverifiable = True
