"""A claim's terms as its contract takes them again: the chain keeps their hash, the ledger the terms."""

from __future__ import annotations

from typing import Any

from counterfoil.api.access.rows import one_row
from counterfoil.api.http import problems
from counterfoil.api.http.context import ApiParts
from counterfoil.chain.abi.enums import ClaimKind
from counterfoil.chain.hexadecimal import from_hex
from counterfoil.oracle.ledger.receivables import ClaimRow


def terms_of(parts: ApiParts, root: int) -> dict[str, Any]:
    """Return the terms of the claim *root*; 404 when the ledger doesn't have it."""
    row = one_row(parts.reads, ClaimRow, ClaimRow.root == root)
    if row is None:
        raise problems.not_found("claim")
    return contract_terms(row)


def contract_terms(row: ClaimRow) -> dict[str, Any]:
    """Return the terms of a claim, named and typed as in IReceivables.Terms."""
    return {
        "kind": ClaimKind.named(row.kind),
        "obligor": row.obligor,
        "creditor": row.creditor,
        "token": row.token,
        "face": row.face_minor,
        "issueDate": row.issue_date,
        "dueDate": row.due_date,
        "defaultDays": row.default_days,
        "invoice": from_hex(row.invoice),
        "document": from_hex(row.document),
        "tag": from_hex(row.tag),
    }
