"""Whether a trip whose checkout has ended can be had again, at which price, and if not, why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.money import Money
from domain.trip.lifecycle import status
from domain.trip.state import Checkout, Quote, Trip
from service.pages.money import UNCHARGED, shown

GONE = {
    "sold_out": "is sold out",
    "offer_expired": "is no longer offered",
    "ancillary_unavailable": "is no longer offered with these extras",
    "currency_mismatch": "is now sold in another currency",
    "supplier_unavailable": "could not be priced just now",
}
TO_THE_SHOP = "Go back to the shop to choose again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """`total` is what the traveller agrees to by asking again, `before` what it was when the
    price has changed since."""

    name: str
    title: str
    says: tuple[str, ...]
    busy: bool = False
    possible: bool = False
    total: Money | None = None
    before: Money | None = None


def asking_again(trip: Trip, checkout: Checkout, now: datetime) -> Asking:
    """For a checkout that is over and unpaid, and has no newer one."""
    quote = trip.quote
    if status(trip) in {"quoting", "opening"}:
        return Asking(
            name="asking",
            title="We are asking for the price of today",
            says=(UNCHARGED, "This page updates by itself."),
            busy=True,
        )
    if changed(trip, checkout):
        return Asking(
            name="changed",
            title="This checkout is closed",
            says=(f"{UNCHARGED} The trip was changed or cancelled.", TO_THE_SHOP),
        )
    if quote is not None and quote.status == "failed":
        return gone(trip, quote)
    if any(item.offer.expires_at <= now for item in trip.items):
        return Asking(
            name="expired",
            title="This checkout has expired",
            says=(f"{UNCHARGED} The offers for this trip have expired too.", TO_THE_SHOP),
        )
    if status(trip) == "quoted" and quote is not None and quote.total is not None:
        return price_changed(quote, quote.total)
    return expired(trip, checkout)


def changed(trip: Trip, checkout: Checkout) -> bool:
    """Whether what is in the trip now is not what this checkout was about."""
    if trip.quote is None or trip.quote.status == "dropped" or checkout.status == "closed":
        return True
    return [item.item_id for item in trip.items] != [line.item_id for line in checkout.lines]


def gone(trip: Trip, quote: Quote) -> Asking:
    says = []
    for problem in quote.problems:
        item = trip.item(problem.item_id)
        why = GONE.get(problem.code, "cannot be had any more")
        says.append(f"{item.offer.title if item else 'An item'} {why}.")
    passing = all(problem.code == "supplier_unavailable" for problem in quote.problems)
    return Asking(
        name="gone",
        title="Your trip cannot be had like this",
        says=(UNCHARGED, *says, "You can ask again." if passing else TO_THE_SHOP),
        possible=passing,
        total=trip.shown_total,
    )


def price_changed(quote: Quote, new: Money) -> Asking:
    before = quote.request.expected_total or quote.shown_total
    return Asking(
        name="price_changed",
        title="The price has changed",
        says=(
            f"{UNCHARGED} The trip was {shown(before)} and is {shown(new)} now."
            if before
            else f"{UNCHARGED} The trip is {shown(new)} now.",
            "Nothing is booked or charged unless you agree to the new price.",
        ),
        possible=True,
        total=new,
        before=before,
    )


def expired(trip: Trip, checkout: Checkout) -> Asking:
    newest = trip.checkout
    if newest is not None and newest.status == "refused":
        return Asking(
            name="refused",
            title="The payment page could not be opened",
            says=(f"{UNCHARGED} You can try again.",),
            possible=True,
            total=trip.shown_total,
        )
    return Asking(
        name="expired",
        title="This checkout has expired",
        says=(f"{UNCHARGED} You can ask whether the trip is still to be had at this price.",),
        possible=True,
        total=trip.shown_total,
    )
