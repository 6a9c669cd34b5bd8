"""A record settled on real chains: without a P-256 precompile, with one, and on ganache; the gas is printed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import pytest
from eth_account import Account
from support_chain import ROLES, ChainWorld, consortium_of, signer_of, wait_blocks
from support_world import DEVICES, FIRST_MS, World, der, private_key
from typer import Typer
from typer.testing import CliRunner, Result

from counterfoil.api.audit.commands.audit import register
from counterfoil.api.audit.verification.bundle import HeadFact
from counterfoil.chain.abi.enums import DisputePlace, DisputeWord, PromiseStatus
from counterfoil.chain.abi.head_fields import HeadFields
from counterfoil.chain.client import ChainClient
from counterfoil.chain.deployment import deploy
from counterfoil.chain.errors import ContractReverted
from counterfoil.chain.nodes.embedded import start_node
from counterfoil.gateway.certificate.enrolment import prove_possession
from counterfoil.gateway.log.merkle import MemoryTree, hash_leaf
from counterfoil.gateway.log.receipt import Promise, ReceiptSigner
from counterfoil.gateway.logfiles.tiles import TileWriter
from counterfoil.gateway.record import cose
from counterfoil.gateway.record.bodies import Sale
from counterfoil.gateway.record.identity import PublicKey, device_hash

pytestmark = pytest.mark.integration
CHAINS = {"paris": "anvil", "osaka": "anvil", "ganache": "ganache"}


@pytest.fixture(scope="module", params=sorted(CHAINS))
def chain(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ChainWorld]:
    folder = tmp_path_factory.mktemp("dispute")
    engine = CHAINS[request.param]
    fork = request.param if engine == "anvil" else "paris"
    node = start_node(
        engine, folder / "node", block_time_s=0.2 if engine == "anvil" else 1.0, hardfork=fork
    )  # type: ignore[arg-type]
    try:
        client = ChainClient(node.rpc_url)
        path = folder / "deployment.json"
        deployment = deploy(
            client, admin=signer_of(node, "admin"), consortium=consortium_of(node), path=path
        )
        yield ChainWorld(node, client, deployment, path)
    finally:
        node.stop()


@pytest.fixture(scope="module")
def world() -> World:
    world = World(devices=DEVICES[:2])
    world.sell(days=2)
    return world


@pytest.fixture(scope="module")
def anchored(chain: ChainWorld, world: World) -> World:
    """Both machines registered, and the log's two heads anchored."""
    registry = bytes.fromhex(chain.client.address_of("DeviceRegistry")[2:])
    operator = chain.signer("operator").address
    for device, key in world.keys.items():
        public = PublicKey.of(key)
        proof = prove_possession(
            record_key=key,
            chain_id=chain.client.chain_id(),
            registry=registry,
            device=device,
            epoch=1,
            nonce=bytes(32),
        )
        new = (
            public.x,
            public.y,
            sha256(der(world.certificates[device])).digest(),
            proof[:32],
            proof[32:],
        )
        chain.send(
            "registrar",
            "DeviceRegistry",
            "register",
            device_hash(device),
            operator,
            operator,
            bytes(32),
            new,
        )
    first, second = world.heads
    chain.anchor(_fields(first, 0))
    chain.anchor(_fields(second, first.size), world.tree.consistency_proof(first.size, second.size))
    return world


def _fields(head: HeadFact, previous_size: int) -> HeadFields:
    return HeadFields(
        root=head.root,
        state=head.state,
        figures=sha256(b"figures").digest(),
        annex=sha256(b"annex").digest(),
        size=head.size,
        previousSize=previous_size,
    )


def _newest(world: World) -> HeadFields:
    return _fields(world.heads[-1], world.heads[-2].size)


def _twin(raw: bytes) -> bytes:
    """The record with the other form of its signature, which anybody can make."""
    s = int.from_bytes(raw[-32:], "big")
    return raw[:-32] + (cose.P256_ORDER - s).to_bytes(32, "big")


def _finding(chain: ChainWorld, raw: bytes) -> Mapping[str, Any]:
    """What the contract keeps of the record, by the name that it gives it."""
    name = chain.client.call("RecordDispute", "examine", raw)["name"]
    return cast("Mapping[str, Any]", chain.client.call("RecordDispute", "findingOf", name))


