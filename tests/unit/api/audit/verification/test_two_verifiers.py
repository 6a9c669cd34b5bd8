"""What two verifiers could read in two ways, each with what the format says of it. Both read every file here."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import cbor2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from support_world import DAY_MS, DEVICES, FIRST_MS, World, der, private_key, verify

from counterfoil.api.audit.making.collection import collect
from counterfoil.api.audit.verification.bundle import Bundle, Entry, KeyFact
from counterfoil.api.audit.verification.bundle_format import encode
from counterfoil.gateway.certificate import profile
from counterfoil.gateway.record.verification import OPEN_SEQUENCE

DEVICE = DEVICES[0]
VECTORS = json.loads((Path(__file__).parents[4] / "vectors" / "records.json").read_text())


@pytest.fixture(scope="module")
def world() -> World:
    world = World(devices=DEVICES[:2])
    world.sell(days=4, sales_a_day=2)
    return world


@pytest.fixture(scope="module")
def bundle(world: World) -> Bundle:
    return collect(world.store().engine, None, world.facts(DEVICE, 0, FIRST_MS + 3 * DAY_MS))


def codes(bundle: Bundle, world: World) -> set[str]:
    return {finding.code for finding in verify(encode(bundle), world.root).findings}


OF_THE_CHAIN = (
    "record.sequence_gap",
    "record.equivocation",
    "record.epoch_closed",
    "record.previous_mismatch",
    "record.epoch_link_mismatch",
    "record.counters_inconsistent",
)
"""Codes of a record's steps 8 to 11."""


def registry(keys: Sequence[Mapping[str, Any]]) -> tuple[KeyFact, ...]:
    """The keys of a vector's device, as a file has them."""
    return tuple(
        KeyFact(
            key["epoch"],
            x=bytes.fromhex(key["x"]),
            y=bytes.fromhex(key["y"]),
            from_sequence=key["from_sequence"],
            until_sequence=OPEN_SEQUENCE
            if key["until_sequence"] is None
            else key["until_sequence"],
            revoked=int(key["status"] == "revoked"),
            certificate_hash=bytes(32),
            registered_at=0,
        )
        for key in keys
        if key["device"] == VECTORS["device"]
    )


def test_every_vector_of_a_record_is_taken_or_refused(bundle: Bundle, world: World) -> None:
    """By steps 1 to 7 of a record; the later ones need the record before, of which a vector has the digest alone."""
    scope = bundle.scope._replace(device=VECTORS["device"])
    for vector in (*VECTORS["good"], *VECTORS["bad"]):
        keys = registry(vector.get("keys", VECTORS["keys"]))
        records = (Entry(0, bytes.fromhex(vector["raw"])),)
        one = replace(bundle, scope=scope, registry=keys, records=records, inclusion=((),))
        is_refused = vector.get("code") not in (None, *OF_THE_CHAIN)
        assert ("record.refused" in codes(one, world)) == is_refused, vector["name"]


def test_a_certificate_that_cannot_be_read_counts_where_a_key_names_it(
    bundle: Bundle, world: World
) -> None:
    """Libraries read more or less of a damaged one; what no key needs decides nothing."""
    damaged = der(world.certificates[DEVICE])[:-1]
    assert codes(replace(bundle, certificates=(*bundle.certificates, damaged)), world) == set()
    key = bundle.registry[0]._replace(certificate_hash=sha256(damaged).digest())
    named = replace(bundle, registry=(key,), certificates=(*bundle.certificates, damaged))
    assert codes(named, world) == {"certificate.invalid"}
    assert codes(replace(named, certificates=bundle.certificates), world) == {
        "bundle.certificate_missing"
    }


def rebuilt(
    world: World,
    subject: x509.Name | None = None,
    more: Sequence[tuple[Any, bool]] = (),
    **crit: bool,
) -> x509.Certificate:
    """The device's certificate with another subject, more extensions, or others of them critical."""
    true = world.certificates[DEVICE]
    builder = (
        x509.CertificateBuilder()
        .subject_name(true.subject if subject is None else subject)
        .issuer_name(true.issuer)
        .public_key(true.public_key())
        .serial_number(true.serial_number)
        .not_valid_before(true.not_valid_before_utc)
        .not_valid_after(true.not_valid_after_utc)
    )
    for extension in true.extensions:
        critical = crit.get(type(extension.value).__name__, extension.critical)
        builder = builder.add_extension(extension.value, critical)
    for value, critical in more:
        builder = builder.add_extension(value, critical)
    return builder.sign(world.issuing_key, hashes.SHA256())


