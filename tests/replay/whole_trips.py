"""Trips told from their first event to their last, as the rules would record them today."""

from __future__ import annotations

from dataclasses import replace

from domain.booking import commands as bc
from domain.dossier import DossierEvent
from domain.money import Money
from domain.payments import RefundSnapshot, RefundStatus
from domain.process import Command
from domain.suppliers import (
    CancellationQuote,
    OrderNotFound,
    RequoteAnswer,
    Selection,
    Unavailable,
)
from domain.trip import commands as tc
from tests.given import Facts, given
from tests.replay.money_trips import money_trips
from tests.rules import stories as s

F, H = s.FLIGHT_BOOKING, s.STAY_BOOKING
TAKEN = tc.RecordPayment(payment=s.seen("captured", captured=s.TOTAL), now=s.LATER)
PART_TAKEN = tc.RecordPayment(payment=s.seen("captured", captured=s.FLIGHT_PRICE), now=s.LATER)
LET_GO = tc.RecordPayment(payment=s.seen("canceled"), now=s.LATER)
AUTHORIZED = s.state(s.seen("authorized"), at=s.LATER)
AT_ONCE = s.state(s.seen("captured", captured=s.TOTAL), at=s.LATER)
DECLINED = s.seen("unpaid", failure_id="ch_1")
START = tc.StartFulfillment(checkout_id=s.CHECKOUT, now=s.LATER)
BAG = Selection(offer_id="bag", quantity=2, price=s.eur(3000), name="Bag", type="baggage")
REFUND = f"{s.PAYMENT}:1"
FORGET = tc.ForgetPerson(person_id=s.TRAVELER.person_id, now=s.LATER)
PRICES = {F: s.FLIGHT_PRICE, H: s.STAY_PRICE}


def told(*facts: Facts, then: tuple[Command, ...] = ()) -> list[DossierEvent]:
    """What was so, and what the rules make of what came next."""
    return given(*facts).after(*then).facts


def prices(flight: RequoteAnswer, quote_id: str = s.QUOTE) -> tc.RecordQuote:
    answers = {s.FLIGHT: flight, s.STAY: s.requoted(s.STAY_PRICE, refundable=False)}
    return tc.RecordQuote(quote_id=quote_id, answers=answers, now=s.LATER)


def refund(status: RefundStatus, amount: Money = s.TOTAL, refund_id: str = REFUND) -> Command:
    reason = "lost_or_stolen_card" if status == "failed" else None
    seen = RefundSnapshot(
        provider_refund_id="re_1", status=status, amount=amount, failure_reason=reason
    )
    return tc.RecordRefund(refund_id=refund_id, refund=seen, now=s.LATER)


def terms(*bookings: str) -> tuple[Command, ...]:
    """Cancelling the bookings is quoted, and then wanted."""
    quotes = {
        booking: CancellationQuote(
            quote_id=f"ore_{booking[:4]}",
            supplier_order_id=f"ord_{booking}",
            refund=PRICES[booking],
            refund_to="balance",
            expires_at=s.QUOTE_ENDS,
        )
        for booking in bookings
    }
    return (
        tc.RecordCancellationQuote(
            cancellation_quote_id="cq_1",
            checkout_id=s.CHECKOUT,
            supplier_quotes=quotes,
            prices={booking: PRICES[booking] for booking in bookings},
            now=s.NOW,
        ),
        tc.CancelBookings(cancellation_quote_id="cq_1", now=s.LATER),
    )


def undone(booking: str, money: Money | None) -> bc.RecordCancellation:
    return bc.RecordCancellation(booking_id=booking, refund=money, now=s.LATER)


def kept(booking: str) -> bc.RecordCancellationRefusal:
    return bc.RecordCancellationRefusal(
        booking_id=booking, code="not_cancellable", detail="The fare allows none.", now=s.LATER
    )


def finding(answer: object, *, final: bool) -> bc.RecordFinding:
    return bc.RecordFinding(booking_id=H, answer=answer, final=final, now=s.LATER)  # type: ignore[arg-type]


def edited_draft() -> list[DossierEvent]:
    return told(
        s.DRAFT,
        then=(
            tc.SelectAncillaries(item_id=s.FLIGHT, selections=(BAG,), now=s.LATER),
            tc.RemoveItem(item_id=s.STAY, now=s.LATER),
            tc.AddItem(item_id="item-other", offer=s.STAY_OFFER, now=s.LATER),
        ),
    )


def at_another_price() -> list[DossierEvent]:
    wanting = replace(s.HOSTED, expected_total=s.DEARER + s.STAY_PRICE)
    return told(
        s.quoting(),
        then=(
            prices(s.requoted(s.DEARER)),
            s.book(wanting, at=s.LATER, quote_id="quote-2"),
            s.opened(at=s.LATER),
            s.state(s.seen("authorized", s.DEARER + s.STAY_PRICE), at=s.LATER),
            START,
            s.answer(F, s.yes(F), at=s.LATER),
            s.answer(H, s.yes(H), at=s.LATER),
            tc.RecordPayment(
                payment=s.seen(
                    "captured", s.DEARER + s.STAY_PRICE, captured=s.DEARER + s.STAY_PRICE
                ),
                now=s.LATER,
            ),
        ),
    )


