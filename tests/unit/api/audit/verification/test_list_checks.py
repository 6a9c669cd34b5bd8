"""Lists of revoked certificates, each check alone and at its bounds: whose a list is, when it was due, what it ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from support_bundles import bundle_from_the_start, one_machine
from support_world import DAY_MS, DEVICES, FIRST_MS, World, private_key, verify

from counterfoil.api.audit.verification import key_certificates as certs
from counterfoil.api.audit.verification.bundle import Bundle
from counterfoil.api.audit.verification.bundle_format import encode
from counterfoil.api.audit.verification.key_certificates import Paths
from counterfoil.api.audit.verification.log_steps import key_ring, signed_records
from counterfoil.api.audit.verification.report import Step
from counterfoil.api.audit.verification.revocation_lists import (
    RevocationList,
    Revoked,
    check_lists,
    check_signed_after,
)
from counterfoil.api.audit.verification.said import Said

DEVICE = DEVICES[0]
MADE_MS = FIRST_MS + 3 * DAY_MS
_Entries = Sequence[tuple[int, datetime]]


def when(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1_000, UTC)


@pytest.fixture(scope="module")
def world() -> World:
    return one_machine()


@pytest.fixture(scope="module")
def bundle(world: World) -> Bundle:
    """Made at the end of the third day, without a block."""
    made = bundle_from_the_start(world, days=2)
    scope = made.scope._replace(made_ms=MADE_MS)
    return replace(made, scope=scope, revocations=(), blocks=())


def paths(bundle: Bundle, world: World) -> Paths:
    loaded, unreadable = certs.load_all(bundle.certificates)
    assert not unreadable
    found, unled = certs.check_paths(
        bundle.registry, DEVICE, loaded=loaded, root=world.root, unreadable=unreadable
    )
    assert unled == []
    return found


def list_of(
    world: World,
    entries: _Entries = (),
    by_root: bool = False,
    due_ms: int = MADE_MS + DAY_MS,
    critical: bool = False,
) -> bytes:
    issuer = world.root if by_root else world.issuing
    key = private_key(100 + world.seed) if by_root else world.issuing_key
    start = issuer.not_valid_before_utc
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(start)
        .next_update(when(due_ms))
    )
    for serial, since in entries:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since)
        if critical:
            entry = entry.add_extension(x509.InvalidityDate(since), critical=True)
        crl = crl.add_revoked_certificate(entry.build())
    return crl.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def without_due(world: World) -> bytes:
    """The issuing authority's list, which says nothing of a next one."""
    crl = x509.load_der_x509_crl(list_of(world))
    fields = crl.tbs_certlist_bytes
    content = fields[2 if fields[1] < 128 else 3 :]
    due = when(MADE_MS + DAY_MS).strftime("\x17\x0d%y%m%d%H%M%SZ").encode()
    assert content.count(due) == 1
    fields = _der(0x30, content.replace(due, b""))
    signature = world.issuing_key.sign(fields, ec.ECDSA(hashes.SHA256()))
    algorithm = bytes.fromhex("300a06082a8648ce3d040302")
    assert algorithm in fields
    return _der(0x30, fields + algorithm + _der(0x03, b"\0" + signature))


def _der(tag: int, content: bytes) -> bytes:
    length = bytes([len(content)])
    return bytes([tag]) + (b"\x81" if len(content) > 127 else b"") + length + content


def line_of(bundle: Bundle, world: World, *lists: bytes, **change: Any) -> str:
    """What the step says that was checked."""
    step = Step(3, Said("checked"))
    made = replace(bundle, revocations=lists, **change)
    check_lists(made, (), paths=paths(bundle, world), step=step)
    return step.checked


def judged(bundle: Bundle, world: World, *lists: bytes, **change: Any) -> tuple[list[str], Revoked]:
    """The findings, in words, and what of it ended."""
    step = Step(3, Said(""))
    made = replace(bundle, revocations=lists, **change)
    found = check_lists(made, (), paths=paths(bundle, world), step=step)
    return [error.detail for error in step.findings], found.revoked


def test_a_list_is_due_no_earlier_than_the_file_was_made(bundle: Bundle, world: World) -> None:
    assert judged(bundle, world, list_of(world, due_ms=MADE_MS)) == ([], {})
    (said,), _ = judged(bundle, world, list_of(world, due_ms=MADE_MS - 1_000))
    assert "the next one was due on 2022-08-31 23:59Z, before this bundle was made" in said
    fresh = list_of(world, due_ms=MADE_MS)
    stale = list_of(world, due_ms=MADE_MS - 1_000)
    assert judged(bundle, world, stale, fresh) == ([], {})


def test_a_list_is_due_no_earlier_than_the_newest_block(bundle: Bundle, world: World) -> None:
    blocks = tuple(world.chain.prove({2_000: []}))
    (said,), _ = judged(bundle, world, list_of(world), blocks=blocks)
    assert "before this bundle was made" in said
    late = list_of(world, due_ms=FIRST_MS + 2_000 * DAY_MS)
    assert judged(bundle, world, late, blocks=blocks) == ([], {})
    broken = (blocks[0]._replace(header=b"\1"),)
    assert judged(bundle, world, list_of(world), blocks=broken) == ([], {})


def test_a_list_of_another_authority_revokes_nothing_of_this_one(
    bundle: Bundle, world: World
) -> None:
    """The root's list has the number of the device's certificate: the root gave out no such one."""
    mine = world.certificates[DEVICE].serial_number
    at = when(FIRST_MS)
    rooted = list_of(world, [(mine, at)], by_root=True)
    assert judged(bundle, world, list_of(world), rooted) == ([], {})
    (said,), _ = judged(bundle, world, rooted)
    assert said.startswith("there is no list of ")


