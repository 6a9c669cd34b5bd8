"""A gateway's store that was put back from an older copy: it takes nothing, and is filled from a copy of the log."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from support_gateway import SIGNER, device_name, sales
from support_record import chain, private_key

from counterfoil.gateway.errors import StoreBehindError
from counterfoil.gateway.ingest.intake import Verdicts
from counterfoil.gateway.ingest.pipeline import Arrival, Pipeline, Stored
from counterfoil.gateway.ingest.receipt_sending import ReceiptSending
from counterfoil.gateway.log.merkle import MemoryTree, hash_leaf, root_at
from counterfoil.gateway.logfiles.fill import CopyUnusable, fill
from counterfoil.gateway.logfiles.log_floor import raise_floor, read_floor
from counterfoil.gateway.logfiles.tiles import TileWriter, read_folder
from counterfoil.gateway.record.identity import PublicKey
from counterfoil.gateway.record.signed_record import decode
from counterfoil.gateway.record.verification import DeviceKey
from counterfoil.gateway.store.gateway_store import GatewayStore, open_store
from counterfoil.gateway.store.rows import NewRecord

FIRST, SECOND, THIRD = (
    chain(sales(n), device_name(i), private_key(i)) for i, n in ((1, 300), (2, 40), (3, 5))
)
LOG = [*FIRST, *SECOND]
"""What was anchored; the third machine's records were not."""


@pytest.fixture
def store(tmp_path: Path) -> GatewayStore:
    """As it was when it had the first 280 records."""
    found = open_store(f"sqlite:///{tmp_path / 'gateway.db'}")
    for number in (1, 2, 3):
        key = PublicKey.of(private_key(number))
        found.put_device_key(DeviceKey(device_name(number), 1, key), bytes(32))
    append(found, LOG[:280])
    return found


@pytest.fixture
def tiles(tmp_path: Path) -> Path:
    writer = TileWriter(tmp_path / "tiles")
    writer.append(LOG)
    writer.publish()
    return tmp_path / "tiles"


def append(store: GatewayStore, raws: list[bytes]) -> None:
    with store.appending() as connection:
        store.append(connection, [NewRecord(decode(raw), 7) for raw in raws], [])


def raws_of(store: GatewayStore) -> list[bytes]:
    return [raw for _, raw in store.records(0, 10_000)]


def root_of(raws: list[bytes]) -> bytes:
    return root_at(len(raws), MemoryTree(hash_leaf(raw) for raw in raws).read)


def test_nothing_is_taken_while_the_store_is_shorter_than_the_log(
    store: GatewayStore, tiles: Path
) -> None:
    pipeline = Pipeline(store, floor=partial(read_floor, tiles))
    arrival = [Arrival(THIRD[0], None, "test")]
    with pytest.raises(StoreBehindError, match="280 records, the log 340"):
        pipeline.process(arrival)
    assert raws_of(store) == LOG[:280]
    done = fill(store, read_folder(tiles))
    assert (done.size, done.added, done.moved, done.refused) == (340, 60, 0, 0)
    assert done.root == root_of(LOG)
    (verdict,) = pipeline.process(arrival)
    assert isinstance(verdict, Stored)
    assert verdict.log_index == 340
    assert raws_of(store) == [*LOG, THIRD[0]]
    assert fill(store, read_folder(tiles)).added == 0, "again, it changes nothing"


def test_the_floor_is_the_tiles_size_or_what_was_noted_of_the_chain(tiles: Path) -> None:
    assert read_floor(tiles) == 340
    raise_floor(tiles, 900)
    raise_floor(tiles, 500)
    assert read_floor(tiles) == 900
    (tiles / "tree-size").write_text("damaged")
    assert read_floor(tiles) == 900


def test_a_record_at_anothers_place_goes_behind_the_log_or_to_the_refused(
    store: GatewayStore, tiles: Path
) -> None:
    """It was taken while nobody looked: the third machine's are next of their chain, the second's other one is not."""
    other = chain(sales(1, first=900), device_name(2), private_key(2))
    append(store, [*THIRD[:2], other[0]])
    done = fill(store, read_folder(tiles))
    assert (done.size, done.added, done.moved, done.refused) == (340, 60, 2, 1)
    assert raws_of(store) == [*LOG, *THIRD[:2]]
    assert store.equivocations() == 1, "two true signatures under one number are evidence"


def test_a_record_that_is_left_out_is_filled_in(store: GatewayStore, tiles: Path) -> None:
    with store.appending() as connection:
        connection.exec_driver_sql("DELETE FROM record WHERE log_index = 77")
    fill(store, read_folder(tiles))
    assert raws_of(store) == LOG


def test_a_copy_that_does_not_give_its_root_changes_nothing(
    store: GatewayStore, tiles: Path
) -> None:
    path = tiles / "tile" / "entries" / "001.p" / "84"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(CopyUnusable):
        fill(store, read_folder(tiles))
    assert raws_of(store) == LOG[:280]
    (tiles / "tree-size").unlink()
    with pytest.raises(CopyUnusable):
        fill(store, read_folder(tiles))


def test_no_receipt_is_given_whose_proof_fails(store: GatewayStore, tiles: Path) -> None:
    """The store took a record at a place that the log has for another."""
    append(store, [THIRD[0]])
    taken = Stored(decode(THIRD[0]), 280, 7)
    true = Stored(decode(LOG[3]), 3, 7)
    sending = ReceiptSending(store, SIGNER, tiles)
    receipts = sending._make([(_Nobody(), taken), (_Nobody(), true)])
    assert [stored for _, stored, _ in receipts] == [true]


_KILLED = """
import os, sys
from pathlib import Path
from counterfoil.gateway.logfiles.fill import fill
from counterfoil.gateway.logfiles.tiles import read_folder
from counterfoil.gateway.store.gateway_store import GatewayStore, open_store

append = GatewayStore.append
def append_and_die(*given):
    append(*given)
    os.kill(os.getpid(), 9)
GatewayStore.append = append_and_die
folder = Path(sys.argv[1])
fill(open_store(f"sqlite:///{folder / 'gateway.db'}"), read_folder(folder / "tiles"))
"""


def test_a_kill_while_it_is_filled_leaves_the_store_as_it_was(
    store: GatewayStore, tiles: Path, tmp_path: Path
) -> None:
    done = subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path)], check=False)
    assert done.returncode == -9
    assert tiles.is_dir()
    assert raws_of(store) == LOG[:280]
    argv = [sys.executable, "-m", "counterfoil", "log", "fill", "--data", str(tmp_path), "--json"]
    said = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    assert json.loads(said)["added"] == 60
    assert raws_of(store) == LOG


class _Nobody(Verdicts):
    wants_receipts = False
