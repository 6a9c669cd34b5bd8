"""Whether a file is about what the auditor asked for. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from counterfoil.api.audit.verification.bundle import Scope
from counterfoil.api.audit.verification.errors import AuditError, SubjectError
from counterfoil.api.audit.verification.said import Part, Said
from counterfoil.api.audit.verification.words import moment
from counterfoil.gateway.record.utc_date import midnight_ms


class Subject(NamedTuple):
    """The device and the days (UTC, the last included) that the auditor wants; empty where he does not say."""

    device: str = ""
    first: date | None = None
    last: date | None = None

    @property
    def is_whole(self) -> bool:
        """Whether device and days are all said."""
        return bool(self.device) and self.first is not None and self.last is not None


def check_subject(scope: Scope, subject: Subject) -> Iterator[AuditError]:
    """Yield an error for each of the device and the two ends of the period that is another one."""
    if subject.device and subject.device != scope.device:
        detail = Said(
            "it is about {device}, not {wanted}", device=scope.device, wanted=subject.device
        )
        yield SubjectError(Part("scope"), detail)
    if subject.first is not None and midnight_ms(subject.first) != scope.first_ms:
        first = moment(scope.first_ms)
        detail = Said("its period begins at {first}, not on {day}", first=first, day=subject.first)
        yield SubjectError(Part("scope"), detail)
    if subject.last is not None:
        until = subject.last + timedelta(days=1)
        if midnight_ms(until) != scope.until_ms:
            last = moment(scope.until_ms)
            detail = Said("its period ends at {last}, not with {day}", last=last, day=subject.last)
            yield SubjectError(Part("scope"), detail)
