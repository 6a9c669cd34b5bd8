"""Inspecting a bundle: whole is unverifiable without a root, and what is wrong in it is named."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from support_world import DAY_MS, DEVICES, FIRST_MS, World

from counterfoil.api.audit.making.collection import collect
from counterfoil.api.audit.verification.bundle import Bundle, Entry
from counterfoil.api.audit.verification.bundle_format import encode
from counterfoil.gateway.formats.inspection.file_findings import inspect_content
from counterfoil.gateway.formats.inspection.finding import Finding


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    world = World()
    world.sell(days=3)
    facts = world.facts(DEVICES[0], FIRST_MS, FIRST_MS + 2 * DAY_MS)
    return collect(world.store().engine, None, facts)


def inspected(content: bytes) -> list[Finding]:
    return inspect_content(content, datetime.now(UTC))


def test_whole_bundle_has_a_valid_item_for_each_record(bundle: Bundle) -> None:
    whole, *records = inspected(encode(bundle))
    assert (whole.format, whole.verdict) == ("bundle", "unverifiable")
    assert whole.summary["records"] == len(records) == len(bundle.records) > 2
    assert {(r.format, r.verdict) for r in records} == {("record", "valid")}


def test_one_changed_byte_of_a_record_names_it_and_the_part(bundle: Bundle) -> None:
    content = bytearray(encode(bundle))
    at = content.index(bundle.records[1].raw) + len(bundle.records[1].raw) - 80
    content[at] ^= 1
    whole, *records = inspected(bytes(content))
    assert (whole.verdict, whole.summary["altered"]) == ("invalid", ["records"])
    wrong = [n for n, record in enumerate(records) if record.verdict == "invalid"]
    assert wrong == [1]


def test_changed_record_under_a_digest_made_to_fit_is_still_found(bundle: Bundle) -> None:
    entries = list(bundle.records)
    raw = bytearray(entries[1].raw)
    raw[-80] ^= 1
    entries[1] = Entry(entries[1].log_index, bytes(raw))
    whole, *records = inspected(encode(replace(bundle, records=tuple(entries))))
    assert (whole.verdict, whole.summary["altered"]) == ("invalid", [])
    assert [record.verdict for record in records].count("invalid") == 1


def test_record_out_of_its_place_in_the_log_is_invalid(bundle: Bundle) -> None:
    proofs = (bundle.inclusion[1], *bundle.inclusion[1:])
    _, first, *others = inspected(encode(replace(bundle, inclusion=proofs)))
    assert first.verdict == "invalid"
    assert {record.verdict for record in others} == {"valid"}


def test_bundle_damaged_anywhere_is_never_whole(bundle: Bundle) -> None:
    content, rng = encode(bundle), random.Random(3)
    for _ in range(200):
        at = rng.randrange(20, len(content))
        damaged = bytearray(content)
        damaged[at] ^= 1 << rng.randrange(8)
        assert inspected(bytes(damaged))[0].verdict == "invalid", at
    for length in (20, 200, len(content) - 1):
        assert inspected(content[:length])[0].verdict == "invalid"
