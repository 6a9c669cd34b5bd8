"""The fourteenth step of a verification: a node of the chain confirms what the bundle states of it.

Rules kept here:

* Only reads, through ``chain.client``. Blocks prove terms and distributions, so the node is asked for the blocks.
* A head's event must be in its block, and the contract must keep the hash of just these fields.
* Everything about the device, the project and the later heads is fetched: what the bundle leaves out is decided by
  ``verification.completeness``.
* The addresses come from the auditor's own deployment file where one is given. The bundle's addresses only show that
  it agrees with itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from counterfoil.api.audit.verification.bundle import Bundle, KeyFact
from counterfoil.api.audit.verification.bundle_blocks import block_times, placed
from counterfoil.api.audit.verification.completeness import (
    ChainSeen,
    SeenAssignment,
    SeenDistribution,
    SeenHead,
    check_complete,
    seen_text,
)
from counterfoil.api.audit.verification.errors import (
    AuditError,
    ChainUnreachableError,
    OnChainMismatchError,
    RecordsDisputedError,
)
from counterfoil.api.audit.verification.key_certificates import epoch_named
from counterfoil.api.audit.verification.report import Report, Step
from counterfoil.api.audit.verification.said import Part, Said
from counterfoil.chain.anchored_heads import head_in_block
from counterfoil.chain.client import ChainClient
from counterfoil.chain.errors import ChainError, ContractReverted, RpcRefused
from counterfoil.chain.event_ranges import events_between
from counterfoil.chain.proof.block_proof import BlockProofInvalid, read_header
from counterfoil.gateway.record.identity import DeviceId, device_hash


def check_on_chain(
    report: Report, rpc_url: str, addresses: Mapping[str, str] | None = None
) -> Step:
    """Return step 14: what *report*'s bundle states of the chain, and leaves out, compared with what the node says.

    The questions that the report left open are settled.
    """
    bundle = report.bundle
    if bundle is None:
        raise ValueError("a report without a bundle")
    scope = bundle.scope
    stated = {
        "RecordAnchor": scope.record_anchor,
        "DeviceRegistry": scope.device_registry,
        "RevenueSplit": scope.revenue_split,
    }
    known = addresses or {name: address for name, address in stated.items() if address}
    compared = Said(
        "blocks ({blocks}), heads ({heads}) and keys ({keys}) compared with the node of chain {chain}",
        blocks=len(bundle.blocks),
        heads=len(bundle.heads),
        keys=len(bundle.registry),
        chain=scope.chain_id,
    )
    step = Step(14, compared)
    try:
        client = ChainClient(rpc_url, known)
        step.findings += _check(bundle, client, stated)
        if client.chain_id() == scope.chain_id and bundle.heads:
            seen = _seen(bundle, client)
            step.add(seen_text(seen))
            step.findings += check_complete(report, seen)
    except ChainError as error:
        detail = Said("{node_error}", node_error=error)
        if not step.findings:
            step.said = Said("the node gave no answer, so nothing of the chain was looked at")
        step.findings.append(ChainUnreachableError(Said("chain"), detail))
    return step


def has_answered(step: Step) -> bool:
    """Whether the node answered in *step*, the fourteenth."""
    return not step.findings or not isinstance(step.findings[0], ChainUnreachableError)


def _check(bundle: Bundle, client: ChainClient, stated: Mapping[str, str]) -> Iterator[AuditError]:
    chain_id = client.chain_id()
    if chain_id != bundle.scope.chain_id:
        detail = Said("the node is of chain {chain}", chain=chain_id)
        yield OnChainMismatchError(Part("scope"), detail)
        return
    for name, address in stated.items():
        mine = client.addresses.get(name)
        if mine is not None and mine != address:
            yield OnChainMismatchError(Part("scope"), placed(name, mine, address))
    yield from _check_blocks(bundle, client)
    yield from _check_heads(bundle, client)
    yield from check_keys(bundle.device, bundle.registry, client)


def _seen(bundle: Bundle, client: ChainClient) -> ChainSeen:
    """What the node has of the bundle's log, device and project.

    Events are read from the bundle's first block on: it has the device's registration, before which there is nothing of
    the device.
    """
    now, last = client.latest(), bundle.heads[-1]
    first_block = min(block_times(bundle), default=0)
    anchored = [
        event
        for event in events_between(
            client, ["RecordAnchor"], first=last.block_number, last=now.number
        )
        if event.name == "HeadAnchored" and event.values["size"] > last.size
    ]
    newest = client.block(anchored[-1].block_number) if anchored else None
    assigned = events_between(
        client,
        ["DeviceRegistry"],
        first=first_block,
        last=now.number,
        subject=device_hash(bundle.device),
    )
    shared_out = events_between(
        client,
        ["RevenueSplit"],
        first=first_block,
        last=now.number,
        subject=bundle.scope.project_id,
    )
    return ChainSeen(
        now.number,
        now.timestamp * 1_000,
        heads=[SeenHead(e.values["size"], e.block_number) for e in anchored],
        newest_head_ms=0 if newest is None else newest.timestamp * 1_000,
        assignments=[
            SeenAssignment(e.values["project"], e.block_number, e.transaction_hash)
            for e in assigned
            if e.name in ("DeviceRegistered", "DeviceAssigned")
        ],
        distributions=[
            SeenDistribution(
                e.values["batch"],
                e.values["periodStart"],
                gross=e.values["gross"],
                block=e.block_number,
                transaction_hash=e.transaction_hash,
            )
            for e in shared_out
            if e.name == "Distributed"
        ],
    )


def _check_blocks(bundle: Bundle, client: ChainClient) -> Iterator[AuditError]:
    """Yield an error for each block that is not in the node's chain, and so for all that its header proves."""
    for place, fact in enumerate(bundle.blocks):
        try:
            header = read_header(fact.header)
        except BlockProofInvalid:
            continue  # step 11 has named it
        try:
            block = client.block(header.number)
        except RpcRefused:
            block = None
        if block is None or block.hash != header.hash:
            part = Part("blocks", place)
            where = Said("{part} (block {block})", part=part, block=header.number)
            detail = Said("the node's chain has another block there, or none")
            yield OnChainMismatchError(where, detail)


