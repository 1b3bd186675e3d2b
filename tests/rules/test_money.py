"""Money is whole minor units: no currency loses or invents one, and none are mixed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from babel.core import get_global
from hypothesis import given
from hypothesis import strategies as st

from domain.money import (
    THREE_DECIMAL,
    ZERO_DECIMAL,
    CurrencyMismatch,
    Money,
    exponent,
    total,
)

CURRENCIES = sorted(get_global("all_currencies"))
amounts = st.integers(min_value=-(10**15), max_value=10**15)
currencies = st.sampled_from(CURRENCIES)


@given(amount=amounts, currency=currencies)
def test_minor_of_major_is_what_it_was_in_every_currency(amount: int, currency: str) -> None:
    money = Money(amount, currency)
    assert money == Money.from_decimal(money.to_decimal(), currency)
    assert money == Money.from_decimal(str(money.to_decimal()), currency)


@pytest.mark.parametrize("currency", sorted(ZERO_DECIMAL | THREE_DECIMAL | {"EUR", "MGA"}))
def test_the_major_unit_has_exactly_the_currencys_places(currency: str) -> None:
    places = -int(Money(1, currency).to_decimal().as_tuple().exponent)
    assert exponent(currency) == places


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("90.80", "EUR", 9080), ("80", "JPY", 80), ("80.00", "JPY", 80), ("5.12", "KWD", 5120)],
)
def test_suppliers_texts_are_read_to_the_cent(text: str, currency: str, minor: int) -> None:
    assert Money(minor, currency) == Money.from_decimal(text, currency)


@pytest.mark.parametrize(
    ("text", "currency"),
    [("1.005", "EUR"), ("0.5", "JPY"), ("NaN", "EUR"), ("Infinity", "EUR"), ("a lot", "EUR")],
)
def test_what_is_no_whole_number_of_minor_units_is_no_money(text: str, currency: str) -> None:
    with pytest.raises(ValueError, match="whole number"):
        Money.from_decimal(text, currency)


@given(
    first=amounts, second=amounts, pair=st.lists(currencies, min_size=2, max_size=2, unique=True)
)
def test_currencies_are_never_mixed(first: int, second: int, pair: list[str]) -> None:
    one, other = Money(first, pair[0]), Money(second, pair[1])
    with pytest.raises(CurrencyMismatch, match=f"{pair[0]} and {pair[1]} cannot be added"):
        one + other
    with pytest.raises(CurrencyMismatch):
        one - other
    with pytest.raises(CurrencyMismatch):
        total([one, other], pair[0])
    assert one != Money(first, pair[1])


@given(parts=st.lists(amounts), currency=currencies)
def test_a_sum_loses_nothing_whatever_the_order(parts: list[int], currency: str) -> None:
    money = [Money(part, currency) for part in parts]
    assert Money(sum(parts), currency) == total(money, currency)
    assert total(reversed(money), currency) == total(money, currency)


@given(whole=amounts, part=amounts, currency=currencies)
def test_what_is_taken_away_and_given_back_is_nothing(whole: int, part: int, currency: str) -> None:
    money = Money(whole, currency)
    assert money == money - Money(part, currency) + Money(part, currency)


def test_money_is_shown_in_major_units() -> None:
    assert ("842.30 EUR", Decimal("842.30")) == (
        str(Money(84230, "EUR")),
        Money(84230, "EUR").to_decimal(),
    )
