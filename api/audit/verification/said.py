"""What a verification or a sweep says, kept apart from the language that it is said in. Pure.

Rules kept here:

* The English text is the key, as in gettext: a template with ``{names}``. Its Chinese stands in one of the catalogues
  ``said_zh_*``, with the same names. A template is a literal where it is used, so that a test can collect them all.
* Nothing is put into words before somebody asks: a record that is as it must be costs no more than its values.
* A value is a number, a text of somebody else's, which is escaped, or is itself :class:`Said`. What another part of the
  program or a library says of its failure is such a text: it stays English, and Chinese quotes it.
* What is said can be kept as plain lists, and said again later, in either language: what a sweep found in an earlier
  run it tells in the language of this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from counterfoil.api.audit.verification.said_zh_checked import CHECKED
from counterfoil.api.audit.verification.said_zh_found import FOUND
from counterfoil.api.audit.verification.said_zh_money import MONEY
from counterfoil.api.audit.verification.said_zh_swept import SWEPT
from counterfoil.api.audit.verification.said_zh_to_do import TO_DO
from counterfoil.printable import printable

_CHINESE = {**CHECKED, **FOUND, **MONEY, **SWEPT, **TO_DO}
_JOINTS = {"; ": "；", ", ": "、", ", then ": "，其后", " to ": "，直至 "}
"""What stands between two things, by what does in English."""


class Said:
    """A sentence, or a piece of one: a *template* and the values of its names."""

    __slots__ = ("_template", "_values")

    def __init__(self, template: str, /, **values: object) -> None:
        self._template, self._values = template, values

    def in_(self, language: str) -> str:
        """Return it in *language*."""
        text = translated(self._template, language)
        return text.format(**{name: said_in(language, one) for name, one in self._values.items()})

    def as_plain(self) -> list[object]:
        """Return it as lists, texts and numbers, of which :func:`said_of` makes it again."""
        return ["said", self._template, {name: _plain(one) for name, one in self._values.items()}]

    def __str__(self) -> str:
        return self.in_("en")

    def __repr__(self) -> str:
        return f"<{self}>"


class Counted(Said):
    """A *number* of things: the *noun* takes an s in English unless there is one; in Chinese it is a template too."""

    __slots__ = ("_noun", "_number")

    def __init__(self, number: int, noun: str) -> None:
        self._number, self._noun = number, noun

    def in_(self, language: str) -> str:
        """Return it in *language*."""
        if language == "en":
            return f"{self._number:,} {self._noun}{'' if self._number == 1 else 's'}"
        text = translated(f"{{number}} {self._noun}", language)
        return text.format(number=f"{self._number:,}")

    def as_plain(self) -> list[object]:
        """Return it as plain values."""
        return ["counted", self._number, self._noun]


class Joined(Said):
    """Several things, with a *joint* between them."""

    __slots__ = ("_joint", "_parts")

    def __init__(self, joint: str, parts: Iterable[object]) -> None:
        self._joint, self._parts = joint, tuple(parts)

    def in_(self, language: str) -> str:
        """Return them in *language*."""
        joint = self._joint if language == "en" else _JOINTS[self._joint]
        return joint.join(said_in(language, one) for one in self._parts)

    def as_plain(self) -> list[object]:
        """Return them as plain values."""
        return ["joined", self._joint, [_plain(one) for one in self._parts]]


class Part(Said):
    """A part of a bundle by its *name*, or the row at a *place* in it: the same in every language."""

    __slots__ = ("_name", "_place")

    def __init__(self, name: str, place: int | None = None) -> None:
        self._name, self._place = name, place

    def in_(self, language: str) -> str:
        """Return its name."""
        del language
        return self._name if self._place is None else f"{self._name}[{self._place}]"

    def as_plain(self) -> list[object]:
        """Return it as plain values."""
        return ["part", self._name, self._place]


def translated(text: str, language: str) -> str:
    """Return the English *text* in *language*, as it is where the catalogue does not have it."""
    return text if language == "en" else _CHINESE.get(text, text)


def said_in(language: str, text: object) -> str:
    """Return *text* in *language*; what is no :class:`Said` is somebody's text, and escaped."""
    return text.in_(language) if isinstance(text, Said) else printable(text)


def said_of(plain: object) -> Said:
    """Return what :meth:`Said.as_plain` was made of.

    Raises ValueError when it is nothing that this version of the program says.
    """
    match plain:
        case ["said", str(template), dict(values)] if template in _CHINESE:
            return _made(Said, template, **{name: _of_plain(one) for name, one in values.items()})
        case ["counted", int(number), str(noun)] if f"{{number}} {noun}" in _CHINESE:
            return _made(Counted, number, noun)
        case ["joined", str(joint), list(parts)] if joint in _JOINTS:
            return Joined(joint, [_of_plain(one) for one in parts])
        case ["part", str(name), int() | None as place]:
            return Part(name, place)
    raise ValueError(f"nothing that is said: {str(plain)[:80]}")


def _made(kind: Callable[..., Said], *parts: object, **values: object) -> Said:
    return kind(*parts, **values)


def _plain(value: object) -> object:
    if isinstance(value, Said):
        return value.as_plain()
    return value if isinstance(value, int) else str(value)


def _of_plain(value: object) -> object:
    return said_of(value) if isinstance(value, list) else value
