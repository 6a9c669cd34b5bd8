"""A file is a bundle by its container: a magic, a version, and each part in its order, a text and two byte strings."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

import cbor2
import pytest
from support_bundles import bundle_of, one_machine
from support_world import World

from counterfoil.api.audit.verification.bundle_format import MAGIC, PARTS, VERSION, decode, encode
from counterfoil.api.audit.verification.errors import AuditError
from counterfoil.api.audit.verification.steps import verify

EMPTY = sha256(b"\x80").digest()
ROWS: list[Any] = [[name, EMPTY, b"\x80"] for name in PARTS]
NO_PARTS = "its parts are not scope, registry"


@pytest.fixture(scope="module")
def world() -> World:
    return one_machine(days=1)


def said_of(item: Any, world: World) -> tuple[str, str]:
    """The one finding's code and detail."""
    report = verify(cbor2.dumps(item), world.root)
    (finding,) = report.findings
    return finding.code, finding.detail


@pytest.mark.parametrize(
    "item",
    [
        MAGIC,
        {0: MAGIC, 1: VERSION, 2: ROWS},
        [MAGIC, VERSION],
        [MAGIC, VERSION, ROWS, 0],
        ["counterfoil proof", VERSION, ROWS],
        [MAGIC.encode(), VERSION, ROWS],
        [],
    ],
    ids=str,
)
def test_what_does_not_begin_as_a_bundle_is_none(item: Any, world: World) -> None:
    assert said_of(item, world) == (
        "bundle.malformed",
        "it does not begin with 'counterfoil bundle'",
    )


@pytest.mark.parametrize("version", [0, 5, -1, 2**70, "4", b"\4", [4], True])
def test_a_version_that_was_never_written_is_named(version: Any, world: World) -> None:
    code, detail = said_of([MAGIC, version, ROWS], world)
    assert (code, detail) == (
        "bundle.malformed",
        f"version {version!r}, this reads {VERSION}",
    )


def test_an_older_version_with_this_ones_parts_is_a_changed_number(world: World) -> None:
    """Bundles of older versions had other parts: whoever turns a 4 into a 3 gets no *unverifiable* for it."""
    for version in (1, 2, 3):
        assert said_of([MAGIC, version, ROWS], world)[0] == "bundle.malformed"
        assert said_of([MAGIC, version, ROWS[1:]], world)[0] == "bundle.version_unsupported"
        assert said_of([MAGIC, version, 7], world)[0] == "bundle.version_unsupported"
        for row in (7, [], {0: "scope"}):
            rows = [row, *ROWS[1:]]
            assert said_of([MAGIC, version, rows], world)[0] == "bundle.version_unsupported"


def test_a_true_version_is_no_version_that_was_written(world: World) -> None:
    """Here 1 and true are equal, and in a file they are two things."""
    assert said_of([MAGIC, True, ROWS[1:]], world) == (
        "bundle.malformed",
        f"version True, this reads {VERSION}",
    )


@pytest.mark.parametrize(
    "rows",
    [
        7,
        {"scope": b""},
        [],
        ROWS[1:],
        [*ROWS, ROWS[0]],
        [ROWS[1], ROWS[0], *ROWS[2:]],
        [[*ROWS[0], 0], *ROWS[1:]],
        [ROWS[0][:2], *ROWS[1:]],
        ["scope", *ROWS[1:]],
        [7, *ROWS[1:]],
        [[], *ROWS[1:]],
        [{0: "scope", 1: EMPTY, 2: b"\x80"}, *ROWS[1:]],
        [[b"scope", EMPTY, b"\x80"], *ROWS[1:]],
        [["scope", EMPTY.hex(), b"\x80"], *ROWS[1:]],
        [["scope", EMPTY, "\x80"], *ROWS[1:]],
        [*ROWS[:-1], [PARTS[-1], 7, b"\x80"]],
        [*ROWS[:-1], [PARTS[-1], EMPTY, [7]]],
    ],
    ids=lambda rows: str(rows)[:40],
)
def test_other_parts_than_these_are_no_bundle(rows: Any, world: World) -> None:
    code, detail = said_of([MAGIC, VERSION, rows], world)
    assert code == "bundle.malformed"
    assert detail.startswith(NO_PARTS)


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (b"", "the file is empty"),
        (b"PK\3\4...", "not a bundle: it is packed, so unpack it first"),
        (b"\x1f\x8b...", "not a bundle: it is packed, so unpack it first"),
        (b' {"a": 1}', "not a bundle: it is a text (JSON, HTML or PEM)"),
        (b"\x9f\xff", "not a bundle: "),
        (b"\x80\x80", "not a bundle: bytes follow the item"),
    ],
)
def test_what_is_no_item_is_said_by_what_it_looks_like(
    data: bytes, detail: str, world: World
) -> None:
    (finding,) = verify(data, world.root).findings
    assert finding.code == "bundle.malformed"
    assert finding.detail.startswith(detail)


def test_a_part_that_is_changed_and_no_more_read_is_told_from_one_that_was_made_so(
    world: World,
) -> None:
    magic, version, rows = cbor2.loads(encode(bundle_of(world, days=1)))
    at = PARTS.index("records")
    for digest, code in (
        (rows[at][1], "bundle.part_altered"),
        (sha256(b"\x07").digest(), "bundle.part_malformed"),
    ):
        changed = [*rows[:at], ["records", digest, b"\x07"], *rows[at + 1 :]]
        with pytest.raises(AuditError) as raised:
            decode(cbor2.dumps([magic, version, changed]))
        assert raised.value.code == code


def test_a_file_of_no_project_and_without_a_slot_reads(world: World) -> None:
    made = bundle_of(world, days=1)
    made = replace(made, scope=made.scope._replace(project=""), state=None)
    read, altered = decode(encode(made))
    assert (read.scope, read.state, altered) == (made.scope, None, [])
