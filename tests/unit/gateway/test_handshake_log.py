"""Refused handshakes in the log: one line a minute for each reason, with how many there were."""

from __future__ import annotations

import ssl

from counterfoil.gateway.doors.handshake import HandshakeLog, reason_of


def test_a_flood_is_a_line_a_minute_with_its_count() -> None:
    lines: list[tuple[str, int]] = []
    seen: list[str] = []
    handshakes = HandshakeLog(lambda reason, count: lines.append((reason, count)), seen.append)
    for number in range(1_000):
        handshakes.note("certificate_ended", number / 1_000)
    handshakes.note("no_tls", 2.0)
    handshakes.tell(59.0)
    assert lines == [("certificate_ended", 1), ("no_tls", 1)]
    handshakes.tell(60.0)
    handshakes.tell(200.0)
    assert lines[2:] == [("certificate_ended", 999)]
    handshakes.note("no_tls", 201.0)
    assert lines[3:] == [("no_tls", 1)]
    assert len(seen) == 1_002


def test_a_reason_without_a_word_of_its_own_is_told_too() -> None:
    unknown = ssl.SSLCertVerificationError(1, "verify failed")
    unknown.verify_code = 99
    assert reason_of(unknown) == "certificate_refused"
    other = ssl.SSLError(1, "wrong version number")
    other.reason = "WRONG_VERSION_NUMBER"
    assert reason_of(other) == "no_tls"