def test_a_record_is_confirmed_with_one_byte_string(chain: ChainWorld, anchored: World) -> None:
    record = anchored.records[3]
    proof = (3, _newest(anchored), anchored.tree.inclusion_proof(3))
    receipt = chain.send("operator", "RecordDispute", "confirm", record.raw, proof)
    found = _finding(chain, record.raw)
    assert (DisputeWord(found["word"]).name, found["place"]) == ("SIGNED", DisputePlace.IN_LOG)
    print(json.dumps({"confirm_gas": int(receipt["gasUsed"], 16), "engine": chain.node.engine}))


def test_the_command_settles_what_is_in_the_log_and_what_is_not(
    chain: ChainWorld, anchored: World, tmp_path: Path
) -> None:
    writer = TileWriter(tmp_path / "tiles")
    writer.append(record.raw for record in anchored.records)
    writer.publish()
    device = anchored.devices[0]
    ahead = World(devices=DEVICES[:2])
    ahead.sell(days=3)
    later = ahead.records[anchored.tree.size].raw
    second = World(devices=DEVICES[:2])
    twice = second.add(
        device,
        Sale(
            amount_minor=999,
            currency="USD",
            payment_method="cash",
            payment_reference=None,
            lines=(),
        ),
        FIRST_MS,
    ).raw
    forged = anchored.records[0].raw[:-1] + bytes((anchored.records[0].raw[-1] ^ 1,))
    app = Typer()
    register(app)
    for raw, call, word, place, status in (
        (anchored.records[6].raw, "confirm", "signed", "in_log", 0),
        (_twin(anchored.records[6].raw), "confirm", "signed", "in_log", 0),
        (later, "refute", "signed", "absent", 1),
        (twice, "displace", "signed", "displaced", 1),
    ):
        (tmp_path / "record").write_bytes(raw)
        words = ["audit", "dispute", str(tmp_path / "record"), "--log", str(tmp_path / "tiles")]
        words += ["--rpc", chain.node.rpc_url, "--deployment", str(chain.path), "--json"]
        result = CliRunner().invoke(app, words)
        said = json.loads(result.stdout)
        assert (said["call"], said["word"], said["place"]) == (call, word, place)
        assert (result.exit_code, said["sent"]) == (status, False)
        assert said["gas"] > 100_000
    (tmp_path / "record").write_bytes(forged)
    result = CliRunner().invoke(app, words)
    assert (result.exit_code, json.loads(result.stderr)["code"]) == (
        2,
        "dispute.nothing_settles_it",
    )


def test_either_form_of_s_and_no_other_signature(chain: ChainWorld, anchored: World) -> None:
    raw = anchored.records[5].raw
    high = _twin(raw)
    changed = raw[:-40] + bytes((raw[-40] ^ 1,)) + raw[-39:]
    for bytes_, word in ((raw, "SIGNED"), (high, "SIGNED"), (changed, "SIGNATURE_INVALID")):
        found = chain.client.call("RecordDispute", "examine", bytes_)
        assert DisputeWord(found["word"]).name == word


def test_a_record_that_was_never_logged_is_refuted(chain: ChainWorld, anchored: World) -> None:
    later = World(devices=DEVICES[:2])
    later.sell(days=3)
    record = later.records[anchored.tree.size]
    number, slot, path = anchored.state.inclusion_proof(record.record.device)
    proof = (
        _newest(anchored),
        number,
        len(anchored.state),
        slot.epoch,
        slot.sequence,
        slot.payload_digest,
        path,
    )
    chain.send("operator", "RecordDispute", "refute", record.raw, proof)
    assert _finding(chain, record.raw)["place"] == DisputePlace.ABSENT
    found = _finding(chain, _twin(record.raw))
    assert (DisputeWord(found["word"]).name, found["place"]) == ("SIGNED", DisputePlace.ABSENT)
    with pytest.raises(ContractReverted, match="SlotSaysNothing"):
        chain.send("operator", "RecordDispute", "refute", anchored.records[0].raw, proof)


