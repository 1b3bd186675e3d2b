"""What the doors (HTTP, MCP, pages) can ask for, each as one call that answers when it is done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from adapters.doors.velocity import Velocity
from domain.booking.state import Booking
from domain.covering import paid_for
from domain.dossier import Dossier
from domain.errors import Refused
from domain.log import Cause, Recorded
from domain.payments import DirectSecrets
from domain.ports import Clock, OfferShelf, Payments, Supplier
from domain.process import Command
from domain.suppliers import (
    CancellationQuote,
    CancellationRefused,
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
from domain.trip.events import BookRequest
from domain.trip.quoting import ensure_same_checkout
from domain.trip.state import Cancellation, Checkout
from projections import history
from service.checkouts import opened
from service.clock import elapsed_s
from service.editing import edit_all
from service.handle import Handled, Road
from service.people.sealing import People


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
        velocity: Velocity,
    ) -> None:
        self.road = road
        self.suppliers = suppliers
        self.payments = payments
        self.shelf = shelf
        self.people = people
        self.clock = clock
        self.wait_s = wait_s
        self.velocity = velocity

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
        try:
            offer = await self.offer(offer_id, cause)
        except Refused:
            # Where there is no such trip either, that is what to say.
            await self.road.read(trip_id, cause.tenant)
            raise
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
        selections: list[Selection] = []
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
            if any(extra.offer_id == each.offer_id for each in selections):
                raise Refused(
                    "ancillary_unavailable",
                    "List each extra once, with its quantity.",
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
        """Carry out an edit; an open checkout is closed at the provider first, and awaited."""
        return await edit_all(self, trip_id, lambda now: (command(now),), cause, version)

    async def wait(self, until: float, refusal: Refused) -> None:
        """Until the log moves; raises `refusal` when the time is up."""
        left = until - elapsed_s()
        if left <= 0:
            raise refusal
        await self.road.log.changed(min(left, 1.0))

    # --- booking

    async def book(self, trip_id: str, request: BookRequest, cause: Cause) -> BookAnswer:
        """Price everything, wait, open one checkout. Asked again, it answers the same one.

        Raises Refused: `price_changed` with both totals, the items that cannot be had, or
        `checkout_in_progress` when it takes longer than the wait allows (ask again).
        """
        await self.velocity.ensure(trip_id, cause.tenant)
        until = elapsed_s() + self.wait_s
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
        if handled.events:
            await self.velocity.count(trip_id, cause.tenant)
        dossier = handled.dossier
        while (checkout := opened(dossier)) is None:
            slow = Refused(
                "checkout_in_progress",
                "The trip is still being priced; call again to get the same checkout.",
            )
            await self.wait(until, slow)
            dossier, _ = await self.road.read(trip_id, cause.tenant)
        assert dossier.trip is not None, "a checkout is of a trip"
        # Somebody else may have asked for it at the same time, and for another one.
        ensure_same_checkout(request, dossier.trip)
        return BookAnswer(dossier=dossier, checkout=checkout, secrets=await self.secrets(checkout))

    async def secrets(self, checkout: Checkout) -> DirectSecrets | None:
        """Fresh at every answer: they are short-lived and never stored."""
        if checkout.mode != "direct":
            return None
        assert checkout.payment_id is not None, "a direct checkout has a payment"
        assert checkout.customer_id is not None, "a direct checkout has a customer"
        return await self.payments.direct_secrets(checkout.payment_id, checkout.customer_id)

    # --- cancelling

    async def cancellation_quote(
        self, trip_id: str, booking_ids: Sequence[str] | None, cause: Cause
    ) -> Cancellation:
        """What cancelling confirmed bookings (all, or those named) gives back, and until when
        that holds. Raises Refused(`not_cancellable`) with each booking's reason."""
        dossier, _ = await self.road.read(trip_id, cause.tenant)
        chosen = confirmed_bookings(dossier, booking_ids)
        answers = await asyncio.gather(*(self.terms(dossier, booking) for booking in chosen))
        refusals = [
            {"booking_code": booking.code, "code": answer.code, "detail": answer.detail}
            for booking, answer in zip(chosen, answers, strict=True)
            if isinstance(answer, CancellationRefused)
        ]
        if refusals:
            detail = "; ".join(each["detail"] for each in refusals)
            raise Refused("not_cancellable", detail, bookings=refusals)
        command = c.RecordCancellationQuote(
            cancellation_quote_id=self.road.new_id(),
            checkout_id=chosen[0].checkout_id,
            supplier_quotes={
                booking.booking_id: answer
                for booking, answer in zip(chosen, answers, strict=True)
                if isinstance(answer, CancellationQuote)
            },
            prices={booking.booking_id: paid_for(booking, dossier) for booking in chosen},
            now=self.clock.now(),
        )
        handled = await self.road.handle(trip_id, command, cause)
        assert handled.dossier.trip is not None, "a booked trip exists"
        assert handled.dossier.trip.cancellation is not None, "it has just been quoted"
        return handled.dossier.trip.cancellation

    async def terms(
        self, dossier: Dossier, booking: Booking
    ) -> CancellationQuote | CancellationRefused:
        item = dossier.trip.item(booking.item_id) if dossier.trip else None
        assert item is not None, "a booking is of an item"
        assert booking.supplier_order_id is not None, "a confirmed booking has an order"
        supplier = self.suppliers[item.offer.supplier]
        try:
            return await supplier.cancellation_quote(item.offer, booking.supplier_order_id)
        except SupplierUnavailable as error:
            raise Refused("supplier_unavailable", str(error)) from error

    async def cancel(self, trip_id: str, cancellation_quote_id: str, cause: Cause) -> Dossier:
        """Carry out a cancellation on the quoted terms and wait for the suppliers' answers.

        Raises Refused(`cancellation_quote_stale`) when the terms are not the newest or have
        expired, also where only the supplier knows.
        """
        until = elapsed_s() + self.wait_s
        command = c.CancelBookings(
            cancellation_quote_id=cancellation_quote_id, now=self.clock.now()
        )
        dossier = (await self.road.handle(trip_id, command, cause)).dossier
        slow = Refused(
            "outcome_unknown",
            "The suppliers are still cancelling; read the trip to see how it ends.",
        )
        while any(b.status == "cancelling" for b in dossier.bookings):
            await self.wait(until, slow)
            dossier, _ = await self.road.read(trip_id, cause.tenant)
        terms = dossier.trip.cancellation if dossier.trip else None
        wanted = {line.booking_id for line in terms.lines} if terms else set()
        kept = [b for b in dossier.bookings if b.booking_id in wanted and b.status != "cancelled"]
        if kept:
            raise Refused(
                kept[0].problem_code or "not_cancellable",
                kept[0].problem or "The supplier would not cancel.",
                bookings=[b.code for b in kept],
            )
        return dossier

    # --- reading

    async def as_of(self, trip_id: str, moment: int | datetime, cause: Cause) -> Dossier:
        """The trip as it was at a version, or at a time."""
        await self.road.read(trip_id, cause.tenant)
        recorded = await self.road.log.read_trip(trip_id)
        past = history.as_of(recorded, moment)
        if past.trip is None:
            raise Refused("trip_not_found", "The trip did not exist then.")
        return past

    async def events(self, trip_id: str, cause: Cause) -> Sequence[Recorded]:
        await self.road.read(trip_id, cause.tenant)
        return await self.road.log.read_trip(trip_id)


def confirmed_bookings(dossier: Dossier, booking_ids: Sequence[str] | None) -> list[Booking]:
    """The bookings to be cancelled; raises Refused where one is not confirmed, or none is."""
    confirmed = [b for b in dossier.bookings if b.status == "confirmed"]
    if booking_ids is not None:
        known = {b.booking_id: b for b in dossier.bookings}
        if missing := [each for each in booking_ids if each not in known]:
            raise Refused("booking_not_found", "There is no such booking.", bookings=missing)
        if any(known[each].status == "cancelled" for each in booking_ids):
            raise Refused("already_cancelled", "This has been cancelled before.")
        confirmed = [b for b in confirmed if b.booking_id in set(booking_ids)]
    elif not confirmed and any(b.status == "cancelled" for b in dossier.bookings):
        raise Refused("already_cancelled", "Everything has been cancelled before.")
    if not confirmed:
        raise Refused("not_cancellable", "Only confirmed bookings can be cancelled.")
    return confirmed
