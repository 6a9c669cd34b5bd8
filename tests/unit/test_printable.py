"""What others wrote neither ends a line nor acts on the terminal, the page or the log that shows it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from counterfoil.printable import address_shown, printable, printable_json

HOSTILE = "a\x1b[2J\x1b[1;32mvalid\x1b[0m\nb\r\x9b31m\u202egnp\u2066\u200b\u2028\x00\x7f\ud800"


def test_whatever_acts_is_written_as_its_escape() -> None:
    shown = printable(HOSTILE)
    assert shown.isprintable()
    assert shown.isascii()
    assert "\\x1b[1;32mvalid\\x1b[0m\\nb" in shown
    assert "\\u202e" in shown
    assert printable("a\nb\x1b", keep="\n") == "a\nb\\x1b"


@pytest.mark.parametrize(
    "text", ["Fig Bar - Raspberry", "奶茶 大杯", "寬\u3000格", "Café", "12\u00a0€", "सेब", "🍫"]
)
def test_words_of_every_script_stay(text: str) -> None:
    assert printable(text) == text
    assert json.loads(printable_json({"x": text})) == {"x": text}


def test_json_stays_the_same_document() -> None:
    shown = printable_json({"name": HOSTILE, "rows": [1, "奶茶"]})
    assert json.loads(shown) == {"name": HOSTILE, "rows": [1, "奶茶"]}
    assert "\u202e" not in shown
    assert "\x9b" not in shown
    assert "奶茶" in shown


def test_a_log_line_is_one_line_whatever_is_in_it() -> None:
    code = (
        "from counterfoil.logs import get_logger\n"
        f"log = get_logger('x')\nhostile = {HOSTILE!r}\n"
        "log.warning('refused', device=hostile, why=ValueError(hostile), size=7)\n"
        "try:\n    raise ValueError(hostile)\nexcept ValueError:\n    log.exception('failed')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    said = done.stdout + done.stderr
    assert said.count("refused") == 1
    (line,) = [one for one in said.splitlines() if "refused" in one]
    assert "size=7" in line.replace("\x1b[36m", "").replace("\x1b[0m", "").replace("\x1b[35m", "")
    assert "\\x1b[1;32mvalid" in line
    assert "\x1b[1;32mvalid" not in said
    assert "\u202e" not in said
    assert "Traceback" in said


def test_every_logger_is_taken_from_the_one_place() -> None:
    house = Path(__file__).resolve().parents[2]
    sources = [
        p
        for name in ("api", "chain", "gateway", "oracle", "src")
        for p in (house / name).rglob("*.py")
    ]
    assert len(sources) > 300
    found = [p.name for p in sources if "structlog.get_logger" in p.read_text()]
    assert found == ["logs.py"]


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://node.example/v3/0123secret", "https://node.example"),
        ("https://me:secret@node.example:8545/?key=secret#secret", "https://node.example:8545"),
        ("http://[::1]:8545", "http://[::1]:8545"),
        ("http://node.example\u202e/secret", "http://node.example\\u202e"),
        ("http://[secret", "an address that is none"),
        ("http://node.example:secret", "an address that is none"),
        ("secret", "an address without a host"),
    ],
)
def test_an_address_is_shown_without_what_may_be_a_key(address: str, shown: str) -> None:
    assert address_shown(address) == shown
