"""Tiles, bundles, checkpoints and the state root: what one writes another can check."""

from __future__ import annotations

import os
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support_record import DEVICE, OTHER_DEVICE, SALE, chain, key_ring

from counterfoil.gateway.errors import CheckpointError, LogError, TileError
from counterfoil.gateway.log.checkpoint import (
    Checkpoint,
    Head,
    LogKey,
    log_key_of,
    sign_checkpoint,
    verify_checkpoint,
)
from counterfoil.gateway.log.merkle import (
    EMPTY_ROOT,
    MemoryTree,
    consistency_proof,
    hash_leaf,
    inclusion_proof,
    verify_consistency,
    verify_inclusion,
)
from counterfoil.gateway.log.state_tree import Slot, StateTree
from counterfoil.gateway.log.tile_format import (
    decode_bundle,
    encode_bundle,
    entries_path,
    tile_path,
)
from counterfoil.gateway.logfiles.tiles import TileReader, TileWriter, read_folder, read_size
from counterfoil.gateway.record.identity import Digest
from counterfoil.gateway.record.verification import verify_signature


def entries_up_to(count: int) -> list[bytes]:
    return [f"entry {number}".encode() for number in range(count)]


def test_paths_are_those_of_the_specification() -> None:
    assert tile_path(0, 0) == "tile/0/000"
    assert tile_path(3, 1_234_067) == "tile/3/x001/x234/067"
    assert tile_path(1, 999, 17) == "tile/1/999.p/17"
    assert entries_path(1_000, 255) == "tile/entries/x001/000.p/255"


def test_bundles_are_read_back_and_cut_ones_refused() -> None:
    entries = [b"", b"a", b"b" * 65_535]
    data = encode_bundle(entries)
    assert data[:5] == b"\x00\x00\x00\x01a"
    assert decode_bundle(data, 3) == entries
    for cut, width in ((data[:-1], 3), (data + b"\x00", 3), (data, 2)):
        with pytest.raises(TileError):
            decode_bundle(cut, width)
    with pytest.raises(TileError):
        encode_bundle([b"x" * 65_536])


