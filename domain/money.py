"""Amounts of money in whole minor units; arithmetic refuses to mix currencies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

# ISO 4217 exponents that are not 2.
ZERO_DECIMAL = frozenset(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]
)
THREE_DECIMAL = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])


class CurrencyMismatch(ValueError):
    """Two currencies met in one sum; the caller has a bug or unchecked input."""


def exponent(currency: str) -> int:
    """How many decimal places the major unit of this currency has."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


@dataclass(frozen=True, slots=True)
class Money:
    """`amount` whole minor units (cents) of an ISO 4217 `currency`."""

    amount: int
    currency: str

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other), self.currency)

    def __str__(self) -> str:
        return f"{self.to_decimal()} {self.currency}"

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} cannot be added")
        return other.amount

    def to_decimal(self) -> Decimal:
        """In major units, with exactly the currency's decimal places."""
        return Decimal(self.amount).scaleb(-exponent(self.currency))

    @classmethod
    def from_decimal(cls, text: str | Decimal, currency: str) -> Money:
        """From major units as suppliers write them ("90.80"); raises ValueError on part-cents
        and on what is no number."""
        try:
            minor = Decimal(text).scaleb(exponent(currency))
            whole = minor.is_finite() and minor == minor.to_integral_value()
        except InvalidOperation:
            whole = False
        if not whole:
            raise ValueError(f"{text} is no whole number of minor units of {currency}")
        return cls(int(minor), currency)


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum; zero of `currency` when there is nothing to add."""
    result = Money(0, currency)
    for amount in amounts:
        result += amount
    return result
