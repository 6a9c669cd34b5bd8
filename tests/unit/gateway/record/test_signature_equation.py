"""Step 6 as another process sees it: 160 bytes in, one verdict out."""

from __future__ import annotations

import pytest
from support_record import SALE, chain, key_ring

from counterfoil.gateway.errors import RecordError
from counterfoil.gateway.record.cose import P256_ORDER
from counterfoil.gateway.record.signature_equation import EQUATION_BYTES, equation_holds
from counterfoil.gateway.record.verification import (
    Identified,
    equation_of,
    identify_all,
    read_all,
    signature_holds,
    verify_signatures,
)


def identified() -> Identified:
    one = identify_all([(chain([SALE])[0], None)], key_ring())[0]
    assert isinstance(one, Identified)
    return one


def test_an_equation_holds_where_the_signature_does() -> None:
    equation = equation_of(identified())
    assert len(equation) == EQUATION_BYTES
    assert equation_holds(equation)
    assert signature_holds(identified())


@pytest.mark.parametrize("at", [0, 31, 32, 63, 64, 95, 96, 127, 128, 159])
def test_an_equation_with_any_part_changed_does_not_hold(at: int) -> None:
    equation = bytearray(equation_of(identified()))
    equation[at] ^= 1
    assert not equation_holds(bytes(equation))


def test_both_forms_of_s_hold() -> None:
    equation = equation_of(identified())
    other = P256_ORDER - int.from_bytes(equation[64:96], "big")
    assert equation_holds(equation[:64] + other.to_bytes(32, "big") + equation[96:])


def test_verdicts_go_to_the_records_that_they_are_about() -> None:
    raws = chain([SALE] * 3)
    batch = [(raws[0], None), (b"no record", None), (raws[1], None), (raws[2], None)]
    steps = identify_all(batch, key_ring())
    results = read_all(steps, [True, False, True])
    assert [r.code if isinstance(r, RecordError) else "read" for r in results] == [
        "read",
        "record.envelope_malformed",
        "record.signature_invalid",
        "read",
    ]
    whole = [r.raw for r in verify_signatures(batch, key_ring()) if not isinstance(r, RecordError)]
    assert whole == raws
