"""A distribution's facts: the sums, the tax and the bytes that everybody can make again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import cbor2
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.oracle.rules.facts import facts_of, tax_minor

rows = st.lists(
    st.builds(
        SimpleNamespace,
        is_refund=st.booleans(),
        amount_minor=st.integers(0, 10**12),
        units=st.lists(
            st.tuples(st.sampled_from(("Water", "Oreo", "Chips")), st.integers(1, 9)), max_size=3
        ),
    ),
    max_size=12,
).map(lambda found: [SimpleNamespace(log_index=n, **vars(row)) for n, row in enumerate(found)])


@given(rows)
def test_sums_are_those_of_the_entries(rows: list[Any]) -> None:
    facts = facts_of("lakeside", 20220829, rows)
    assert facts.gross_minor == sum(r.amount_minor for r in rows if not r.is_refund)
    assert facts.refunds_minor == sum(r.amount_minor for r in rows if r.is_refund)
    assert sum(count for _, count in facts.units) == sum(c for r in rows for _, c in r.units)
    assert [code for code, _ in facts.units] == sorted({code for r in rows for code, _ in r.units})


@given(rows)
def test_the_bytes_say_all_and_only_the_facts(rows: list[Any]) -> None:
    facts = facts_of("lakeside", 20220829, rows)
    version, project, date, entries, units = cbor2.loads(facts.encode())
    assert (version, project, date) == (1, "lakeside", 20220829)
    assert entries == [[r.log_index, r.is_refund, r.amount_minor] for r in rows]
    assert units == [list(unit) for unit in facts.units]
    assert facts.encode() == cbor2.dumps(cbor2.loads(facts.encode()), canonical=True)


@given(st.integers(0, 10**15), st.integers(0, 10**15), st.integers(0, 10_000))
def test_tax_is_a_part_of_what_is_left_rounded_down(gross: int, refunds: int, points: int) -> None:
    tax = tax_minor(gross, refunds, points)
    left = max(0, gross - refunds)
    assert 0 <= tax <= left
    assert tax * 10_000 <= left * points < (tax + 1) * 10_000
