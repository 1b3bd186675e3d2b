"""Everything the checkout page shows, as plain values: the template only sets them in type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from domain.dossier import Dossier
from domain.money import Money
from domain.suppliers import Traveler
from domain.trip.events import SealedTraveler
from domain.trip.state import Checkout, Trip
from service.http.redirects import origin_of
from service.http.views import masked
from service.pages.asking import Asking, asking_again
from service.pages.items import ItemShown, items_now, items_of
from service.pages.money import money_rows, shown
from service.pages.standing import Standing, promise, standing_of
from service.pages.wording import When, utc

TYPES = {"ADULT": "Adult", "CHILD": "Child", "INFANT": "Infant"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A deadline that is running; `left_s` by the server's time."""

    until: When
    left_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelerShown:
    masked: str
    spoken: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What a traveller agrees to by asking again: only asserted, never used as a price."""

    amount: int
    currency: str
    display: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutView:
    """`shop` is where the traveller came from; `newer` the id of the checkout that counts now."""

    sid: str
    version: int
    standing: Standing
    items: list[ItemShown]
    travelers: list[TravelerShown]
    total: str
    before: str | None
    currency: str
    paid: list[tuple[str, str]]
    promise: str
    clock: Clock | None
    in_app: bool
    agreement: Agreement | None
    newer: str | None
    shop: tuple[str, str] | None


def checkout_view(
    dossier: Dossier,
    people: Sequence[tuple[SealedTraveler, Traveler | None]],
    checkout: Checkout,
    now: datetime,
    *,
    returned: bool,
) -> CheckoutView:
    trip = dossier.trip
    assert trip is not None, "a checkout belongs to a trip"
    standing = standing_of(dossier, checkout, now, returned=returned)
    asked = asking_again(trip, checkout, now) if standing.offered == "ask" else None
    payment = next((p for p in trip.payments if p.checkout_id == checkout.checkout_id), None)
    total = (asked.total if asked else None) or checkout.amount
    return CheckoutView(
        sid=checkout.checkout_id,
        version=dossier.version,
        standing=standing,
        items=items_now(dossier)
        if asked
        else items_of(dossier, checkout, paid=payment is not None),
        travelers=[traveler_shown(traveler, sealed) for sealed, traveler in people],
        total=shown(total),
        before=shown(asked.before) if asked and asked.before else None,
        currency=total.currency,
        paid=money_rows(payment) if payment else [],
        promise=promise(checkout),
        clock=clock_of(standing, checkout, now),
        in_app=standing.offered == "pay" and checkout.mode == "direct",
        agreement=agreement_of(asked, total) if asked else None,
        newer=newer_of(trip, checkout),
        shop=shop_of(checkout),
    )


def traveler_shown(traveler: Traveler | None, sealed: SealedTraveler) -> TravelerShown:
    kind = TYPES.get(sealed.passenger_type, "Traveller")
    if traveler is None:
        return TravelerShown(masked="•••", spoken="Name erased", type=kind)
    first, last = traveler.first_name, traveler.last_name
    return TravelerShown(
        masked=f"{masked(first)} {masked(last)}",
        spoken=f"Initials {first[:1]} {last[:1]}",
        type=kind,
    )


def agreement_of(asked: Asking, total: Money) -> Agreement:
    assert asked.possible, "only what can be had is agreed to"
    return Agreement(amount=total.amount, currency=total.currency, display=shown(total))


def clock_of(standing: Standing, checkout: Checkout, now: datetime) -> Clock | None:
    if standing.offered != "pay":
        return None
    left = (checkout.expires_at - now).total_seconds()
    return Clock(until=utc(checkout.expires_at), left_s=max(0, int(left)))


def newer_of(trip: Trip, checkout: Checkout) -> str | None:
    """The newest checkout that got as far as to have a page."""
    reached = [c for c in trip.checkouts if c.group_id is not None]
    newest = reached[-1] if reached else checkout
    return newest.checkout_id if newest.attempt > checkout.attempt else None


def shop_of(checkout: Checkout) -> tuple[str, str] | None:
    """(URL, name) of where the checkout was made for: never deeper than its front door, because
    what lies behind may take coming there for having paid."""
    if checkout.redirect_url is None or origin_of(checkout.redirect_url) is None:
        return None
    parts = urlsplit(checkout.redirect_url)
    return f"{parts.scheme}://{parts.netloc}/", str(parts.hostname)
