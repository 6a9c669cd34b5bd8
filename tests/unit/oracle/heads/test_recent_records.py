"""What was verified a moment ago is given out once, and only for the very bytes that were verified."""

from __future__ import annotations

import pytest
from support_record import DEVICE, START_MS, private_key

from counterfoil.gateway.errors import RecordError
from counterfoil.gateway.record.bodies import Sale
from counterfoil.gateway.record.identity import Digest
from counterfoil.gateway.record.record import Clock, Counters, Record
from counterfoil.gateway.record.signed_record import SignedRecord, decode, sign_record
from counterfoil.oracle.heads import recent_records as recent
from counterfoil.oracle.heads.recent_records import RecentRecords


def sale(amount: int) -> SignedRecord:
    body, counters = Sale(amount, "USD", "card"), Counters(1, amount, 0)
    clock = Clock.SYNCHRONISED
    record = Record(
        DEVICE,
        stream="sales",
        epoch=1,
        sequence=1,
        prev=Digest(bytes(32)),
        time_ms=START_MS,
        clock=clock,
        uptime_ms=1,
        body=body,
        counters=counters,
    )
    return decode(sign_record(record, private_key()))


def test_each_is_given_out_once_and_read_again_after_that() -> None:
    kept, first, second = RecentRecords(), sale(1), sale(2)
    kept.keep(7, [first, second])
    assert kept.take(8, second.raw) is second
    again = kept.take(8, second.raw)
    assert again == second
    assert again is not second
    assert kept.take(7, first.raw) is first


def test_other_bytes_at_its_place_are_read_as_they_stand() -> None:
    kept, mine, other = RecentRecords(), sale(1), sale(2)
    kept.keep(0, [mine])
    assert kept.take(0, other.raw) == other
    with pytest.raises(RecordError):
        kept.take(0, b"no record")


def test_it_does_not_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "MOST", 3)
    kept, one = RecentRecords(), sale(1)
    for first in range(0, 10, 2):
        kept.keep(first, [one, one])
        assert len(kept._kept) <= 3
    assert kept.take(9, one.raw) is one
