"""What both stores of carts promise."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from adapters.carts import CARTS_MAX, BookingPlace, CancellationNote, Cart, Property
from adapters.read_models import BookingRow
from tests.contracts.conftest import Stores
from tests.contracts.events import NOON, append, event
from tests.contracts.test_offers import OFFER

CART, ROOM, HOTEL = str(uuid4()), str(uuid4()), str(uuid4())
STAY = replace(
    OFFER,
    kind="stay",
    details={
        "room_rate_identifier": ROOM,
        "hotel_identifier": HOTEL,
        "coordinates": {"latitude": -24.38, "longitude": -128.32},
    },
    supplier_facts={"property_id": "acc_1"},
)


async def test_a_cart_is_begun_once(stores: Stores) -> None:
    await stores.carts.begin(CART, "acme", "key-1", NOON)
    await stores.carts.begin(CART, "globex", "key-2", NOON)

    cart = Cart(cart_id=CART, tenant="acme", key_id="key-1", deleted_at=None)
    assert cart == await stores.carts.find(CART)
    assert cart == await stores.carts.find(CART.upper())
    assert None is await stores.carts.find("nothing of the kind")


async def test_the_newest_carts_of_a_key_are_listed(stores: Stores) -> None:
    carts = [str(uuid4()) for _ in range(CARTS_MAX + 1)]
    for minutes, cart_id in enumerate(carts):
        await stores.carts.begin(cart_id, "acme", "key-1", NOON + timedelta(minutes=minutes))
    await stores.carts.begin(str(uuid4()), "acme", "key-2", NOON)
    await stores.carts.begin(str(uuid4()), "globex", "key-1", NOON)

    assert carts[:0:-1] == list(await stores.carts.listed("acme", "key-1"))


async def test_a_cart_is_thrown_away_once_and_by_whoever_never_began_it(stores: Stores) -> None:
    await stores.carts.begin(CART, "acme", "key-1", NOON)
    other = str(uuid4())

    told = [await stores.carts.delete(each, "acme", "key-1", NOON) for each in (CART, CART, other)]

    assert [True, False, True] == told
    assert [] == list(await stores.carts.listed("acme", "key-1"))
    for cart_id in (CART, other):
        thrown = Cart(cart_id=cart_id, tenant="acme", key_id="key-1", deleted_at=NOON)
        assert thrown == await stores.carts.find(cart_id)


async def test_a_room_is_found_as_its_tenant_was_shown_it(stores: Stores) -> None:
    longer = replace(STAY, offer_id="off_2", expires_at=STAY.expires_at + timedelta(hours=1))
    other = replace(STAY, offer_id="off_3", details={**STAY.details, "room_rate_identifier": HOTEL})
    await stores.offers.put("acme", [STAY, longer, other, replace(OFFER, offer_id="off_4")])

    assert [longer, STAY] == list(await stores.carts.room_offers("acme", ROOM))
    assert [] == list(await stores.carts.room_offers("globex", ROOM))
    assert [] == list(await stores.carts.room_offers("acme", "nothing of the kind"))


async def test_a_property_is_remembered_when_its_offers_are_gone(stores: Stores) -> None:
    await stores.offers.put("acme", [STAY])
    await stores.offers.purge(STAY.expires_at)

    place = Property(supplier="duffel", property_id="acc_1", latitude=-24.38, longitude=-128.32)
    assert place == await stores.carts.property_of(HOTEL)
    assert None is await stores.carts.property_of(ROOM)


async def test_a_payment_reference_names_its_first_trip(stores: Stores) -> None:
    first, second = str(uuid4()), str(uuid4())
    await stores.carts.remember_payment("pi_1", "acme", first)
    await stores.carts.remember_payment("pi_1", "acme", second)

    assert first == await stores.carts.trip_of_payment("pi_1", "acme")
    assert None is await stores.carts.trip_of_payment("pi_1", "globex")
    assert None is await stores.carts.trip_of_payment("pi_2", "acme")


async def test_the_first_reason_of_a_cancellation_stands(stores: Stores) -> None:
    trip_id, booking_id, person_id = (str(uuid4()) for _ in range(3))
    note = CancellationNote(
        booking_id=booking_id, type="CHANGED_MIND", person_id=person_id, sealed="sealed"
    )
    await stores.carts.note_cancellation(trip_id, note)
    await stores.carts.note_cancellation(trip_id, replace(note, type="OTHER"))

    assert [note] == list(await stores.carts.cancellation_notes(trip_id))
    assert [] == list(await stores.carts.cancellation_notes(str(uuid4())))


@pytest.mark.parametrize(("limit", "offset", "places"), [(2, 0, [2, 1]), (2, 2, [0]), (2, 4, [])])
async def test_bookings_come_in_pages_the_newest_first(
    stores: Stores, limit: int, offset: int, places: list[int]
) -> None:
    trip_id = str(uuid4())
    bookings = [str(uuid4()) for _ in range(3)]
    end = 0
    for number, booking_id in enumerate(bookings):
        one = append(trip_id, end, [event(booking_id, 1)])
        end = (await stores.log.append(one)).last_position
        row = BookingRow(
            booking_id=booking_id,
            code=f"CODE{9 - number}",
            group_id=str(uuid4()),
            trip_id=trip_id,
            tenant="acme",
            position=end,
            doc={},
        )
        assert await stores.read_models.apply("bookings", [row], end - 1, end)

    expected = [BookingPlace(booking_id=bookings[n], trip_id=trip_id) for n in places]
    found, count = await stores.carts.bookings_page("acme", limit, offset)
    assert (expected, 3) == (list(found), count)
    theirs, none = await stores.carts.bookings_page("globex", 9, 0)
    assert ([], 0) == (list(theirs), none)
