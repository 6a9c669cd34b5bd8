"""How far a log reaches: a copy of any age and size is swept to the newest head below its end, and no log is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from counterfoil.api.audit.sweep.ledger_view import AnchoredHead
from counterfoil.api.audit.sweep.log_cover import LogCover, LogUnreadable, cover_of
from counterfoil.gateway.log.tile_format import entries_path
from counterfoil.gateway.logfiles.tiles import SIZE_PATH, TileReader, TileWriter, read_folder

ENTRIES = [f"entry {number}".encode() for number in range(700)]


def heads(*sizes: int) -> list[AnchoredHead]:
    return [
        AnchoredHead(
            number=number,
            size=size,
            root=b"",
            state=b"",
            figures=b"",
            annex=b"",
            previous=0,
            block=number,
        )
        for number, size in enumerate(sizes)
    ]


def written(folder: Path, *sizes: int) -> str:
    """A log that was published at each of *sizes*."""
    writer = TileWriter(folder)
    for size in sizes:
        writer.append(ENTRIES[writer.size : size])
        writer.publish()
    return str(folder)


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        ((300, 520, 600), LogCover(3, 600)),
        ((300, 520, 600, 650), LogCover(3, 600)),  # the log has grown since
        ((650,), LogCover(3, 650)),  # copied when no head was as long
        ((300, 520), LogCover(2, 520)),
        ((530,), LogCover(2, 530)),
        ((310,), LogCover(1, 310)),
        ((100,), LogCover(0, 100)),
    ],
)
def test_the_heads_are_those_below_the_logs_end_and_all_their_records_can_be_read(
    tmp_path: Path, published: tuple[int, ...], expected: LogCover
) -> None:
    sizes = (300, 520, 600)
    cover = cover_of(written(tmp_path, *published), "", heads(*sizes))
    assert cover == expected
    end = sizes[cover.heads - 1] if cover.heads else 0
    reader = TileReader(read_folder(tmp_path), cover.size)
    assert list(reader.entries(0, end)) == ENTRIES[:end]


def test_a_log_that_does_not_state_its_size_is_looked_through(tmp_path: Path) -> None:
    where = written(tmp_path, 300, 520)
    (tmp_path / SIZE_PATH).unlink()
    assert cover_of(where, "", heads(300, 520, 600)) == LogCover(2, 520)


def test_a_size_that_the_log_states_and_does_not_have_is_not_believed(tmp_path: Path) -> None:
    where = written(tmp_path, 300)
    for stated in ("600 ab", "99999999999999999999 ab", "-1 ab", "no size", ""):
        (tmp_path / SIZE_PATH).write_text(stated)
        assert cover_of(where, "", heads(300, 520, 600)) == LogCover(1, 300), stated


def test_where_there_is_no_log_nothing_is_swept(tmp_path: Path) -> None:
    for where in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(LogUnreadable, match=str(where)):
            cover_of(str(where), "", heads(300))
    with pytest.raises(LogUnreadable):
        cover_of(str(tmp_path / "nowhere"), "", [])


def test_before_the_first_head_there_is_nothing_to_read(tmp_path: Path) -> None:
    assert cover_of(str(tmp_path), "", []) == LogCover(0, 0)
    assert not (tmp_path / entries_path(0)).exists()
