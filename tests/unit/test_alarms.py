"""Every alarm that the product can raise is in docs/alarms.md, with its words on the page, and nothing else is."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "errors_parts"))

from alarm_page import ENDINGS  # noqa: E402
from fault_declarations import declarations, sources  # noqa: E402

from counterfoil.api.pages.language import LANGUAGES, catalogue  # noqa: E402
from counterfoil.oracle.heads.log_reader import _ENDED_BY_READING  # noqa: E402

_RAISERS = {"Alarm": 0, "raise_once": 1, "AlarmRow": None, "lost": 1, "_stop": 0}
"""Who makes an alarm, and the place of its code among the arguments; None where it has a name."""


def raised() -> dict[str, str]:
    """Codes that are named where an alarm is made, and the first file that does."""
    files = sources(ROOT)
    codes = {name: code for source in files for name, code, _, _ in declarations(source)}
    found: dict[str, str] = {}
    for source in files:
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func).rpartition(".")[2]
            if name not in _RAISERS or (name == "Alarm" and "record" in source.path.split("/")):
                continue
            at = _RAISERS[name]
            given = [one.value for one in node.keywords if one.arg == "code"]
            if at is not None and len(node.args) > at:
                given.append(node.args[at])
            for one in given:
                named = ast.unparse(one).removesuffix(".code")
                if named in codes:
                    found.setdefault(codes[named], source.path)
    return found


def test_every_alarm_is_listed() -> None:
    found = raised()
    assert len(found) >= 18
    assert {code: path for code, path in found.items() if code not in ENDINGS} == {}
    assert set(_ENDED_BY_READING) <= set(ENDINGS)


def test_every_listed_alarm_is_raised_somewhere() -> None:
    assert set(ENDINGS) - set(raised()) - set(_ENDED_BY_READING) - _PASSED_ON == set()


_PASSED_ON = {"certificate.ends_soon", "certificate.list_ends_soon"}
"""Chosen between the two before the alarm is made."""


def test_every_alarm_has_its_word_in_each_language() -> None:
    for language in LANGUAGES:
        words = {
            key.removeprefix("alarm.") for key in catalogue(language) if key.startswith("alarm.")
        }
        assert words == set(ENDINGS), language
