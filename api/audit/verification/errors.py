"""What can be wrong with a bundle, as typed errors that name the part and the entry.

Rules kept here:

* Every error carries ``code``, a stable snake_case word, and ``step``, the number of the
  verification step (see ``verify``) that it fails.
* ``where`` names the part of the bundle, and the entry in it where one can be told.
"""

from __future__ import annotations

from typing import ClassVar


class AuditError(Exception):
    """Base of everything that an audit finds wrong."""

    code: ClassVar[str] = "audit_error"
    step: ClassVar[int] = 0
    unverifiable: ClassVar[bool] = False

    def __init__(self, where: str, detail: str) -> None:
        super().__init__(f"{where}: {detail}")
        self.where = where
        self.detail = detail


class ContainerError(AuditError):
    """The file is not a bundle in the one form that the format has."""

    code = "bundle_malformed"
    step = 1


class OlderVersionError(ContainerError):
    """The file is a bundle of a version that was written once: a new one must be made, or an older program asked."""

    code = "bundle_version_unsupported"
    unverifiable = True


class PartAlteredError(AuditError):
    """A part's bytes are not those that the bundle was made with."""

    code = "part_altered"
    step = 2


class PartMalformedError(AuditError):
    """A part does not hold what its name says."""

    code = "part_malformed"
    step = 2


class CertificateError(AuditError):
    """A certificate does not lead to the root, or does not name the device."""

    code = "certificate_invalid"
    step = 3


class CertificateMissingError(AuditError):
    """A key is registered with a certificate that is not in the bundle."""

    code = "certificate_missing"
    step = 3
    unverifiable = True


class CertificateRevokedError(AuditError):
    """The issuing authority revoked the certificate while the registry kept its key open."""

    code = "certificate_revoked"
    step = 3


class RegistryMismatchError(AuditError):
    """The registered key is not the key of the certificate that it was registered with."""

    code = "registry_mismatch"
    step = 4


class RecordRefusedError(AuditError):
    """A record does not verify under the device's registered key."""

    code = "record_refused"
    step = 5


class ChainBrokenError(AuditError):
    """A record does not follow the one before it: a gap, another predecessor, other counters."""

    code = "chain_broken"
    step = 6


class PeriodError(AuditError):
    """The records do not cover the period from its beginning to its end."""

    code = "period_not_covered"
    step = 7


class InclusionError(AuditError):
    """A record is not under the head that is said to hold it."""

    code = "inclusion_invalid"
    step = 8


class ConsistencyError(AuditError):
    """A head is not the beginning of the next one."""

    code = "consistency_invalid"
    step = 9


class CheckpointMismatchError(AuditError):
    """The log's signed checkpoint names none of the heads, or a signature on it does not verify."""

    code = "checkpoint_mismatch"
    step = 9


class CosignatureMissingError(AuditError):
    """Fewer of the witnesses that the auditor knows have cosigned than were asked for."""

    code = "cosignature_missing"
    step = 9
    unverifiable = True


class StateError(AuditError):
    """The last head states another end of the device's chain than the records do."""

    code = "state_mismatch"
    step = 10


class BlockProofError(AuditError):
    """A block's header or a proof under it is not what it is given for."""

    code = "block_proof_invalid"
    step = 11


class BlockMissingError(AuditError):
    """The bundle was made without a node: no block's header shows what is on chain."""

    code = "block_missing"
    step = 11
    unverifiable = True


class NotAnchoredError(AuditError):
    """The block's receipts don't hold the head, or not in the block and transaction that are stated."""

    code = "not_anchored"
    step = 12


class AddressError(AuditError):
    """A contract stands elsewhere than the auditor's own deployment file says."""

    code = "address_mismatch"
    step = 12


class TermsError(AuditError):
    """A version of the waterfall is not the one that was set on chain."""

    code = "terms_mismatch"
    step = 13


class SplitError(AuditError):
    """A distribution is not what its terms come to, or not what the block's receipts hold."""

    code = "split_mismatch"
    step = 13


class SplitUnknownError(AuditError):
    """The transaction of a distribution calls something else: what was sold is not known."""

    code = "split_unknown"
    step = 13
    unverifiable = True


class FactsError(AuditError):
    """The facts of a distribution are not those of its call, or not what the records say."""

    code = "facts_mismatch"
    step = 13


class FactsMissingError(AuditError):
    """The facts of a distribution of the period are not here: which sales it shared out can't be told."""

    code = "facts_missing"
    step = 13
    unverifiable = True


class OnChainMismatchError(AuditError):
    """The chain holds something else than the bundle says."""

    code = "chain_mismatch"
    step = 14


class ChainUnreachableError(AuditError):
    """The chain's node did not answer: what is on chain could not be told."""

    code = "chain_unreachable"
    step = 14
    unverifiable = True
