"""A file that is made to deceive the terminal or to hold up the verifier does neither."""

from __future__ import annotations

import gzip
import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import cbor2
import pytest
from cryptography.hazmat.primitives import serialization
from support_bundles import bundle_from_the_start, one_machine
from support_world import DAY_MS, DEVICES, FIRST_MS, PINNED, World, verify
from typer import Typer
from typer.testing import CliRunner, Result

from counterfoil.api.audit.commands import audit as audit_commands
from counterfoil.api.audit.html_report import html_report
from counterfoil.api.audit.making.collection import collect
from counterfoil.api.audit.verification.bundle import Bundle
from counterfoil.api.audit.verification.bundle_format import MAX_BYTES, decode, encode
from counterfoil.api.audit.verification.errors import PartMalformedError
from counterfoil.api.audit.verification.money_errors import FactsError
from counterfoil.api.audit.verification.opinion import Asked, opinion_of
from counterfoil.api.audit.verification.report import Report, Step
from counterfoil.api.audit.verification.report_words import LANGUAGES
from counterfoil.api.audit.verification.said import Part, Said
from counterfoil.gateway.formats.inspection.file_findings import inspect_content
from counterfoil.oracle.rules.facts import decode_facts

REPORT = ", 1230303 bytes\n✓  2. every part\n\x1b[1;32mvalid\x1b[0m\n\x1bP"
"""What a name would write to a terminal: a report of its own, and a command that hides the true one."""


@pytest.fixture(scope="module")
def world() -> World:
    return one_machine()


@pytest.fixture(scope="module")
def bundle(world: World) -> Bundle:
    return bundle_from_the_start(world, days=2)


def run(world: World, folder: Path, data: bytes, *more: str) -> Result:
    """``audit verify`` of a file with *data*, with the colours that a terminal gets."""
    app = Typer()
    audit_commands.register(app)
    (folder / "x.bundle").write_bytes(data)
    (folder / "root.pem").write_bytes(world.root.public_bytes(serialization.Encoding.PEM))
    arguments = ["audit", "verify", str(folder / "x.bundle"), "--root-ca", str(folder / "root.pem")]
    arguments += ["--deployment-hash", PINNED.hex(), *more]
    return CliRunner().invoke(app, arguments, color=True)


def assert_shows_only_ours(said: str) -> None:
    assert "\x1bP" not in said
    assert "\u202e" not in said
    assert "\x9b" not in said
    assert "\nvalid" not in said
    assert "\x1b[1;32mvalid" not in said


@pytest.mark.parametrize("name", ["device", "project", "record_anchor", "revenue_split"])
def test_names_are_checked_before_anything_shows_them(
    name: str, bundle: Bundle, world: World, tmp_path: Path
) -> None:
    for hostile in (
        f"{getattr(bundle.scope, name)[:20]}{REPORT}"[:42],
        "\u202e0x",
        "a b",
        "\x9b2J",
    ):
        data = encode(replace(bundle, scope=bundle.scope._replace(**{name: hostile})))
        found = verify(data, world.root).findings
        assert [(type(f), f.where) for f in found] == [(PartMalformedError, "scope")]
        page = tmp_path / "page.html"
        result = run(world, tmp_path, data, "--html", str(page))
        assert result.exit_code == 1
        assert_shows_only_ours(result.output)
        assert_shows_only_ours(page.read_text())


def test_what_facts_say_is_escaped_wherever_it_is_shown(
    bundle: Bundle, world: World, tmp_path: Path
) -> None:
    row = bundle.distributions[0]
    content = replace(decode_facts(row.content), project=f"x{REPORT}").encode()
    changed = (row._replace(content=content), *bundle.distributions[1:])
    page = tmp_path / "page.html"
    data = encode(replace(bundle, distributions=changed))
    result = run(world, tmp_path, data, "--html", str(page))
    assert result.exit_code == 1
    assert "they are of x, 1230303 bytes\\n" in result.output
    assert_shows_only_ours(result.output)
    assert_shows_only_ours(page.read_text())
    said = json.loads(run(world, tmp_path, data, "--json").stdout)
    assert said["verdict"] == "invalid"


def test_a_page_escapes_what_a_step_quotes() -> None:
    quoted = Said("they are of {project}, {date}", project=f"{REPORT}\u202e", date=1)
    error = FactsError(Part("facts"), quoted)
    assert str(error).isprintable()
    asked = Asked(f"x{REPORT}", 0, "ab", "CN=x\u202e", "cd", "counterfoil")
    steps = [Step(1, quoted, [error])]
    report = Report(steps, [Said("{name} at {time}", name=REPORT, time="\u202e")])
    for language in LANGUAGES:
        page = html_report("x\u202e.bundle", report, opinion_of(report, asked, language))
        assert "\x1b" not in page
        assert "\u202e" not in page


def bomb(levels: int) -> bytes:
    """CBOR that is twice as much with each level, by shared values (tags 28 and 29)."""
    references = b"".join(b"\xd8\x1d" + cbor2.dumps(n) for n in range(levels, 0, -1))
    return b"\xd8\x1c\x82" * levels + b"\xd8\x1c\x81\x00" + references


