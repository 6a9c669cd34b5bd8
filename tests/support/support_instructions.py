"""Instructions as rows, whatever they say: what an earlier version wrote, or somebody else."""

from __future__ import annotations

import time
from typing import Any

from counterfoil.oracle.store.instruction_state import Door
from counterfoil.oracle.store.instruction_table import Instruction


def stored(key: str, kind: str, payload: Any) -> Instruction:
    """A pending instruction with this kind and payload, unchecked."""
    return Instruction(
        idempotency_key=key,
        party="test",
        door=Door.CONSOLE,
        kind=kind,
        payload=payload,
        created_ms=time.time_ns() // 1_000_000,
    )


ENTRY = {
    "statement": "s-1",
    "reference": "r-1",
    "project": "lakeside",
    "business_date": 20220829,
    "amount_minor": 1_000,
    "currency": "USD",
}
WRITTEN: tuple[tuple[str, dict[str, Any]], ...] = (
    ("resolve_exception", {"exception": 7, "resolution": "accepted", "note": "paid"}),
    ("import_settlement", {"project": "lakeside", "text": "a,b\n", "source": "f.csv"}),
    ("import_statement", {"entries": [ENTRY]}),
    ("close_matching", {"project": "lakeside", "through": 20220831}),
    ("accept_place", {"device": "urn:dev:os:32473-m9"}),
    ("close_day", {"date": 20220831, "far": False}),
    ("close_day", {"date": None, "far": True}),
    ("close_day", {"date": 20220831}),
    ("import_camt053", {"text": "<Document/>", "source": "upload"}),
    (
        "register_bank_account",
        {
            "account": "DE89370400440532013000",
            "currency": "USD",
            "name": "Lakeside Vending",
            "bic": "",
            "project": "lakeside",
            "holder": "",
            "pays_out": True,
        },
    ),
    (
        "register_payee_account",
        {"account": "DE89370400440532013000", "name": "Lakeside", "bic": "", "salt": "5c" * 16},
    ),
    ("make_payout_file", {"account": "DE89370400440532013000", "execution_date": None}),
    ("resolve_bank_line", {"line": 3, "note": "seen to"}),
    ("confirm_mint", {"line": 3}),
    (
        "transact",
        {
            "operation": "fund_claim",
            "key": 17,
            "body": {"amount_minor": 100, "papers": {"number": "LS-1", "sheets": 2}},
            "account": "0x" + "33" * 20,
            "contract": "Receivables",
            "function": "fund",
            "data": "0x" + "ab" * 68,
        },
    ),
    (
        "sign_digest",
        {"proposal": "deal", "digest": "0x" + "d3" * 32, "account": "0x" + "33" * 20},
    ),
)
"""A row of each kind as it is stored, most of them as the version before the typed requests wrote them."""
