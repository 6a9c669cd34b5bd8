"""What of a house is kept: everything but what is named, keys apart, in the order that keeps the parts' promises."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from counterfoil.backup.house_files import Part, is_final_tile, is_secret, part_of
from counterfoil.up.data_folder import open_house


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("oracle.db", Part.ORACLE),
        ("oracles/2/oracle.db", Part.ORACLE),
        ("tiles/tree-size", Part.TILES),
        ("oracles/3/tiles/tile/0/000", Part.TILES),
        ("chain/anvil.json", Part.CHAIN),
        ("chain/ganache/000005.ldb", Part.CHAIN),
        ("gateway.db", Part.RECORDS),
        ("oracles/4/records.db", Part.RECORDS),
        ("chain/mnemonic", Part.OTHER),
        ("pki/register.db", Part.OTHER),
        ("deployment.json", Part.OTHER),
        ("a-store-of-next-year.db", Part.OTHER),
        ("devices/001/journal.db", None),
        ("logs/gateway.log", None),
        ("chain/states/1.json", None),
        ("chain/lock", None),
        ("oracle.db-wal", None),
        (".backup/3.db", None),
        ("superseded.json", None),
    ],
)
def test_each_file_has_its_part(path: str, part: Part | None) -> None:
    assert part_of(PurePosixPath(path)) == part


def test_every_file_of_a_house_that_only_its_owner_may_read_is_taken_for_a_key(
    tmp_path: Path,
) -> None:
    """But for databases, of which none holds a key that is not locked."""
    house = open_house(tmp_path, oracles=4)
    files = [path for path in house.folder.rglob("*") if path.is_file() and path.suffix != ".db"]
    private = {path for path in files if path.stat().st_mode & 0o077 == 0 and path.name[0] != "."}
    found = {path for path in files if is_secret(PurePosixPath(path.relative_to(tmp_path)))}
    # readers.pem has certificates alone.
    assert private - found <= {tmp_path / "oracles" / "readers.pem"}
    assert {"house.json", "log.pem", "root.key", "issuing.key", "node.key", "gateway.key"} <= {
        path.name for path in found
    }


def test_full_tiles_are_final_and_partial_ones_are_not() -> None:
    assert is_final_tile(PurePosixPath("tiles/tile/0/000"))
    assert not is_final_tile(PurePosixPath("tiles/tile/0/000.p/12"))
    assert not is_final_tile(PurePosixPath("tiles/tree-size"))
