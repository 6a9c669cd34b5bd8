"""What the chain says of the deposit token, asked before an instruction's database transaction begins.

Rules that this module keeps:

- No database transaction is open while the node is asked: a slow node would keep every other writer waiting.
- What was asked holds when it is used: a token's currency never changes, a final block stays final, and a bank that is
  replaced meanwhile had the right when it was asked.
"""

from __future__ import annotations

from dataclasses import dataclass

from counterfoil.chain.address import NOBODY, Address
from counterfoil.chain.client import ChainClient
from counterfoil.oracle.errors import InputMalformed
from counterfoil.oracle.instructions.request import (
    ConfirmMint,
    ImportCamt053,
    ImportStatement,
    MakePayoutFile,
    RegisterBankAccount,
    Request,
    ResolveBankLine,
)

ONLY_THE_BANKS = (
    ImportStatement,
    ImportCamt053,
    RegisterBankAccount,
    MakePayoutFile,
    ResolveBankLine,
)
"""Requests that are the word of the token's own bank."""


@dataclass(frozen=True)
class TokenWord:
    """The token's address, its bank's account, its currency, and the newest block that was final.

    What was not asked is nobody, no currency and no block: nothing can be done with it.
    """

    token: Address
    bank: Address = NOBODY
    currency: str = ""
    final_block: int = -1


def ask_token(client: ChainClient, request: Request | InputMalformed) -> TokenWord:
    """What *request* needs to be carried out; where it needs nothing of the token, nobody is asked.

    Raises:
        NodeUnreachable: the node did not answer; nothing has been done.
    """
    token = client.address_of("DepositToken")
    if not isinstance(request, (*ONLY_THE_BANKS, ConfirmMint)):
        return TokenWord(token)
    return TokenWord(
        token,
        bank=Address(client.call("DepositToken", "bank")),
        currency=str(client.call("DepositToken", "currency")),
        final_block=client.final_number() if isinstance(request, MakePayoutFile) else -1,
    )
