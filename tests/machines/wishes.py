"""What the owner of a trip puts into it and asks of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from domain.booking.state import Booking
from domain.money import Money
from domain.suppliers import REFUND_TO_BALANCE, CancellationQuote, Offer
from domain.trip import commands as tc
from domain.trip import events as te

FAR_AWAY = datetime(2030, 1, 1, tzinfo=UTC)


def a_stay(number: int, price: Money, *, refundable: bool) -> Offer:
    return Offer(
        offer_id=f"off_{number}",
        supplier="duffel",
        kind="stay",
        title=f"Stay {number}",
        price=price,
        expires_at=FAR_AWAY,
        refundable=refundable,
    )


def named_travelers(number: int, now: datetime) -> tc.SetTravelers:
    """With somebody to write to, unless there is nobody."""
    travelers = tuple(
        te.SealedTraveler(
            traveler_id=f"tvl-{n}",
            person_id=f"person-{n}",
            passenger_type="ADULT",
            fields=(),
            sealed=f"sealed-{n}",
        )
        for n in range(number)
    )
    contact = te.SealedContact(person_id="person-0", sealed="sealed") if number else None
    return tc.SetTravelers(travelers=travelers, contact=contact, now=now)


def cancellation_terms(
    terms: str, booked: Sequence[Booking], kept: int | None, now: datetime
) -> tc.RecordCancellationQuote:
    """The supplier keeps `kept` of each price, or does not say what it keeps."""
    quotes = {
        booking.booking_id: CancellationQuote(
            quote_id=f"ore_{booking.booking_id}",
            supplier_order_id=booking.supplier_order_id or "",
            refund=None if kept is None else booking.price - Money(kept, booking.price.currency),
            refund_to=REFUND_TO_BALANCE,
            expires_at=None,
        )
        for booking in booked
    }
    return tc.RecordCancellationQuote(
        cancellation_quote_id=terms,
        checkout_id=booked[0].checkout_id,
        supplier_quotes=quotes,
        prices={booking.booking_id: booking.price for booking in booked},
        now=now,
    )
