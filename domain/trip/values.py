"""What the events of a trip are made of: people, wishes, prices and terms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from domain.money import Money
from domain.payments import CheckoutMode
from domain.suppliers import Ancillary, CancellationQuote, JsonObject, PassengerType

FulfillmentPolicy = Literal["keep_confirmed", "all_or_nothing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedTraveler:
    """Who travels, without saying who: `sealed` opens only with the person's key in the vault.

    `fields` names what is known of the person (`date_of_birth`, `gender`, …), so that the rules
    can ask for what a supplier will need without opening anything.
    """

    traveler_id: str
    person_id: str
    passenger_type: PassengerType
    fields: tuple[str, ...]
    sealed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedContact:
    person_id: str
    sealed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BookRequest:
    """What the caller of `book` asked for. `expected_total` is asserted, never used as a price;
    `tolerance` is how much dearer (minor units) the trip may get without asking again."""

    mode: CheckoutMode
    policy: FulfillmentPolicy
    redirect_url: str | None = None
    expected_total: Money | None = None
    tolerance: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteLine:
    """One item's price at its supplier, extras included."""

    item_id: str
    price: Money
    expires_at: datetime
    supplier_quote_id: str | None = None
    refundable: bool | None = None
    holdable: bool | None = None
    conditions: JsonObject
    ancillaries: tuple[Ancillary, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteProblem:
    item_id: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancellationLine:
    """What cancelling one booking would give back: by the supplier's quote to us, and `refund` of
    it to the customer (None: unknown, so a person decides)."""

    booking_id: str
    supplier_quote: CancellationQuote
    refund: Money | None
