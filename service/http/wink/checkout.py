"""`POST /api/checkout`: every booking of a cart initialized and one payment for them opened."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from domain.errors import Refused
from domain.log import Cause
from domain.money import Money
from domain.payments import PaymentOutcomeUnknown
from domain.process import Command
from domain.suppliers import Offer
from domain.trip import commands as c
from domain.trip.events import BookRequest
from domain.trip.lifecycle import status
from domain.trip.quoting import price_changed
from domain.trip.state import Item
from service.desk import BookAnswer
from service.editing import edit_all
from service.http.api import Answer, Call
from service.http.decoding import NoQuery
from service.http.problems import FieldProblem, Problem
from service.http.redirects import Redirects
from service.http.trips import cause_of
from service.http.wink.answers import CheckoutResult, answered
from service.http.wink.carts import BEFORE_CHECKOUT, Cart, Carts
from service.http.wink.guests import (
    FACTS,
    contact_of,
    ensure_reachable,
    guests_in,
    travelers_of,
)
from service.http.wink.rooms import room_of
from service.http.wink.shapes import CheckoutBody, QuotedTotal

# An offer must outlive being priced again.
LIFE_MIN = timedelta(minutes=1)
MOVES_MAX = 5


class Checkout:
    """The handler."""

    def __init__(self, carts: Carts, redirects: Redirects) -> None:
        self.carts = carts
        self.desk = carts.desk
        self.redirects = redirects

    async def open(self, call: Call[CheckoutBody, NoQuery]) -> Answer:
        body, cause = call.body, cause_of(call)
        await self.redirects.check(body.redirect_url, call.caller.tenant)
        expected = asserted(body.quoted_total or None)
        cart = await self.made_ready(body.shopping_cart_identifier, expected, cause)
        request = BookRequest(
            mode="direct",
            policy="keep_confirmed",
            redirect_url=body.redirect_url,
            expected_total=expected,
        )
        booked = await self.booked(cart, request, cause)
        payment_id = booked.checkout.payment_id
        assert payment_id is not None, "a direct checkout has a payment"
        await self.carts.store.remember_payment(payment_id, cart.trip.tenant, cart.trip.trip_id)
        return answered(result(booked))

    async def booked(self, cart: Cart, request: BookRequest, cause: Cause) -> BookAnswer:
        try:
            return await self.desk.book(cart.trip.trip_id, request, cause)
        except PaymentOutcomeUnknown:
            # Only the short-lived secrets were asked for; the checkout stands and is answered
            # again by the next call.
            raise Problem(
                "payment_provider_unavailable", "The payment provider gave no usable answer."
            ) from None

    async def made_ready(self, cart_id: str, expected: Money | None, cause: Cause) -> Cart:
        """The cart with offers that still live and its guests as travelers. Whoever else does the
        same at this moment does it instead."""
        assert cause.tenant is not None, "carts have a tenant"
        for _ in range(MOVES_MAX):
            cart = await self.carts.live(cart_id, cause.tenant)
            if status(cart.trip) not in BEFORE_CHECKOUT - {"quoting"}:
                return cart
            ensure_reachable(cart.trip, await guests_in(self.desk.people, cart.dossier))
            swaps = await self.fresh_offers(cart)
            people = await self.travelers(cart)
            if not swaps and people is None:
                return cart
            try:
                await self.edited(cart, swaps, people, cause)
            except Refused as refusal:
                if refusal.code != "precondition_failed":
                    raise
                continue
            ensure_not_dearer(cart, swaps, expected)
        return cart

    async def fresh_offers(self, cart: Cart) -> dict[str, Offer]:
        """Offers in place of those that have expired, by item id: the same rooms asked anew."""
        now = self.desk.clock.now()
        taken = [item.offer.offer_id for item in cart.trip.items]
        swaps: dict[str, Offer] = {}
        for item in cart.trip.items:
            room = room_of(item.offer)
            if room is None or item.offer.expires_at > now + LIFE_MIN:
                continue
            offer = await self.found(item, room, cart.trip.tenant, taken)
            facts = {**offer.supplier_facts, FACTS: item.offer.supplier_facts[FACTS]}
            swaps[item.item_id] = replace(offer, supplier_facts=facts)
            taken.append(offer.offer_id)
        return swaps

    async def found(self, item: Item, room: Any, tenant: str, taken: list[str]) -> Offer:
        try:
            return await self.carts.rooms.find(room, tenant, taken)
        except Refused as refusal:
            if refusal.code != "sold_out":
                raise
            raise Refused(refusal.code, refusal.detail, item_id=item.item_id) from None

    async def travelers(self, cart: Cart) -> c.SetTravelers | None:
        """What makes the cart's guests the trip's travelers; None where they are."""
        guests = await guests_in(self.desk.people, cart.dossier)
        ours = [guest for guest in guests.values() if guest is not None]
        if not ours or len(ours) < len(guests):
            return None
        travelers, contact = await self.desk.people.seal(
            cart.trip, travelers_of(ours), contact_of(ours)
        )
        if (travelers, contact) == (cart.trip.travelers, cart.trip.contact):
            return None
        return c.SetTravelers(travelers=travelers, contact=contact, now=self.desk.clock.now())

    async def edited(
        self, cart: Cart, swaps: dict[str, Offer], people: c.SetTravelers | None, cause: Cause
    ) -> None:
        def commands(now: datetime) -> list[Command]:
            todo: list[Command] = []
            for item_id, offer in swaps.items():
                todo.append(c.RemoveItem(item_id=item_id, now=now))
                todo.append(c.AddItem(item_id=item_id, offer=offer, now=now))
            return [*todo, people] if people is not None else todo

        version = cart.dossier.version
        await edit_all(self.desk, cart.trip.trip_id, commands, cause, version)


def ensure_not_dearer(cart: Cart, swaps: dict[str, Offer], expected: Money | None) -> None:
    """Who states no total was shown the old one: a dearer room is asked about once."""
    if expected is not None or not swaps:
        return
    old = new = Money(0, cart.trip.currency or "")
    for item in cart.trip.items:
        offer = swaps.get(item.item_id)
        old += item.price
        new += offer.price if offer is not None else item.price
    if new.amount > old.amount:
        raise price_changed(old, new, 0)


def asserted(quoted: QuotedTotal | None) -> Money | None:
    """What the traveller was shown. Source and display currency are one here, so that both
    amounts, where both are given, must be the same."""
    if quoted is None:
        return None
    shown = money_of(quoted.display_amount, quoted.display_currency, "displayAmount")
    if isinstance(quoted.source_amount, Decimal):
        source = money_of(quoted.source_amount, quoted.source_currency or "", "sourceAmount")
        if source != shown:
            raise price_changed(shown, source, 0)
    return shown


def money_of(number: Decimal, currency: str, name: str) -> Money:
    try:
        return Money.from_decimal(number, currency)
    except ValueError:
        detail = f"{currency} has no such small parts."
        pointer = f"/quotedTotal/{name}"
        raise Problem(
            "validation_failed",
            f"In `{pointer}`: {detail}",
            errors=[FieldProblem(pointer=pointer, code="out_of_range", detail=detail)],
        ) from None


def result(booked: BookAnswer) -> CheckoutResult:
    checkout, secrets = booked.checkout, booked.secrets
    assert secrets is not None, "a direct checkout has secrets"
    assert checkout.group_id is not None, "an open checkout has a group"
    return CheckoutResult(
        client_secret=secrets.client_secret,
        ephemeral_key=secrets.ephemeral_key,
        customer_id=secrets.customer_id,
        group_identifier=checkout.group_id,
        booking_codes=[b.code for b in booked.dossier.group(checkout.checkout_id)],
    )
