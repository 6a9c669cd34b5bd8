"""What a node has and a file leaves out is found: later heads, assignments, distributions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support_blocks import ADDRESSES
from support_bundles import bundle_of, world_of
from support_world import DAY_MS, DEVICES, FIRST_MS, World

from counterfoil.api.audit.making.collection import collect
from counterfoil.api.audit.verification.bundle import Bundle
from counterfoil.api.audit.verification.bundle_blocks import block_times
from counterfoil.api.audit.verification.bundle_format import encode
from counterfoil.api.audit.verification.completeness import (
    ChainSeen,
    SeenAssignment,
    SeenDistribution,
    SeenHead,
    check_complete,
    seen_text,
)
from counterfoil.api.audit.verification.report import Report
from counterfoil.api.audit.verification.steps import verify
from counterfoil.gateway.record.identity import on_chain_id

DEVICE = DEVICES[0]


@pytest.fixture(scope="module")
def world() -> World:
    return world_of(days=3)


def seen_of(bundle: Bundle) -> ChainSeen:
    """A node that has just what is in the bundle."""
    return ChainSeen(
        3_000,
        0,
        assignments=[
            SeenAssignment(a.project, a.block_number, a.transaction_hash)
            for a in bundle.assignments
        ],
        distributions=[
            SeenDistribution(
                d.batch,
                d.period_start,
                gross=d.gross,
                block=d.block_number,
                transaction_hash=d.transaction_hash,
            )
            for d in bundle.distributions
        ],
    )


def checked(bundle: Bundle, world: World, seen: ChainSeen) -> tuple[Report, set[str]]:
    """The report after the node was asked, and the codes of all that was found."""
    report = verify(encode(bundle), world.root, addresses=ADDRESSES)
    report.steps[-1].findings += check_complete(report, seen)
    return report, {finding.code for finding in report.findings}


def test_a_node_without_more_closes_the_end(world: World) -> None:
    bundle = bundle_of(world, days=3)
    assert {f.code for f in verify(encode(bundle), world.root, addresses=ADDRESSES).findings} == {
        "bundle.end_open"
    }
    report, codes = checked(bundle, world, seen_of(bundle))
    assert (codes, report.open, report.verdict) == (set(), [], "valid")


def test_a_later_head_leaves_an_open_end_open(world: World) -> None:
    bundle = bundle_of(world, days=3)
    later = [SeenHead(90, 2_900), SeenHead(99, 2_950)]
    seen = seen_of(bundle)._replace(heads=later, newest_head_ms=FIRST_MS)
    report, codes = checked(bundle, world, seen)
    assert (codes, report.verdict) == ({"bundle.end_open"}, "unverifiable")
    assert "2 later heads, up to 99 in block 2950" in report.findings[0].detail
    assert "2 later heads that the file does not rest on, the last of 99 in block 2950" in str(
        seen_text(seen)
    )
    closed = collect(world.store().engine, None, world.facts(DEVICE, FIRST_MS, FIRST_MS + DAY_MS))
    assert (
        checked(closed, world, seen_of(bundle_of(world, days=3))._replace(heads=later))[1] == set()
    )


def test_distributions_that_are_kept_off_are_found(world: World) -> None:
    """All of them, all but one, and any one of the period."""
    whole = bundle_of(world, days=3)
    seen = seen_of(whole)
    sales = {"split.sales_not_shown"}
    none = replace(whole, terms=(), distributions=(), takes=(), pools=())
    none = replace(none, blocks=tuple(world.chain.prove(none.on_chain())))
    report, codes = checked(none, world, seen)
    assert codes == sales | {"split.distributed_since"}
    assert report.verdict == "unverifiable"
    rows = whole.distributions
    for kept in (rows[:1], rows[1:], (rows[0], rows[2])):
        report, codes = checked(replace(whole, distributions=kept), world, seen)
        assert codes >= sales | {"split.left_out"}
        assert report.verdict == "invalid"


def test_a_distribution_that_is_newer_than_the_file_asks_for_a_new_one(world: World) -> None:
    whole = bundle_of(world, days=3)
    seen = seen_of(whole)
    later = SeenDistribution(
        b"\7" * 32, 20220831, gross=5, block=2_999, transaction_hash=b"\7" * 32
    )
    more = seen._replace(distributions=[*seen.distributions, later])
    assert checked(whole, world, more)[1] == {"split.distributed_since"}
    other_day = later._replace(period_start=20220905)
    more = seen._replace(distributions=[*seen.distributions, other_day])
    assert checked(whole, world, more)[1] == set()


def test_a_files_history_ends_with_a_distribution_and_not_with_its_block(world: World) -> None:
    """One block may hold many: those of other days behind the file's last are none of its history."""
    whole = bundle_of(world, days=3)
    seen = seen_of(whole)
    last = seen.distributions[-1]
    other_day = last._replace(batch=b"\7" * 32, period_start=20220905)
    another = other_day._replace(batch=b"\6" * 32, period_start=20220906)
    behind = seen._replace(distributions=[*seen.distributions, other_day, another])
    assert checked(whole, world, behind)[1] == set()
    before = seen._replace(distributions=[*seen.distributions[:-1], other_day, last])
    report, codes = checked(whole, world, before)
    assert codes == {"split.left_out"}
    assert "20220905" in report.findings[0].where


