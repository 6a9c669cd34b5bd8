"""Whether a bundle proves what it says: fourteen numbered steps, offline.

Rules kept here:

* Pure: bytes and a root certificate in, a report out. The fourteenth step asks a chain's node and stands in
  ``node_check``. Without it the report says that nobody has checked that the blocks are the chain's.
* Every step runs, whatever the ones before it found, so that the entry that was changed is named
  and not only the part that it stands in. Only a file that cannot be read ends early.
* The verdict is *valid* when nothing was found, *invalid* when anything is wrong, and *unverifiable*
  when something that is needed is missing.

The steps:

1. The file is one bundle in its one deterministic form, with every part.
2. Every part has the bytes that it was made with, and holds what its name says.
3. The certificate of every registered key leads to the given root, was in force when the key was
   registered, names the device, and was not revoked behind the registry's back, by its issuer's list, which was not
   overdue when the file was made. A revoked key is named.
4. Every registered key is the key of its certificate.
5. Every record is signed by the device's registered key for its epoch, within its range, and before its certificate
   was revoked.
6. Every record follows the one before: next number, its digest, its counters; an epoch by a link.
7. The records cover the period: they begin with the device's first record or two from before the period, and end
   with two from after it. Where they end with the newest under the last head instead, and where the clock jumped, it
   can't be told. The last head was anchored after the period's end.
8. Every record is under the last head's root, at its index in the log.
9. Every head is the beginning of the next; the log's checkpoint, where there is one, is of the last one, signed by
   the log and cosigned by the witnesses that the auditor names. They vouch for its size and root alone.
10. The last head's state root holds the device's slot, and the slot agrees with the records and the keys' ends.
11. Every block's header hashes to the block, and leads to the transactions and receipts that are given for it.
12. Every head was anchored in its block, with this root and state, by the contract that is stated (and is the auditor's
    own, where a deployment file is given); the device was assigned to the project, by the registry's events. The
    contracts are those of the deployment that the auditor has from elsewhere; where it has none, nobody can tell whose
    they are.
13. The project's terms are those that were set on chain, every distribution is what was called and credited, each
    payout is what the terms come to, from the first distribution on, to the minor unit; the facts of those of the
    period are the ones that were called, and the records here say the same, are of that date and of the project. Each
    sale of the period is in one of them.
14. (With a node.) The blocks are the chain's, the heads and the keys those that the contracts hold; nothing of the
    device, the project and the period is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cryptography import x509

from counterfoil.api.audit.verification import key_certificates as certs
from counterfoil.api.audit.verification.assignment_steps import (
    check_project,
    projects_text,
    read_assignments,
)
from counterfoil.api.audit.verification.bundle_blocks import (
    anchored_text,
    block_times,
    check_anchored,
    prove_all,
)
from counterfoil.api.audit.verification.bundle_format import decode
from counterfoil.api.audit.verification.deployment_pin import check_deployment
from counterfoil.api.audit.verification.errors import (
    AuditError,
    ContainerError,
)
from counterfoil.api.audit.verification.facts_audit import FactsAudit
from counterfoil.api.audit.verification.log_steps import (
    LogTrust,
    check_checkpoint,
    check_heads,
    check_inclusion,
    check_state,
    key_ring,
    signed_records,
)
from counterfoil.api.audit.verification.period_steps import (
    chain_text,
    check_last_head,
    check_period,
    check_records_chain,
    period_figures,
    period_text,
)
from counterfoil.api.audit.verification.report import Figure, Report, Step
from counterfoil.api.audit.verification.revocation_lists import check_lists, check_signed_after
from counterfoil.api.audit.verification.said import Counted, Joined, Said
from counterfoil.api.audit.verification.split_audit import SplitAudit


def verify(
    data: bytes,
    root: x509.Certificate,
    trust: LogTrust | None = None,
    addresses: Mapping[str, str] | None = None,
    deployment_hash: bytes = b"",
    revocations: Sequence[bytes] = (),
) -> Report:
    """Return the report of steps 1 to 13 on the file *data*, believing the authority *root*.

    *addresses* are where the auditor knows the contracts to be, by their names; *deployment_hash* is the deployment's,
    as the auditor has it from elsewhere. Without either the file is unverifiable. *revocations* are the auditor's
    own lists of revoked certificates (DER), beside the file's.
    """
    # Steps 1 and 2
    try:
        bundle, altered = decode(data)
    except ContainerError as error:
        return Report([Step(1, Said("the file is a bundle"), [error])])
    except AuditError as error:
        first = Step(1, Said("the file is a bundle"))
        return Report([first, Step(2, Said("its parts are whole"), [error])])
    steps = [
        Step(
            1,
            Said(
                "the file is a bundle for {device}, {size} bytes",
                device=bundle.device,
                size=len(data),
            ),
        ),
        Step(2, Said("every part has the bytes it was made with"), altered),
    ]
    # Step 3
    loaded, unreadable = certs.load_all(bundle.certificates)
    paths, unled = certs.check_paths(
        bundle.registry, bundle.device, loaded=loaded, root=root, unreadable=unreadable
    )
    steps.append(Step(3, certs.paths_text(bundle.registry, unreadable), unled))
    revoked = check_lists(bundle, revocations, paths=paths, step=steps[-1])
    # Step 4
    steps.append(
        Step(4, Said("{keys} as certified", keys=Counted(len(bundle.registry), "registered key")))
    )
    ring, bad_keys = key_ring(bundle)
    keys = [certs.check_key(certs.epoch_named(k.epoch), k, loaded) for k in bundle.registry]
    steps[-1].findings += [*bad_keys, *(error for error in keys if error is not None)]
    # Step 5
    signed, refused = signed_records(bundle, ring)
    refused += check_signed_after(signed, revoked)
    steps.append(Step(5, Counted(len(bundle.records), "signature"), refused))
    # Step 6
    broken = list(check_records_chain(signed))
    steps.append(Step(6, chain_text(signed, is_whole=not broken), broken))
    # Step 7; what blocks prove is said in step 11
    proven, checked, wrong = prove_all(bundle)
    uncovered, open_ = check_period(bundle, signed)
    uncovered += check_last_head(bundle, block_times(bundle))
    steps.append(Step(7, period_text(bundle, signed), uncovered))
    # Step 8
    size = bundle.heads[-1].size if bundle.heads else 0
    steps.append(
        Step(
            8,
            Said(
                "{records} under the head of {size}",
                records=Counted(len(bundle.records), "record"),
                size=size,
            ),
            list(check_inclusion(bundle)),
        )
    )
    # Step 9
    steps.append(
        Step(
            9,
            Said("{heads}, one growing log", heads=Counted(len(bundle.heads), "head")),
            list(check_heads(bundle)),
        )
    )
    check_checkpoint(bundle, trust or LogTrust(), steps[-1])
    # Step 10
    steps.append(
        Step(10, Said("the device's place in the last head's state"), check_state(bundle, signed))
    )
    # Step 11
    steps.append(Step(11, checked, wrong))
    # Step 12
    anchored = list(check_anchored(bundle, proven, addresses or {}))
    history, wrong = read_assignments(bundle, proven)
    wrong += check_project(bundle, history)
    was_in = Said("the device was {projects}", projects=projects_text(bundle, history))
    steps.append(Step(12, Joined("; ", (anchored_text(bundle), was_in)), [*anchored, *wrong]))
    check_deployment(bundle, addresses, pinned=deployment_hash, step=steps[-1])
    # Step 13
    by_raw = {record.raw: record for _, record in signed}
    known = {e.log_index: by_raw[e.raw] for e in bundle.records if e.raw in by_raw}
    facts = FactsAudit(bundle, records=known, history=history)
    splits = SplitAudit(bundle, proven, facts=facts)
    found = list(splits.run()) if bundle.blocks else []
    if bundle.blocks:
        not_shown, unanswered = facts.not_shown()
        found += not_shown
        open_ += unanswered
    steps.append(Step(13, splits.checked, found))
    figures = [*period_figures(bundle, signed), *facts.figures]
    figures.append(Figure("distributions", splits.of_period))
    return Report(steps, bundle=bundle, open=open_, figures=figures)