def test_shared_values_big_numbers_and_deep_nesting_end_at_once(
    bundle: Bundle, world: World
) -> None:
    magic, version, rows = cbor2.loads(encode(bundle))
    began = time.monotonic()
    for part in (bomb(24), bomb(40), cbor2.dumps([2**20_000]), b"\x81" * 50_000 + b"\x00"):
        inside = [[name, sha256(part).digest(), part] for name, _, _ in rows]
        for data in (part, cbor2.dumps([magic, version, inside])):
            report = verify(data, world.root)
            assert report.verdict == "invalid"
            assert len(report.steps) <= 2
            assert all(f.verdict != "valid" for f in inspect_content(data, datetime.now(UTC)))
    assert time.monotonic() - began < 5


def test_a_number_over_a_contracts_word_is_read_nowhere(bundle: Bundle, world: World) -> None:
    take = bundle.takes[0]
    largest = replace(bundle, takes=(take._replace(amount=2**256 - 1), *bundle.takes[1:]))
    assert encode(decode(encode(largest))[0]) == encode(largest)
    over = replace(bundle, takes=(take._replace(amount=2**256), *bundle.takes[1:]))
    for changed in (over, replace(bundle, scope=bundle.scope._replace(made_ms=2**20_000))):
        data = encode(changed)
        assert [type(f) for f in verify(data, world.root).findings] == [PartMalformedError]
        assert [f.verdict for f in inspect_content(data, datetime.now(UTC))] == ["invalid"]


def test_a_file_over_the_limit_is_not_read(world: World, tmp_path: Path) -> None:
    result = run(world, tmp_path, b"")
    with (tmp_path / "x.bundle").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    arguments = ["audit", "verify", str(tmp_path / "x.bundle")]
    app = Typer()
    audit_commands.register(app)
    result = CliRunner().invoke(app, [*arguments, "--root-ca", str(tmp_path / "root.pem")])
    assert result.exit_code == 2
    assert json.loads(result.stderr)["code"] == "file.too_large"


def test_heads_that_share_a_transaction_are_read_from_it_once(bundle: Bundle, world: World) -> None:
    """Many heads name one transaction with as many events: time grows with them, not with their square."""
    from support_blocks import ADDRESSES, PaperChain, event

    from counterfoil.api.audit.verification.bundle_blocks import check_anchored, prove_all

    def seconds(number: int) -> float:
        chain = PaperChain()
        plain = {"figures": bytes(32), "annex": bytes(32), "root": bytes(32), "state": bytes(32)}
        logs = [
            event("RecordAnchor", "HeadAnchored", index=n, size=n + 1, previousSize=n, **plain)
            for n in range(number)
        ]
        hashes = chain.mine(number=7, contract="RecordAnchor", data=b"", logs=logs)
        head = bundle.heads[0]._replace(root=bytes(32), state=bytes(32), block_number=7)
        head = head._replace(block_hash=hashes[0], transaction_hash=hashes[1])
        heads = tuple(head._replace(size=n + 1) for n in range(number))
        made = replace(bundle, heads=heads, assignments=(), terms=(), distributions=(), takes=())
        made = replace(made, blocks=tuple(chain.prove(made.on_chain())))
        proven, _, errors = prove_all(made)
        assert errors == []
        began = time.process_time()
        assert list(check_anchored(made, proven, ADDRESSES)) == []
        return time.process_time() - began

    seconds(10)
    assert seconds(1_000) < 25 * seconds(100)


def test_ten_times_the_file_takes_about_ten_times_the_time() -> None:
    """All of a machine's life: records, heads, proofs and blocks grow alike."""

    def seconds(days: int) -> tuple[int, float]:
        world = World(devices=DEVICES[:1])
        world.sell(days=days, sales_a_day=4)
        made = collect(
            world.store().engine,
            None,
            world.facts(DEVICES[0], 0, FIRST_MS + (days + 9) * DAY_MS),
        )
        every = replace(
            made,
            heads=tuple(world.heads),
            consistency=tuple(
                tuple(world.tree.consistency_proof(a.size, b.size))
                for a, b in pairwise(world.heads)
            ),
        )
        data = encode(replace(every, blocks=tuple(world.chain.prove(every.on_chain()))))
        began = time.process_time()
        verify(data, world.root)
        return len(data), time.process_time() - began

    seconds(5)
    small, large = seconds(30), seconds(300)
    grown = large[0] / small[0]
    assert grown > 5
    assert large[1] / small[1] < 2 * grown


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the file is empty"),
        (gzip.compress(b"a bundle", mtime=0), "it is packed, so unpack it first"),
        (b"PK\3\4 and so on", "it is packed, so unpack it first"),
        (b' {"a": 1}', "it is a text"),
        (b"<!doctype html>", "it is a text"),
        (b"\x80", "it does not begin with"),
        (b"\x83\1", "cut off at byte"),
    ],
)
def test_what_is_no_bundle_is_said_for_what_it_looks_like(
    world: World, data: bytes, said: str
) -> None:
    (error,) = verify(data, world.root).findings
    assert (error.code, said in error.detail) == ("bundle.malformed", True), error.detail
