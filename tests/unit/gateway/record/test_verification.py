"""Which of a chain's numbers a key's range takes, and which error each of the others gets."""

from __future__ import annotations

import pytest
from support_record import DEVICE, SALE, chain, private_key

from counterfoil.gateway.errors import KeyRevokedError, SequenceOutsideKeyError
from counterfoil.gateway.record.identity import PublicKey
from counterfoil.gateway.record.verification import DeviceKey, KeyStatus, verify_signature

CHAIN = chain([SALE] * 4)


@pytest.mark.parametrize(
    ("status", "after"),
    [(KeyStatus.ACTIVE, SequenceOutsideKeyError), (KeyStatus.REVOKED, KeyRevokedError)],
)
def test_only_what_follows_a_revoked_range_is_called_revoked(
    status: KeyStatus, after: type[Exception]
) -> None:
    def read(sequence: int, first: int, last: int) -> int:
        key = DeviceKey(DEVICE, 1, PublicKey.of(private_key()), first, last, status)
        return verify_signature(CHAIN[sequence - 1], DEVICE, {(DEVICE, 1): key}).record.sequence

    assert [read(sequence, first=2, last=3) for sequence in (2, 3)] == [2, 3]
    with pytest.raises(after):
        read(4, first=2, last=3)
    for last in (3, 1):
        with pytest.raises(SequenceOutsideKeyError):
            read(1, first=2, last=last)
