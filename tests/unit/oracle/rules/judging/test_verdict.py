"""What a judge says bears its code, and what it waits for in words."""

from __future__ import annotations

from counterfoil.fault import Code
from counterfoil.oracle.rules.judging.verdict import Dissents, NotYet


def test_a_verdict_says_why_in_its_words() -> None:
    code = Code("head.not_anchored")
    waits, dissents = NotYet(code, "no head yet"), Dissents(code, "another root", log_index=3)
    assert (waits.code, str(waits)) == (code, "no head yet")
    assert (dissents.code, str(dissents), dissents.log_index) == (code, "another root", 3)
