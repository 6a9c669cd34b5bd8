"""Whose the device was: its assignments to projects, as blocks' receipts hold them. Pure.

Rules kept here:

* An assignment is an event of the DeviceRegistry that the scope names. All events about the device in the transactions
  that are here must be stated, in the chain's order, the registration first.
* The headers alone do not show that no assignment was left out: that takes a node (step 14).
* The project that the file is about is one that the device was in during the period.
"""

from __future__ import annotations

from collections.abc import Iterator

from counterfoil.api.audit.verification.bundle import AssignmentFact, Bundle
from counterfoil.api.audit.verification.bundle_blocks import Proven
from counterfoil.api.audit.verification.errors import (
    AssignmentError,
    AuditError,
    ProjectError,
)
from counterfoil.api.audit.verification.said import Joined, Part, Said
from counterfoil.api.audit.verification.words import moment
from counterfoil.chain.hexadecimal import to_hex
from counterfoil.chain.proof.block_proof import BlockProofInvalid, ProvenTransaction
from counterfoil.gateway.record.identity import device_hash
from counterfoil.oracle.rules.project_history import NO_PROJECT, Assignment, ProjectHistory

_SHOWN = 20
"""Assignments that are said in words."""
_Found = tuple[str, bytes, ProvenTransaction]
"""The event's name, the project, and the transaction that left it."""


def read_assignments(bundle: Bundle, proven: Proven) -> tuple[ProjectHistory, list[AuditError]]:
    """Return the device's projects as the blocks here prove them, and what is wrong with what is stated of them."""
    errors: list[AuditError] = []
    if not bundle.blocks:
        return ProjectHistory(()), errors
    found = list(_events(bundle, proven, errors))
    for place, (fact, event) in enumerate(zip(bundle.assignments, found, strict=False)):
        errors += _compare(Part("assignments", place), fact, event)
    for place in range(len(found), len(bundle.assignments)):
        errors.append(
            AssignmentError(
                Part("assignments", place), Said("no receipt under the blocks' headers holds it")
            )
        )
    for _, project, transaction in found[len(bundle.assignments) :]:
        where = Said("transaction {hash}", hash=to_hex(transaction.hash))
        detail = Said("it assigns the device to {project}: left out", project=named(project))
        errors.append(AssignmentError(where, detail))
    left_out = Said("the device's registration is left out")
    if found[:1] and found[0][0] != "DeviceRegistered":
        errors.append(AssignmentError(Part("assignments", 0), left_out))
    if not found:
        errors.append(AssignmentError(Part("assignments"), left_out))
    history = ProjectHistory(
        [
            Assignment(one.header.number, one.header.timestamp * 1_000, project)
            for _, project, one in found
        ]
    )
    return history, errors


def check_project(bundle: Bundle, history: ProjectHistory) -> Iterator[AuditError]:
    """Yield an error when the device was in other projects than the file's, all through the period.

    A file without a project shows no distributions; the sales of it are named.
    """
    if not history.assignments:
        return
    scope = bundle.scope
    known = history.during(scope.first_ms, scope.until_ms)
    if scope.project and scope.project_id not in known:
        others = Joined(", ", sorted((named(project) for project in known), key=str))
        detail = Said(
            "{project} is stated, and the device was in {others}",
            project=scope.project,
            others=others,
        )
        yield ProjectError(Part("scope"), detail)


def projects_text(bundle: Bundle, history: ProjectHistory) -> Said:
    """Return the file's project, and each assignment with its block and time, in words."""
    if not history.assignments:
        return Said("no assignment to a project is shown")
    names = {bundle.scope.project_id: bundle.scope.project, NO_PROJECT: Said("no project")}
    said = [
        Said(
            "{project} since block {block}, {moment}",
            project=names.get(one.project) or named(one.project),
            block=one.block,
            moment=moment(one.time_ms),
        )
        for one in history.assignments[:_SHOWN]
    ]
    more = len(history.assignments) - len(said)
    if more:
        said.append(Said("{more} more", more=more))
    return Said("in {projects}", projects=Joined(", then ", said))


def named(project: bytes) -> Said:
    """Return an on-chain id of a project as it is printed."""
    return Said("no project") if project == NO_PROJECT else Said("project {id}", id=to_hex(project))


def _events(bundle: Bundle, proven: Proven, errors: list[AuditError]) -> Iterator[_Found]:
    device = device_hash(bundle.device)
    for transaction in sorted(proven.values(), key=lambda one: one.place):
        try:
            events = list(transaction.events("DeviceRegistry", bundle.scope.device_registry))
        except BlockProofInvalid as error:
            where = Said("transaction {hash}", hash=to_hex(transaction.hash))
            errors.append(AssignmentError(where, Said("{block_error}", block_error=error)))
            continue
        for name, v in events:
            if name in ("DeviceRegistered", "DeviceAssigned") and v["device"] == device:
                yield name, v["project"], transaction


def _compare(where: Said, fact: AssignmentFact, event: _Found) -> Iterator[AuditError]:
    _, project, transaction = event
    block = transaction.header
    if fact.project != project:
        detail = Said(
            "{stated} is stated, {got} on chain", stated=named(fact.project), got=named(project)
        )
        yield AssignmentError(where, detail)
    place = (fact.block_number, fact.block_hash, fact.transaction_hash)
    if place != (block.number, block.hash, transaction.hash):
        detail = Said(
            "its transaction is in block {block}, {hash}",
            block=block.number,
            hash=to_hex(block.hash),
        )
        yield AssignmentError(where, detail)
