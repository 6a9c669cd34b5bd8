"""The device's own rules: one number for one payload, epochs linked, keys never overwritten."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import typer
from support_record import DEVICE, OTHER_DEVICE, SALE
from typer.testing import CliRunner

from counterfoil.gateway.certificate.enrolment import (
    EnrolmentRequest,
    make_enrolment_request,
    possession_message,
)
from counterfoil.gateway.device.commands import register
from counterfoil.gateway.device.device import Device, Event
from counterfoil.gateway.device.journal import KEPT_ANSWERED, EntryState
from counterfoil.gateway.device.simulator import simulate_meter, simulate_vending
from counterfoil.gateway.errors import DeviceError, JournalError
from counterfoil.gateway.pki.key_file import create_key, load_key
from counterfoil.gateway.record import cose
from counterfoil.gateway.record.bodies import MeterInterval, Status
from counterfoil.gateway.record.chain_check import Accepted, ChainTip, check_chain
from counterfoil.gateway.record.identity import Digest, PublicKey
from counterfoil.gateway.record.record import EpochLink, GossipedHead
from counterfoil.gateway.record.signed_record import decode
from counterfoil.gateway.record.verification import DeviceKey, KeyRing, verify_signature


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    made = Device.create(tmp_path / "device", DEVICE, "sales")
    yield made
    made.close()


def walk(raws: list[bytes], keys: KeyRing, tip: ChainTip | None = None) -> ChainTip:
    for raw in raws:
        outcome = check_chain(verify_signature(raw, DEVICE, keys), tip)
        assert isinstance(outcome, Accepted)
        tip = outcome.tip
    assert tip is not None
    return tip


def test_records_continue_across_reopening(device: Device) -> None:
    keys = {(DEVICE, 1): DeviceKey(DEVICE, 1, device.public_key)}
    raws = [device.append(SALE), device.append(Status("idle"), 5)]
    again = Device(device.folder)
    raws += again.append_all([Event(SALE, 6), Event(SALE, 7)])
    again.close()
    assert walk(raws, keys).sequence == 4
    assert [entry.raw for entry in device.journal.unsent()] == raws


def test_nothing_is_numbered_when_one_event_of_several_is_refused(device: Device) -> None:
    def events() -> Iterator[Event]:
        yield Event(SALE, 1)
        raise RuntimeError("the sensor failed")

    with pytest.raises(RuntimeError):
        device.append_all(events())
    assert device.status()["sequence"] == 0
    assert decode(device.append(SALE)).record.sequence == 1


def test_a_new_epoch_is_linked_and_signed_by_the_new_key(device: Device) -> None:
    old = device.public_key
    with pytest.raises(DeviceError):
        device.begin_epoch()
    raws = [device.append(SALE), device.append(SALE)]
    new = device.begin_epoch()
    newest = device.begin_epoch()
    raws.append(device.append(SALE))
    assert len({old.kid, new.kid, newest.kid}) == 3
    assert decode(raws[2]).record.link == EpochLink(1, 2)
    keys = {
        (DEVICE, epoch): DeviceKey(DEVICE, epoch, key)
        for epoch, key in ((1, old), (2, new), (3, newest))
    }
    tip = walk(raws, keys)
    assert (tip.epoch, tip.sequence, tip.counters.count) == (3, 1, 3)
    assert PublicKey.of(load_key(device.folder / "record.key.1")) == old


def test_an_epoch_whose_beginning_was_cut_off_is_finished_on_opening(device: Device) -> None:
    device.append(SALE)
    key = create_key(device.folder / "record.key.next")
    device.journal.change(
        lambda chain: replace(
            chain, kid=PublicKey.of(key).kid, epoch=2, sequence=0, link=EpochLink(1, 1)
        )
    )
    again = Device(device.folder)
    assert again.public_key == PublicKey.of(key)
    assert decode(again.append(SALE)).record.epoch == 2
    again.close()
    reopened = Device(device.folder)
    assert reopened.public_key == PublicKey.of(key)
    reopened.close()


def test_a_device_is_made_once_and_only_opened_with_its_key(device: Device, tmp_path: Path) -> None:
    with pytest.raises(JournalError):
        Device.create(device.folder, OTHER_DEVICE, "sales")
    with pytest.raises(DeviceError):
        Device(tmp_path / "nowhere")
    (device.folder / "record.key").unlink()
    create_key(device.folder / "record.key")
    with pytest.raises(JournalError):
        Device(device.folder)


def test_a_creation_that_was_cut_off_can_be_repeated(tmp_path: Path) -> None:
    (tmp_path / "half").mkdir()
    key = create_key(tmp_path / "half" / "record.key")
    made = Device.create(tmp_path / "half", DEVICE, "sales")
    assert made.public_key == PublicKey.of(key)
    made.close()


def test_keys_are_for_their_owner_only_and_never_overwritten(device: Device) -> None:
    for name in ("record.key", "tls.key", "journal.db"):
        assert stat.S_IMODE((device.folder / name).stat().st_mode) == 0o600
    with pytest.raises(DeviceError):
        create_key(device.folder / "tls.key")
    (device.folder / "noise").write_text("no key")
    with pytest.raises(DeviceError):
        load_key(device.folder / "noise")


def test_answered_records_are_kept_a_while_and_can_be_sent_again(device: Device) -> None:
    device.append_all(Event(SALE, at) for at in range(KEPT_ANSWERED + 10))
    entries = device.journal.unsent(limit=10_000)
    device.journal.mark_answered([entry.number for entry in entries])
    assert device.journal.counts()[EntryState.ANSWERED] == KEPT_ANSWERED
    assert device.journal.find(1, 1) is None
    assert device.journal.send_again((1, KEPT_ANSWERED)) == 11
    assert next(entry.sequence for entry in device.journal.unsent()) == KEPT_ANSWERED


def test_a_shown_head_is_repeated_and_never_shrinks(device: Device) -> None:
    device.show_head(GossipedHead(5, Digest(bytes(32))))
    device.show_head(GossipedHead(4, Digest(b"\x01" * 32)))
    assert decode(device.append(SALE)).record.head == GossipedHead(5, Digest(bytes(32)))


def test_a_meter_starts_where_its_register_stands(tmp_path: Path) -> None:
    meter = Device.create(
        folder=tmp_path / "meter", device=DEVICE, stream="meter", energy_register_wh=9_000
    )
    keys = {(DEVICE, 1): DeviceKey(DEVICE, 1, meter.public_key)}
    raws = [
        meter.append(Status("running")),
        meter.append(MeterInterval(start_ms=0, end_ms=1, energy_wh=5, register_wh=9_005)),
    ]
    assert walk(raws, keys).counters.energy_register_wh == 9_005
    meter.close()


def test_an_enrolment_request_shows_both_keys(device: Device) -> None:
    request = EnrolmentRequest.from_json(
        json.loads(json.dumps(device.enrolment_request().to_json()))
    )
    assert request.verify().is_signature_valid
    assert request.record_key == device.public_key


def test_enrolment_requests_that_do_not_hold_together_are_refused(device: Device) -> None:
    good = device.enrolment_request()
    tls_key = load_key(device.folder / "tls.key")
    changed = [
        replace(good, device=OTHER_DEVICE),
        replace(good, signature=bytes(64)),
        replace(good, record_key=PublicKey.of(tls_key)),
        replace(good, csr_pem=b"no pem"),
        make_enrolment_request(DEVICE, tls_key, tls_key),
    ]
    for request in changed:
        with pytest.raises(DeviceError):
            request.verify()
    for document in ({}, good.to_json() | {"record_key_x": "zz"}):
        with pytest.raises(DeviceError):
            EnrolmentRequest.from_json(document)


def test_possession_is_proved_for_one_chain_registry_and_epoch(device: Device) -> None:
    signature = device.prove_possession(31337, bytes(20), bytes(32))
    message = possession_message(
        chain_id=31337, registry=bytes(20), device=DEVICE, epoch=1, nonce=bytes(32)
    )
    assert len(message) == 32 + 32 + 20 + 32 + 8 + 32
    assert cose.verifies(message, signature, device.public_key)
    other = possession_message(
        chain_id=1, registry=bytes(20), device=DEVICE, epoch=1, nonce=bytes(32)
    )
    assert not cose.verifies(other, signature, device.public_key)
    with pytest.raises(DeviceError):
        device.prove_possession(1, bytes(19), bytes(32))


def test_simulated_days_repeat_and_reconcile(device: Device) -> None:
    keys = {(DEVICE, 1): DeviceKey(DEVICE, 1, device.public_key)}
    events = list(simulate_vending("a", date(2024, 1, 1), 3))
    assert events == list(simulate_vending("a", date(2024, 1, 1), 3))
    assert events != list(simulate_vending("b", date(2024, 1, 1), 3))
    assert [event.time_ms for event in events] == sorted(event.time_ms for event in events)
    assert walk(device.append_all(events), keys).counters.count > 50


def test_simulated_meter_days_continue_their_register() -> None:
    bodies = [
        event.body
        for event in simulate_meter(seed="a", first_day=date(2024, 1, 1), days=2, register_wh=1_000)
    ]
    assert len(bodies) == 192
    register = 1_000
    for body in bodies:
        assert isinstance(body, MeterInterval)
        register += body.energy_wh
        assert body.register_wh == register


def test_the_command_makes_appends_and_tells(tmp_path: Path) -> None:
    app = typer.Typer()
    register(app)
    run = CliRunner().invoke
    folder = str(tmp_path / "device")
    made = run(app, ["device", "init", folder, "--device", DEVICE, "--json"])
    assert json.loads(made.stdout)["sequence"] == 0
    body = json.dumps(
        {
            "kind": "sale",
            "amount_minor": 350,
            "currency": "USD",
            "payment_method": "card",
            "lines": [{"commodity": "x", "quantity": 1, "unit_price_minor": 350}],
        }
    )
    appended = run(app, ["device", "append", folder, body, "--json"])
    raw = bytes.fromhex(json.loads(appended.stdout)["raw"])
    assert decode(raw).record.counters.amount_minor == 350
    simulated = run(app, ["device", "simulate", folder, "--json"])
    assert json.loads(simulated.stdout)["appended"] > 10
    assert EnrolmentRequest.from_json(json.loads(run(app, ["device", "csr", folder]).stdout))
    twice = run(app, ["device", "init", folder, "--device", DEVICE])
    assert twice.exit_code == 2
    assert json.loads(twice.stderr)["code"] == "device.journal_unusable"
