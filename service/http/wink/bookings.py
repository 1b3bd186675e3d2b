"""Bookings by identifier, by checkout, by payment, and a tenant's all: read from the log, with the
history of each status."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date

from adapters.carts import BookingPlace, CartStore
from adapters.read_models import BookingRow, ReadModels
from adapters.vault import Forgotten, Place
from domain.booking.state import BY_CUSTOMER, Booking
from domain.errors import Refused
from domain.payments import PaymentRefused
from domain.ports import Payments
from domain.trip.state import Checkout, Refund, Trip
from service.clock import elapsed_s
from service.desk import Desk
from service.http.answers import moment
from service.http.api import Answer, Call
from service.http.decoding import NoQuery
from service.http.paths import UUID_TEXT
from service.http.problems import Problem
from service.http.wink.answers import (
    BookingPageReply,
    CancellationReply,
    CustomizationReply,
    ItineraryReply,
    PaymentDetailsReply,
    RefundReply,
    UserSessionReply,
    WinkBookingReply,
    answered,
    totals,
)
from service.http.wink.guests import NOBODY, Guest, facts_of, guests_of
from service.http.wink.shapes import PageQuery, StateQuery
from service.http.wink.statuses import BookingStory, Story, story_of
from service.http.wink.views import dates_of, hotel, room_configuration, stay, user

CATCH_UP_S = 2.0
LOOK_AGAIN_S = 0.1
PAGE_SIZE = 20
PAGE_SIZE_MAX = 100
BY_STATE_MAX = 1_000
CANCELLATION = "cancellation"
REFUND_STATUS = {"scheduled": "PENDING", "pending": "PENDING"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A trip's story, with its bookings' guests by item id and clients' (type, reason) of
    cancellations by booking id. `test`: its payments are pretended."""

    story: Story
    guests: dict[str, Guest | None]
    reasons: dict[str, tuple[str, str]]
    test: bool

    @property
    def trip(self) -> Trip:
        assert self.story.dossier.trip is not None, "a story is a trip's"
        return self.story.dossier.trip


