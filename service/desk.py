"""What the doors (HTTP, MCP, pages) can ask for, each as one call that answers when it is done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from domain.dossier import Dossier, fold
from domain.errors import Refused
from domain.log import Cause, Recorded
from domain.payments import DirectSecrets
from domain.ports import Clock, OfferShelf, Payments, Supplier
from domain.process import Command
from domain.suppliers import (
    Contact,
    FlightSearch,
    Offer,
    Selection,
    StaySearch,
    SupplierUnavailable,
    Traveler,
    Unavailable,
)
from domain.trip import commands as c
from domain.trip.events import BookRequest, QuoteProblem
from domain.trip.lifecycle import status
from domain.trip.quoting import price_changed
from domain.trip.state import Checkout, Trip
from service.handle import Handled, Road, ensure_version
from service.people import People

# Refusals that pass by themselves: the desk waits for them instead of bothering the caller.
PASSING = {"checkout_closing", "checkout_in_progress"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedExtra:
    """An extra as the client names it: never with a price."""

    offer_id: str
    quantity: int
    traveler_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BookAnswer:
    """An open checkout; `secrets` only in direct mode."""

    dossier: Dossier
    checkout: Checkout
    secrets: DirectSecrets | None = None


class Desk:
    """Serves one request at a time for one tenant; everything it changes takes the one road."""

    def __init__(
        self,
        road: Road,
        suppliers: Mapping[str, Supplier],
        payments: Payments,
        shelf: OfferShelf,
        people: People,
        clock: Clock,
        wait_s: float,
    ) -> None:
        self.road = road
        self.suppliers = suppliers
        self.payments = payments
        self.shelf = shelf
        self.people = people
        self.clock = clock
        self.wait_s = wait_s

    # --- searching

    async def search_flights(self, search: FlightSearch, tenant: str) -> Sequence[Offer]:
        """Offers of all suppliers, cheapest first; each can be added to a trip while it lives."""
        return await self.search(lambda supplier: supplier.search_flights(search), tenant)

    async def search_stays(self, search: StaySearch, tenant: str) -> Sequence[Offer]:
        return await self.search(lambda supplier: supplier.search_stays(search), tenant)

    async def search(
        self, ask: Callable[[Supplier], Awaitable[Sequence[Offer]]], tenant: str
    ) -> Sequence[Offer]:
        answers = await asyncio.gather(
            *(ask(supplier) for supplier in self.suppliers.values()),
            return_exceptions=True,
        )
        offers: list[Offer] = []
        lost: list[str] = []
        for answer in answers:
            if isinstance(answer, SupplierUnavailable):
                lost.append(str(answer))
            elif isinstance(answer, BaseException):
                raise answer
            else:
                offers.extend(answer)
        if lost and len(lost) == len(answers):
            raise Refused("supplier_unavailable", f"No supplier answered: {'; '.join(lost)}")
        offers.sort(key=lambda offer: offer.price.amount)
        await self.shelf.put(tenant, offers)
        return offers

    # --- editing

    async def start_trip(self, trip_id: str, cause: Cause) -> Handled:
        assert cause.tenant is not None, "a trip belongs to the tenant that starts it"
        start = c.StartTrip(trip_id=trip_id, tenant=cause.tenant, now=self.clock.now())
        return await self.road.handle(trip_id, start, cause)

    async def offer(self, offer_id: str, cause: Cause) -> Offer:
        """An offer the tenant was shown; raises Refused("offer_not_found")."""
        assert cause.tenant is not None, "offers are shown to a tenant"
        offer = await self.shelf.get(cause.tenant, offer_id)
        if offer is None:
            raise Refused(
                "offer_not_found", "There is no such offer; search again.", offer_id=offer_id
            )
        return offer

    async def add_item(
        self, trip_id: str, item_id: str, offer_id: str, cause: Cause, version: int | None = None
    ) -> Handled:
        """`item_id` is the caller's to make, so that a repeated request adds one item."""
        await self.road.read(trip_id, cause.tenant)
        offer = await self.offer(offer_id, cause)
        return await self.edit(
            trip_id, lambda now: c.AddItem(item_id=item_id, offer=offer, now=now), cause, version
        )

    async def remove_item(
        self, trip_id: str, item_id: str, cause: Cause, version: int | None = None
    ) -> Handled:
        return await self.edit(
            trip_id, lambda now: c.RemoveItem(item_id=item_id, now=now), cause, version
        )

    async def set_travelers(
        self,
        trip_id: str,
        travelers: Sequence[Traveler],
        contact: Contact | None,
        cause: Cause,
        version: int | None = None,
    ) -> Handled:
        """Replace who travels. People who are in the trip already keep their ids and seals."""
        dossier, _ = await self.road.read(trip_id, cause.tenant)
        assert dossier.trip is not None, "read answers trips"
        sealed, sealed_contact = await self.people.seal(dossier.trip, travelers, contact)
        return await self.edit(
            trip_id,
            lambda now: c.SetTravelers(travelers=sealed, contact=sealed_contact, now=now),
            cause,
            version,
        )

    async def select_ancillaries(
        self,
        trip_id: str,
        item_id: str,
        wanted: Sequence[WantedExtra],
        cause: Cause,
        version: int | None = None,
    ) -> Handled:
        """Replace an item's extras by those named, at the supplier's present prices."""
        dossier, _ = await self.road.read(trip_id, cause.tenant)
        item = dossier.trip.item(item_id) if dossier.trip else None
        if item is None:
            raise Refused("item_not_found", "The trip has no such item.", item_id=item_id)
        selections = await self.priced(item.offer, wanted) if wanted else ()
        return await self.edit(
            trip_id,
            lambda now: c.SelectAncillaries(item_id=item_id, selections=selections, now=now),
            cause,
            version,
        )

    async def priced(self, offer: Offer, wanted: Sequence[WantedExtra]) -> tuple[Selection, ...]:
        try:
            answer = await self.suppliers[offer.supplier].requote(offer, ())
        except SupplierUnavailable as error:
            raise Refused("supplier_unavailable", str(error)) from error
        if isinstance(answer, Unavailable):
            raise Refused(answer.code, answer.detail, offer_id=offer.offer_id)
        known = {ancillary.offer_id: ancillary for ancillary in answer.ancillaries}
        selections = []
        for extra in wanted:
            ancillary = known.get(extra.offer_id)
            if ancillary is None:
                raise Refused(
                    "ancillary_unavailable",
                    "The supplier does not offer this extra for this item.",
                    offer_id=extra.offer_id,
                    available=sorted(known),
                )
            if extra.quantity > ancillary.max_quantity:
                raise Refused(
                    "ancillary_unavailable",
                    f"At most {ancillary.max_quantity} of this extra can be had.",
                    offer_id=extra.offer_id,
                )
            selections.append(
                Selection(
                    offer_id=ancillary.offer_id,
                    quantity=extra.quantity,
                    price=ancillary.price,
                    name=ancillary.name,
                    type=ancillary.type,
                    traveler_id=extra.traveler_id,
                )
            )
        return tuple(selections)

    async def edit(
        self,
        trip_id: str,
        command: Callable[[datetime], Command],
        cause: Cause,
        version: int | None,
    ) -> Handled:
        """Carry out an edit; an open checkout is closed at the provider first, and awaited.

        `version` is asked for before anything happens: closing the checkout moves the trip on.
        """
        until = monotonic() + self.wait_s
        if version is not None:
            dossier, _ = await self.road.read(trip_id, cause.tenant)
            ensure_version(dossier, version)
        while True:
            try:
                return await self.road.handle(trip_id, command(self.clock.now()), cause, version)
            except Refused as refusal:
                version = None
                if refusal.code == "checkout_open":
                    close = c.CloseCheckout(reason="edited", now=self.clock.now())
                    await self.road.handle(trip_id, close, cause)
                elif refusal.code not in PASSING:
                    raise
                await self.wait(until, refusal)

    async def wait(self, until: float, refusal: Refused) -> None:
        """Until the log moves; raises `refusal` when the time is up."""
        left = until - monotonic()
        if left <= 0:
            raise refusal
        await self.road.log.changed(min(left, 1.0))

    # --- booking

    async def book(self, trip_id: str, request: BookRequest, cause: Cause) -> BookAnswer:
        """Price everything, wait, open one checkout. Asked again, it answers the same one.

        Raises Refused: `price_changed` with both totals, the items that cannot be had, or
        `checkout_in_progress` when it takes longer than the wait allows (ask again).
        """
        until = monotonic() + self.wait_s
        quote_id = self.road.new_id()
        while True:
            command = c.Book(quote_id=quote_id, request=request, now=self.clock.now())
            try:
                handled = await self.road.handle(trip_id, command, cause)
                break
            except Refused as refusal:
                if refusal.code != "checkout_closing":
                    raise
                await self.wait(until, refusal)
        dossier = handled.dossier
        while (checkout := opened(dossier)) is None:
            slow = Refused(
                "checkout_in_progress",
                "The trip is still being priced; call again to get the same checkout.",
            )
            await self.wait(until, slow)
            dossier, _ = await self.road.read(trip_id, cause.tenant)
        return BookAnswer(dossier=dossier, checkout=checkout, secrets=await self.secrets(checkout))

    async def secrets(self, checkout: Checkout) -> DirectSecrets | None:
        """Fresh at every answer: they are short-lived and never stored."""
        if checkout.mode != "direct":
            return None
        assert checkout.payment_id is not None, "a direct checkout has a payment"
        assert checkout.customer_id is not None, "a direct checkout has a customer"
        return await self.payments.direct_secrets(checkout.payment_id, checkout.customer_id)

    # --- reading

    async def as_of(self, trip_id: str, moment: int | datetime, cause: Cause) -> Dossier:
        """The trip as it was at a version, or at a time."""
        await self.road.read(trip_id, cause.tenant)
        recorded = await self.road.log.read_trip(trip_id)
        if isinstance(moment, int):
            past = recorded[:moment]
        else:
            past = [r for r in recorded if r.recorded_at <= moment]
        if not past:
            raise Refused("trip_not_found", "The trip did not exist then.")
        return fold(r.event for r in past)

    async def events(self, trip_id: str, cause: Cause) -> Sequence[Recorded]:
        await self.road.read(trip_id, cause.tenant)
        return await self.road.log.read_trip(trip_id)


