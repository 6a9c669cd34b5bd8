"""A head's figures are looked for by each registry that the oracle's nodes may have read, and by no other."""

from __future__ import annotations

import time
from pathlib import Path

from support_world import DEVICES, FIRST_MS, World

from counterfoil.api.audit.sweep.book import Book
from counterfoil.api.audit.sweep.ledger_view import AnchoredHead, LedgerView
from counterfoil.api.audit.sweep.log_sweep import LogSweep
from counterfoil.gateway.record.identity import device_hash
from counterfoil.oracle.rules.figures import Tally

OLD, NEW = b"\1" * 32, b"\2" * 32


def tally() -> Tally:
    world = World(devices=DEVICES[:2])
    world.sell(days=1, first_ms=FIRST_MS)
    found = Tally()
    for signed in world.records:
        found.add(signed)
    return found


def follows(folder: Path, registry_block: int, block: int, before: int) -> bool:
    """Whether figures by the registry of *registry_block* are taken for a head of *block* after one of *before*."""
    view = LedgerView(1, block)
    for device in DEVICES[:2]:
        view.projects[device_hash(device)] = [(1, OLD), (block - 50, NEW)]
    figures = tally().figures(
        0, 8, registry_block, lambda device: view.project_at(device_hash(device), registry_block)
    )
    for number, at, digest in ((0, before, bytes(32)), (1, block, figures.digest)):
        view.heads.append(
            AnchoredHead(
                number=number,
                size=8 * number,
                root=bytes(32),
                state=bytes(32),
                figures=digest,
                annex=bytes(32),
                previous=0,
                block=at,
            )
        )
    sweep = LogSweep(str(folder), ca="", view=view, book=Book(None, "a test"), processes=1)
    sweep._tally, sweep._heads = tally(), 1  # as after the records below the head
    return sweep._figures_follow(view.heads[1], previous=0)


def test_figures_by_any_registry_since_the_head_before_are_found(tmp_path: Path) -> None:
    for registry_block in (10_000, 9_960, 9_940, 9_900):
        assert follows(tmp_path, registry_block, block=10_000, before=9_900), registry_block


def test_figures_by_a_registry_older_than_the_head_before_are_not(tmp_path: Path) -> None:
    assert not follows(tmp_path, 9_899, block=10_000, before=9_900)


def test_false_figures_cost_no_adding_up_for_each_block(tmp_path: Path) -> None:
    began = time.process_time()
    assert not follows(tmp_path, 10_001, block=10_000, before=0)
    assert time.process_time() - began < 5