def nothing_booked() -> list[DossierEvent]:
    both = (s.answer(F, s.SOLD_OUT, at=s.LATER), s.answer(H, s.SOLD_OUT, at=s.LATER))
    return told(s.fulfilling(), then=(*both, LET_GO))


def refunded_at_last() -> list[DossierEvent]:
    both = (s.answer(F, s.SOLD_OUT, at=s.LATER), s.answer(H, s.SOLD_OUT, at=s.LATER))
    paid = s.fulfilling(payment=s.PAID_AT_ONCE)
    return told(paid, then=(*both, refund("pending"), refund("succeeded")))


def all_undone() -> list[DossierEvent]:
    story = s.both_ordered("all_or_nothing")
    failing = (s.answer(H, s.SOLD_OUT, at=s.LATER), undone(F, s.FLIGHT_PRICE))
    return told(story, then=(*failing, LET_GO))


def not_to_be_undone() -> list[DossierEvent]:
    story = s.both_ordered("all_or_nothing")
    return told(story, then=(s.answer(H, s.SOLD_OUT, at=s.LATER), kept(F), LET_GO))


def tried_again() -> list[DossierEvent]:
    busy = s.answer(F, s.BUSY, at=s.LATER)
    again = s.answer(F, s.yes(F), attempt=2, at=s.LATER)
    return told(s.fulfilling(), then=(busy, again, s.answer(H, s.yes(H), at=s.LATER), TAKEN))


def expired_and_booked_again() -> list[DossierEvent]:
    requote = prices(s.requoted(s.FLIGHT_PRICE), "quote-2")
    return told(s.expired(), then=(s.book(at=s.LATER, quote_id="quote-2"), requote))


LOST = s.answer(H, s.LOST, at=s.LATER)
REFUSED_PAGE = tc.RecordCheckoutRefused(
    checkout_id=s.CHECKOUT, code="amount_too_small", detail="Below the minimum.", now=s.LATER
)
CLOSE = tc.CloseCheckout(checkout_id=None, reason="trip_edited", now=s.LATER)
EDIT = tc.RemoveItem(item_id=s.STAY, now=s.LATER)
GONE = Unavailable(code="sold_out", detail="The last seat is gone.")
EXPIRE = tc.ExpireQuote(quote_id=s.QUOTE, now=s.QUOTE_ENDS)
MOVED = bc.RecordChange(booking_id=F, change_id="aic_1", now=s.LATER)
DECLINE = s.state(DECLINED, payable=True, at=s.LATER)
BOTH_YES = (s.answer(F, s.yes(F), at=s.LATER), s.answer(H, s.yes(H), at=s.LATER))


def whole_trips() -> dict[str, list[DossierEvent]]:
    return {
        **money_trips(),
        "completed": told(s.completed()),
        "edited-before-booking": edited_draft(),
        "price-asked-again-and-accepted": at_another_price(),
        "quote-failed": told(s.quoting(), then=(prices(GONE),)),
        "quote-expired": told(s.quoted(), then=(EXPIRE,)),
        "checkout-refused-by-the-provider": told(s.opening(), then=(REFUSED_PAGE,)),
        "checkout-closed-to-edit": told(s.awaiting_payment(), then=(CLOSE, s.state(), EDIT)),
        "checkout-expired-and-booked-again": expired_and_booked_again(),
        "declined-then-paid": told(
            s.awaiting_payment(), then=(DECLINE, AUTHORIZED, START, *BOTH_YES, TAKEN)
        ),
        "slow-payment": told(s.processing(), then=(AT_ONCE, START, *BOTH_YES)),
        "slow-payment-failed": told(s.processing(), then=(s.state(DECLINED, at=s.LATER),)),
        "one-item-sold-out": told(
            s.both_ordered(), then=(s.answer(H, s.SOLD_OUT, at=s.LATER), PART_TAKEN)
        ),
        "nothing-booked": nothing_booked(),
        "nothing-booked-and-refunded": refunded_at_last(),
        "all-or-nothing-undone": all_undone(),
        "all-or-nothing-not-to-be-undone": not_to_be_undone(),
        "order-lost-and-found": told(
            s.both_ordered(), then=(LOST, finding(s.yes(H), final=False), TAKEN)
        ),
        "order-lost-for-good": told(
            s.both_ordered(), then=(LOST, finding(OrderNotFound(), final=True), PART_TAKEN)
        ),
        "order-tried-again": tried_again(),
        "late-money-returned-by-the-bank": told(
            s.expired(), then=(AT_ONCE, refund("pending"), refund("failed"))
        ),
        "late-money-let-go": told(s.expired(), then=(AUTHORIZED, LET_GO)),
        "moved-by-the-airline": told(s.completed(), then=(MOVED,)),
        "cancelled-by-the-customer": told(
            s.completed(),
            then=(
                *terms(F, H),
                undone(F, s.FLIGHT_PRICE),
                undone(H, s.STAY_PRICE),
                refund("succeeded", s.FLIGHT_PRICE),
                refund("succeeded", s.STAY_PRICE, f"{s.PAYMENT}:2"),
            ),
        ),
        "traveller-forgotten": told(s.completed(), then=(FORGET,)),
        "one-booking-not-cancellable": told(
            s.completed(), then=(*terms(F, H), undone(H, s.STAY_PRICE), kept(F))
        ),
    }