def opened(dossier: Dossier) -> Checkout | None:
    """The checkout a caller of `book` waits for, None while it is under way; raises Refused."""
    trip = dossier.trip
    assert trip is not None, "only an existing trip is booked"
    match status(trip):
        case "quoting" | "opening":
            return None
        case "quoted":
            quote = trip.quote
            assert quote is not None, "a quoted trip has a quote"
            assert quote.total is not None, "a completed quote has a total"
            assert quote.shown_total is not None, "a completed quote knows what was shown"
            stated = quote.request.expected_total or quote.shown_total
            raise price_changed(stated, quote.total, quote.request.tolerance)
        case "draft":
            raise why_not(trip)
        case _:
            return trip.checkout


def why_not(trip: Trip) -> Refused:
    """The reason why a trip that was being booked is a draft again."""
    quote, checkout = trip.quote, trip.checkout
    if quote is not None and quote.status == "failed":
        return not_to_be_had(quote.problems)
    if checkout is not None and checkout.status == "refused":
        return Refused(
            "payment_provider_refused",
            "The payment provider would not open a checkout for this trip.",
            provider_code=checkout.reason,
        )
    return Refused("trip_changed", "The trip was changed while it was being booked; book again.")


def not_to_be_had(problems: Sequence[QuoteProblem]) -> Refused:
    codes = {problem.code for problem in problems}
    items = [
        {"item_id": problem.item_id, "code": problem.code, "detail": problem.detail}
        for problem in problems
    ]
    code = codes.pop() if len(codes) == 1 else "items_unavailable"
    return Refused(code, "; ".join(problem.detail for problem in problems), items=items)
