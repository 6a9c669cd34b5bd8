"""Who may act for the token's bank, and how much of it one pair of eyes may mint.

Rules that this module keeps:

- What mints, or says whose money comes in on an account, is the word of the token's own bank: of the account that the
  DepositToken names, not of a role. Another bank's token mints nothing here.
- Who types at this oracle's own console has the bank's keystore beside him, and is taken for the bank.
- Within a day only so much is minted on one account's word. What is above it waits for another account.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlmodel import Session, select

from counterfoil.chain.address import Address, canonical
from counterfoil.fault import Code
from counterfoil.oracle.errors import NotAllowedNow
from counterfoil.oracle.execution.token_word import ONLY_THE_BANKS, TokenWord
from counterfoil.oracle.instructions.request import ConfirmMint, Request
from counterfoil.oracle.settings import MINT_LIMIT_MINOR
from counterfoil.oracle.store.directory_tables import KnownParticipant
from counterfoil.oracle.store.instruction_state import Door
from counterfoil.oracle.store.instruction_table import Instruction


class NotTheTokensBank(NotAllowedNow):
    """Who asks is not the bank whose deposits the token stands for."""

    code = Code("bank.not_the_tokens_bank")
    to_do = "Have the bank that the token names do it; its address is DepositToken's `bank`."


class NotASecondAccount(NotAllowedNow):
    """A mint is confirmed by an account that is named for it, and never by who brought the statement."""

    code = Code("bank.not_a_second_account")
    to_do = "Let another account confirm it: one of COUNTERFOIL_ORACLE_MINT_CONFIRMERS."


@dataclass(frozen=True)
class MintRule:
    """At most *limit_minor* a day on one account's word; above it one of *confirmers* says yes."""

    limit_minor: int = MINT_LIMIT_MINOR
    confirmers: Collection[Address] = field(default_factory=tuple)


def asker_of(session: Session, row: Instruction) -> str:
    """Who asks: an account on the ledger, or the name at this oracle's console."""
    if row.door == Door.CONSOLE:
        return f"console:{row.party}"
    known = session.exec(
        select(KnownParticipant).where(KnownParticipant.party == row.party)
    ).first()
    return known.account if known is not None else canonical(row.party)


def check_rights(
    session: Session, token: TokenWord, rule: MintRule, row: Instruction, request: Request
) -> None:
    """Return when who asks for *request* may; *token* is what the chain said of the token, for a bank's request.

    Raises:
        NotTheTokensBank: it is the bank's to ask, and this is another account.
        NotASecondAccount: it confirms a mint, and is no account that is named for it.
    """
    if row.door == Door.CONSOLE:
        return
    asker = asker_of(session, row)
    if isinstance(request, ConfirmMint):
        if asker not in rule.confirmers:
            raise NotASecondAccount(f"{asker} is not named to confirm mints")
        return
    if isinstance(request, ONLY_THE_BANKS) and asker != token.bank:
        raise NotTheTokensBank(f"{asker} is not the bank whose deposits the token stands for")
