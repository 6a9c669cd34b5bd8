"""A witness's checks one by one, cosignatures byte by byte, and forks with their evidence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support_world import World

from counterfoil.gateway.errors import CheckpointError, ProofError, RecordError
from counterfoil.gateway.log.checkpoint import Checkpoint, Head, log_key_of, sign_checkpoint
from counterfoil.gateway.log.checkpoint_pair import compare
from counterfoil.gateway.log.cosignature import (
    WitnessKey,
    cosign,
    cosignatures,
    needed,
    split_note,
    verify_witnessed,
    with_lines,
)
from counterfoil.gateway.log.merkle import MemoryTree, hash_leaf, verify_consistency
from counterfoil.gateway.log.tile_format import CHECKPOINT_PATH
from counterfoil.gateway.log.tlog_proof import TlogProof, known_witnesses
from counterfoil.gateway.log.witness_request import write_request
from counterfoil.gateway.logfiles.tiles import FileReader, TileReader, TileWriter, read_folder
from counterfoil.gateway.record.identity import Digest
from counterfoil.gateway.witness.memory import Memory, SeenHead
from counterfoil.gateway.witness.settings import WatchedLog, create_witness, open_witness
from counterfoil.gateway.witness.witness import SIZE_TYPE, Witness

ORIGIN = "log.example/fleet"
LOG = Ed25519PrivateKey.from_private_bytes(bytes(32))
LOG_KEY = log_key_of(ORIGIN, LOG)
TIME_S = 1_679_315_147


@dataclass
class Log:
    """A log of *size* entries; two of different *kind* share the first ten and fork after."""

    kind: str
    size: int = 40

    def __post_init__(self) -> None:
        entries = [b"entry %d %s" % (n, self.kind.encode() * (n >= 10)) for n in range(self.size)]
        self.entries = entries
        self.tree = MemoryTree(hash_leaf(entry) for entry in entries)

    def note(self, size: int, key: Ed25519PrivateKey = LOG, origin: str = ORIGIN) -> bytes:
        state = Digest(sha256(b"state").digest())
        head = Head(size, self.tree.root(size), state)
        return sign_checkpoint(Checkpoint(origin, head), origin, key)

    def request(self, old: int, size: int) -> bytes:
        proof = self.tree.consistency_proof(old, size) if 0 < old < size else []
        return write_request(old, proof, self.note(size))


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    home = create_witness(tmp_path / "w", "bank.example/w1", [WatchedLog(LOG_KEY, "")])
    return Witness(home, Memory(tmp_path / "w" / "witness.db"), lambda: TIME_S)


def key_of(tmp_path: Path) -> WitnessKey:
    return open_witness(tmp_path / "w").public


WORLD = World()
WORLD.sell(days=6)
ENTRIES = [signed.raw for signed in WORLD.records[:40]]
TRUE, FORK = Log("a"), Log("b")


def test_a_log_that_grows_is_cosigned_at_every_head(witness: Witness, tmp_path: Path) -> None:
    for old, size in ((0, 5), (5, 5), (5, 16), (16, 40)):
        answer = witness.add_checkpoint(TRUE.request(old, size))
        assert answer.status == 200
        note = with_lines(TRUE.note(size), [answer.body])
        _, found = verify_witnessed(note, log=LOG_KEY, witnesses=[key_of(tmp_path)], at_least=1)
        assert [(one.witness, one.time_s) for one in found] == [("bank.example/w1", TIME_S)]


def test_another_old_size_is_answered_with_the_one_that_was_seen(witness: Witness) -> None:
    witness.add_checkpoint(TRUE.request(0, 16))
    answer = witness.add_checkpoint(TRUE.request(5, 40))
    assert (answer.status, answer.body, answer.content_type) == (409, "16\n", SIZE_TYPE)
    assert witness.add_checkpoint(TRUE.request(0, 5)).status == 409


def test_a_log_that_is_not_known_or_did_not_sign_is_refused(witness: Witness) -> None:
    stranger = TRUE.note(5, origin="stranger.example")
    assert witness.add_checkpoint(write_request(0, [], stranger)).status == 404
    forged = TRUE.note(5, Ed25519PrivateKey.from_private_bytes(b"\1" * 32))
    assert witness.add_checkpoint(write_request(0, [], forged)).status == 403


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 5",
        b"old 05\n\n" + TRUE.note(5),
        b"new 0\n\n" + TRUE.note(5),
        b"old 0\nnot base64!\n\n" + TRUE.note(5),
        b"old 0\n" + b"AAAA\n" * 64 + b"\n" + TRUE.note(5),
        b"old 6\n\n" + TRUE.note(5),
        b"old 0\n\nno note",
        b"\xff\xfe\n\n",
    ],
)
def test_a_malformed_request_is_a_bad_one(witness: Witness, body: bytes) -> None:
    assert witness.add_checkpoint(body).status == 400


def test_a_head_that_is_no_continuation_is_refused_and_kept_as_evidence(
    witness: Witness, tmp_path: Path
) -> None:
    witness.add_checkpoint(TRUE.request(0, 16))
    answer = witness.add_checkpoint(FORK.request(16, 40))
    assert answer.status == 422
    answer = witness.add_checkpoint(write_request(16, [], FORK.note(16)))
    assert answer.status == 409
    forks = Memory(tmp_path / "w" / "witness.db").forks()
    assert [fork.detail.split(": root")[0] for fork in forks][1] == "two heads of 16"
    assert forks[0].detail.startswith("not shown: that the head of 40 extends that of 16")
    assert [fork.is_proven for fork in forks] == [False, True], "a false proof may be anybody's"
    assert forks[1].mine == TRUE.note(16)
    assert forks[1].theirs == FORK.note(16)
    assert witness.add_checkpoint(TRUE.request(16, 40)).status == 200, "the true log goes on"


def published(log: Log, size: int, folder: Path, shown: int | None = None) -> FileReader:
    """The tiles of a log that was published every ten entries up to *size*; its checkpoint is the head of *shown*."""
    writer = TileWriter(folder)
    for start in range(0, size, 10):
        writer.append(log.entries[start : min(start + 10, size)])
        writer.publish()
    tiles, note = read_folder(folder), log.note(shown or size)
    return lambda path: note if path == CHECKPOINT_PATH else tiles(path)


def test_true_head_brought_with_a_false_proof_does_not_accuse_the_log(
    witness: Witness, tmp_path: Path
) -> None:
    """Checkpoints are public: anybody may bring one with rubbish beside it."""
    witness.add_checkpoint(TRUE.request(0, 16))
    rubbish = write_request(16, [Digest(bytes(32))], TRUE.note(40))
    assert witness.add_checkpoint(rubbish).status == 422
    (fork,) = Memory(tmp_path / "w" / "witness.db").forks()
    assert not fork.is_proven
    assert witness.follow(LOG_KEY, published(TRUE, 40, tmp_path / "t")).status == 200


def test_fork_that_the_logs_own_tiles_show_is_proven(witness: Witness, tmp_path: Path) -> None:
    witness.add_checkpoint(TRUE.request(0, 16))
    assert witness.follow(LOG_KEY, published(FORK, 40, tmp_path / "t")).status == 422
    (fork,) = Memory(tmp_path / "w" / "witness.db").forks()
    assert fork.is_proven
    assert (fork.mine, fork.theirs) == (TRUE.note(16), FORK.note(40))


def test_log_that_goes_back_is_accused_only_where_it_was_rewritten(
    witness: Witness, tmp_path: Path
) -> None:
    memory = Memory(tmp_path / "w" / "witness.db")
    witness.add_checkpoint(TRUE.request(0, 30))
    old_copy = published(TRUE, 40, tmp_path / "old", shown=16)
    assert witness.follow(LOG_KEY, old_copy).status == 409
    short = published(FORK, 16, tmp_path / "short")
    assert witness.follow(LOG_KEY, short).status == 409
    assert memory.forks() == [], "an old copy is no fault, and short tiles tell nothing"
    rewritten = published(FORK, 40, tmp_path / "new", shown=16)
    assert witness.follow(LOG_KEY, rewritten).status == 409
    (fork,) = memory.forks()
    assert not fork.is_proven, "another log's tiles show nothing of the head that was seen"
    assert (fork.mine, fork.theirs) == (TRUE.note(30), FORK.note(16))
    tiles = published(TRUE, 40, tmp_path / "true")
    shown = FORK.note(12)
    witness.follow(LOG_KEY, lambda path: shown if path == CHECKPOINT_PATH else tiles(path))
    assert [(f.is_proven, f.theirs) for f in memory.forks()[1:]] == [(True, shown)]


def damaged(read: FileReader, path: str, at: int) -> FileReader:
    """The log's files with one byte flipped in one of them."""

    def changed(asked: str) -> bytes:
        data = bytearray(read(asked))
        if asked == path:
            data[at] ^= 1
        return bytes(data)

    return changed


