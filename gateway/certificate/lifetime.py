"""How long certificates and revocation lists are still in force, when each is renewed, and when it is told. Pure.

Rules that this module keeps:

- A list is renewed when less than five of its seven days are left, a gateway's certificate when less than 30 of its 90
  are: whoever renews can be away for days, and nothing ends.
- What this clock does not let begin yet is renewed too: it was made while the clock stood ahead.
- Nothing is renewed for less than a day: a certificate that ends with its issuing CA stays.
- What was not renewed is told: a list 3 days before it ends, a certificate 14 days before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509

from counterfoil.alarm import Alarm
from counterfoil.fault import FILE_UNREADABLE
from counterfoil.gateway.certificate.errors import ENDS_SOON, LIST_ENDS_SOON

LIST_RENEWED_BEFORE = timedelta(days=5)
SERVER_RENEWED_BEFORE = timedelta(days=30)
LIST_TOLD_BEFORE = timedelta(days=3)
CERTIFICATE_TOLD_BEFORE = timedelta(days=14)
_WORTH_IT = timedelta(days=1)
_END_OF_LIST = b"-----END X509 CRL-----"


@dataclass(frozen=True, slots=True)
class Ending:
    """Until when one thing is in force; ``ends_at`` is None where it could not be read, and ``why`` says it."""

    name: str
    ends_at: datetime | None
    is_list: bool = False
    why: str = ""


def lists_of(pem: bytes) -> list[x509.CertificateRevocationList]:
    """Return the revocation lists in *pem*; ValueError when one is malformed."""
    return [
        x509.load_pem_x509_crl((part + _END_OF_LIST).lstrip())
        for part in pem.split(_END_OF_LIST)[:-1]
    ]


def list_is_due(current: x509.CertificateRevocationList, now: datetime) -> bool:
    """Whether *current* is to be replaced by a new list."""
    ends = current.next_update_utc
    return ends is None or ends - now < LIST_RENEWED_BEFORE or current.last_update_utc > now


def server_is_due(current: x509.Certificate, issuing: x509.Certificate, now: datetime) -> bool:
    """Whether the gateway's certificate *current* is to be replaced by a new one of *issuing*."""
    if current.not_valid_before_utc > now:
        return True
    left = current.not_valid_after_utc - now
    more = issuing.not_valid_after_utc - current.not_valid_after_utc
    return left < SERVER_RENEWED_BEFORE and more > _WORTH_IT


def first_end(certificates: Sequence[x509.Certificate]) -> datetime | None:
    """Return when the first of *certificates* ends; None where there is none."""
    return min((one.not_valid_after_utc for one in certificates), default=None)


def first_list_end(lists: Sequence[x509.CertificateRevocationList]) -> datetime | None:
    """Return when the first issuer's newest list ends: another issuer's, or an older one, does not stand in for it."""
    newest: dict[bytes, datetime] = {}
    for one in lists:
        if one.next_update_utc is None:
            continue
        issuer = one.issuer.public_bytes()
        newest[issuer] = max(newest.get(issuer, one.next_update_utc), one.next_update_utc)
    return min(newest.values(), default=None)


def alarms_of(endings: Sequence[Ending], now: datetime) -> list[Alarm]:
    """Return an alarm for each of *endings* that ends soon, has ended, or could not be read."""
    return [alarm for ending in endings if (alarm := _alarm_of(ending, now)) is not None]


def _alarm_of(ending: Ending, now: datetime) -> Alarm | None:
    if ending.ends_at is None:
        return Alarm(FILE_UNREADABLE, f"{ending.name}: {ending.why}", ending.name)
    told_before = LIST_TOLD_BEFORE if ending.is_list else CERTIFICATE_TOLD_BEFORE
    left = ending.ends_at - now
    if left >= told_before:
        return None
    code = LIST_ENDS_SOON if ending.is_list else ENDS_SOON
    at = ending.ends_at.astimezone(UTC).isoformat(timespec="seconds")
    if left <= timedelta(0):
        said = f"{ending.name} ended {at}, {in_days(-left)} ago"
    else:
        said = f"{ending.name} ends {at}, in {in_days(left)}"
    return Alarm(code, said, ending.name, ends_at=ending.ends_at)


def in_days(time: timedelta) -> str:
    """Return *time* as people say it: days, or hours where it is less than two days."""
    hours = int(time / timedelta(hours=1))
    return f"{hours} h" if hours < 48 else f"{hours // 24} days"
