"""Examples for the fields of the API's description: the same noun has the same example everywhere.

Rules kept here:

* An example given at a field goes before those here, which many fields share by name.
* The examples are of one machine, its sale and its project, so that a reader can follow them.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from counterfoil.api.http.wide import DIGITS, plain
from counterfoil.chain.hexadecimal import to_hex

_HASH = "b969ff31fecd4de37ad1a6c0d7b2f5e8890cdaae1462f7d3145b0c9a7e86d2f1"
_HEX = to_hex(bytes.fromhex(_HASH))
_ACCOUNT = "0x90F79bf6EB2c4f870365E785982E1f101E93b906"

EXAMPLES: dict[str, Any] = {
    "account": _ACCOUNT,
    "address": _ACCOUNT,
    "age_s": 1,
    "agreeing": 4,
    "amount_minor": 7475,
    "anchored_records": 48960,
    "answered_ms": 1661875980000,
    "attempt": 1,
    "batch": _HEX,
    "block": 18204,
    "block_hash": _HEX,
    "block_number": 18204,
    "borrower": _ACCOUNT,
    "business_date": 20220831,
    "certificate_hash": _HEX,
    "certified_until": 1693440000,
    "claimable_minor": 84210,
    "closing_minor": 1262050,
    "commodity": "04012345678901",
    "complete_to": 9709,
    "created_ms": 1661875980000,
    "credited_minor": 190735,
    "creditor": _ACCOUNT,
    "currency": "USD",
    "cursor": "cmVjb3Jkczo0MjE",
    "date": 20220831,
    "decimals": 2,
    "detail": "no payment VJ300320611:14515778905",
    "device": "urn:dev:os:32473-vj300320611",
    "device_hash": _HEX,
    "differences": 0,
    "digest": _HASH,
    "disputed": False,
    "disputed_until": None,
    "document_hash": _HASH,
    "encoded": "87",
    "energy_wh": 1250,
    "document": _HEX,
    "entry_hash": _HEX,
    "epoch": 1,
    "error": None,
    "error_code": None,
    "error_detail": None,
    "face_minor": 100_000_00,
    "facts_hash": _HEX,
    "fee": {"account": _ACCOUNT, "basis_points": 100},
    "annex": "00" * 32,
    "figures": _HASH,
    "final": 18204,
    "finished_ms": 1661875981000,
    "first": 20220801,
    "first_ms": 1661875980000,
    "first_root": _HASH,
    "first_size": 48211,
    "from_sequence": 1,
    "goods_hash": _HEX,
    "gross_minor": 7475,
    "head": 48960,
    "head_size": 48960,
    "height": 18204,
    "holder": _ACCOUNT,
    "id": 17,
    "intervals": 4,
    "invoice": _HEX,
    "key_id": "7ea89d162383bd14",
    "kind": "sale",
    "label": "BSQ Mall x1366",
    "last": 20220831,
    "last_ms": 1661875980000,
    "last_record_ms": 1661875980000,
    "leaf_hash": _HASH,
    "lender": _ACCOUNT,
    "limit": 50,
    "location": "Brunswick Sq Mall",
    "log_index": 48211,
    "made_ms": 1661990100000,
    "name": "Lakeside Vending",
    "node": _ACCOUNT,
    "nodes": 4,
    "note": "paid, says the provider",
    "number": 17,
    "opening_minor": 1250000,
    "obligor": _ACCOUNT,
    "operator": _ACCOUNT,
    "owner": _ACCOUNT,
    "parts": "1",
    "payer": _ACCOUNT,
    "payload_digest": _HASH,
    "payment": _HEX,
    "payout_account": _HEX,
    "payouts": 12,
    "previous_digest": _HASH,
    "previous_size": 48211,
    "project": "lakeside-vending",
    "project_hash": _HEX,
    "proposer": _ACCOUNT,
    "reason": None,
    "received_ms": 1661875980250,
    "records": 12,
    "redeemed_minor": 0,
    "reference": "E2E-48211",
    "refunded_minor": 150,
    "refunds": 1,
    "refunds_minor": 0,
    "refusal": None,
    "report": {"date": 20220831, "status": "closed", "differences": []},
    "resolution": "accepted",
    "resolved_by": "lakeside",
    "resolved_ms": 1661876000000,
    "result": {"exception": 17, "resolution": "accepted"},
    "revoked_at": None,
    "root": _HASH,
    "sales": 11,
    "second_root": _HASH,
    "second_size": 48960,
    "sent_by": _ACCOUNT,
    "sequence": 9709,
    "settlement_id": None,
    "size": 48960,
    "started_ms": 1661990100000,
    "state": _HASH,
    "statement": "2022-08-31/1",
    "statement_id": 1,
    "status": "open",
    "subject": _HEX,
    "sweep": {"account": _ACCOUNT, "basis_points": 1200, "cap": 0},
    "taken_ms": 1661990100000,
    "taken_over": False,
    "tax_basis_points": 600,
    "tax_minor": 423,
    "terms": {"effective_from": 20220801, "period": "day"},
    "terms_hash": _HEX,
    "threshold": 3,
    "times": 1,
    "total_minor": 128300,
    "token": _ACCOUNT,
    "transaction_hash": _HEX,
    "turn": _ACCOUNT,
    "units": 11,
    "until_sequence": "18446744073709551615",
    "version": 3,
    "warehouse": _ACCOUNT,
    "withdrawn_minor": 106525,
    "x": _HEX,
    "y": _HEX,
}


def install(app: FastAPI) -> None:
    """Add the examples to the description of *app*."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            _complete(plain())
        return plain()

    app.openapi = described  # type: ignore[method-assign]


def _complete(description: dict[str, Any]) -> None:
    for schema in description["components"]["schemas"].values():
        for name, field in schema.get("properties", {}).items():
            _add(name, field)
    for methods in description["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                _add(parameter["name"], parameter["schema"])


def _add(name: str, field: dict[str, Any]) -> None:
    told = field.keys() & {"examples", "$ref", "enum", "const"} or field.get("type") in (
        "boolean",
        "array",
    )
    if name in EXAMPLES and not told:
        field["examples"] = [EXAMPLES[name]]
    if "examples" in field:
        field["examples"] = [_fitting(field, example) for example in field["examples"]]


def _fitting(field: dict[str, Any], example: Any) -> Any:
    """Return *example* as the field's JSON has it: a wide number in digits."""
    if isinstance(example, dict):
        inner = field.get("additionalProperties")
        if not isinstance(inner, dict):
            return plain(example)
        return {name: _fitting(inner, of) for name, of in example.items()}
    kinds = (field, *field.get("anyOf", ()))
    wide = any(kind.get("format") == DIGITS for kind in kinds)
    return str(example) if wide and isinstance(example, int) else example