FOREIGN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
NOT_TAKEN: dict[str, Callable[[World], x509.Certificate]] = {
    "no subject": lambda w: rebuilt(w, x509.Name([])),
    "no subject, critical name": lambda w: rebuilt(w, x509.Name([]), SubjectAlternativeName=True),
    "critical name": lambda w: rebuilt(w, SubjectAlternativeName=True),
    "critical key identifier": lambda w: rebuilt(w, SubjectKeyIdentifier=True),
    "critical purpose": lambda w: rebuilt(w, ExtendedKeyUsage=True),
    "foreign critical extension": lambda w: rebuilt(w, more=[(FOREIGN, True)]),
    "name constraints": lambda w: rebuilt(
        w, more=[(x509.NameConstraints(None, [x509.DNSName("x.example")]), True)]
    ),
}


@pytest.mark.parametrize("name", NOT_TAKEN)
def test_a_certificate_outside_the_profile_vouches_for_nothing(
    name: str, bundle: Bundle, world: World
) -> None:
    wrong = NOT_TAKEN[name](world)
    assert codes(certified(bundle, wrong, world.issuing), world) == {"certificate.invalid"}


def test_a_foreign_extension_that_is_not_critical_is_passed_over(
    bundle: Bundle, world: World
) -> None:
    taken = rebuilt(world, more=[(FOREIGN, False)])
    assert codes(certified(bundle, taken, world.issuing), world) == set()


def certified(bundle: Bundle, leaf: x509.Certificate, *issuers: x509.Certificate) -> Bundle:
    key = bundle.registry[0]._replace(certificate_hash=sha256(der(leaf)).digest())
    return replace(bundle, certificates=(*map(der, issuers), der(leaf)), registry=(key,))


def test_an_authority_with_constrained_names_vouches_for_nothing(
    bundle: Bundle, world: World
) -> None:
    """Critical or not."""
    true = world.issuing
    for critical in (True, False):
        builder = (
            x509.CertificateBuilder()
            .subject_name(true.subject)
            .issuer_name(true.issuer)
            .public_key(true.public_key())
            .serial_number(true.serial_number)
            .not_valid_before(true.not_valid_before_utc)
            .not_valid_after(true.not_valid_after_utc)
            .add_extension(x509.NameConstraints(None, [x509.DNSName("x.example")]), critical)
        )
        for extension in true.extensions:
            builder = builder.add_extension(extension.value, extension.critical)
        issuing = builder.sign(private_key(100 + world.seed), hashes.SHA256())
        found = codes(certified(bundle, world.certificates[DEVICE], issuing), world)
        assert "certificate.invalid" in found


def test_a_path_has_two_authorities_at_most(bundle: Bundle, world: World) -> None:
    """A device's certificate by the root itself is in the path's form; under one too many it is not."""
    now = datetime.fromtimestamp(world.certified_ms / 1000, UTC)
    direct = profile.device_certificate(
        DEVICE,
        public_key=world.keys[DEVICE].public_key(),
        issuer=world.root,
        issuer_key=private_key(100 + world.seed),
        now=now,
        signs_records=True,
    )
    unlisted = replace(certified(bundle, direct), revocations=())
    assert codes(unlisted, world) == {"bundle.revocation_list_missing"}
    key = private_key(400)
    below = profile.issuing_certificate(
        "Below", key.public_key(), root=world.issuing, root_key=world.issuing_key, now=now
    )
    leaf = profile.device_certificate(
        DEVICE,
        public_key=world.keys[DEVICE].public_key(),
        issuer=below,
        issuer_key=key,
        now=now,
        signs_records=True,
    )
    found = codes(certified(bundle, leaf, world.issuing, below), world)
    assert "certificate.invalid" in found, "the issuing authority's path length is 0"


def test_a_proof_is_the_nodes_from_the_root_to_the_leaf_and_no_others(
    bundle: Bundle, world: World
) -> None:
    place = next(n for n, b in enumerate(bundle.blocks) if len(b.transactions[0].receipt) > 1)
    block = bundle.blocks[place]
    true = block.transactions[0]
    other = bundle.blocks[place - 1].transactions[0].receipt[-1]
    for nodes in (true.receipt[::-1], [*true.receipt, other], [*true.receipt, true.receipt[-1]]):
        changed = block._replace(transactions=[true._replace(receipt=list(nodes))])
        blocks = (*bundle.blocks[:place], changed, *bundle.blocks[place + 1 :])
        assert "block.proof_invalid" in codes(replace(bundle, blocks=blocks), world)


def test_the_order_of_rows_of_money_decides_nothing(bundle: Bundle, world: World) -> None:
    turned = {name: getattr(bundle, name)[::-1] for name in ("terms", "distributions", "pools")}
    assert codes(replace(bundle, **turned), world) == set()  # type: ignore[arg-type]


