"""Texts, figures and dates in the reader's language.

Rules kept here:

* Every text of a page comes from a catalogue, ``locale/<language>/LC_MESSAGES/messages.po``, by a
  key that is never a sentence. Both catalogues have the same keys; a test compares them.
* Amounts are made from integers in minor units; nothing becomes a float.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, get_currency_precision

LANGUAGES = ("en", "zh")
_LOCALES = {"en": "en_GB", "zh": "zh_Hans_CN"}
_FOLDER = Path(__file__).resolve().parent / "locale"


@cache
def catalogue(language: str) -> dict[str, str]:
    """The messages of *language* by their keys."""
    path = _FOLDER / language / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as source:
        found = read_po(source, locale=language)
    return {str(message.id): str(message.string) for message in found if message.id}


def choose(cookie: str | None, accepts: str) -> str:
    """Return the language of the page: the one chosen, else the browser's first that we have."""
    if cookie in LANGUAGES:
        return cookie
    for part in accepts.split(","):
        tag = part.split(";")[0].strip().lower()[:2]
        if tag in LANGUAGES:
            return tag
    return LANGUAGES[0]


@dataclass(frozen=True)
class Speech:
    """One reader's language and time zone."""

    language: str
    zone: ZoneInfo

    @property
    def locale(self) -> str:
        """The locale that figures and dates follow."""
        return _LOCALES[self.language]

    def t(self, key: str, **values: object) -> str:
        """The message of *key*, its ``{names}`` filled in."""
        text = catalogue(self.language)[key]
        return text.format(**values) if values else text

    def word(self, kind: str, code: str) -> str:
        """The word for *code* of this *kind*; the code itself where there is none."""
        return catalogue(self.language).get(f"{kind}.{code}", code)

    def money(self, minor: int, currency: str) -> str:
        """Return *minor* as an amount with decimals, grouped, without its currency."""
        digits = get_currency_precision(currency)
        amount = Decimal(minor).scaleb(-digits)
        pattern = "#,##0." + "0" * digits if digits else "#,##0"
        return str(format_decimal(amount, pattern, locale=self.locale))

    def part(self, minor: int, of: int, digits: int = 3) -> str:
        """Return *minor* ÷ *of*, cut to *digits* decimals; a dash where *of* is 0."""
        if of == 0:
            return "–"
        return str(Decimal(minor * 10**digits // of).scaleb(-digits))

    def count(self, number: int) -> str:
        """Return *number*, grouped."""
        return str(format_decimal(number, "#,##0", locale=self.locale))

    def day(self, day: date, form: str = "long") -> str:
        """A date: ``long`` with its weekday and year, ``short`` day and month, ``month`` alone."""
        if form == "long":
            pattern = "EEE d MMMM y" if self.language == "en" else "y年M月d日 EEE"
            return format_date(day, pattern, locale=self.locale)
        if form == "month":
            return format_date(day, "LLLL", locale=self.locale)
        skeleton = {"short": "MMMd", "year": "yMMMM"}[form]
        return str(format_skeleton(skeleton, day, locale=self.locale))

    def weekday(self, day: date) -> str:
        """The name of the day."""
        return format_date(day, "EEEE", locale=self.locale)

    def clock(self, time_ms: int) -> str:
        """The local time of day, hours and minutes."""
        return datetime.fromtimestamp(time_ms / 1000, self.zone).strftime("%H:%M")

    def moment(self, time_ms: int) -> str:
        """The local date and time, to the second."""
        return datetime.fromtimestamp(time_ms / 1000, self.zone).strftime("%Y-%m-%d %H:%M:%S")