def _check_heads(bundle: Bundle, client: ChainClient) -> Iterator[AuditError]:
    newest = client.latest().number
    for head in bundle.heads:
        where = Said("{part} (size {size})", part=Part("heads"), size=head.size)
        is_there = head.block_number <= newest
        found = head_in_block(client, head.size, head.block_number) if is_there else None
        if found is None:
            is_anchored = client.call("RecordAnchor", "isAnchored", head.size)
            detail = Said("not anchored")
            if is_anchored:
                detail = Said("anchored, but not in block {block}", block=head.block_number)
            yield OnChainMismatchError(where, detail)
            continue
        if (found["root"], found["state"]) != (head.root, head.state):
            yield OnChainMismatchError(where, Said("anchored with another root or state"))
        try:
            client.call("RecordAnchor", "requireHead", found)
        except ContractReverted as error:
            detail = Said("the contract keeps another: {error}", error=error)
            yield OnChainMismatchError(where, detail)


def check_keys(
    device: DeviceId, keys: Sequence[KeyFact], client: ChainClient
) -> Iterator[AuditError]:
    """Yield where the registry holds another key of *device*, or the committee has taken records of one back."""
    name = device_hash(device)
    for key in keys:
        found = client.call("DeviceRegistry", "signingKey", name, key.epoch)
        registered = (
            found["x"],
            found["y"],
            found["fromSequence"],
            found["untilSequence"],
            int(found["revokedAt"] != 0),
            found["certificateHash"],
            found["registeredAt"],
        )
        if registered != tuple(key[1:]):
            yield OnChainMismatchError(epoch_named(key.epoch), Said("registered otherwise"))
        first, last = client.call("DeviceRegistry", "disputedOf", name, key.epoch)
        if last:
            detail = Said("the committee has repudiated its numbers from {first} on", first=first)
            yield RecordsDisputedError(epoch_named(key.epoch), detail)
