"""One trip, told up to each point of its life: a refundable flight and a stay that is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from domain import ids
from domain.booking import commands as bc
from domain.booking import events as be
from domain.dossier import DossierEvent
from domain.money import Money
from domain.payments import CheckoutSnapshot, OpenedCheckout, PaymentSnapshot, PaymentStatus
from domain.suppliers import (
    Offer,
    OrderConfirmed,
    OrderDeferred,
    OrderRefused,
    OrderUnknown,
    PassengerSlot,
    Requoted,
)
from domain.trip import commands as tc
from domain.trip import events as te

Facts = tuple[DossierEvent, ...]

NOW = datetime(2027, 1, 10, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
QUOTE_ENDS = NOW + timedelta(minutes=30)
OFFER_ENDS = NOW + timedelta(hours=2)
LAPSES = NOW + timedelta(days=7)

TRIP = "0b9d3d0e-6a3c-4a37-9a1b-6d1f3c6f2a10"
FLIGHT, STAY = "item-flight", "item-stay"
QUOTE = "quote-1"
CHECKOUT = ids.checkout_id(TRIP, 1)
GROUP = ids.group_id(CHECKOUT)
FLIGHT_BOOKING = ids.booking_id(CHECKOUT, FLIGHT)
STAY_BOOKING = ids.booking_id(CHECKOUT, STAY)
SESSION, PAYMENT = "cs_1", "pi_1"


def eur(cents: int) -> Money:
    return Money(cents, "EUR")


NOTHING = eur(0)
FLIGHT_PRICE, STAY_PRICE, TOTAL = eur(20000), eur(15000), eur(35000)
DEARER, CHEAPER = eur(21000), eur(19000)

FLIGHT_OFFER = Offer(
    offer_id="off_flight",
    supplier="duffel",
    kind="flight",
    title="LHR to JFK",
    price=FLIGHT_PRICE,
    expires_at=OFFER_ENDS,
    passengers=(PassengerSlot(passenger_id="pas_1", passenger_type="ADULT"),),
    refundable=True,
)
STAY_OFFER = Offer(
    offer_id="off_stay",
    supplier="duffel",
    kind="stay",
    title="Two nights in Soho",
    price=STAY_PRICE,
    expires_at=OFFER_ENDS,
    refundable=False,
)
TRAVELER = te.SealedTraveler(
    traveler_id="tvl_1",
    person_id="person_1",
    passenger_type="ADULT",
    fields=("date_of_birth", "gender"),
    sealed="sealed-1",
)
CONTACT = te.SealedContact(person_id="person_1", sealed="sealed-2")
HOSTED = te.BookRequest(mode="hosted", policy="keep_confirmed")

STARTED = te.TripStarted(trip_id=TRIP, tenant="acme", started_at=NOW)
FLIGHT_ADDED = te.ItemAdded(item_id=FLIGHT, offer=FLIGHT_OFFER, added_at=NOW)
STAY_ADDED = te.ItemAdded(item_id=STAY, offer=STAY_OFFER, added_at=NOW)
TRAVELERS_SET = te.TravelersSet(travelers=(TRAVELER,), contact=CONTACT, set_at=NOW)
DRAFT: Facts = (STARTED, FLIGHT_ADDED, STAY_ADDED, TRAVELERS_SET)


def requoted(price: Money, *, refundable: bool = True) -> Requoted:
    return Requoted(price=price, expires_at=QUOTE_ENDS, refundable=refundable)


def quote_line(item_id: str, price: Money, *, refundable: bool) -> te.QuoteLine:
    return te.QuoteLine(
        item_id=item_id,
        price=price,
        expires_at=QUOTE_ENDS,
        refundable=refundable,
        conditions={},
    )


def quote_scheduled(request: te.BookRequest = HOSTED, quote_id: str = QUOTE) -> te.QuoteScheduled:
    return te.QuoteScheduled(quote_id=quote_id, revision=3, request=request, scheduled_at=NOW)


def quote_completed(flight: Money = FLIGHT_PRICE, stay: Money = STAY_PRICE) -> te.QuoteCompleted:
    lines = (
        quote_line(FLIGHT, flight, refundable=True),
        quote_line(STAY, stay, refundable=False),
    )
    return te.QuoteCompleted(
        quote_id=QUOTE,
        lines=lines,
        total=flight + stay,
        shown_total=TOTAL,
        expires_at=QUOTE_ENDS,
        completed_at=NOW,
    )


def checkout_requested(
    policy: te.FulfillmentPolicy = "keep_confirmed", amount: Money = TOTAL
) -> te.CheckoutRequested:
    return te.CheckoutRequested(
        checkout_id=CHECKOUT,
        attempt=1,
        quote_id=QUOTE,
        mode="hosted",
        policy=policy,
        amount=amount,
        redirect_url=None,
        expires_at=QUOTE_ENDS,
        requested_at=NOW,
    )


CHECKOUT_INITIALIZED = te.CheckoutInitialized(
    checkout_id=CHECKOUT,
    group_id=GROUP,
    session_id=SESSION,
    payment_id=None,
    customer_id=None,
    url="https://pay.example/cs_1",
    expires_at=QUOTE_ENDS,
    initialized_at=NOW,
)


def booking_initialized(
    item_id: str, title: str, price: Money, *, refundable: bool
) -> be.BookingInitialized:
    booking_id = ids.booking_id(CHECKOUT, item_id)
    return be.BookingInitialized(
        booking_id=booking_id,
        trip_id=TRIP,
        checkout_id=CHECKOUT,
        group_id=GROUP,
        code=ids.booking_code(booking_id),
        item_id=item_id,
        title=title,
        price=price,
        refundable=refundable,
        initialized_at=NOW,
    )


FLIGHT_INITIALIZED = booking_initialized(FLIGHT, "LHR to JFK", FLIGHT_PRICE, refundable=True)
STAY_INITIALIZED = booking_initialized(STAY, "Two nights in Soho", STAY_PRICE, refundable=False)

PAID_BY_CARD = te.PaymentSucceeded(
    checkout_id=CHECKOUT,
    payment_id=PAYMENT,
    authorized=TOTAL,
    captured=NOTHING,
    capture_before=LAPSES,
    succeeded_at=NOW,
)
PAID_AT_ONCE = replace(PAID_BY_CARD, authorized=NOTHING, captured=TOTAL, capture_before=None)
FULFILLMENT_SCHEDULED = te.FulfillmentScheduled(
    checkout_id=CHECKOUT, payment_id=PAYMENT, scheduled_at=NOW
)
FULFILLMENT_STARTED = te.FulfillmentStarted(checkout_id=CHECKOUT, started_at=NOW)
CAPTURE_SCHEDULED = te.CaptureScheduled(payment_id=PAYMENT, amount=TOTAL, scheduled_at=NOW)
RELEASE_SCHEDULED = te.ReleaseScheduled(
    payment_id=PAYMENT, reason="fulfillment_failed", scheduled_at=NOW
)


def quoting(request: te.BookRequest = HOSTED) -> Facts:
    return (*DRAFT, quote_scheduled(request))


def quoted(flight: Money = DEARER, request: te.BookRequest = HOSTED) -> Facts:
    """Dearer than shown, so the caller is asked again."""
    return (*quoting(request), quote_completed(flight))


def opening(policy: te.FulfillmentPolicy = "keep_confirmed") -> Facts:
    request = replace(HOSTED, policy=policy)
    return (*quoting(request), quote_completed(), checkout_requested(policy))


def awaiting_payment(policy: te.FulfillmentPolicy = "keep_confirmed") -> Facts:
    return (*opening(policy), CHECKOUT_INITIALIZED, FLIGHT_INITIALIZED, STAY_INITIALIZED)


def closing(reason: str = "trip_edited") -> Facts:
    return (*awaiting_payment(), checkout_closing(reason))


def processing() -> Facts:
    fact = te.PaymentProcessing(checkout_id=CHECKOUT, payment_id=PAYMENT, processing_at=NOW)
    return (*awaiting_payment(), fact)


def expired() -> Facts:
    """Nobody paid in time."""
    return (
        *awaiting_payment(),
        te.CheckoutExpired(checkout_id=CHECKOUT, expired_at=NOW),
        abandoned(FLIGHT_BOOKING),
        abandoned(STAY_BOOKING),
    )


def paid(
    policy: te.FulfillmentPolicy = "keep_confirmed", payment: te.PaymentSucceeded = PAID_BY_CARD
) -> Facts:
    return (*awaiting_payment(policy), payment, FULFILLMENT_SCHEDULED)


def fulfilling(
    policy: te.FulfillmentPolicy = "keep_confirmed", payment: te.PaymentSucceeded = PAID_BY_CARD
) -> Facts:
    """The flight can be undone, so it is ordered first; the stay waits for it."""
    return (*paid(policy, payment), FULFILLMENT_STARTED, order_requested(FLIGHT_BOOKING))


def both_ordered(
    policy: te.FulfillmentPolicy = "keep_confirmed", payment: te.PaymentSucceeded = PAID_BY_CARD
) -> Facts:
    """The flight is confirmed, the stay on its way."""
    return (
        *fulfilling(policy, payment),
        confirmed(FLIGHT_BOOKING),
        order_requested(STAY_BOOKING),
    )


def completed() -> Facts:
    return (
        *both_ordered(),
        confirmed(STAY_BOOKING),
        CAPTURE_SCHEDULED,
        payment_captured(TOTAL),
        te.Fulfilled(
            checkout_id=CHECKOUT,
            confirmed=(FLIGHT_BOOKING, STAY_BOOKING),
            failed=(),
            fulfilled_at=NOW,
        ),
    )


# --- single facts


def checkout_closing(reason: str, at: datetime = NOW) -> te.CheckoutClosing:
    return te.CheckoutClosing(checkout_id=CHECKOUT, reason=reason, closing_at=at)


def abandoned(
    booking_id: str, reason: str = "checkout_ended", at: datetime = NOW
) -> be.BookingEvent:
    return be.BookingCancelled(booking_id=booking_id, reason=reason, refund=None, cancelled_at=at)


def order_requested(booking_id: str, attempt: int = 1, at: datetime = NOW) -> be.OrderRequested:
    return be.OrderRequested(booking_id=booking_id, attempt=attempt, not_before=at, requested_at=at)


def confirmed(booking_id: str, at: datetime = NOW) -> be.BookingConfirmed:
    return be.BookingConfirmed(
        booking_id=booking_id,
        supplier_order_id=f"ord_{booking_id}",
        supplier_reference="RZPNX8",
        supplier_price=FLIGHT_PRICE,
        documents=(),
        confirmed_at=at,
    )


def order_unknown(booking_id: str, at: datetime = NOW) -> be.OrderUnknown:
    return be.OrderUnknown(booking_id=booking_id, attempt=1, detail=LOST.detail, unknown_at=at)


def refused(booking_id: str, at: datetime = NOW, answer: OrderRefused | None = None) -> Facts:
    """The supplier's no, and what it means for the booking."""
    said = answer or SOLD_OUT
    return (
        be.OrderRefused(
            booking_id=booking_id, attempt=1, code=said.code, detail=said.detail, refused_at=at
        ),
        be.BookingFailed(booking_id=booking_id, code=said.code, detail=said.detail, failed_at=at),
    )