class Bookings:
    """The handlers that read. `test`: payments are pretended ones."""

    def __init__(
        self,
        desk: Desk,
        store: CartStore,
        models: ReadModels,
        payments: Payments,
        *,
        test: bool,
    ) -> None:
        self.desk = desk
        self.store = store
        self.models = models
        self.payments = payments
        self.test = test

    # --- calls

    async def show(self, call: Call[None, NoQuery]) -> Answer:
        told, booking = await self.one(call.path["bookingIdentifier"], call.caller.tenant)
        return answered(booking_reply(told, booking))

    async def of_group(self, call: Call[None, NoQuery]) -> Answer:
        told, group = await self.group(call.path["groupIdentifier"], call.caller.tenant)
        return answered([booking_reply(told, booking) for booking in group])

    async def of_payment(self, call: Call[None, NoQuery]) -> Answer:
        reference, tenant = call.path["paymentIdentifier"], call.caller.tenant
        told = await self.tell(await self.trip_of_payment(reference, tenant), tenant)
        wanted = {c.checkout_id for c in told.trip.checkouts if reference in names(c, told.trip)}
        group = [b for b in told.story.dossier.bookings if b.checkout_id in wanted]
        if not group:
            raise Problem("payment_not_found", "There is no such payment.")
        return answered([booking_reply(told, booking) for booking in group])

    async def page(self, call: Call[None, PageQuery]) -> Answer:
        number = int(call.query.page or 0)
        size = min(max(int(call.query.size or PAGE_SIZE), 1), PAGE_SIZE_MAX)
        tenant = call.caller.tenant
        await self.caught_up()
        places, count = await self.store.bookings_page(tenant, size, number * size)
        pages = -(-count // size)
        content = await self.replies(places, tenant)
        return answered(
            BookingPageReply(
                content=content,
                number=number,
                size=size,
                number_of_elements=len(content),
                total_elements=count,
                total_pages=pages,
                first=number == 0,
                last=number >= pages - 1,
            )
        )

    async def by_state(self, call: Call[None, StateQuery]) -> Answer:
        """The newest bookings whose stay is yet to end, or has ended."""
        tenant = call.caller.tenant
        await self.caught_up()
        places, _ = await self.store.bookings_page(tenant, BY_STATE_MAX, 0)
        today = self.desk.clock.now().date()
        future = call.query.state == "FUTURE"
        return answered(
            [
                reply
                for reply in await self.replies(places, tenant)
                if (date.fromisoformat(reply.user_session.itinerary.end_date) >= today) == future
            ]
        )

    # --- finding

    async def one(self, identifier: str, tenant: str) -> tuple[Told, Booking]:
        """By its identifier, or by the code a traveller reads out."""

        async def look() -> Sequence[BookingRow]:
            if UUID_TEXT.fullmatch(identifier):
                row = await self.models.booking(identifier)
            else:
                row = await self.models.booking_by_code(identifier.upper())
            return [row] if row is not None else []

        rows = await self.found(look, tenant, "booking_not_found")
        told = await self.tell(rows[0].trip_id, tenant)
        booking = told.story.dossier.booking(rows[0].booking_id)
        assert booking is not None, "an indexed booking is in its trip"
        return told, booking

    async def group(self, group_id: str, tenant: str) -> tuple[Told, list[Booking]]:
        async def look() -> Sequence[BookingRow]:
            return await self.models.bookings_of_group(group_id)

        rows = await self.found(look, tenant, "group_not_found")
        told = await self.tell(rows[0].trip_id, tenant)
        group = [b for b in told.story.dossier.bookings if b.group_id == rows[0].group_id]
        return told, group

    async def found(
        self, look: Callable[[], Awaitable[Sequence[BookingRow]]], tenant: str, absent: str
    ) -> Sequence[BookingRow]:
        rows = await look()
        if not rows:
            await self.caught_up()
            rows = await look()
        if not rows or rows[0].tenant != tenant:
            raise Problem(absent, "There is no such thing here.")
        return rows

    async def caught_up(self) -> None:
        """Until the index has seen what was recorded before this request, for a moment at most."""
        newest = await self.desk.road.log.last_position()
        until = elapsed_s() + CATCH_UP_S
        while await self.models.checkpoint("bookings") < newest and elapsed_s() < until:
            await self.desk.road.log.changed(LOOK_AGAIN_S)

    async def trip_of_payment(self, reference: str, tenant: str) -> str:
        """By our own note; else the payment provider knows whose payment it is."""
        known = await self.store.trip_of_payment(reference, tenant)
        if known is not None:
            return known
        session = reference if reference.startswith("cs_") else None
        try:
            seen = await self.payments.look(session, None if session else reference)
        except PaymentRefused:
            raise Problem("payment_not_found", "There is no such payment.") from None
        trip_id = seen.payment.references.get("trip_id") if seen.payment else None
        if trip_id is None:
            raise Problem("payment_not_found", "There is no such payment.")
        return trip_id

    async def tell(self, trip_id: str, tenant: str) -> Told:
        try:
            await self.desk.road.read(trip_id, tenant)
        except Refused:
            raise Problem("booking_not_found", "There is no such thing here.") from None
        recorded = await self.desk.road.log.read_trip(trip_id)
        story = story_of(recorded, test=self.test)
        items = {told.item.item_id: told.item.offer for told in story.bookings.values()}
        guests = await guests_of(self.desk.people, trip_id, items)
        reasons = await self.reasons(trip_id)
        return Told(story=story, guests=guests, reasons=reasons, test=self.test)

    async def reasons(self, trip_id: str) -> dict[str, tuple[str, str]]:
        notes = await self.store.cancellation_notes(trip_id)
        opened = await self.desk.people.vault.open_all(
            [
                (Place(person_id=n.person_id, trip_id=trip_id, field=CANCELLATION), n.sealed)
                for n in notes
            ]
        )
        return {
            note.booking_id: (note.type, "" if isinstance(text, Forgotten) else str(text))
            for note, text in zip(notes, opened, strict=True)
        }

    async def replies(self, places: Sequence[BookingPlace], tenant: str) -> list[WinkBookingReply]:
        trip_ids = list(dict.fromkeys(place.trip_id for place in places))
        stories = await asyncio.gather(*(self.tell(trip_id, tenant) for trip_id in trip_ids))
        told = dict(zip(trip_ids, stories, strict=True))
        replies = []
        for place in places:
            booking = told[place.trip_id].story.dossier.booking(place.booking_id)
            assert booking is not None, "an indexed booking is in its trip"
            replies.append(booking_reply(told[place.trip_id], booking))
        return replies


def names(checkout: Checkout, trip: Trip) -> set[str]:
    """Everything the payment provider calls a checkout and its payments."""
    paid = {p.payment_id for p in trip.payments if p.checkout_id == checkout.checkout_id}
    return {n for n in (checkout.session_id, checkout.payment_id) if n is not None} | paid


def payment_id_of(checkout: Checkout, trip: Trip) -> str | None:
    paid = (p.payment_id for p in trip.payments if p.checkout_id == checkout.checkout_id)
    return next(paid, checkout.payment_id)


def booking_reply(told: Told, booking: Booking) -> WinkBookingReply:
    trip, story = told.trip, told.story.bookings[booking.booking_id]
    checkout = trip.find_checkout(booking.checkout_id)
    assert checkout is not None, "a booking is of a checkout"
    offer, guest = story.item.offer, told.guests[booking.item_id]
    facts = facts_of(offer)
    return WinkBookingReply(
        id=booking.booking_id,
        booking_identifier=booking.booking_id,
        created_date=moment(story.created_at),
        last_update=moment(story.updated_at),
        version=booking.version,
        creation=creation(story.status, test=told.test),
        group_identifier=booking.group_id,
        booking_code=booking.code,
        supplier_booking_code=booking.supplier_reference,
        booking_status=story.status,
        status_history=story.history,
        payment_type="STRIPE",
        payment_details=PaymentDetailsReply(
            vendor="TEST" if told.test else "STRIPE",
            session_identifier=checkout.session_id,
            transaction_identifier=payment_id_of(checkout, trip),
            customer_identifier=checkout.customer_id,
        ),
        stripe_payment_intent_id=payment_id_of(checkout, trip),
        customization=CustomizationReply(
            identifier=(facts.customization_identifier if facts else None) or ""
        ),
        user=user(guest or NOBODY),
        user_session=session_of(told, booking),
        hotel=hotel(offer),
        hotel_image_url="",
        room_stay=stay(story.item, guest, available=booking.status == "confirmed"),
        special_requests=guest.special_requests if guest else None,
        cancellable=booking.status == "confirmed",
        cancelled=booking.status == "cancelled",
        cancellation=cancellation(booking, story, told.reasons.get(booking.booking_id)),
        refund=refund_reply(told.story.refund(booking)),
        shopping_cart_identifier=trip.trip_id,
        **totals(booking.price),  # type: ignore[arg-type]
    )


def creation(status: str, *, test: bool) -> str:
    if status == "FAILED":
        return "FAILED"
    return "TEST" if test else "NORMAL"


def session_of(told: Told, booking: Booking) -> UserSessionReply:
    offer = told.story.bookings[booking.booking_id].item.offer
    facts = facts_of(offer)
    arrival, departure = dates_of(offer)
    rooms = room_configuration(offer, facts)
    children = sum(child.quantity for child in rooms.children) * rooms.quantity
    return UserSessionReply(
        itinerary=ItineraryReply(
            start_date=arrival.isoformat(),
            end_date=departure.isoformat(),
            nights=(departure - arrival).days,
            items=[rooms],
            rooms=rooms.quantity,
            guests=rooms.adults * rooms.quantity + children,
            children=children,
        ),
        language=facts.language if facts else "en",
        currency=booking.price.currency,
        promotional_codes=list(facts.promotional_codes) if facts else [],
        lifestyle=facts.lifestyle if facts else None,
    )


def cancellation(
    booking: Booking, story: BookingStory, said: tuple[str, str] | None
) -> CancellationReply | None:
    if booking.status != "cancelled" or story.cancelled_at is None:
        return None
    asked_for = booking.cancel_reason == BY_CUSTOMER
    kind, reason = said or ("CANCELLATION", booking.problem_code or BY_CUSTOMER)
    return CancellationReply(
        cancelled_on=moment(story.cancelled_at),
        canceller_type="GUEST" if asked_for else "SYSTEM",
        cancellation_type=kind,
        cancel_reason=reason,
    )


def refund_reply(refund: Refund | None) -> RefundReply | None:
    if refund is None:
        return None
    number = refund.amount.to_decimal()
    return RefundReply(
        status=REFUND_STATUS.get(refund.status, refund.status.upper()),
        reason="REQUESTED_BY_CUSTOMER",
        source_amount=number,
        display_amount=number,
        internal_amount=number,
        currency=refund.amount.currency,
        stripe_refund_id=refund.provider_refund_id,
    )
