"""Cursor pages: a list returns its items and ``next``, which the asker sends back as ``cursor``.

Rules kept here:

* A cursor names the item after which the next page begins, so no item is skipped or repeated
  when others are added. It is opaque, and valid only for the list that gave it.

By hand: fastapi-pagination's cursor pages (over sqlakeyset) need one SELECT for each list, and name their fields
``size`` and ``next_page``. Half of these lists are made of rows in memory, and its cursors do not name their list.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from counterfoil.api.http.problems import malformed

Item = TypeVar("Item")
Row = TypeVar("Row")

Cursor = Annotated[str | None, Query(max_length=200, description="`next` of the page before.")]
RowNumber = Annotated[int, Query(ge=0, le=2**53)]
Limit = Annotated[int, Query(ge=1, le=500, description="At most this number of items.")]


class Page(BaseModel, Generic[Item]):
    """A page of a list; ``next`` is null on the last."""

    items: list[Item]
    next: str | None = Field(default=None, examples=["cmVjb3Jkczo0MjE"])


def write_cursor(name: str, place: str) -> str:
    """Return the cursor of list *name* after *place*."""
    return urlsafe_b64encode(f"{name}:{place}".encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, name: str, first: str) -> str:
    """Return the place in *cursor*, or *first* without one; 422 when it is another list's cursor."""
    if cursor is None:
        return first
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        owner, colon, place = urlsafe_b64decode(padded).decode().partition(":")
    except ValueError:
        raise malformed("the cursor is not one that this list gave") from None
    if owner != name or not colon or write_cursor(name, place) != cursor:
        raise malformed("the cursor is not one that this list gave")
    numeric = first.lstrip("-").isdigit()
    if numeric and not (place.isascii() and place.isdigit() and len(place) < 19):
        raise malformed("the cursor is not one that this list gave")
    return place


def page_of(
    rows: Iterable[Row],
    name: str,
    place: Callable[[Row], str],
    cursor: str | None,
    limit: int,
    show: Callable[[Row], Item],
) -> Page[Item]:
    """Return the page of list *name* after *cursor*, out of all *rows*, ordered by *place*."""
    after = read_cursor(cursor, name, "")
    left = sorted((row for row in rows if place(row) > after), key=place)
    more = write_cursor(name, place(left[limit - 1])) if len(left) > limit else None
    return Page(items=[show(row) for row in left[:limit]], next=more)


def numbered(
    name: str,
    cursor: str | None,
    limit: int,
    fetch: Callable[[int, int], Sequence[Row]],
    place: Callable[[Row], int],
    show: Callable[[Row], Item],
) -> Page[Item]:
    """Return the page of list *name* after *cursor*, ascending by number; *fetch*(number, limit) reads the rows."""
    found = fetch(int(read_cursor(cursor, name, "0")), limit + 1)
    more = write_cursor(name, str(place(found[limit - 1]))) if len(found) > limit else None
    return Page(items=[show(row) for row in found[:limit]], next=more)
