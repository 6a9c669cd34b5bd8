"""How many decimals a currency has (ISO 4217), and an amount in words. Pure."""

from __future__ import annotations

_OTHERS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_DECIMALS = {code: digits for digits, codes in _OTHERS.items() for code in codes.split()}
"""All others have two."""


def decimals_of(currency: str) -> int:
    """Return how many decimals *currency* has."""
    return _DECIMALS.get(currency, 2)


def money(amount_minor: int, currency: str) -> str:
    """Return *amount_minor* with its decimals and its currency, as ``-12.40 USD``."""
    digits = decimals_of(currency)
    whole, rest = divmod(abs(amount_minor), 10**digits)
    sign = "-" if amount_minor < 0 else ""
    return f"{sign}{whole}{f'.{rest:0{digits}}' if digits else ''} {currency}"
