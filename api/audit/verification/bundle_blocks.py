"""What a bundle's block headers prove: which transactions ran, and that every head was anchored. Pure.

Rules kept here:

* A header proves its block: its keccak-256 is the block's hash. Nothing else that the bundle states of a block is
  trusted. A node (step 14), or whoever knows the printed hash, can say whether the block is one of the chain's.
* A head, terms, a distribution or a take names every transaction in the bundle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from counterfoil.api.audit.verification.bundle import Bundle
from counterfoil.api.audit.verification.errors import (
    AddressError,
    AuditError,
    BlockMissingError,
    BlockProofError,
    NotAnchoredError,
)
from counterfoil.api.audit.verification.words import counted, moment
from counterfoil.chain.address import canonical
from counterfoil.chain.hexadecimal import to_hex
from counterfoil.chain.proof.block_proof import (
    BlockHeader,
    BlockProofInvalid,
    ProvenTransaction,
    prove_transaction,
    read_header,
)

Proven = Mapping[bytes, ProvenTransaction]
"""What the blocks prove, by the transaction's hash."""


def prove_all(bundle: Bundle) -> tuple[Proven, str, list[AuditError]]:
    """Return what ``bundle.blocks`` prove, what was checked, in one line, and what is wrong with them."""
    proven: dict[bytes, ProvenTransaction] = {}
    errors: list[AuditError] = []
    wanted = {found for hashes in bundle.on_chain().values() for found in hashes}
    newest: BlockHeader | None = None
    for place, block in enumerate(bundle.blocks):
        where = f"blocks[{place}]"
        try:
            header = read_header(block.header)
        except BlockProofInvalid as error:
            errors.append(BlockProofError(where, str(error)))
            continue
        where += f" (block {header.number})"
        if newest is not None and header.number <= newest.number:
            errors.append(BlockProofError(where, "the blocks are not in their order"))
        newest = header
        for fact in block.transactions:
            which = f"{where}, transaction {fact.number}"
            try:
                found = prove_transaction(
                    header, index=fact.number, transaction=fact.transaction, receipt=fact.receipt
                )
            except BlockProofInvalid as error:
                errors.append(BlockProofError(which, str(error)))
                continue
            if found.hash not in wanted or found.hash in proven:
                errors.append(BlockProofError(which, "nothing in the bundle names it"))
            proven[found.hash] = found
    if wanted and not bundle.blocks:
        detail = "made without a node: no header shows that the heads are on chain"
        errors.append(BlockMissingError("blocks", detail))
    checked = f"{len(proven)} transactions in {len(bundle.blocks)} blocks, by their headers alone"
    if newest is not None:
        when = moment(newest.timestamp * 1_000)
        checked += f"; the newest is block {newest.number} of {when}, {to_hex(newest.hash)}"
    return proven, checked, errors


def block_times(bundle: Bundle) -> dict[int, int]:
    """Return the time of each block whose header reads, in seconds, by its number."""
    return {header.number: header.timestamp for header in _headers(bundle)}


def newest_block(bundle: Bundle) -> BlockHeader | None:
    """Return the newest block whose header reads."""
    return max(_headers(bundle), key=lambda header: header.number, default=None)


def _headers(bundle: Bundle) -> Iterator[BlockHeader]:
    for block in bundle.blocks:
        try:
            yield read_header(block.header)
        except BlockProofInvalid:
            continue  # prove_all has named it


def anchored_text(bundle: Bundle) -> str:
    """Return the number of the heads, and the first and the last with block and time, in words."""
    times = block_times(bundle)
    said = []
    for head in dict.fromkeys((*bundle.heads[:1], *bundle.heads[-1:])):
        at = times.get(head.block_number)
        when = "" if at is None else f" at {moment(at * 1_000)}"
        said.append(f"{head.size} in block {head.block_number}{when}")
    heads = f"{counted(len(bundle.heads), 'head')} anchored in their blocks"
    return f"{heads}: of {' to '.join(said)}" if said else heads


def check_anchored(
    bundle: Bundle, proven: Proven, addresses: Mapping[str, str]
) -> Iterator[AuditError]:
    """Yield what is wrong with the heads' anchoring; *addresses* are the auditor's own, where there are any."""
    scope = bundle.scope
    stated = {
        "RecordAnchor": scope.record_anchor,
        "DeviceRegistry": scope.device_registry,
        "RevenueSplit": scope.revenue_split,
    }
    for name, address in stated.items():
        mine = addresses.get(name)
        is_stated = address != "" or len(bundle.blocks) > 0
        if is_stated and mine is not None and canonical(mine) != canonical(address):
            yield AddressError("scope", f"{name} is at {mine}, not at {address or 'none'}")
    anchored: dict[
        bytes, dict[int, tuple[bytes, bytes]]
    ] = {}  # read once, however many heads name it
    for place, head in enumerate(bundle.heads if bundle.blocks else ()):
        where = f"heads[{place}] (size {head.size})"
        found = proven.get(head.transaction_hash)
        if found is None:
            yield NotAnchoredError(where, "no block here holds its transaction")
            continue
        block = found.header
        if (block.number, block.hash) != (head.block_number, head.block_hash):
            detail = f"its transaction is in block {block.number}, {to_hex(block.hash)}"
            yield NotAnchoredError(where, detail)
        try:
            if found.hash not in anchored:
                anchored[found.hash] = _heads_in(found, scope.record_anchor)
        except BlockProofInvalid as error:
            yield NotAnchoredError(where, str(error))
            continue
        stated_there = anchored[found.hash].get(head.size)
        if stated_there is None:
            detail = f"{scope.record_anchor or 'no contract'} anchored no such head there"
            yield NotAnchoredError(where, detail)
        elif stated_there != (head.root, head.state):
            yield NotAnchoredError(where, "anchored with another root or state")


def _heads_in(found: ProvenTransaction, anchor: str) -> dict[int, tuple[bytes, bytes]]:
    """The root and state of each head that *anchor* anchored in the transaction, by its size; the first of a size."""
    heads: dict[int, tuple[bytes, bytes]] = {}
    for name, v in found.events("RecordAnchor", anchor):
        if name == "HeadAnchored":
            heads.setdefault(v["size"], (v["root"], v["state"]))
    return heads
