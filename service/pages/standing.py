"""Where a checkout stands, in sentences a traveller can rely on: each says what was charged, what
is booked, and what happens next. It reads the log's facts only, never the way somebody came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from domain.booking.state import Booking
from domain.dossier import Dossier
from domain.trip.state import Checkout, Payment, Trip
from service.pages.asking import asking_again
from service.pages.money import UNCHARGED, money_moves, money_says

Tone = Literal["calm", "busy", "good", "mixed", "bad"]
Offered = Literal["pay", "ask", "nothing"]

GOING = {"initialized", "ordering", "unknown"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`name` is for style and tests; `offered` is what the traveller can do; `follow` says that
    more will happen by itself."""

    name: str
    tone: Tone
    title: str
    says: tuple[str, ...]
    offered: Offered = "nothing"
    follow: bool = True


def standing_of(
    dossier: Dossier, checkout: Checkout, now: datetime, *, returned: bool = False
) -> Standing:
    """`returned`: the traveller says to come from the payment page. It only changes the words."""
    trip = dossier.trip
    assert trip is not None, "a checkout belongs to a trip"
    payment = next((p for p in trip.payments if p.checkout_id == checkout.checkout_id), None)
    if payment is not None:
        return after_payment(dossier, checkout, payment)
    match checkout.status:
        case "opening":
            return opening()
        case "open":
            return before_payment(checkout, now, returned=returned)
        case "processing":
            return processing()
        case "closing":
            return closing()
        case _:
            return ended(trip, checkout, now)


# --- before any money


def opening() -> Standing:
    return Standing(
        name="opening",
        tone="busy",
        title="Your payment page is being prepared",
        says=(UNCHARGED, "This page updates by itself."),
    )


def before_payment(checkout: Checkout, now: datetime, *, returned: bool) -> Standing:
    if checkout.expires_at <= now:
        return Standing(
            name="lapsed",
            tone="calm",
            title="The time to pay is over",
            says=("This checkout is being closed. We know of no payment, and nothing is booked.",),
        )
    if checkout.failures:
        return Standing(
            name="declined",
            tone="bad",
            title="The payment did not go through",
            says=(
                f"Your last attempt was declined. {UNCHARGED}",
                "You can try again, also with another card.",
            ),
            offered="pay",
        )
    if returned:
        return Standing(
            name="waiting",
            tone="busy",
            title="We are waiting for Stripe to confirm your payment",
            says=(
                "This usually takes a few seconds. This page updates by itself, "
                "and you can close it without losing anything.",
                "If you left Stripe's page without paying, you have not been charged "
                "and can still pay.",
            ),
            offered="pay",
        )
    return Standing(
        name="payable",
        tone="calm",
        title="Check your trip and pay",
        says=(f"{UNCHARGED} Nothing is booked before you pay.",),
        offered="pay",
    )


def processing() -> Standing:
    return Standing(
        name="processing",
        tone="busy",
        title="Your bank is still working on your payment",
        says=(
            "We do not know yet whether it succeeds; with some banks this takes days.",
            "Nothing is booked yet. Please do not pay again: we book as soon as the money is "
            "there, and this page will say so.",
        ),
    )


def closing() -> Standing:
    return Standing(
        name="closing",
        tone="busy",
        title="This checkout is being closed",
        says=(
            "Please do not pay here any more. Nothing is booked.",
            "If a payment came through at the last moment, this page will say what becomes of it.",
        ),
    )


def ended(trip: Trip, checkout: Checkout, now: datetime) -> Standing:
    """Closed or expired without a payment: perhaps the trip can be had again."""
    newest = trip.checkout
    if newest is not None and newest.attempt > checkout.attempt and newest.status != "refused":
        return Standing(
            name="superseded",
            tone="calm",
            title="There is a newer checkout for this trip",
            says=(f"{UNCHARGED} This checkout has ended.",),
        )
    asked = asking_again(trip, checkout, now)
    return Standing(
        name=asked.name,
        tone="busy" if asked.busy else "calm",
        title=asked.title,
        says=asked.says,
        offered="ask" if asked.possible else "nothing",
    )


# --- after the payment


def after_payment(dossier: Dossier, checkout: Checkout, payment: Payment) -> Standing:
    trip = dossier.trip
    done = trip.fulfillment if trip else None
    group = dossier.group(checkout.checkout_id)
    money = money_says(payment)
    settled = not money_moves(payment)
    if done is None or done.checkout_id != checkout.checkout_id:
        return late(checkout, money, settled=settled)
    if done.status in {"pending", "fulfilling"}:
        return booking_now(checkout, group, payment)
    failed = [b for b in group if b.booking_id in done.failed]
    if done.status == "failed":
        return Standing(
            name="failed",
            tone="bad",
            title="Your trip could not be booked",
            says=("Nothing was booked.", *money),
            follow=not settled,
        )
    off = [b for b in group if b.status in {"cancelling", "cancelled"} and b not in failed]
    if off:
        return cancelled(group, off, money, settled=settled)
    if failed:
        return Standing(
            name="partly_booked",
            tone="mixed",
            title="Part of your trip is booked",
            says=(f"{listed(failed)} could not be booked.", *money),
            follow=not settled,
        )
    return Standing(
        name="booked",
        tone="good",
        title="Your trip is booked",
        says=(*money, "Your booking codes are below. Keep them for your journey."),
        follow=not settled,
    )


def late(checkout: Checkout, money: tuple[str, ...], *, settled: bool) -> Standing:
    why = (
        "The amount that arrived is not the price of this checkout."
        if checkout.reason == "amount_mismatch"
        else "Your payment arrived after this checkout had ended."
    )
    return Standing(
        name="given_back",
        tone="mixed",
        title="Your payment could not be used",
        says=(f"{why} Nothing was booked with it.", *money),
        follow=not settled,
    )


def booking_now(checkout: Checkout, group: Sequence[Booking], payment: Payment) -> Standing:
    booked = sum(b.status == "confirmed" for b in group)
    says = [f"{booked} of {len(group)} booked so far. This page updates by itself."]
    if any(b.status == "unknown" for b in group):
        says.append(
            "A supplier has not answered yet. We are finding out what happened there; "
            "nothing will be booked twice."
        )
    says.extend(money_says(payment))
    says.append(promise(checkout))
    return Standing(
        name="booking",
        tone="busy",
        title="Your payment has arrived: we are booking your trip",
        says=tuple(says),
    )


def promise(checkout: Checkout) -> str:
    """What happens to the money if something cannot be booked."""
    if checkout.policy == "all_or_nothing":
        return "You pay only if everything can be booked; else all of the money stays yours."
    return "You pay only for what can be booked; the money for anything else stays yours."


def cancelled(
    group: Sequence[Booking], off: Sequence[Booking], money: tuple[str, ...], *, settled: bool
) -> Standing:
    under_way = any(b.status == "cancelling" for b in off)
    kept = [b for b in group if b.status == "confirmed"]
    whole = "Part of your trip" if kept else "Your trip"
    verb = "is being cancelled" if under_way else "has been cancelled"
    return Standing(
        name="cancelled",
        tone="busy" if under_way else "mixed",
        title=f"{whole} {verb}",
        says=(f"Cancelled: {listed(off)}.", *money),
        follow=under_way or not settled,
    )


def listed(bookings: Sequence[Booking]) -> str:
    return "; ".join(b.title for b in bookings)