def payment_captured(
    amount: Money, released: Money = NOTHING, at: datetime = NOW
) -> te.PaymentCaptured:
    return te.PaymentCaptured(payment_id=PAYMENT, amount=amount, released=released, captured_at=at)


# --- answers of suppliers and of the provider, and the commands that carry them

SOLD_OUT = OrderRefused(code="sold_out", detail="The last seat is gone.")
LOST = OrderUnknown(detail="No answer within two minutes.")
BUSY = OrderDeferred(retry_after_s=2.0, detail="Too many requests.")


def yes(booking_id: str, order_id: str | None = None) -> OrderConfirmed:
    return OrderConfirmed(
        supplier_order_id=order_id or f"ord_{booking_id}",
        supplier_reference="RZPNX8",
        price=FLIGHT_PRICE,
    )


def answer(
    booking_id: str,
    said: OrderConfirmed | OrderRefused | OrderDeferred | OrderUnknown,
    attempt: int = 1,
    at: datetime = NOW,
) -> bc.RecordOrder:
    return bc.RecordOrder(booking_id=booking_id, attempt=attempt, answer=said, now=at)


def seen(
    status: PaymentStatus,
    amount: Money = TOTAL,
    *,
    payment_id: str = PAYMENT,
    captured: Money = NOTHING,
    failure_id: str | None = None,
) -> PaymentSnapshot:
    return PaymentSnapshot(
        payment_id=payment_id,
        status=status,
        amount=amount,
        captured=captured,
        refunded=Money(0, amount.currency),
        capture_before=LAPSES if status == "authorized" else None,
        failure_id=failure_id,
        failure_code="card_declined" if failure_id else None,
    )


def state(
    payment: PaymentSnapshot | None = None, *, payable: bool = False, at: datetime = NOW
) -> tc.RecordCheckoutState:
    return tc.RecordCheckoutState(
        checkout_id=CHECKOUT, snapshot=CheckoutSnapshot(payable=payable, payment=payment), now=at
    )


def opened(at: datetime = NOW, ends: datetime | None = QUOTE_ENDS) -> tc.RecordCheckoutOpened:
    page = OpenedCheckout(session_id=SESSION, url="https://pay.example/cs_1", expires_at=ends)
    return tc.RecordCheckoutOpened(checkout_id=CHECKOUT, opened=page, now=at)


def book(request: te.BookRequest = HOSTED, at: datetime = NOW, quote_id: str = QUOTE) -> tc.Book:
    return tc.Book(quote_id=quote_id, request=request, now=at)
