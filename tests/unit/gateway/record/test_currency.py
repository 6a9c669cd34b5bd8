"""Amounts in words have the decimals of their currency."""

from __future__ import annotations

import pytest

from counterfoil.gateway.record.currency import money


@pytest.mark.parametrize(
    ("amount", "code", "said"),
    [
        (1_240, "USD", "12.40 USD"),
        (5, "CNY", "0.05 CNY"),
        (-105, "EUR", "-1.05 EUR"),
        (1_240, "JPY", "1240 JPY"),
        (1_240, "KWD", "1.240 KWD"),
        (0, "CLF", "0.0000 CLF"),
    ],
)
def test_an_amount_has_its_currencys_decimals(amount: int, code: str, said: str) -> None:
    assert money(amount, code) == said
