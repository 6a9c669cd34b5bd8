"""What a bundle's block headers prove: which transactions ran, and that every head was anchored. Pure.

Rules kept here:

* A header proves its block: its keccak-256 is the block's hash. Nothing else that the bundle states of a block is
  trusted. A node (step 14), or whoever knows the printed hash, can say whether the block is one of the chain's.
* A head, terms, a distribution or a take names every transaction in the bundle, and each block has one: the hash of a
  block that proves nothing would vouch for none of the others.
* Blocks do not vouch for one another. Whoever has no node compares each one's hash, not the newest's alone.
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
from counterfoil.api.audit.verification.said import Counted, Joined, Part, Said
from counterfoil.api.audit.verification.words import moment
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


def prove_all(bundle: Bundle) -> tuple[Proven, Said, list[AuditError]]:
    """Return what ``bundle.blocks`` prove, what was checked, in one line, and what is wrong with them."""
    proven: dict[bytes, ProvenTransaction] = {}
    errors: list[AuditError] = []
    wanted = {found for hashes in bundle.on_chain().values() for found in hashes}
    newest: BlockHeader | None = None
    for place, block in enumerate(bundle.blocks):
        where: Said = Part("blocks", place)
        try:
            header = read_header(block.header)
        except BlockProofInvalid as error:
            errors.append(BlockProofError(where, Said("{block_error}", block_error=error)))
            continue
        where = Said("{part} (block {block})", part=where, block=header.number)
        if newest is not None and header.number <= newest.number:
            errors.append(BlockProofError(where, Said("the blocks are not in their order")))
        newest = header
        if not block.transactions:
            errors.append(BlockProofError(where, Said("no transaction of it is here")))
        for fact in block.transactions:
            which = Said("{block}, transaction {number}", block=where, number=fact.number)
            try:
                found = prove_transaction(
                    header, index=fact.number, transaction=fact.transaction, receipt=fact.receipt
                )
            except BlockProofInvalid as error:
                errors.append(BlockProofError(which, Said("{block_error}", block_error=error)))
                continue
            if found.hash not in wanted or found.hash in proven:
                errors.append(BlockProofError(which, Said("nothing in the bundle names it")))
            proven[found.hash] = found
    if wanted and not bundle.blocks:
        detail = Said("made without a node: no header shows that the heads are on chain")
        errors.append(BlockMissingError(Part("blocks"), detail))
    checked = Said(
        "{transactions} transactions in {blocks} blocks, by their headers alone",
        transactions=len(proven),
        blocks=len(bundle.blocks),
    )
    if newest is not None:
        last = Said(
            "the newest is block {block} of {moment}, {hash}",
            block=newest.number,
            moment=moment(newest.timestamp * 1_000),
            hash=to_hex(newest.hash),
        )
        checked = Joined("; ", (checked, last))
    return proven, checked, errors


def block_headers(bundle: Bundle) -> list[BlockHeader]:
    """Return the blocks whose headers read: each is compared with the chain by whoever has no node."""
    return list(_headers(bundle))


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


def anchored_text(bundle: Bundle) -> Said:
    """Return the number of the heads, and the first and the last with block and time, in words."""
    if not bundle.blocks:
        return Said(
            "{heads} stated, and no block here shows that they are anchored",
            heads=Counted(len(bundle.heads), "head"),
        )
    times = block_times(bundle)
    said: list[Said] = []
    for head in dict.fromkeys((*bundle.heads[:1], *bundle.heads[-1:])):
        at = times.get(head.block_number)
        one = Said("{size} in block {block}", size=head.size, block=head.block_number)
        if at is not None:
            one = Said("{head} at {moment}", head=one, moment=moment(at * 1_000))
        said.append(one)
    heads = Said("anchored in blocks: {heads}", heads=Counted(len(bundle.heads), "head"))
    return Said("{heads}, of {which}", heads=heads, which=Joined(" to ", said)) if said else heads


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
            yield AddressError(Part("scope"), placed(name, mine, address))
    anchored: dict[
        bytes, dict[int, tuple[bytes, bytes]]
    ] = {}  # read once, however many heads name it
    for place, head in enumerate(bundle.heads if bundle.blocks else ()):
        where = Said("{part} (size {size})", part=Part("heads", place), size=head.size)
        found = proven.get(head.transaction_hash)
        if found is None:
            yield NotAnchoredError(where, Said("no block here holds its transaction"))
            continue
        block = found.header
        if (block.number, block.hash) != (head.block_number, head.block_hash):
            detail = Said(
                "its transaction is in block {block}, {hash}",
                block=block.number,
                hash=to_hex(block.hash),
            )
            yield NotAnchoredError(where, detail)
        try:
            if found.hash not in anchored:
                anchored[found.hash] = _heads_in(found, scope.record_anchor)
        except BlockProofInvalid as error:
            yield NotAnchoredError(where, Said("{block_error}", block_error=error))
            continue
        stated_there = anchored[found.hash].get(head.size)
        if stated_there is None:
            by = scope.record_anchor or Said("no contract")
            detail = Said("{contract} anchored no such head there", contract=by)
            yield NotAnchoredError(where, detail)
        elif stated_there != (head.root, head.state):
            yield NotAnchoredError(where, Said("anchored with another root or state"))


def placed(name: str, mine: str, stated: str) -> Said:
    """Return where a contract is, and where it is stated to be, in words."""
    return Said(
        "{contract} is at {mine}, not at {stated}",
        contract=name,
        mine=mine,
        stated=stated or Said("none"),
    )


def _heads_in(found: ProvenTransaction, anchor: str) -> dict[int, tuple[bytes, bytes]]:
    """The root and state of each head that *anchor* anchored in the transaction, by its size; the first of a size."""
    heads: dict[int, tuple[bytes, bytes]] = {}
    for name, v in found.events("RecordAnchor", anchor):
        if name == "HeadAnchored":
            heads.setdefault(v["size"], (v["root"], v["state"]))
    return heads
