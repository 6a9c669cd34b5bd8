"""Takes in a camt.053 document; each entry is kept once, with its outcome.

Rules that this module keeps:

- An entry's name is the bank's own reference on its account, whatever statement shows it; without one, its statement
  and its reference there. An entry with a name mints once; one without a name is set aside.
- A credit mints for the account's owner. A debit pays payouts by their end-to-end ids, or is set aside. Nothing is
  dropped: an entry without effect is kept with a code.
- A statement whose entries don't lead from its opening to its closing balance has no effect at all.
- When a document comes again, entries whose account was not known are decided again; nothing else changes.
"""

from __future__ import annotations

from hashlib import sha256

from sqlmodel import Session, col, select

from counterfoil.chain.client import ChainClient
from counterfoil.chain.hexadecimal import to_hex
from counterfoil.fault import Code
from counterfoil.gateway.formats.errors import FormatError
from counterfoil.gateway.formats.iso20022.camt053 import (
    Statement,
    StatementBalanceError,
    StatementEntry,
    check_statement,
    parse_valid_camt053,
)
from counterfoil.gateway.record.identity import on_chain_id
from counterfoil.oracle.bank.mints import is_above_limit, queue_mint
from counterfoil.oracle.bank.payouts import matched_payouts, pay
from counterfoil.oracle.bank.statement_result import (
    MINTED,
    NOTED,
    PAID,
    RESOLVED,
    SET_ASIDE,
    WAITING,
    StatementResult,
)
from counterfoil.oracle.errors import InputMalformed, NotAllowedNow, UnknownName
from counterfoil.oracle.rules.bank_entry import BankEntry, place_of
from counterfoil.oracle.rules.collection_account import collection_account
from counterfoil.oracle.rules.faults.bank_line import (
    ACCOUNT_UNKNOWN,
    AMOUNT_ZERO,
    CURRENCY_DIFFERS,
    ENTRY_KNOWN,
    ENTRY_NOT_BOOKED,
    MINT_UNCONFIRMED,
    PAYMENT_RETURNED,
    REFERENCE_MISSING,
    REFERENCE_REUSED,
    STATEMENT_GAP,
    STATEMENT_KNOWN,
)
from counterfoil.oracle.store.bank_tables import (
    BankAccount,
    BankLine,
    BankStatement,
    PayoutOrder,
    StatementEntryRow,
)
from counterfoil.oracle.store.clock import now_ms

_RETRIED = ACCOUNT_UNKNOWN


class StatementChanged(NotAllowedNow):
    """A statement of this name was taken in with other content."""

    code = Code("bank.statement_changed")
    to_do = "Ask the bank which of the two is right; the first one stays taken in."


class SamePairOfEyes(NotAllowedNow):
    """Who brought a statement does not confirm its mints."""

    code = Code("bank.confirmed_by_the_same")
    to_do = "Let another account confirm the line."


class DocumentRefused(InputMalformed):
    """The document is no valid camt.053.

    The detail begins with the reader's own code.
    """

    code = Code("bank.statement_refused")
    to_do = "Ask the bank for a valid camt.053; the detail says what is wrong."


