"""Shopping carts: trips whose items are rooms by Wink's identifiers. A cart is left alone for an
hour at most; one that expired or was deleted is gone for this contract, never for the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from adapters.carts import CartStore
from domain.dossier import Dossier, fold
from domain.errors import Refused
from domain.log import Cause, Recorded
from domain.money import Money
from domain.suppliers import Offer
from domain.trip.events import ItemAdded
from domain.trip.lifecycle import status
from domain.trip.state import Item, Trip
from service.arranging import Arrangement, arrange
from service.desk import Desk, WantedExtra
from service.handle import Handled, ensure_owned
from service.http.answers import moment
from service.http.api import Answer, Call
from service.http.decoding import NoQuery
from service.http.problems import Problem
from service.http.trips import cause_of
from service.http.wink.answers import (
    BooleanReply,
    CartReply,
    RemoveEntryReply,
    answered,
    totals,
)
from service.http.wink.guests import (
    Guest,
    contact_of,
    guest_of,
    guests_in,
    travelers_of,
    with_guest,
)
from service.http.wink.rooms import Rooms, room_in
from service.http.wink.shapes import ITEMS_MAX, ItemBody
from service.http.wink.views import cart_item

IDLE_MAX = timedelta(hours=1)
BEFORE_CHECKOUT = {"draft", "quoting", "quoted"}
WHILE_PAYABLE = {"opening", "awaiting_payment", "processing", "closing"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """A live cart; `expires_at` None: nothing of it can expire any more."""

    dossier: Dossier
    recorded: Sequence[Recorded]
    expires_at: datetime | None

    @property
    def trip(self) -> Trip:
        assert self.dossier.trip is not None, "a cart is a trip"
        return self.dossier.trip


class Carts:
    """The handlers; each edit answers the whole cart as it is afterwards."""

    def __init__(self, desk: Desk, store: CartStore) -> None:
        self.desk = desk
        self.store = store
        self.rooms = Rooms(desk, store)

    # --- calls

    async def create(self, call: Call[list[ItemBody], NoQuery]) -> Answer:
        if len(call.body) > ITEMS_MAX:
            raise Problem("too_many_items", f"A cart holds at most {ITEMS_MAX} items.")
        cart_id, tenant = call.new_id("trip"), call.caller.tenant
        guests = [guest_of(body, f"/{number}") for number, body in enumerate(call.body)]
        added: list[tuple[str, Offer]] = []
        for number, (body, guest) in enumerate(zip(call.body, guests, strict=True)):
            taken = [offer.offer_id for _, offer in added]
            offer = await self.offer(cart_id, tenant, body, guest, taken)
            added.append((call.new_id(f"item:{number}"), offer))
        wanted = Arrangement(
            starts=True,
            added=tuple(added),
            travelers=travelers_of(guests) or None,
            contact=contact_of(guests),
        )
        await self.store.begin(cart_id, tenant, call.caller.actor, self.desk.clock.now())
        await arrange(self.desk, cart_id, wanted, cause_of(call))
        return answered(await self.shown(await self.live(cart_id, tenant)))

    async def show(self, call: Call[None, NoQuery]) -> Answer:
        return answered(await self.shown(await self.asked(call)))

    async def listed(self, call: Call[None, NoQuery]) -> Answer:
        return answered([await self.shown(cart) for cart in await self.open_carts(call)])

    async def add(self, call: Call[ItemBody, NoQuery]) -> Answer:
        return await self.put(call, call.new_id("item"), replaced=None)

    async def update(self, call: Call[ItemBody, NoQuery]) -> Answer:
        item_id = call.path["itemIdentifier"]
        return await self.put(call, item_id, replaced=item_id)

    async def put(
        self, call: Call[ItemBody, NoQuery], item_id: str, *, replaced: str | None
    ) -> Answer:
        """One item in, and the one it replaces out: both or neither."""
        cart = await self.asked(call)
        if replaced is not None:
            item_in(cart, replaced)
        guest = guest_of(call.body, "")
        kept = [item for item in cart.trip.items if item.item_id != replaced]
        taken = [item.offer.offer_id for item in kept]
        offer = await self.offer(cart.trip.trip_id, call.caller.tenant, call.body, guest, taken)
        people = await self.people(cart, kept, guest)
        wanted = Arrangement(removed=replaced, added=((item_id, offer),), **people)
        return await self.arranged(cart, wanted, cause_of(call))

    async def remove(self, call: Call[None, NoQuery]) -> Answer:
        cart = await self.asked(call)
        item_id = call.path["itemIdentifier"]
        item_in(cart, item_id)
        kept = [item for item in cart.trip.items if item.item_id != item_id]
        people = await self.people(cart, kept, None) if kept else {}
        return await self.arranged(cart, Arrangement(removed=item_id, **people), cause_of(call))

    async def remove_ancillary(self, call: Call[None, NoQuery]) -> Answer:
        cart = await self.asked(call)
        item_id, extra_id = call.path["itemIdentifier"], call.path["ancillaryIdentifier"]
        item = item_in(cart, item_id)
        if extra_id not in {each.offer_id for each in item.selections}:
            raise Problem("ancillary_not_found", "The item has no such extra.")
        kept = tuple(
            WantedExtra(
                offer_id=each.offer_id, quantity=each.quantity, traveler_id=each.traveler_id
            )
            for each in item.selections
            if each.offer_id != extra_id
        )
        return await self.arranged(cart, Arrangement(extras=(item_id, kept)), cause_of(call))

    async def empty(self, call: Call[None, NoQuery]) -> Answer:
        cart = await self.asked(call)
        await self.emptied(cart, cause_of(call))
        return answered(await self.shown(await self.live(cart.trip.trip_id, call.caller.tenant)))

    async def delete(self, call: Call[None, NoQuery]) -> Answer:
        cart = await self.asked(call)
        await self.thrown_away(cart, call)
        reply = RemoveEntryReply(id=cart.trip.trip_id, success=True, message="The cart is deleted.")
        return answered(reply)

    async def delete_all(self, call: Call[None, NoQuery]) -> Answer:
        carts = await self.open_carts(call)
        for cart in carts:
            await self.thrown_away(cart, call)
        return answered(BooleanReply(success=True, message=f"{len(carts)} cart(s) deleted."))

    # --- what they share

    async def asked(self, call: Call[Any, Any]) -> Cart:
        return await self.live(call.path["shoppingCartIdentifier"], call.caller.tenant)

    async def live(self, cart_id: str, tenant: str) -> Cart:
        """The cart; raises the same for one that never was, is another's, or was deleted."""
        recorded = await self.desk.road.log.read_trip(cart_id.lower())
        dossier = fold(r.event for r in recorded)
        ensure_owned(dossier, tenant)
        row = await self.store.find(cart_id)
        if row is not None and row.deleted_at is not None:
            raise Refused("cart_not_found", "There is no such cart.")
        cart = Cart(
            dossier=dossier,
            recorded=recorded,
            expires_at=expiry(dossier, recorded) if row is not None else None,
        )
        if cart.expires_at is not None and cart.expires_at <= self.desk.clock.now():
            raise Problem(
                "cart_expired",
                "The cart was left alone for more than an hour; start a new one.",
                facts={"expiresAt": moment(cart.expires_at)},
            )
        return cart

    async def open_carts(self, call: Call[None, NoQuery]) -> list[Cart]:
        """The API key's carts that can still be checked out, the newest first."""
        found = []
        for cart_id in await self.store.listed(call.caller.tenant, call.caller.actor):
            try:
                cart = await self.live(cart_id, call.caller.tenant)
            except (Problem, Refused):
                continue
            if cart.expires_at is not None:
                found.append(cart)
        return found

    async def offer(
        self, cart_id: str, tenant: str, body: ItemBody, guest: Guest, taken: Sequence[str]
    ) -> Offer:
        if body.ancillaries:
            raise Problem(
                "ancillary_unavailable",
                "Suppliers of rooms sell no extras here; leave `ancillaries` out.",
            )
        offer = await self.rooms.find(room_in(body), tenant, taken)
        return await with_guest(self.desk.people, cart_id, tenant, offer, body, guest)

    async def people(self, cart: Cart, kept: Sequence[Item], added: Guest | None) -> dict[str, Any]:
        """Who travels once only `kept` and the added guest's item are in the cart; as it is where
        an item came by another door, which says itself who travels."""
        known = await guests_in(self.desk.people, cart.dossier)
        guests = [known[item.item_id] for item in kept]
        everybody = [guest for guest in [*guests, added] if guest is not None]
        if any(guest is None for guest in guests) or not everybody:
            return {}
        return {"travelers": travelers_of(everybody), "contact": contact_of(everybody)}

    async def arranged(self, cart: Cart, wanted: Arrangement, cause: Cause) -> Answer:
        await arrange(self.desk, cart.trip.trip_id, wanted, cause)
        assert cause.tenant is not None, "carts have a tenant"
        return answered(await self.shown(await self.live(cart.trip.trip_id, cause.tenant)))

    async def emptied(self, cart: Cart, cause: Cause) -> Handled | None:
        handled = None
        for item in cart.trip.items:
            handled = await self.desk.remove_item(cart.trip.trip_id, item.item_id, cause)
        return handled

    async def thrown_away(self, cart: Cart, call: Call[None, NoQuery]) -> None:
        """What is in it is taken out first, which closes an open checkout."""
        await self.emptied(cart, cause_of(call))
        caller = call.caller
        await self.store.delete(
            cart.trip.trip_id, caller.tenant, caller.actor, self.desk.clock.now()
        )

    async def shown(self, cart: Cart) -> CartReply:
        trip = cart.trip
        guests = await guests_in(self.desk.people, cart.dossier)
        now = self.desk.clock.now()
        return CartReply(
            id=trip.trip_id,
            item_list=[cart_item(item, guests[item.item_id], now) for item in trip.items],
            version=cart.dossier.version,
            expires_at=moment(cart.expires_at) if cart.expires_at is not None else None,
            **totals(trip.shown_total or nothing(cart.recorded)),
        )


def expiry(dossier: Dossier, recorded: Sequence[Recorded]) -> datetime | None:
    """An hour after the last change, and not while what it opened can be paid."""
    trip = dossier.trip
    assert trip is not None, "a cart is a trip"
    idle = recorded[-1].recorded_at + IDLE_MAX
    now = status(trip)
    if now in BEFORE_CHECKOUT:
        return idle
    if now in WHILE_PAYABLE and trip.checkout is not None:
        return max(idle, trip.checkout.expires_at)
    return None


def nothing(recorded: Sequence[Recorded]) -> Money | None:
    """Zero in the currency of what was in the cart last; None where nothing ever was."""
    added = [r.event for r in recorded if isinstance(r.event, ItemAdded)]
    return Money(0, added[-1].offer.price.currency) if added else None


def item_in(cart: Cart, item_id: str) -> Item:
    item = cart.trip.item(item_id)
    if item is None:
        raise Refused("item_not_found", "The cart has no such item.", item_id=item_id)
    return item
