"""Whether a text that a verification says in Chinese still has English in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from counterfoil.api.audit.verification.errors import AuditError
from counterfoil.api.audit.verification.said import Said, said_in

_SENTENCE = re.compile(r"\b[a-z]+[,;]? [a-z]+[,;]? [a-z]+\b")
"""Three English words: what a name, a code or an option is not."""
_NAMED = re.compile(r"“.*”|counterfoil audit \w+|\{\w+\}")
"""Quotations, commands and the names of templates."""
_MOST = 200
"""Findings of one test that are said."""


def has_english(text: str) -> bool:
    return _SENTENCE.search(_NAMED.sub("", text)) is not None


@pytest.fixture(autouse=True)
def every_finding_is_said_in_chinese(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test finds has no English in it when it is said in Chinese."""
    made = AuditError.__init__
    found: list[AuditError] = []

    def kept(self: AuditError, where: Said, detail: Said) -> None:
        made(self, where, detail)
        if len(found) < _MOST:
            found.append(self)

    monkeypatch.setattr(AuditError, "__init__", kept)
    yield
    for one in found:
        for text in (one.said_where, one.said):
            assert isinstance(text, Said), one
            assert not has_english(said_in("zh", text)), one
