"""When a list and a gateway's certificate are renewed, and when it is told that they were not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from counterfoil.gateway.certificate import profile
from counterfoil.gateway.certificate.lifetime import (
    Ending,
    alarms_of,
    first_list_end,
    list_is_due,
    server_is_due,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())
ROOT = profile.root_certificate("root", KEY, START)


def after(days: float) -> datetime:
    return START + timedelta(days=days)


def made_list(at: datetime, issuer: x509.Certificate = ROOT) -> x509.CertificateRevocationList:
    return profile.revocation_list([], number=1, issuer=issuer, issuer_key=KEY, now=at)


def server(at: datetime, issuer: x509.Certificate = ROOT) -> x509.Certificate:
    return profile.server_certificate(
        ["localhost"], KEY.public_key(), issuer=issuer, issuer_key=KEY, now=at
    )


@pytest.mark.parametrize(("days", "due"), [(0, False), (1.9, False), (2.1, True), (8, True)])
def test_a_list_is_renewed_when_less_than_five_of_its_days_are_left(days: float, due: bool) -> None:
    assert list_is_due(made_list(START), after(days)) is due


@pytest.mark.parametrize(("days", "due"), [(0, False), (59, False), (61, True), (91, True)])
def test_a_gateway_s_certificate_is_renewed_when_less_than_thirty_days_are_left(
    days: float, due: bool
) -> None:
    assert server_is_due(server(START), ROOT, after(days)) is due


def test_what_was_made_while_the_clock_stood_ahead_is_renewed() -> None:
    assert list_is_due(made_list(after(1)), START)
    assert server_is_due(server(after(1)), ROOT, START)


def test_a_certificate_that_ends_with_its_issuer_is_not_renewed_for_ever() -> None:
    late = after(profile.ROOT_DAYS - 10)
    assert not server_is_due(server(late), ROOT, late + timedelta(days=1))


@pytest.mark.parametrize(
    ("is_list", "days", "codes"),
    [
        (True, 3.1, []),
        (True, 2.9, ["certificate.list_ends_soon"]),
        (True, -1, ["certificate.list_ends_soon"]),
        (False, 14.1, []),
        (False, 13.9, ["certificate.ends_soon"]),
    ],
)
def test_it_is_told_days_before(is_list: bool, days: float, codes: list[str]) -> None:
    found = alarms_of([Ending("it", after(days), is_list)], START)
    assert [alarm.code for alarm in found] == codes


def test_a_file_that_can_not_be_read_is_told() -> None:
    (alarm,) = alarms_of([Ending("the list", None, True, "gone")], START)
    assert (alarm.code, alarm.detail) == ("file.unreadable", "the list: gone")


def test_of_two_lists_of_one_issuer_the_newer_counts_and_of_two_issuers_the_first_to_end() -> None:
    other = profile.root_certificate("other", KEY, START)
    lists = [made_list(START), made_list(after(3)), made_list(after(1), other)]
    assert first_list_end(lists) == after(8)
    assert first_list_end(lists[:2]) == after(10)
    assert first_list_end([]) is None
