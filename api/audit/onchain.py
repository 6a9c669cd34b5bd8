"""The twelfth step of an audit: what the bundle states of the chain is what a node of it says.

Rules kept here:

* Only reads, through ``chain.client``. The addresses come from the auditor's own deployment file
  where one is given; the bundle's own addresses show only that it agrees with itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from counterfoil.api.audit.bundle import Bundle
from counterfoil.api.audit.errors import AuditError, ChainUnreachableError, OnChainMismatchError
from counterfoil.api.audit.verify import Step
from counterfoil.chain.client import ChainClient
from counterfoil.chain.errors import ChainError, ContractReverted
from counterfoil.gateway.identity import device_hash


def check_on_chain(
    bundle: Bundle, rpc_url: str, addresses: Mapping[str, str] | None = None
) -> Step:
    """Return step 12: the heads, keys and distributions of *bundle* against the node's answers."""
    scope = bundle.scope
    stated = {
        "RecordAnchor": scope.record_anchor,
        "DeviceRegistry": scope.device_registry,
        "RevenueSplit": scope.revenue_split,
    }
    known = addresses or {name: address for name, address in stated.items() if address}
    step = Step(
        12,
        f"heads ({len(bundle.heads)}), keys ({len(bundle.registry)}) and "
        f"distributions ({len(bundle.distributions)}) as on chain {scope.chain_id}",
    )
    try:
        client = ChainClient(rpc_url, known)
        step.findings += _check(bundle, client, stated)
    except ChainError as error:
        step.findings.append(ChainUnreachableError("chain", str(error)))
    return step


def _check(bundle: Bundle, client: ChainClient, stated: Mapping[str, str]) -> Iterator[AuditError]:
    chain_id = client.chain_id()
    if chain_id != bundle.scope.chain_id:
        yield OnChainMismatchError("scope", f"the node is of chain {chain_id}")
        return
    for name, address in stated.items():
        mine = client.addresses.get(name)
        if mine is not None and mine.lower() != address.lower():
            yield OnChainMismatchError("scope", f"{name} is at {mine}, not at {address or 'none'}")
    yield from _check_heads(bundle, client)
    yield from _check_keys(bundle, client)
    yield from _check_distributions(bundle, client)


def _check_heads(bundle: Bundle, client: ChainClient) -> Iterator[AuditError]:
    for head in bundle.heads:
        where = f"head of {head.size}"
        try:
            found = client.call("RecordAnchor", "headOfSize", head.size)
        except ContractReverted as error:
            yield OnChainMismatchError(where, f"not anchored: {error}")
            continue
        if (found["root"], found["state"]) != (head.root, head.state):
            yield OnChainMismatchError(where, "anchored with another root or state")
        block = client.block(head.block_number)
        if found["blockNumber"] != head.block_number or block is None:
            yield OnChainMismatchError(where, f"anchored in block {found['blockNumber']}")
        elif block.hash != head.block_hash:
            yield OnChainMismatchError(where, f"block {head.block_number} has another hash")
        receipt = client.receipts([head.transaction_hash])[0]
        if receipt is None or int(receipt["blockNumber"], 16) != head.block_number:
            yield OnChainMismatchError(where, "the transaction is not in that block")


def _check_keys(bundle: Bundle, client: ChainClient) -> Iterator[AuditError]:
    name = device_hash(bundle.device)
    for key in bundle.registry:
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
            yield OnChainMismatchError(f"registry epoch {key.epoch}", "registered otherwise")


def _check_distributions(bundle: Bundle, client: ChainClient) -> Iterator[AuditError]:
    for number, fact in enumerate(bundle.distributions):
        where = f"distributions[{number}] ({fact.period_start})"
        receipt = client.receipts([fact.transaction_hash])[0]
        events = [] if receipt is None else client.decode_receipt(receipt)
        mine = [e for e in events if e.values.get("batch") == fact.batch]
        done = next((e.values for e in mine if e.name == "Distributed"), None)
        if done is None:
            yield OnChainMismatchError(where, "not distributed in that transaction")
            continue
        stated = (fact.project, fact.version, fact.gross, fact.head_size, fact.facts)
        names = ("project", "version", "gross", "headSize", "facts")
        if tuple(done[name] for name in names) != stated:
            yield OnChainMismatchError(where, "distributed with other facts")
        paid = sorted(
            (e.values["tier"], bytes.fromhex(e.values["account"][2:]), e.values["amount"])
            for e in mine
            if e.name == "Credited"
        )
        if paid != sorted(tuple(credit) for credit in fact.credits):
            yield OnChainMismatchError(where, "other accounts were credited, or other amounts")