def shown_with(read: FileReader, note: bytes, path: str) -> bytes:
    """The log's file at *path*; *note* for its checkpoint."""
    return note if path == CHECKPOINT_PATH else read(path)


def test_a_flipped_byte_in_a_copy_of_the_tiles_accuses_nobody(tmp_path: Path) -> None:
    long = Log("a", 300)
    files = published(long, 300, tmp_path / "t")
    tiles = ["tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"]
    assert [len(files(path)) for path in tiles] == [256 * 32, 44 * 32, 32]
    home = create_witness(tmp_path / "w", "bank.example/w1", [WatchedLog(LOG_KEY, "")])
    words: set[str] = set()
    for path in tiles:
        for node in range(0, len(files(path)), 32 * 5):
            read = damaged(files, path, node + node % 31)
            for seen in (64, 200, 256, 270):
                notes = long.note(seen), long.note(300)
                found = compare(*notes, log=LOG_KEY, read=TileReader(read, 300).read)
                words.add(found.word)
                if node % (32 * 45):
                    continue  # the witness keeps each head durably, which takes its time
                for known, note in ((seen, notes[1]), (300, notes[0])):
                    memory = Memory(tmp_path / "memory.db")
                    memory.advance(
                        ORIGIN, 0, SeenHead(known, long.tree.root(known), long.note(known))
                    )
                    shown = partial(shown_with, read, note)
                    Witness(home, memory).follow(LOG_KEY, shown)
                    assert not any(fork.is_proven for fork in memory.forks()), (path, node, seen)
                    memory.close()
                    for left in tmp_path.glob("memory.db*"):
                        left.unlink()
    assert words == {"consistent", "unknown"}


