"""The lines in which the engine that is built differs from its modules: each in its place, or no build."""

from __future__ import annotations

from pathlib import Path

import pytest

from counterfoil.chain.nodes.network.engines import installation as install
from counterfoil.chain.nodes.network.engines.source_changes import FILE, apply_changes, read_changes
from counterfoil.chain.nodes.network.errors import NetworkError

MODULE = "example.org/pool"
CHANGES = f"""
[[change]]
module = "{MODULE}"
file = "pool/count.go"
why = "to count, all of it was listed"
before = "len(list())"
after = "count()"
"""


def modules(tmp_path: Path, text: str) -> tuple[Path, Path]:
    """Our module with one change, and the other one read-only, as the go command keeps it."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    (ours / "go.mod").write_text("module ours\n")
    (ours / FILE).write_text(CHANGES)
    (theirs / "pool").mkdir(parents=True)
    (theirs / "pool/count.go").write_text(text)
    for path in (theirs / "pool/count.go", theirs / "pool", theirs):
        path.chmod(0o555)
    return ours, theirs


def test_a_change_is_made_in_a_copy_that_our_module_builds_with(tmp_path: Path) -> None:
    ours, theirs = modules(tmp_path, "a := len(list()) + 1\n")
    apply_changes(ours, {MODULE: theirs}.__getitem__)
    (line,) = [li for li in (ours / "go.mod").read_text().splitlines() if li.startswith("replace")]
    copy = ours / line.removeprefix(f"replace {MODULE} => ")
    assert (copy / "pool/count.go").read_text() == "a := count() + 1\n"
    assert (theirs / "pool/count.go").read_text() == "a := len(list()) + 1\n"


@pytest.mark.parametrize("text", ["a := 1\n", "a := len(list()) + len(list())\n"])
def test_a_change_that_does_not_fit_ends_the_build(tmp_path: Path, text: str) -> None:
    ours, theirs = modules(tmp_path, text)
    with pytest.raises(NetworkError) as refused:
        apply_changes(ours, {MODULE: theirs}.__getitem__)
    assert refused.value.code == "network.change_misfit"


def test_every_change_says_why_and_marks_the_file_as_changed() -> None:
    changes = read_changes(install.SOURCE)
    assert changes
    for change in changes:
        assert change.why
        assert "changed for Counterfoil" in change.after