def grown(value: Any, chance: Random) -> Any:
    """*value* with something in it changed: a number, a byte string, or the rows of a list."""
    if isinstance(value, list) and value:
        rows, at = list(value), chance.randrange(len(value))
        if chance.random() < 0.6:
            rows[at] = grown(rows[at], chance)
        elif chance.random() < 0.5:
            rows.insert(chance.randrange(len(rows)), rows[at])
        else:
            del rows[at]
        return rows
    if isinstance(value, bytes):
        return chance.choice((value[:-1], bytes(len(value)), value + b"\x00", value[::-1]))
    if isinstance(value, int):
        return chance.choice((value + 1, max(0, value - 1), 0, 2 * value, 2**64 - 1, 2**256))
    return value


@pytest.mark.parametrize("seed", range(4))
def test_files_changed_at_random_are_judged_alike(seed: int, bundle: Bundle, world: World) -> None:
    """Whatever is changed, with the digests made anew: both come to one verdict by the same codes."""
    chance = Random(seed)
    magic, version, rows = cbor2.loads(encode(bundle))
    verdicts = set()
    for _ in range(60):
        at = chance.randrange(len(rows))
        part = cbor2.dumps(grown(cbor2.loads(rows[at][2]), chance))
        changed = [*rows[:at], [rows[at][0], sha256(part).digest(), part], *rows[at + 1 :]]
        verdicts.add(verify(cbor2.dumps([magic, version, changed]), world.root).verdict)
    assert "invalid" in verdicts


def parts_of(der_item: bytes) -> tuple[int, list[bytes]]:
    """The tag of a DER item, and the items that it is made of."""

    def content(at: int) -> tuple[int, int]:
        length, start = der_item[at + 1], at + 2
        if length >= 0x80:
            start += length & 0x7F
            length = int.from_bytes(der_item[at + 2 : start])
        return start, start + length

    found, (at, end) = [], content(0)
    while at < end:
        begin, (_, at) = at, content(at)
        found.append(der_item[begin:at])
    return der_item[0], found


def der_of(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = size.to_bytes(-(-size.bit_length() // 8) or 1)
    return bytes([tag, *([] if size < 0x80 else [0x80 | len(length)]), *length]) + content


def changed(one: bytes, chance: Random) -> bytes:
    """A DER item with something in it changed: its tag, its content, or the items that it is made of."""
    if chance.random() < 0.08:
        return bytes([chance.choice((0x02, 0x04, 0x0C, 0x13, 0x17, 0x30, 0x31, 0xA0))]) + one[1:]
    tag, items = (one[0], []) if not one[0] & 0x20 else parts_of(one)
    if items:
        at, way = chance.randrange(len(items)), chance.random()
        if way < 0.8:
            items[at] = changed(items[at], chance)
        elif way < 0.9:
            items.insert(chance.randrange(len(items)), items[at])
        else:
            del items[at]
        return der_of(tag, b"".join(items))
    content = one[2:] if one[1] < 0x80 else b""
    other = bytes(n ^ (1 << chance.randrange(8)) for n in content[:1]) + content[1:]
    return der_of(tag, chance.choice((other, content[:-1], content + b"\0", b"\0" + content, b"")))


def resigned(der_item: bytes, key: ec.EllipticCurvePrivateKey, chance: Random) -> bytes:
    """A certificate or a list in which something was changed before its authority signed it."""
    tag, (body, algorithm, _) = parts_of(der_item)
    body = changed(body, chance)
    signature = der_of(0x03, b"\0" + key.sign(body, ec.ECDSA(hashes.SHA256())))
    return der_of(tag, body + algorithm + signature)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(3))
def test_certificates_and_lists_that_an_authority_signed_so_are_judged_alike(
    seed: int, bundle: Bundle, world: World
) -> None:
    """The platform may hold the authority's key: what it signs is read by both in one way, or by neither."""
    chance, leaf = Random(seed), der(world.certificates[DEVICE])
    for _ in range(25):
        listed = resigned(bundle.revocations[0], world.issuing_key, chance)
        verify(encode(replace(bundle, revocations=(listed,))), world.root)
        other = resigned(leaf, world.issuing_key, chance)
        named = bundle.registry[0]._replace(certificate_hash=sha256(other).digest())
        certificates = tuple(other if one == leaf else one for one in bundle.certificates)
        file = replace(bundle, certificates=certificates, registry=(named,))
        verify(encode(file), world.root)


def test_a_list_is_of_the_issuer_by_its_name_s_der(bundle: Bundle, world: World) -> None:
    """The same letters as another type of text are another name."""
    tag, (body, algorithm, _) = parts_of(bundle.revocations[0])
    name = world.issuing.subject.public_bytes()
    body = body.replace(name, name.replace(b"\x0c", b"\x13", 1))
    signed = world.issuing_key.sign(body, ec.ECDSA(hashes.SHA256()))
    other = der_of(tag, body + algorithm + der_of(0x03, b"\0" + signed))
    assert x509.load_der_x509_crl(other).issuer == world.issuing.subject
    assert "certificate.invalid" in codes(replace(bundle, revocations=(other,)), world)
