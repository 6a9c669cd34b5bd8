"""Text that somebody else wrote, made safe to show. Pure.

Rules kept here:

* A character that a terminal or a page acts on, instead of showing it, is written as its escape: controls (``\\x1b``,
  ``\\n``), what turns the direction of writing (``\\u202e``), what is invisible, separators of lines and paragraphs,
  and halves of pairs. Letters, marks, signs and spaces of every script stay as they are.
* A file, a device, a bank and a node are somebody else. So is whatever an error quotes of them.
* A node's address is shown as its host and port: a name, a path or a query may hold a key.
"""

from __future__ import annotations

import json
from typing import Any
from unicodedata import category
from urllib.parse import urlsplit

_SHOWN = ("L", "M", "N", "P", "S", "Zs")
"""Beginnings of the general categories of what is shown."""


def printable(text: object, keep: str = "") -> str:
    """Return *text* with an escape for each character that is not shown; those in *keep* stay."""
    said = str(text)
    if said.isprintable():
        return said
    return "".join(
        one if one in keep or category(one).startswith(_SHOWN) else _escape(one) for one in said
    )


def printable_json(value: Any) -> str:
    """Return *value* as one JSON document in which other scripts are readable, and nothing acts on a terminal."""
    said = json.dumps(value, ensure_ascii=False)
    if said.isprintable():
        return said
    return "".join(
        one if category(one).startswith(_SHOWN) else json.dumps(one)[1:-1] for one in said
    )


def address_shown(url: str) -> str:
    """Return the scheme, the host and the port of *url* alone, or what it lacks, in words."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "an address that is none"
    if not host:
        return "an address without a host"
    host = f"[{host}]" if ":" in host else host
    return printable(f"{parts.scheme}://{host}" + (f":{port}" if port is not None else ""))


def _escape(one: str) -> str:
    return one.encode("unicode_escape").decode()