class StatementReader:
    """Takes statements in within one database transaction; the caller commits.

    *client* only encodes: what the chain says of the token is asked before the transaction begins.
    """

    def __init__(
        self,
        session: Session,
        client: ChainClient,
        bank: str,
        currency: str,
        brought_by: str = "",
        limit_minor: int | None = None,
    ) -> None:
        """*currency* is the deposit token's.

        *limit_minor* bounds what is minted within a day on one account's word, here that of *brought_by*.
        """
        self._session = session
        self._client = client
        self._bank = bank
        self._currency = currency
        self._brought_by = brought_by
        self._limit_minor = limit_minor

    def take(self, text: str) -> list[StatementResult]:
        """Take in the document *text*.

        Raises:
            DocumentRefused: it is no valid camt.053; nothing is taken.
            StatementChanged: one of its statements is here with other content; nothing is taken.
        """
        try:
            statements = parse_valid_camt053(text)
        except FormatError as wrong:
            raise DocumentRefused(str(wrong)) from wrong
        digest = sha256(text.encode()).hexdigest()
        return [self._take_one(statement, digest) for statement in statements]

    def _take_one(self, statement: Statement, digest: str) -> StatementResult:
        kept = self._session.exec(
            select(BankStatement).where(
                BankStatement.account == statement.account,
                BankStatement.identification == statement.identification,
            )
        ).first()
        if kept is not None and kept.document_hash != digest:
            raise StatementChanged(
                f"statement {statement.identification} of {statement.account} is here with other content"
            )
        if kept is not None:
            return self._look_again(kept, statement)
        finding, detail = self._finding(statement)
        row = BankStatement(
            account=statement.account,
            identification=statement.identification,
            currency=statement.currency,
            opening_minor=statement.opening_minor,
            closing_minor=statement.closing_minor,
            document_hash=digest,
            finding=finding,
            detail=detail,
            taken_ms=now_ms(),
        )
        self._session.add(row)
        self._session.flush()
        taken = StatementResult(statement.account, statement.identification, finding)
        for position, entry in enumerate(statement.entries):
            line = BankLine(
                statement_id=row.id or 0,
                position=position,
                reference=entry.reference,
                amount_minor=entry.amount_minor,
                currency=entry.currency,
                booked=_date(entry.booking_date or entry.value_date),
                outcome=NOTED,
                brought_by=self._brought_by,
            )
            self._session.add(line)
            self._session.flush()
            self._act(line, row, entry)
            taken.count(line)
        return taken

    def _look_again(self, kept: BankStatement, statement: Statement) -> StatementResult:
        """Decide entries again that were set aside because their account was not known."""
        taken = StatementResult(kept.account, kept.identification, kept.finding)
        lines = self._session.exec(
            select(BankLine)
            .where(BankLine.statement_id == kept.id)
            .order_by(col(BankLine.position))
        ).all()
        for line, entry in zip(lines, statement.entries, strict=True):
            if line.outcome == SET_ASIDE and line.reason == _RETRIED:
                self._act(line, kept, entry)
                taken.count(line)
            else:
                taken.outcomes[NOTED] += 1
                taken.reasons[STATEMENT_KNOWN] += 1
        return taken

    def _finding(self, statement: Statement) -> tuple[str, str]:
        """The error in the balances, by themselves or against the statement before: (code, detail)."""
        try:
            check_statement(statement)
        except StatementBalanceError as wrong:
            return wrong.code, str(wrong)
        before = self._session.exec(
            select(BankStatement)
            .where(BankStatement.account == statement.account)
            .order_by(col(BankStatement.id).desc())
        ).first()
        if before is None or before.closing_minor is None or statement.opening_minor is None:
            return "", ""
        if before.closing_minor != statement.opening_minor:
            return STATEMENT_GAP, (
                f"opens with {statement.opening_minor}, and {before.identification} closed with {before.closing_minor}"
            )
        return "", ""

    # ---- entries

    def _act(self, line: BankLine, statement: BankStatement, entry: StatementEntry) -> None:
        """Decide the outcome of *entry*, queue its transaction, and store the outcome in *line*."""
        line.outcome, line.reason, line.detail = self._decide(line, statement, entry)
        self._session.add(line)
        self._session.flush()

    def _decide(
        self, line: BankLine, statement: BankStatement, entry: StatementEntry
    ) -> tuple[str, str, str]:
        """The outcome, its code and its detail; a mint or a confirmation is queued here."""
        if entry.status != "BOOK":
            return NOTED, ENTRY_NOT_BOOKED, f"its status is {entry.status}"
        account = self._session.get(BankAccount, statement.account)
        if account is None:
            return SET_ASIDE, _RETRIED, f"nobody told us whose account {statement.account} is"
        if statement.finding == StatementBalanceError.code:
            return SET_ASIDE, StatementBalanceError.code, "its statement contradicts itself"
        if entry.currency != account.currency:
            return SET_ASIDE, CURRENCY_DIFFERS, f"{account.account} is in {account.currency}"
        if account.currency != self._currency:
            return SET_ASIDE, CURRENCY_DIFFERS, "the deposit token is in another currency"
        if not entry.reference:
            return SET_ASIDE, REFERENCE_MISSING, "the bank gave no reference to name it by"
        if entry.amount_minor == 0:
            return NOTED, AMOUNT_ZERO, ""
        named = _named(account, statement, entry, line.booked)
        line.entry_hash, line.named_in = to_hex(named.entry_hash), named.statement
        known = self._known(line, entry)
        if known is not None:
            return known
        if entry.amount_minor < 0:
            return self._debit(line, entry)
        return self._credit(line, account, named, entry)

    def _known(self, line: BankLine, entry: StatementEntry) -> tuple[str, str, str] | None:
        """The outcome of an entry whose name was seen before; None for a new one."""
        before = self._session.exec(
            select(BankLine).where(
                BankLine.entry_hash == line.entry_hash,
                BankLine.id != line.id,
                col(BankLine.outcome) != NOTED,
            )
        ).first()
        if before is None:
            return self._known_otherwise(line)
        if before.statement_id == line.statement_id or before.amount_minor != entry.amount_minor:
            return (
                SET_ASIDE,
                REFERENCE_REUSED,
                f"{entry.reference} names another entry, line {before.id}",
            )
        return NOTED, ENTRY_KNOWN, f"line {before.id}"

    def _known_otherwise(self, line: BankLine) -> tuple[str, str, str] | None:
        """The outcome of an entry that was brought by itself, without its statement; None where it was not."""
        taken = self._session.get(StatementEntryRow, line.entry_hash)
        if taken is None:
            return None
        if taken.amount_minor != line.amount_minor:
            return SET_ASIDE, REFERENCE_REUSED, f"it was brought with {taken.amount_minor}"
        return NOTED, ENTRY_KNOWN, "brought by itself before"

    def _debit(self, line: BankLine, entry: StatementEntry) -> tuple[str, str, str]:
        orders, code, why = matched_payouts(
            self._session, entry.end_to_end_ids, -entry.amount_minor
        )
        if code:
            return SET_ASIDE, code, why
        for order in orders:
            pay(self._session, self._client, self._bank, order=order, entry=line.entry_hash)
        return PAID, "", "payouts " + ", ".join(str(order.payout) for order in orders)

    def _credit(
        self, line: BankLine, account: BankAccount, named: BankEntry, entry: StatementEntry
    ) -> tuple[str, str, str]:
        asked = col(PayoutOrder.end_to_end_id).in_(entry.end_to_end_ids)
        if entry.is_reversal or self._session.exec(select(PayoutOrder).where(asked)).first():
            return SET_ASIDE, PAYMENT_RETURNED, "a payout came back, or an entry was reversed"
        limit = self._limit_minor
        if limit is not None and is_above_limit(self._session, entry.amount_minor, limit):
            what = (
                f"{entry.amount_minor} more would pass {limit} within a day on one account's word"
            )
            return WAITING, MINT_UNCONFIRMED, what
        self._mint(line, account, named)
        return MINTED, "", f"to {account.project or account.holder}"

    def _mint(
        self, line: BankLine, account: BankAccount, named: BankEntry, confirmed_by: str = ""
    ) -> None:
        to = account.holder
        if account.project:
            token = self._client.address_of("DepositToken")
            to = collection_account(token, on_chain_id(account.project))
        queue_mint(
            self._session,
            self._client,
            bank=self._bank,
            entry=named,
            name=line.entry_hash,
            to=to,
            confirmed_by=confirmed_by,
        )

    def confirm(self, number: int, by: str) -> BankLine:
        """Mint a line that waits, on the word of *by*, another account than brought it.

        Raises:
            UnknownName: there is no such line.
            NotAllowedNow: the line does not wait, or *by* brought it.
        """
        line = self._session.get(BankLine, number)
        if line is None:
            raise UnknownName(f"no line {number}")
        if line.outcome != WAITING:
            raise NotAllowedNow(f"line {number} is {line.outcome}")
        if self._known_otherwise(line) is not None:
            raise NotAllowedNow(f"the entry of line {number} was minted by another way")
        if by == line.brought_by:
            raise SamePairOfEyes(f"line {number} was brought by {by}")
        statement = self._session.get_one(BankStatement, line.statement_id)
        account = self._session.get_one(BankAccount, statement.account)
        named = BankEntry(
            statement=line.named_in,
            reference=line.reference,
            project=account.project,
            business_date=line.booked,
            amount_minor=line.amount_minor,
            currency=line.currency,
        )
        self._mint(line, account, named, confirmed_by=by)
        line.outcome, line.reason = MINTED, ""
        line.detail = f"to {account.project or account.holder}, confirmed by {by}"
        self._session.add(line)
        return line