def test_what_accuses_is_checked_by_its_own_bytes() -> None:
    found = compare(first=FORK.note(16), second=TRUE.note(40), log=LOG_KEY, read=TRUE.tree.read)
    assert found.word == "equivocation"
    assert found.beginning == TRUE.tree.root(16) != FORK.tree.root(16)
    verify_consistency(16, 40, found.beginning, TRUE.tree.root(40), found.proof)
    other = compare(first=FORK.note(16), second=TRUE.note(40), log=LOG_KEY, read=FORK.tree.read)
    assert (other.word, other.beginning) == ("unknown", None)


def test_what_was_seen_survives_and_never_goes_back(tmp_path: Path) -> None:
    home = create_witness(tmp_path / "w", "bank.example/w1", [WatchedLog(LOG_KEY, "")])
    path = tmp_path / "w" / "witness.db"

    class PowerCut(Exception):
        pass

    def crash(_: str) -> None:
        raise PowerCut

    with pytest.raises(PowerCut):
        Witness(home, Memory(path), on_step=crash).add_checkpoint(TRUE.request(0, 16))
    again = Witness(open_witness(tmp_path / "w"), Memory(path))
    assert again.add_checkpoint(FORK.request(0, 12)).body == "16\n", "durable before it was signed"
    assert again.add_checkpoint(TRUE.request(16, 16)).status == 200


def test_a_head_of_nothing_has_the_root_of_nothing() -> None:
    """By its own bytes it can't be true, whatever stands beside it."""
    lie = Head(0, TRUE.tree.root(16), Digest(bytes(32)))
    forged = sign_checkpoint(Checkpoint(ORIGIN, lie), ORIGIN, LOG)
    for other in (TRUE.note(40), TRUE.note(0), forged):
        for first, second in ((forged, other), (other, forged)):
            assert (
                compare(first=first, second=second, log=LOG_KEY, read=None).word == "equivocation"
            )
    assert compare(TRUE.note(0), TRUE.note(40), LOG_KEY, None).word == "consistent"


def test_two_witnesses_of_two_forks_find_the_equivocation(tmp_path: Path) -> None:
    notes = []
    for name, log in (("w1", TRUE), ("w2", FORK)):
        home = create_witness(tmp_path / name, f"bank.example/{name}", [WatchedLog(LOG_KEY, "")])
        witness = Witness(home, Memory(tmp_path / name / "witness.db"))
        answer = witness.add_checkpoint(log.request(0, 30))
        assert answer.status == 200, "alone, neither can know"
        notes.append(with_lines(log.note(30), [answer.body]))
    found = compare(*notes, LOG_KEY, None)
    assert (found.word, found.detail) == ("equivocation", "two heads of 30")
    assert (found.first, found.second) == (notes[0], notes[1])