@pytest.mark.parametrize("sizes", [[1], [255, 256, 257], [300, 300, 70_000]])
def test_tiles_prove_every_published_size(tmp_path: Path, sizes: list[int]) -> None:
    entries = entries_up_to(sizes[-1])
    tree = MemoryTree(map(hash_leaf, entries))
    writer = TileWriter(tmp_path)
    for size in sizes:
        writer.append(entries[writer.size : size])
        assert writer.publish() == tree.root(size)
        assert read_size(tmp_path) == (size, tree.root(size))
    last = sizes[-1]
    for size in sizes:
        reader = TileReader(read_folder(tmp_path), size)
        assert list(reader.entries()) == entries[:size]
        for index in {0, size // 2, size - 1}:
            proof = inclusion_proof(index, size, reader.read)
            verify_inclusion(
                index, size, leaf_hash=hash_leaf(entries[index]), proof=proof, root=tree.root(size)
            )
        reader = TileReader(read_folder(tmp_path), last)
        proof = consistency_proof(size, last, reader.read)
        verify_consistency(
            first=size,
            second=last,
            first_root=tree.root(size),
            second_root=tree.root(last),
            proof=proof,
        )


def test_a_writer_that_stopped_continues_from_what_it_published(tmp_path: Path) -> None:
    entries = entries_up_to(1_100)
    expected = MemoryTree(map(hash_leaf, entries))
    writer = TileWriter(tmp_path)
    writer.append(entries[:700])
    writer.publish()
    writer.append(entries[700:900])  # never published: lost with the process
    again = TileWriter.open(tmp_path)
    assert again.size == 700
    again.append(entries[700:])
    assert again.publish() == expected.root()
    assert list(TileReader(read_folder(tmp_path), 1_100).entries(600, 1_000)) == entries[600:1_000]
    assert not (tmp_path / "tile" / "0" / "002.p").exists()


def test_a_new_folder_is_an_empty_log(tmp_path: Path) -> None:
    writer = TileWriter.open(tmp_path / "absent")
    assert writer.size == 0
    assert writer.publish() == EMPTY_ROOT
    assert TileWriter.open(tmp_path / "absent").size == 0


def test_a_damaged_right_edge_is_noticed(tmp_path: Path) -> None:
    writer = TileWriter(tmp_path)
    writer.append(entries_up_to(10))
    writer.publish()
    tile = tmp_path / tile_path(0, 0, 10)
    tile.write_bytes(bytes(32) + tile.read_bytes()[32:])
    with pytest.raises(TileError):
        TileWriter.open(tmp_path)
    with pytest.raises(TileError):
        TileReader(read_folder(tmp_path), 300).read(0, 280)


KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
HEAD = Head(70_000, hash_leaf(b"root"), hash_leaf(b"state"))
NOTE = sign_checkpoint(Checkpoint("log.example/fleet", HEAD), "log.example/fleet", KEY)
LOG_KEY = log_key_of("log.example/fleet", KEY)


def test_a_checkpoint_is_a_signed_note() -> None:
    lines = NOTE.decode().split("\n")
    assert lines[:2] == ["log.example/fleet", "70000"]
    assert lines[2] == b64encode(HEAD.root).decode()
    assert lines[4] == ""
    assert verify_checkpoint(NOTE, LOG_KEY) == Checkpoint("log.example/fleet", HEAD)
    assert LogKey.from_verifier_key(LOG_KEY.verifier_key()) == LOG_KEY


def test_signatures_by_others_are_passed_over() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    second = sign_checkpoint(Checkpoint("log.example/fleet", HEAD), "witness", other)
    both = NOTE + second.split(b"\n\n")[1]
    assert verify_checkpoint(both, LOG_KEY).head == HEAD
    assert verify_checkpoint(both, log_key_of("witness", other), "log.example/fleet").head == HEAD
    with pytest.raises(CheckpointError):
        verify_checkpoint(NOTE, log_key_of("witness", other), "log.example/fleet")


@pytest.mark.parametrize(
    "note",
    [
        NOTE.replace(b"70000", b"70001"),
        NOTE.replace(b"70000", b"070000"),
        NOTE[:-1],
        NOTE.replace(b"\n\n", b"\n"),
        NOTE + b"not a signature line\n",
        NOTE.replace(b"state ", b"stale "),
        b"\xff" + NOTE,
    ],
)
def test_changed_notes_are_refused(note: bytes) -> None:
    with pytest.raises(CheckpointError):
        verify_checkpoint(note, LOG_KEY)


def test_a_note_of_another_origin_is_refused() -> None:
    with pytest.raises(CheckpointError):
        verify_checkpoint(NOTE, LOG_KEY, "log.example/other")


@pytest.mark.parametrize("text", ["", "a+b", "name+00000000+AAAA", LOG_KEY.verifier_key()[:-4]])
def test_malformed_verifier_keys_are_refused(text: str) -> None:
    with pytest.raises(CheckpointError):
        LogKey.from_verifier_key(text)


def test_the_state_root_is_the_tree_over_the_newest_records() -> None:
    assert StateTree().root() == EMPTY_ROOT
    digests = [Digest(bytes((number,)) * 32) for number in range(4)]
    state = StateTree()
    state.apply(Slot(DEVICE, epoch=1, sequence=1, payload_digest=digests[0]))
    state.apply(Slot(OTHER_DEVICE, epoch=1, sequence=1, payload_digest=digests[1]))
    state.apply(Slot(DEVICE, epoch=1, sequence=2, payload_digest=digests[2]))
    entries = [
        cbor2.dumps([sha256(DEVICE.encode()).digest(), 1, 2, digests[2]]),
        cbor2.dumps([sha256(OTHER_DEVICE.encode()).digest(), 1, 1, digests[1]]),
    ]
    assert state.root() == MemoryTree(map(hash_leaf, entries)).root()
    assert StateTree(state).root() == state.root()
    at, slot, proof = state.inclusion_proof(OTHER_DEVICE)
    assert (at, slot.sequence) == (1, 1)
    verify_inclusion(
        index=at, size=len(state), leaf_hash=hash_leaf(slot.entry()), proof=proof, root=state.root()
    )
    assert state.slot_of(DEVICE) == (
        0,
        Slot(DEVICE, epoch=1, sequence=2, payload_digest=digests[2]),
    )


def test_a_chain_cannot_step_back_in_the_state() -> None:
    state = StateTree([Slot(DEVICE, epoch=1, sequence=2, payload_digest=EMPTY_ROOT)])
    for slot in (
        Slot(DEVICE, epoch=1, sequence=2, payload_digest=EMPTY_ROOT),
        Slot(DEVICE, epoch=1, sequence=1, payload_digest=EMPTY_ROOT),
    ):
        with pytest.raises(LogError):
            state.apply(slot)
    state.apply(Slot(DEVICE, epoch=2, sequence=1, payload_digest=EMPTY_ROOT))
    with pytest.raises(LogError):
        state.inclusion_proof(OTHER_DEVICE)


def test_a_record_left_out_of_a_replay_shows_in_the_state_root() -> None:
    signed = [verify_signature(raw, DEVICE, key_ring()) for raw in chain([SALE] * 3)]
    full, short = StateTree(), StateTree()
    for one in signed:
        full.apply_record(one)
    for one in signed[:-1]:
        short.apply_record(one)
    assert full.root() != short.root()
    changed = StateTree([replace(next(iter(full)), payload_digest=EMPTY_ROOT)])
    assert changed.root() != full.root()


def test_a_size_is_published_once_all_that_it_names_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the order that a power cut respects: files, their folders, the size's own bytes, then its name."""
    folder = tmp_path / "log"
    synced, renamed, real = list[str](), dict[str, int](), Path.replace

    def sync(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink().relative_to(tmp_path)))

    def replace_(self: Path, target: Path) -> Path:
        renamed[str(target.relative_to(folder))] = len(synced)
        return real(self, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", replace_)
    writer = TileWriter(folder)
    for size in (3, 256, 300, 70_000):
        writer.append(entries_up_to(size)[writer.size :])
        synced.clear()
        renamed.clear()
        already = {str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()}
        writer.publish()
        before = synced[: renamed["tree-size"]]
        now = {str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()}
        for name in now - already - {"tree-size"} | renamed.keys() - {"tree-size"}:
            at = Path("log") / name
            assert str(at) in before
            assert {str(above) for above in at.parents if str(above) != "."} <= set(before)
        assert before[-1] == "log/.tree-size.new"
        assert synced[-1] == "log", "its name too"


def test_partial_tiles_stay_until_the_full_one_is_published(tmp_path: Path) -> None:
    """A power cut in between leaves what the last published size names."""
    writer = TileWriter(tmp_path)
    writer.append(entries_up_to(200))
    writer.publish()
    writer.append(entries_up_to(300)[200:])
    assert (tmp_path / "tile/0/000.p/200").exists()
    reader = TileReader(read_folder(tmp_path), 200)
    assert list(reader.entries()) == entries_up_to(200)
    assert TileWriter.open(tmp_path).size == 200
    writer.publish()
    assert not (tmp_path / "tile/0/000.p").exists()
    assert not (tmp_path / "tile/entries/000.p").exists()