def test_sales_that_the_chain_never_shared_out_are_named_and_no_finding(world: World) -> None:
    """The node has all distributions, and they are all here."""
    bundle = bundle_of(world, days=3)
    none = replace(bundle, terms=(), distributions=(), takes=(), pools=())
    none = replace(none, blocks=tuple(world.chain.prove(none.on_chain())))
    assert "split.sales_not_shown" in {
        f.code for f in verify(encode(none), world.root, addresses=ADDRESSES).findings
    }
    report, codes = checked(none, world, seen_of(none))
    assert codes == set()
    assert report.steps[12].checked.endswith(
        "; in no distribution here: 12 sales of 33.00 USD, 0 refunds"
    )


def test_an_assignment_that_is_kept_off_is_found(world: World) -> None:
    bundle = bundle_of(world, days=3)
    seen = seen_of(bundle)
    other = SeenAssignment(bytes(on_chain_id("hilltop")), 950, b"\1" * 32)
    report, codes = checked(bundle, world, seen._replace(assignments=[*seen.assignments, other]))
    assert (codes, report.verdict) == ({"bundle.assignment_mismatch"}, "invalid")
    later = other._replace(block=2_999)
    assert checked(bundle, world, seen._replace(assignments=[*seen.assignments, later]))[1] == set()
    edge = other._replace(block=max(block_times(bundle)))
    report, codes = checked(bundle, world, seen._replace(assignments=[*seen.assignments, edge]))
    assert codes == {"bundle.assignment_mismatch"}, "the file's newest block is one of its blocks"


def test_an_assignment_that_the_node_does_not_have_is_found(world: World) -> None:
    bundle = bundle_of(world, days=3)
    report, codes = checked(bundle, world, seen_of(bundle)._replace(assignments=[]))
    assert (codes, report.verdict) == ({"bundle.assignment_mismatch"}, "invalid")
    assert {finding.where for finding in report.findings} == {
        f"assignments[{place}]" for place in range(len(bundle.assignments))
    }


def test_a_file_that_shows_no_distribution_is_asked_again_however_old_they_are(
    world: World,
) -> None:
    whole = bundle_of(world, days=3)
    none = replace(whole, terms=(), distributions=(), takes=(), pools=())
    none = replace(none, blocks=tuple(world.chain.prove(none.on_chain())))
    old = [one._replace(block=1) for one in seen_of(whole).distributions]
    seen = seen_of(whole)._replace(distributions=old)
    assert "split.left_out" not in checked(none, world, seen)[1]


def test_a_file_that_can_not_be_read_is_not_compared(world: World) -> None:
    unread = verify(b"\xa0", world.root, addresses=ADDRESSES)
    headless = verify(encode(bundle_of(world, days=3)), world.root, addresses=ADDRESSES)
    assert headless.bundle is not None
    headless.bundle = replace(headless.bundle, heads=())
    for report in (unread, headless):
        assert list(check_complete(report, seen_of(bundle_of(world, days=3)))) == []
        assert not report.is_complete
