"""Registers bank accounts: those with statements, and those that payouts go to. The caller commits."""

from __future__ import annotations

import re
import secrets
from hashlib import sha256

from sqlmodel import Session, select

from counterfoil.chain.address import Address, canonical
from counterfoil.chain.hexadecimal import to_hex
from counterfoil.fault import Code
from counterfoil.gateway.formats.iso20022.iban import is_iban
from counterfoil.oracle.errors import InputMalformed, NotAllowedNow, UnknownName
from counterfoil.oracle.store.bank_tables import BankAccount, PayeeAccount
from counterfoil.oracle.store.directory_tables import KnownParticipant, KnownProject

_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}")
_ACCOUNT = re.compile(r"[A-Za-z0-9./-]{1,34}")
_BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")
_SALT = re.compile(r"[0-9a-f]{32,64}")
_CURRENCY = re.compile(r"[A-Z]{3}")


class AccountMalformed(InputMalformed):
    """An account, a BIC or a name that no bank would take."""

    code = Code("bank.account_malformed")
    to_do = "Correct the account, the BIC or the name."


def commitment(salt: bytes, account: str) -> bytes:
    """A withdrawal's commitment to its bank account: SHA-256 of the salt and the account's characters."""
    return sha256(salt + account.encode()).digest()


def check_account(account: str, name: str, bic: str) -> None:
    """Return when all three have a bank's form.

    Raises:
        AccountMalformed: one has not.
    """
    if _ACCOUNT.fullmatch(account) is None:
        raise AccountMalformed(f"{account[:40]!r} is no account: letters and digits, at most 34")
    if _IBAN.fullmatch(account) and account[:2].isalpha() and not is_iban(account):
        raise AccountMalformed(f"{account} has the form of an IBAN and wrong check digits")
    if not 1 <= len(name) <= 140 or not name.isprintable():
        raise AccountMalformed("the owner's name has 1 to 140 characters")
    if bic and _BIC.fullmatch(bic) is None:
        raise AccountMalformed(f"{bic[:20]!r} is no BIC")


def register_bank_account(session: Session, given: BankAccount, currency: str) -> BankAccount:
    """Register a bank account, or change its entry; its owner stays. *currency* is the deposit token's.

    Raises:
        AccountMalformed: the account has not a bank's form.
        InputMalformed: there is not exactly one owner, or the currency is not the project's and the token's.
        UnknownName: the owner is not known to the oracle.
        NotAllowedNow: the account has another owner already.
    """
    check_account(given.account, given.name, given.bic)
    if _CURRENCY.fullmatch(given.currency) is None:
        raise InputMalformed(f"{given.currency!r} is no currency")
    if bool(given.project) == bool(given.holder):
        raise InputMalformed("a bank account is a project's or a participant's: name one of them")
    if given.currency != currency:
        raise InputMalformed(f"{given.account} is in {given.currency}, the token in {currency}")
    if given.project:
        project = session.get(KnownProject, given.project)
        if project is None:
            raise UnknownName(f"no project {given.project}")
        if project.currency != given.currency:
            raise InputMalformed(f"{given.project} is in {project.currency}")
    else:
        named = canonical(given.holder)
        is_holder = KnownParticipant.party == given.holder
        if isinstance(named, Address):
            is_holder = KnownParticipant.account == named
        holder = session.exec(select(KnownParticipant).where(is_holder)).first()
        if holder is None:
            raise UnknownName(f"no participant {given.holder}")
        given.holder = holder.account
    kept = session.get(BankAccount, given.account)
    if kept is None:
        session.add(given)
        return given
    if (kept.project, kept.holder, kept.currency) != (given.project, given.holder, given.currency):
        raise NotAllowedNow(f"{given.account} is known with another owner or currency")
    kept.name, kept.bic, kept.pays_out = given.name, given.bic, given.pays_out
    return kept


def register_payee(
    session: Session, account: str, name: str, bic: str = "", salt: str = ""
) -> PayeeAccount:
    """Register the account behind a withdrawal's commitment; without a *salt* (hex) one is drawn.

    Raises:
        AccountMalformed: the account has not a bank's form.
        NotAllowedNow: the commitment is registered with another name.
    """
    check_account(account, name, bic)
    if salt and _SALT.fullmatch(salt) is None:
        raise InputMalformed("a salt is 16 to 32 bytes in hex")
    salt = salt or secrets.token_hex(16)
    row = PayeeAccount(
        commitment=to_hex(commitment(bytes.fromhex(salt), account)),
        salt=salt,
        account=account,
        name=name,
        bic=bic,
    )
    kept = session.get(PayeeAccount, row.commitment)
    if kept is not None:
        if (kept.account, kept.name, kept.bic) != (account, name, bic):
            raise NotAllowedNow(f"{row.commitment} is known with another name or BIC")
        return kept
    session.add(row)
    return row
