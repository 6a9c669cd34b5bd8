"""Step 6 as another process sees it: 160 bytes in, one verdict out."""

from __future__ import annotations

import pytest
from support_record import SALE, chain, key_ring

from counterfoil.gateway.errors import RecordError
from counterfoil.gateway.record.cose import P256_ORDER
from counterfoil.gateway.record.signature_equation import SIGNATURE_CLAIM_BYTES, claim_holds
from counterfoil.gateway.record.verification import (
    Identified,
    identify_all,
    read_all,
    signature_claim,
    signature_holds,
    verify_signatures,
)


def identified() -> Identified:
    one = identify_all([(chain([SALE])[0], None)], key_ring())[0]
    assert isinstance(one, Identified)
    return one


def test_a_claim_holds_where_the_signature_does() -> None:
    claim = signature_claim(identified())
    assert len(claim) == SIGNATURE_CLAIM_BYTES
    assert claim_holds(claim)
    assert signature_holds(identified())


@pytest.mark.parametrize("at", [0, 31, 32, 63, 64, 95, 96, 127, 128, 159])
def test_a_claim_with_any_part_changed_does_not_hold(at: int) -> None:
    claim = bytearray(signature_claim(identified()))
    claim[at] ^= 1
    assert not claim_holds(bytes(claim))


def test_both_forms_of_s_hold() -> None:
    claim = signature_claim(identified())
    other = P256_ORDER - int.from_bytes(claim[64:96], "big")
    assert claim_holds(claim[:64] + other.to_bytes(32, "big") + claim[96:])


def test_verdicts_go_to_the_records_that_they_are_about() -> None:
    raws = chain([SALE] * 3)
    batch = [(raws[0], None), (b"no record", None), (raws[1], None), (raws[2], None)]
    steps = identify_all(batch, key_ring())
    results = read_all(steps, [True, False, True])
    assert [r.code if isinstance(r, RecordError) else "read" for r in results] == [
        "read",
        "envelope_malformed",
        "signature_invalid",
        "read",
    ]
    whole = [r.raw for r in verify_signatures(batch, key_ring()) if not isinstance(r, RecordError)]
    assert whole == raws