def test_heads_of_other_sizes_are_compared_by_the_tiles() -> None:
    early, late = TRUE.note(16), TRUE.note(40)
    assert compare(first=late, second=early, log=LOG_KEY, read=TRUE.tree.read).word == "consistent"
    assert compare(first=early, second=late, log=LOG_KEY, read=None).word == "unknown"
    assert (
        compare(first=FORK.note(16), second=late, log=LOG_KEY, read=TRUE.tree.read).word
        == "equivocation"
    )
    assert compare(first=early, second=early, log=LOG_KEY, read=None).word == "consistent"
    forged = TRUE.note(16, Ed25519PrivateKey.from_private_bytes(b"\1" * 32))
    with pytest.raises(CheckpointError):
        compare(first=forged, second=late, log=LOG_KEY, read=None)


def test_any_changed_byte_of_a_cosigned_checkpoint_is_refused(tmp_path: Path) -> None:
    key = Ed25519PrivateKey.from_private_bytes(b"\2" * 32)
    witness = WitnessKey("bank.example/w1", key.public_key().public_bytes_raw())
    note = TRUE.note(16)
    note = with_lines(
        note, [cosign(text=split_note(note)[0], name=witness.name, private_key=key, time_s=TIME_S)]
    )
    assert len(verify_witnessed(note, log=LOG_KEY, witnesses=[witness], at_least=1)[1]) == 1
    for at in range(len(note)):
        changed = bytearray(note)
        changed[at] ^= 1
        with pytest.raises(CheckpointError):
            verify_witnessed(note=bytes(changed), log=LOG_KEY, witnesses=[witness], at_least=1)


def test_the_published_example_names_its_key_as_we_do() -> None:
    """C2SP tlog-cosignature: a line by a key that is not known is passed over, whatever it says."""
    example = (
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
        "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0"
        "xUe+mbIUBkBIfZ+qnA==\n"
    ).encode()
    assert cosignatures(example, []) == []
    key = WitnessKey("bank.example/w1", bytes(32))
    assert WitnessKey.from_verifier_key(key.verifier_key()) == key
    for text in ("", "a+b+c", key.verifier_key().replace("+", "+0", 1), LOG_KEY.verifier_key()):
        with pytest.raises(CheckpointError):
            WitnessKey.from_verifier_key(text)


def test_a_records_proof_is_one_text_and_any_changed_byte_is_refused() -> None:
    key = Ed25519PrivateKey.from_private_bytes(b"\2" * 32)
    witness = WitnessKey("bank.example/w1", key.public_key().public_bytes_raw())
    tree = MemoryTree(hash_leaf(entry) for entry in ENTRIES)
    head = Head(40, tree.root(), Digest(bytes(32)))
    note = sign_checkpoint(Checkpoint(ORIGIN, head), ORIGIN, LOG)
    note = with_lines(
        note, [cosign(text=split_note(note)[0], name=witness.name, private_key=key, time_s=TIME_S)]
    )
    proof = TlogProof(7, tuple(tree.inclusion_proof(7, 40)), note)
    data = proof.encode()
    assert data.startswith(b"c2sp.org/tlog-proof@v1\nindex 7\n")
    assert TlogProof.decode(data) == proof
    checkpoint, found = proof.verify(ENTRIES[7], LOG_KEY, [witness], 1)
    assert (checkpoint.head.size, len(found)) == (40, 1)
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1
        with pytest.raises((CheckpointError, ProofError)):
            TlogProof.decode(bytes(changed)).verify(ENTRIES[7], LOG_KEY, [witness], 1)
    with pytest.raises(ProofError):
        proof.verify(ENTRIES[8], LOG_KEY)


def test_bytes_that_are_no_record_have_no_proof() -> None:
    """A log's other entries, and inner nodes of a tree of somebody's own, are no sale, whatever leads to them."""
    note = TRUE.note(40)
    proof = TlogProof(7, tuple(TRUE.tree.inclusion_proof(7, 40)), note)
    with pytest.raises(RecordError):
        proof.verify(TRUE.entries[7], LOG_KEY)


def test_one_witness_under_two_names_counts_as_one() -> None:
    one, other = WitnessKey("bank.example/w1", bytes(32)), WitnessKey("bank.example/w2", b"\1" * 32)
    assert known_witnesses([one.verifier_key(), other.verifier_key()]) == [one, other]
    for twin in (one, WitnessKey("bank.example/w2", bytes(32)), WitnessKey(one.name, b"\2" * 32)):
        with pytest.raises(CheckpointError, match="count as one"):
            known_witnesses([one.verifier_key(), twin.verifier_key()])


def test_a_named_witness_must_have_cosigned() -> None:
    key = WitnessKey("bank.example/w1", bytes(32))
    assert [needed([], None), needed([key], None), needed([key, key], 2), needed([key], 0)] == [
        0,
        1,
        2,
        0,
    ]