def resolve_line(session: Session, number: int, party: str, note: str) -> BankLine:
    """Record that a person has dealt with a line that was set aside. The caller commits.

    Raises:
        UnknownName: there is no such line.
        NotAllowedNow: the line is neither set aside nor waiting.
        InputMalformed: the note is empty.
    """
    line = session.get(BankLine, number)
    if line is None:
        raise UnknownName(f"no line {number}")
    if line.outcome not in (SET_ASIDE, WAITING):
        raise NotAllowedNow(f"line {number} is {line.outcome}")
    if not note:
        raise InputMalformed("say in a note what was done")
    line.outcome, line.detail = RESOLVED, f"{line.detail}; {party}: {note}"
    session.add(line)
    return line


def _named(
    account: BankAccount, statement: BankStatement, entry: StatementEntry, booked: int
) -> BankEntry:
    """The entry under its name: the bank's reference on the account, or the statement's and its own."""
    return BankEntry(
        statement=place_of(
            account.account,
            statement.identification,
            is_banks_own=bool(entry.servicer_reference),
        ),
        reference=entry.reference,
        project=account.project,
        business_date=booked,
        amount_minor=entry.amount_minor,
        currency=entry.currency,
    )


def _date(text: str) -> int:
    digits = text[:10].replace("-", "")
    return int(digits) if digits.isascii() and digits.isdigit() else 0
