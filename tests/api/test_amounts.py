"""Amounts as people read them: every digit that is charged."""

from __future__ import annotations

import pytest
from babel.numbers import list_currencies

from domain.money import Money
from service.http.answers import display


@pytest.mark.parametrize("currency", sorted(list_currencies()))
def test_no_digit_of_an_amount_is_rounded_away(currency: str) -> None:
    digits = [each for each in display(Money(1_234_567, currency)) if each.isdigit()]

    assert "1234567" == "".join(digits)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (Money(84_230, "EUR"), "€842.30"),
        (Money(84_230, "JPY"), "¥84,230"),
        (Money(84_230, "KWD"), "KWD84.230"),
        (Money(84_230, "RSD"), "RSD842.30"),
        (Money(-5, "USD"), "-$0.05"),
    ],
)
def test_an_amount_is_shown_with_the_decimals_of_its_currency(amount: Money, shown: str) -> None:
    assert shown == display(amount)
