"""Whether an account number is an IBAN (ISO 13616)."""

from __future__ import annotations

import re

_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}")


def is_iban(account: str) -> bool:
    """Return whether *account* has the form of an IBAN and its check digits fit (ISO 13616, mod 97)."""
    if _IBAN.fullmatch(account) is None:
        return False
    turned = account[4:] + account[:4]
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1
