"""What cancelling would give back, and cancelling: of one booking, or of a whole checkout."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from decimal import Decimal
from typing import Any

from adapters.carts import CancellationNote
from domain.booking.state import Booking
from domain.errors import Refused
from domain.money import Money
from domain.suppliers import CancellationQuote, CancellationRefused
from domain.trip.cancelling import owed
from service.desk import Desk
from service.http.api import Answer, Call
from service.http.decoding import NoQuery
from service.http.trips import cause_of
from service.http.wink.answers import (
    GroupRefundPreviewReply,
    RefundPreviewReply,
    answered,
)
from service.http.wink.bookings import CANCELLATION, Bookings, Told, booking_reply
from service.http.wink.policies import timeline
from service.http.wink.shapes import CancellationBody, GroupQuery
from service.http.wink.views import dates_of, hotel, hotel_of

NON_REFUNDABLE = "Nothing comes back."
UNKNOWN = "The supplier does not say what comes back."


class Cancelling:
    """The handlers."""

    def __init__(self, desk: Desk, bookings: Bookings) -> None:
        self.desk = desk
        self.bookings = bookings

    async def preview(self, call: Call[None, NoQuery]) -> Answer:
        told, booking = await self.bookings.one(call.path["bookingIdentifier"], call.caller.tenant)
        return answered(await self.previewed(told, booking))

    async def preview_group(self, call: Call[None, GroupQuery]) -> Answer:
        told, group = await self.wanted(call)
        lines = [await self.previewed(told, booking) for booking in group]
        kinds = {line.refund_type for line in lines} or {"NONE"}
        return answered(
            GroupRefundPreviewReply(
                group_identifier=call.path["groupIdentifier"],
                lines=lines,
                refundable=any(line.refundable for line in lines),
                refund_type=kinds.pop() if len(kinds) == 1 else "PARTIAL",
                total_refund_display_amount=sum_of(lines),
                display_currency=told.trip.currency or "",
            )
        )

    async def cancel(self, call: Call[CancellationBody, NoQuery]) -> Answer:
        tenant = call.caller.tenant
        told, booking = await self.bookings.one(call.path["bookingIdentifier"], tenant)
        await self.carried_out(told, [booking], call)
        told, booking = await self.bookings.one(booking.booking_id, tenant)
        return answered(booking_reply(told, booking))

    async def cancel_group(self, call: Call[CancellationBody, GroupQuery]) -> Answer:
        """Answers what was cancelled now: nothing where everything had been before."""
        told, group = await self.wanted(call)
        standing = [booking for booking in group if booking.status == "confirmed"]
        if not standing:
            if any(booking.status != "cancelled" for booking in group):
                raise Refused("not_cancellable", "Only confirmed bookings can be cancelled.")
            return answered([])
        await self.carried_out(told, standing, call)
        told = await self.bookings.tell(told.trip.trip_id, call.caller.tenant)
        done = {booking.booking_id for booking in standing}
        return answered(
            [booking_reply(told, b) for b in told.story.dossier.bookings if b.booking_id in done]
        )

    async def wanted(
        self, call: Call[CancellationBody, GroupQuery] | Call[None, GroupQuery]
    ) -> tuple[Told, list[Booking]]:
        """The group's bookings, at one property only where that is asked for."""
        told, group = await self.bookings.group(call.path["groupIdentifier"], call.caller.tenant)
        only = call.query.hotel_identifier.lower()
        stories = told.story.bookings
        return told, [
            booking
            for booking in group
            if not only or hotel_of(stories[booking.booking_id].item.offer) == only
        ]

    async def carried_out(
        self, told: Told, chosen: Sequence[Booking], call: Call[CancellationBody, Any]
    ) -> None:
        """Quote and cancel on these terms; this contract has no step in between."""
        cause = cause_of(call)
        ids = [booking.booking_id for booking in chosen]
        terms = await self.desk.cancellation_quote(told.trip.trip_id, ids, cause)
        await self.desk.cancel(told.trip.trip_id, terms.cancellation_quote_id, cause)
        for booking in chosen:
            await self.note(booking, call)

    async def note(self, booking: Booking, call: Call[CancellationBody, Any]) -> None:
        vault = self.desk.people.vault
        person_id = await vault.new_person(call.caller.tenant, booking.trip_id)
        note = CancellationNote(
            booking_id=booking.booking_id,
            type=call.body.cancellation_type,
            person_id=person_id,
            sealed=await vault.seal(person_id, booking.trip_id, CANCELLATION, call.body.reason),
        )
        await self.bookings.store.note_cancellation(booking.trip_id, note)

    async def previewed(self, told: Told, booking: Booking) -> RefundPreviewReply:
        """Read at the supplier; nothing is recorded by looking."""
        item = told.story.bookings[booking.booking_id].item
        arrival, departure = dates_of(item.offer)
        refund, text = await self.refund(told, booking)
        return RefundPreviewReply(
            booking_identifier=booking.booking_id,
            booking_code=booking.code,
            hotel_name=hotel(item.offer).name,
            start_date=arrival.isoformat(),
            end_date=departure.isoformat(),
            refundable=refund is None or refund.amount > 0,
            refund_type=kind_of(refund, booking.price),
            refund_display_amount=refund.to_decimal() if refund is not None else None,
            display_currency=booking.price.currency,
            cancellation_policy=text,
        )

    async def refund(self, told: Told, booking: Booking) -> tuple[Money | None, str]:
        nothing = Money(0, booking.price.currency)
        if booking.status != "confirmed":
            return nothing, "Only a confirmed booking can be cancelled."
        answer = await self.desk.terms(told.story.dossier, booking)
        if isinstance(answer, CancellationRefused):
            return nothing, answer.detail
        assert isinstance(answer, CancellationQuote), "terms are a quote or a refusal"
        back = owed(answer.refund, answer.refund_to, booking.price)
        if back is None:
            return None, UNKNOWN
        item = told.story.bookings[booking.booking_id].item
        conditions = item.conditions or item.offer.details.get("conditions") or {}
        steps = [
            f"{refund} until {before.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
            for before, refund in timeline(conditions)
        ]
        return back, f"{'; '.join(steps)}; then nothing." if steps else NON_REFUNDABLE


def kind_of(refund: Money | None, price: Money) -> str:
    if refund is None:
        return "PARTIAL"
    if refund.amount == 0:
        return "NONE"
    return "FULL" if refund.amount >= price.amount else "PARTIAL"


def sum_of(lines: Sequence[RefundPreviewReply]) -> Decimal | None:
    """Unknown as soon as one part of it is."""
    known = [line.refund_display_amount for line in lines]
    parts = [each for each in known if each is not None]
    return sum(parts, start=Decimal(0)) if len(parts) == len(known) else None
