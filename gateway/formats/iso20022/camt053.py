"""ISO 20022 camt.053 statements: a bank's entries and balances for one account.

Rules kept here:

* Any version of the message is read by its element names. A document type is refused, so there
  are no entities to expand. A statement that leads to bookings is first read by its version's published model
  (``parse_valid_camt053``), and refused where the model does not allow it.
* Amounts are minor units of the stated currency (ISO 4217 gives two decimals but for those in
  ``MINOR_DIGITS``); credits are positive, debits negative (a reversal
  is booked by its own CdtDbtInd).
* Opening plus booked entries must equal closing, when both balances are there and of the
  statement's currency: otherwise the statement contradicts itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from counterfoil.fault import Code
from counterfoil.gateway.formats.errors import FormatError
from counterfoil.gateway.formats.iso20022.messages import read_message, refuse_document_type
from counterfoil.gateway.formats.quantity import minor_units

MINOR_DIGITS = {
    "JPY": 0,
    "KRW": 0,
    "VND": 0,
    "CLP": 0,
    "ISK": 0,
    "XAF": 0,
    "XOF": 0,
} | dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)
_SIGNS = {"CRDT": 1, "DBIT": -1}


class StatementBalanceError(FormatError):
    """The entries do not lead from the opening balance to the closing one."""

    code = Code("bank.balance_mismatch")
    to_do = "Ask the bank for the statement again: entries are missing, or stand there twice."


@dataclass(frozen=True, slots=True)
class StatementEntry:
    """One entry. ``status`` is BOOK, PDNG or INFO; dates are as written, YYYY-MM-DD.

    ``servicer_reference`` is the bank's own, the same in every statement; ``reference`` is that, or else names the
    entry within its statement. A reversal takes an earlier entry back.
    """

    reference: str
    amount_minor: int
    currency: str
    status: str
    booking_date: str
    value_date: str
    end_to_end_ids: tuple[str, ...]
    remittance: str
    servicer_reference: str = ""
    is_reversal: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """One account's statement; balances are None where the bank gives none."""

    identification: str
    account: str
    currency: str
    opening_minor: int | None
    closing_minor: int | None
    entries: tuple[StatementEntry, ...]

    @property
    def booked_minor(self) -> int:
        """Return the sum of the booked entries in the statement's currency."""
        return sum(
            entry.amount_minor
            for entry in self.entries
            if entry.status == "BOOK" and entry.currency == self.currency
        )


def parse_camt053(text: str) -> list[Statement]:
    """Return the statements in *text*; or FormatError."""
    refuse_document_type(text)
    try:
        root = ET.fromstring(text)  # noqa: S314  # no document type, so no entities to expand
    except (ET.ParseError, ValueError) as error:
        raise FormatError(f"not well-formed XML: {error}") from error
    if "camt.053" not in root.tag and not any("BkToCstmrStmt" in node.tag for node in root):
        raise FormatError("not a camt.053 document")
    statements = [_statement(node) for node in _every(root, "BkToCstmrStmt/Stmt")]
    if not statements:
        raise FormatError("no statement in the document")
    return statements


def parse_valid_camt053(text: str) -> list[Statement]:
    """Return the statements in *text*, which is valid against its version's model; or FormatError."""
    read_message(text, "camt.053")
    return parse_camt053(text)


def check_statement(statement: Statement) -> None:
    """Raise StatementBalanceError unless the balances agree with the entries."""
    if statement.opening_minor is None or statement.closing_minor is None:
        return
    reached = statement.opening_minor + statement.booked_minor
    if reached != statement.closing_minor:
        raise StatementBalanceError(
            f"{statement.identification}: entries lead to {reached},"
            f" the closing balance is {statement.closing_minor}"
        )


def _statement(node: ET.Element) -> Statement:
    balances = {_text(b, "Tp/CdOrPrtry/Cd"): b for b in _every(node, "Bal")}
    opening = balances.get("OPBD", balances.get("PRCD"))
    closing = balances.get("CLBD")
    entries = tuple(_entry(entry) for entry in _every(node, "Ntry"))
    currency = _text(node, "Acct/Ccy")
    amounts = [found for b in (closing, opening) if b is not None for found in _every(b, "Amt")]
    if not currency and amounts:
        currency = amounts[0].get("Ccy", "")
    if not currency and entries:
        currency = entries[0].currency
    return Statement(
        identification=_text(node, "Id"),
        account=_text(node, "Acct/Id/IBAN") or _text(node, "Acct/Id/Othr/Id"),
        currency=currency,
        opening_minor=None if opening is None else _signed(opening)[0],
        closing_minor=None if closing is None else _signed(closing)[0],
        entries=entries,
    )


def _entry(node: ET.Element) -> StatementEntry:
    amount, currency = _signed(node)
    remittance = [found.text or "" for found in _every(node, "NtryDtls/TxDtls/RmtInf/Ustrd")]
    ids = [found.text or "" for found in _every(node, "NtryDtls/TxDtls/Refs/EndToEndId")]
    return StatementEntry(
        reference=_text(node, "AcctSvcrRef") or _text(node, "NtryRef"),
        amount_minor=amount,
        currency=currency,
        status=_text(node, "Sts/Cd") or _text(node, "Sts") or "BOOK",
        booking_date=_text(node, "BookgDt/Dt") or _text(node, "BookgDt/DtTm")[:10],
        value_date=_text(node, "ValDt/Dt") or _text(node, "ValDt/DtTm")[:10],
        end_to_end_ids=tuple(ids),
        remittance=" ".join(remittance),
        servicer_reference=_text(node, "AcctSvcrRef"),
        is_reversal=_text(node, "RvslInd") in ("true", "1"),
    )


def _signed(node: ET.Element) -> tuple[int, str]:
    amount = next(_every(node, "Amt"), None)
    sign = _SIGNS.get(_text(node, "CdtDbtInd"))
    if amount is None or sign is None:
        raise FormatError("an amount or its CdtDbtInd is missing")
    currency = amount.get("Ccy", "")
    if len(currency) != 3 or not currency.isascii() or not currency.isupper():
        raise FormatError("an amount has no currency")
    return sign * minor_units(amount.text or "", MINOR_DIGITS.get(currency, 2)), currency


def _every(node: ET.Element, path: str) -> Iterator[ET.Element]:
    name, _, rest = path.partition("/")
    for child in node:
        if child.tag.rsplit("}", 1)[-1] == name:
            if rest:
                yield from _every(child, rest)
            else:
                yield child


def _text(node: ET.Element, path: str) -> str:
    found = next(_every(node, path), None)
    return (found.text or "").strip() if found is not None else ""
