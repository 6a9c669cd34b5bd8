"""A request in its stored form: its kind, and a payload of JSON values. Pure.

Rules that this module keeps:

- Bytes are 0x-prefixed hex in lower case; every other field keeps its name and value. A field that an earlier version
  did not write is read as the class's default.
- A payload is checked field by field; the error names the wrong field. Texts must be storable in every database,
  numbers must fit their columns, and nothing is converted. Unknown fields are ignored.
- An entry of a statement has exactly its six fields: an unknown field could change its meaning.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, assert_never

from counterfoil.chain.hexadecimal import HexMalformed, from_any_hex, to_hex
from counterfoil.oracle.errors import InputMalformed
from counterfoil.oracle.instructions.request import (
    AcceptPlace,
    CloseDay,
    CloseMatching,
    ConfirmMint,
    CreditEntry,
    ImportCamt053,
    ImportSettlement,
    ImportStatement,
    Kind,
    MakePayoutFile,
    RegisterBankAccount,
    RegisterPayeeAccount,
    Request,
    ResolveBankLine,
    ResolveException,
    SignDigest,
    Transact,
)

_NUMBER_BITS, _DATE_BITS = 64, 32
_DIGEST_BYTES = 32
_SHOWN = 60
"""The most characters of a wrong value that an error shows."""


def encode(request: Request) -> dict[str, Any]:
    """Return the payload of *request* as JSON values."""
    payload = {
        field.name: _plain(getattr(request, field.name)) for field in dataclasses.fields(request)
    }
    if isinstance(request, CloseDay) and request.far is None:
        del payload["far"]
    return payload


def decode(kind: str, payload: object) -> Request:  # noqa: PLR0912 - a branch for each kind
    """Return the request in a row's *kind* and *payload*.

    Raises:
        InputMalformed: no such kind, or a field is missing or wrong.
    """
    try:
        named = Kind(kind)
    except ValueError:
        raise InputMalformed(f"no instruction is called {_shown(kind)}") from None
    fields = _Fields(named, payload)
    match named:
        case Kind.RESOLVE_EXCEPTION:
            return ResolveException(
                exception=fields.number("exception"),
                resolution=fields.text("resolution"),
                note=fields.text("note", ""),
            )
        case Kind.IMPORT_SETTLEMENT:
            return ImportSettlement(
                project=fields.text("project"),
                text=fields.text("text"),
                source=fields.text("source"),
            )
        case Kind.IMPORT_STATEMENT:
            return ImportStatement(entries=decode_entries(fields.value("entries")))
        case Kind.CLOSE_MATCHING:
            return CloseMatching(project=fields.text("project"), through=fields.date("through"))
        case Kind.ACCEPT_PLACE:
            return AcceptPlace(device=fields.text("device"))
        case Kind.CLOSE_DAY:
            return CloseDay(date=fields.date_or_none("date"), far=fields.flag_or_none("far"))
        case Kind.IMPORT_CAMT053:
            return ImportCamt053(text=fields.text("text"), source=fields.text("source", ""))
        case Kind.REGISTER_BANK_ACCOUNT:
            return RegisterBankAccount(
                account=fields.text("account"),
                name=fields.text("name"),
                currency=fields.text("currency"),
                project=fields.text("project", ""),
                holder=fields.text("holder", ""),
                bic=fields.text("bic", ""),
                pays_out=fields.flag_or_none("pays_out") or False,
            )
        case Kind.REGISTER_PAYEE_ACCOUNT:
            return RegisterPayeeAccount(
                account=fields.text("account"),
                name=fields.text("name"),
                bic=fields.text("bic", ""),
                salt=fields.text("salt", ""),
            )
        case Kind.MAKE_PAYOUT_FILE:
            return MakePayoutFile(
                account=fields.text("account"),
                execution_date=fields.date_or_none("execution_date"),
            )
        case Kind.RESOLVE_BANK_LINE:
            return ResolveBankLine(line=fields.number("line"), note=fields.text("note", ""))
        case Kind.CONFIRM_MINT:
            return ConfirmMint(line=fields.number("line"))
        case Kind.TRANSACT:
            return Transact(
                account=fields.text("account"),
                contract=fields.text("contract"),
                function=fields.text("function"),
                data=fields.data("data"),
                operation=fields.text("operation", ""),
                key=fields.key("key"),
                body=fields.mapping_or_none("body"),
            )
        case Kind.SIGN_DIGEST:
            return SignDigest(
                account=fields.text("account"),
                digest=fields.data("digest", _DIGEST_BYTES),
                proposal=fields.text("proposal", ""),
            )
        case _:
            assert_never(named)


def decode_entries(entries: object) -> tuple[CreditEntry, ...]:
    """Return the entries of a statement.

    Raises:
        InputMalformed: it is no list, or one item is no entry.
    """
    if not isinstance(entries, list):
        raise InputMalformed(f"entries are a list, not {_shown(entries)}")
    return tuple(_entry(number, entry) for number, entry in enumerate(entries))


def _entry(number: int, entry: object) -> CreditEntry:
    fields = _Fields(f"entries[{number}]", entry)
    known = {field.name for field in dataclasses.fields(CreditEntry)}
    if strange := sorted(map(repr, fields.names - known)):
        raise InputMalformed(f"entries[{number}] has no field {_shown(', '.join(strange))}")
    return CreditEntry(
        statement=fields.word("statement"),
        reference=fields.word("reference"),
        project=fields.word("project"),
        business_date=fields.date("business_date"),
        amount_minor=fields.number("amount_minor"),
        currency=fields.word("currency"),
    )


class _Fields:
    """The fields of one payload; each method checks the type of the field that it reads."""

    def __init__(self, where: str, payload: object) -> None:
        if not isinstance(payload, Mapping):
            raise InputMalformed(f"{where}: {_shown(payload)} has no fields")
        self._where = where
        self._payload = payload
        self.names = frozenset(payload)

    def value(self, name: str) -> object:
        if name not in self._payload:
            raise InputMalformed(f"{self._where}: {name} is missing")
        value: object = self._payload[name]
        return value

    def text(self, name: str, default: str | None = None) -> str:
        value = self.value(name) if default is None else self._payload.get(name, default)
        if not isinstance(value, str) or not _is_storable(value):
            raise self._wrong(name, value, "is no text")
        return value

    def word(self, name: str) -> str:
        found = self.text(name)
        if not found:
            raise self._wrong(name, found, "is empty")
        return found

    def number(self, name: str, bits: int = _NUMBER_BITS) -> int:
        value = self.value(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._wrong(name, value, "is no whole number")
        if not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
            raise InputMalformed(f"{self._where}: {name} has more than {bits} bits")
        return value

    def date(self, name: str) -> int:
        """The caller checks that it is a day of the calendar."""
        return self.number(name, _DATE_BITS)

    def date_or_none(self, name: str) -> int | None:
        return None if self._payload.get(name) is None else self.date(name)

    def flag_or_none(self, name: str) -> bool | None:
        if name not in self._payload:
            return None
        value = self.value(name)
        if not isinstance(value, bool):
            raise self._wrong(name, value, "is neither true nor false")
        return value

    def data(self, name: str, size: int | None = None) -> bytes:
        value = self.value(name)
        try:
            read = from_any_hex(value if isinstance(value, str) else "no text")
        except HexMalformed:
            raise self._wrong(name, value, "is not bytes in hex") from None
        if size is not None and len(read) != size:
            raise self._wrong(name, value, f"is not {size} bytes")
        return read

    def key(self, name: str) -> int | str | None:
        value = self._payload.get(name)
        if value is None or (isinstance(value, str) and _is_storable(value)):
            return value
        return self.number(name)

    def mapping_or_none(self, name: str) -> Mapping[str, Any] | None:
        value = self._payload.get(name)
        if value is not None and not isinstance(value, Mapping):
            raise self._wrong(name, value, "has no fields")
        return value

    def _wrong(self, name: str, value: object, why: str) -> InputMalformed:
        return InputMalformed(f"{self._where}: {name}: {_shown(value)} {why}")


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return to_hex(value)
    if isinstance(value, tuple):
        return [dataclasses.asdict(one) for one in value]
    return value


def _is_storable(text: str) -> bool:
    """PostgreSQL stores no zero byte in a text, and no database stores half of a surrogate pair."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def _shown(value: object) -> str:
    """*value* for an error: short, and in characters that every database stores."""
    if isinstance(value, str):
        return ascii(value[:_SHOWN])
    return (
        repr(value) if value is None or isinstance(value, (bool, float)) else type(value).__name__
    )