def test_a_revoked_key_is_named_and_its_end_is_kept(bundle: Bundle, world: World) -> None:
    mine, at = world.certificates[DEVICE].serial_number, when(FIRST_MS)
    revoked = list_of(world, [(mine, at)])
    assert judged(bundle, world, revoked) == (
        ["revoked on 2022-08-29 00:00Z, its key still open"],
        {},
    )
    (key,) = bundle.registry
    closed = (key._replace(until_sequence=4),)
    assert judged(bundle, world, revoked, registry=closed) == ([], {1: at})


def test_the_earliest_of_several_dates_counts(bundle: Bundle, world: World) -> None:
    mine = world.certificates[DEVICE].serial_number
    early, late = when(FIRST_MS), when(FIRST_MS + DAY_MS)
    (key,) = bundle.registry
    closed = (key._replace(until_sequence=4),)
    for lists in (
        [list_of(world, [(mine, late)]), list_of(world, [(mine, early)])],
        [list_of(world, [(mine, early), (mine, late)])],
        [list_of(world, [(mine, late), (mine, early)])],
        [list_of(world), list_of(world, [(mine, early)])],
    ):
        assert judged(bundle, world, *lists, registry=closed) == ([], {1: early})


def test_an_authority_that_was_revoked_certified_nothing_from_then_on(
    bundle: Bundle, world: World
) -> None:
    (key,) = bundle.registry
    for since_s, is_wrong in ((key.registered_at, True), (key.registered_at + 1, False)):
        since = datetime.fromtimestamp(since_s, UTC)
        rooted = list_of(world, [(world.issuing.serial_number, since)], by_root=True)
        found, _ = judged(bundle, world, list_of(world), rooted)
        assert len(found) == is_wrong, since


def test_an_entry_with_a_critical_extension_makes_no_list(bundle: Bundle, world: World) -> None:
    odd = list_of(world, [(1, when(FIRST_MS))], critical=True)
    found, _ = judged(bundle, world, odd)
    assert found[0] == "not a full and direct list of the profile's form"
    assert len(found) == 2
    found, _ = judged(bundle, world, b"\1", list_of(world))
    assert (len(found), found[0][:21]) == (1, "not a revocation list")


def test_what_a_revoked_key_signed_from_its_revocation_on_is_named(bundle: Bundle) -> None:
    signed = signed_records(bundle, key_ring(bundle)[0])[0]
    second = signed[1][1].record.time_ms
    assert second % 1_000 == 0

    def late(time_ms: int) -> list[tuple[str, str]]:
        found = check_signed_after(signed, {1: when(time_ms)})
        return [(error.where, error.detail.split(" of ")[0]) for error in found]

    many = len(signed) - 1
    assert late(second) == [(str(signed[1][0]), f"from here on {many}")]
    assert late(second + 1_000)[0][1] == f"from here on {many - 1}"
    assert list(check_signed_after(signed, {2: when(0)})) == []
    assert list(check_signed_after(signed, {})) == []


def test_a_list_that_names_no_next_one_is_stale(bundle: Bundle, world: World) -> None:
    """It would be good for ever: a thief could show the one from before the theft."""
    (said,), _ = judged(bundle, world, without_due(world))
    assert "the next one was due on never" in said
    assert judged(bundle, world, without_due(world), list_of(world)) == ([], {})
    report = verify(encode(replace(bundle, revocations=(without_due(world),))), world.root)
    assert [one.code for one in report.steps[2].findings] == ["certificate.list_invalid"]


def test_a_key_on_no_list_is_not_said_to_be_revoked(bundle: Bundle, world: World) -> None:
    (key,) = bundle.registry
    closed = (key._replace(until_sequence=4),)
    said = (
        "checked; lists of revoked certificates: Test issuing of 2022-07-29 23:55Z, next 2022-09-02 00:00Z, "
        "0 revoked; of the root none, so whether an authority was revoked is not known"
    )
    for registry in ((key,), closed):
        assert line_of(bundle, world, list_of(world), registry=registry) == said
        assert judged(bundle, world, list_of(world), registry=registry) == ([], {})


def test_a_revoked_key_is_said_to_be_open_or_where_it_ends(bundle: Bundle, world: World) -> None:
    (key,) = bundle.registry
    revoked = list_of(world, [(world.certificates[DEVICE].serial_number, when(FIRST_MS))])
    said = "; the key of epoch 1 IS REVOKED since 2022-08-29 00:00Z: it "
    assert line_of(bundle, world, revoked).endswith(said + "is open")
    closed = (key._replace(until_sequence=4),)
    ends = "ends with number 4, and what it signed up to there counts"
    assert line_of(bundle, world, revoked, registry=closed).endswith(said + ends)


def test_an_authority_without_a_common_name_is_called_by_its_whole_name(world: World) -> None:
    whole = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "A bank")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(whole)
        .issuer_name(world.root.subject)
        .public_key(world.issuing_key.public_key())
        .serial_number(7)
        .not_valid_before(world.issuing.not_valid_before_utc)
        .not_valid_after(world.issuing.not_valid_after_utc)
    )
    nameless = builder.sign(world.issuing_key, hashes.SHA256())
    made = when(MADE_MS)
    assert RevocationList(nameless, made, None, {}).name == "O=A bank"
    assert RevocationList(world.issuing, made, None, {}).name == "Test issuing"