def test_a_promise_is_challenged_and_answered(chain: ChainWorld, anchored: World) -> None:
    signer = ReceiptSigner("log.example/fleet", private_key(70))
    origin = sha256(b"log.example/fleet").digest()
    operator = chain.signer("operator").address
    key = signer.public_key
    chain.send("registrar", "PromiseChallenge", "setGateway", key.x, key.y, origin, operator)
    record = anchored.records[2]
    promise = signer.sign_promise(
        Promise(
            record.record.device,
            epoch=1,
            sequence=record.record.sequence,
            payload_digest=record.payload_digest,
            accepted_ms=1_000,
            deadline_ms=2_000,
        )
    )
    receipt = chain.send("bank", "PromiseChallenge", "challenge", promise)
    (event,) = chain.client.decode_receipt(receipt)
    name, later = event.values["id"], anchored.tree.inclusion_proof(2)
    with pytest.raises(ContractReverted, match="HeadNotFirst"):
        chain.send(
            "bank", "PromiseChallenge", "answer", name, record.raw, 2, _newest(anchored), later
        )
    head = _fields(anchored.heads[0], 0)
    proof = MemoryTree(hash_leaf(r.raw) for r in anchored.records[: head["size"]]).inclusion_proof(
        2
    )
    chain.send("operator", "PromiseChallenge", "answer", name, record.raw, 2, head, proof)
    assert (
        chain.client.call("PromiseChallenge", "challengeOf", event.values["id"])["status"]
        == PromiseStatus.KEPT_LATE
    )
    with pytest.raises(ContractReverted, match="AlreadyChallenged"):
        chain.send("bank", "PromiseChallenge", "challenge", promise)


def test_the_commands_challenge_answer_and_mark(
    chain: ChainWorld, anchored: World, tmp_path: Path
) -> None:
    writer = TileWriter(tmp_path / "tiles")
    writer.append(record.raw for record in anchored.records)
    writer.publish()
    signer = ReceiptSigner("log.example/kept", private_key(71))
    origin = sha256(b"log.example/kept").digest()
    operator, key = chain.signer("operator").address, signer.public_key
    chain.send("registrar", "PromiseChallenge", "setGateway", key.x, key.y, origin, operator)
    account = chain.node.account(ROLES.index("operator"))
    kept = Account.encrypt(account.key, "only a test's", kdf="pbkdf2", iterations=1_000)
    (tmp_path / "key.json").write_text(json.dumps(kept))
    app = Typer()
    register(app)
    own = ("--rpc", chain.node.rpc_url, "--deployment", str(chain.path), "--json")

    def run(*words: object, sent: bool = False) -> Result:
        with_key = ("--keystore", str(tmp_path / "key.json")) if sent else ()
        env = {"COUNTERFOIL_AUDIT_PASSPHRASE": "only a test's"}
        return CliRunner().invoke(app, [*(str(w) for w in words), *own, *with_key], env=env)

    record, digest = anchored.records[4], sha256(b"never sent").digest()
    names = []
    for promised in (record.payload_digest, digest):
        promise = Promise(
            record.record.device,
            epoch=1,
            sequence=record.record.sequence,
            payload_digest=promised,
            accepted_ms=1_000,
            deadline_ms=2_000 + len(names),
        )
        (tmp_path / "promise").write_bytes(signer.sign_promise(promise))
        said = run("audit", "challenge", tmp_path / "promise", sent=True)
        assert said.exit_code == 0, said.stderr
        names.append(json.loads(said.stdout)["challenge"])
    log = ("--log", tmp_path / "tiles")
    asked = run("audit", "answer", names[0], *log)
    assert (asked.exit_code, json.loads(asked.stdout)["status"]) == (0, "open")
    answered = json.loads(run("audit", "answer", names[0], *log, sent=True).stdout)
    assert (answered["status"], answered["log_index"]) == ("kept_late", 4)
    assert answered["size"] == anchored.heads[0].size
    for words, status, code in (
        (("answer", names[0], *log), 1, "contract.not_open"),
        (("answer", names[1], *log), 1, "promise.unkept"),
        (("mark", names[1]), 1, "contract.answer_still_possible"),
        (("mark", "0x" + "00" * 32), 2, "promise.challenge_unknown"),
        (("mark", "0x00"), 2, "promise.challenge_unknown"),
    ):
        refused = run("audit", *words)
        assert (refused.exit_code, json.loads(refused.stderr)["code"]) == (status, code)
    found = chain.client.call("PromiseChallenge", "challengeOf", bytes.fromhex(names[1][2:]))
    chain.client.rpc("evm_increaseTime", found["answerBy"] - chain.client.latest().timestamp + 60)
    wait_blocks(chain.client, 1)
    marked = json.loads(run("audit", "mark", names[1], sent=True).stdout)
    assert marked["status"] == "broken"
    kid = chain.client.call("PromiseChallenge", "challengeOf", bytes.fromhex(names[1][2:]))["kid"]
    assert chain.client.call("PromiseChallenge", "gatewayOf", kid)["broken"] == 1
