"""One code for one fault: declared once, with what it means and what to do about it.

Rules kept here:

* A code is ``area.word_word``: the same in the exception, the log, the API, on pages and in docs/errors.md, which
  ``scripts/list-errors`` writes from the declarations.
* An exception class declares its fault with ``code``, its docstring and ``to_do``; what is no exception class declares
  it with :func:`fault`. Whatever takes a code takes a :data:`Code`, so that a bare string is refused by the types.
* A code that another process said, or that was stored, is taken over with ``Code(text)``.
"""

from __future__ import annotations

from typing import NewType

Code = NewType("Code", str)
"""A declared code, or one that another process said."""


def fault(code: str, means: str, to_do: str) -> Code:
    """*code*; *means* and *to_do* are for the reader, here and in docs/errors.md."""
    del means, to_do
    return Code(code)


# ---- faults that every package meets

FILE_UNREADABLE = fault(
    "file.unreadable",
    "A file can't be opened, read or decompressed.",
    "Check its path, its permissions and that it is whole.",
)
FILE_UNWRITABLE = fault(
    "file.unwritable",
    "A file can't be written.",
    "Name another place, or make room and give permission there.",
)
FILE_TOO_LARGE = fault(
    "file.too_large",
    "A file, or what it decompresses to, is longer than is read here.",
    "Split it, or take the part that is needed.",
)
FILE_EMPTY = fault(
    "file.empty",
    "The file is empty, or holds no record.",
    "Export it again.",
)
FILE_MALFORMED = fault(
    "file.malformed",
    "The bytes are not of the format that they were read as.",
    "Check that the file is what it is taken for, and whole; export it again.",
)
STORE_UNREADABLE = fault(
    "store.unreadable",
    (
        "A database is not there, is another thing than it is taken for, or can't be read or "
        "written."
    ),
    (
        "Check its URL, that its server runs and that its disk has room; what is stored stays "
        "as it is."
    ),
)
SETTINGS_INVALID = fault(
    "settings.invalid",
    "A setting is missing or not of the form that it must have.",
    "Set what the detail names, in the environment or the settings file.",
)
WORKER_LOST = fault(
    "process.worker_lost",
    "A process that verifies signatures ended before it had told what it found.",
    (
        "Look whether the machine ran out of memory, then run it again; what is undecided is "
        "done again."
    ),
)
WORKER_HUNG = fault(
    "process.worker_hung",
    (
        "A process that verifies signatures told nothing for too long: it was ended, another took its "
        "place, and its work was done again."
    ),
    (
        "Nothing, if it happens once. If it goes on, look what holds the machine's processes: memory that "
        "is swapped, a debugger, a stopped container."
    ),
)
DISK_FULL = fault(
    "disk.full",
    "A disk that is written has almost no room left.",
    (
        "Make room. Nothing is acknowledged that is not on the disk, and work goes on by itself "
        "once there is room."
    ),
)
DATE_MALFORMED = fault(
    "date.malformed",
    "A date is no date of the calendar, or not written as it should be.",
    "Give a date that the calendar has, in the form that the detail names.",
)
